//! The deploy target for Hippo.

mod describe;
#[cfg(target_family = "wasm")]
mod component;

pub use describe::describe;
