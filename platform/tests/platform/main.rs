//! The platform as its clients see it: each test starts one on free ports and speaks HTTP to it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod accounts;
mod apps;
mod certificates;
mod channels;
mod front;
mod openapi;
mod paging;
mod process;
mod protocol;
mod revisions;
mod support;
