//! The targets that come with bowline, compiled to components by this package's build script.

/// The target for Hippo (package `bowline-hippo`): the bytes of a component that exports `deploy-target` and
/// `authentication` of `bowline:deploy`.
pub static HIPPO: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hippo.wasm"));
