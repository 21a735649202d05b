//! Fetching and composing, with real servers and components that run.

mod compose;
mod fetch;
