//! Another target for the same host: those in JavaScript and Python deploy real applications through the unchanged
//! `bowline` to Depot, an upload service, without a Bindle server.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on stops where it is"
)]

mod depot;
mod sources;
mod trouble;
mod world;

/// Runs each test of a module once for either language.
macro_rules! for_each_language {
    ($($test:ident),* $(,)?) => {
        mod javascript {
            $(#[test]
            fn $test() {
                super::$test(crate::world::Language::JavaScript);
            })*
        }
        mod python {
            $(#[test]
            fn $test() {
                super::$test(crate::world::Language::Python);
            })*
        }
    };
}
use for_each_language;
