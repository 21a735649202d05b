//! All attacks. A row is named after its guest in `tests/guests/hostile`, or says where its component comes from and what it tries. A
//! guest that no row names does not compile.

use bowline_guest_artifacts as guests;

use crate::attack::Attack;

/// Makes a module of each row, with a test on the library and one on the program or only one of them, and a list of them all.
macro_rules! attacks {
    ($(
        $(#[doc = $tries:literal])*
        $name:ident $(from $component:path)? $(, only $way:ident)? => $row:expr;
    )+) => {
        $(pub mod $name {
            use super::*;

            pub fn attack() -> Attack {
                let row: fn(Attack) -> Attack = $row;
                row(Attack::new(
                    stringify!($name),
                    concat!($($tries),*),
                    concat!($(stringify!($way))?),
                    component!($name $(, $component)?),
                ))
            }

            tests!($($way)?);
        })+

        /// Every row, in its order.
        pub fn all() -> Vec<Attack> {
            vec![$($name::attack()),+]
        }
    };
}

macro_rules! component {
    ($name:ident) => {
        || std::borrow::Cow::Borrowed(bowline_guest_artifacts::$name())
    };
    ($name:ident, $component:path) => {
        || $component().into()
    };
}

macro_rules! tests {
    () => {
        tests!(library);
        tests!(program);
    };
    (library) => {
        #[test]
        fn on_the_library() {
            crate::scene::each_way(&attack(), crate::library::run);
        }
    };
    (program) => {
        #[test]
        fn on_the_program() {
            crate::scene::each_way(&attack(), crate::program::run);
        }
    };
}

mod describing;
mod files;
mod network;
mod planning;
mod probing;
mod resources;
mod secrets;
mod words;

use describing::*;
use network::*;
use planning::*;
use probing::*;
use resources::*;
use secrets::*;
use words::*;

macro_rules! is_made {
    ($guest:ident) => {
        #[expect(
            unused_imports,
            reason = "naming the row is what proves that there is one"
        )]
        use self::$guest as _;
    };
}
guests::for_each_hostile_guest!(is_made);

/// Every row, under what it is about.
pub fn all() -> [(&'static str, Vec<Attack>); 8] {
    [
        ("The network", network::all()),
        ("Secrets", secrets::all()),
        ("The machine", probing::all()),
        ("Resources", resources::all()),
        ("Words", words::all()),
        ("Descriptions and answers", describing::all()),
        ("Planning", planning::all()),
        ("Files", files::all()),
    ]
}
