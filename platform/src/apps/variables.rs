//! How components read their variables: Spin's interface of them, in the form of Spin 2 and 3 and in the one of Spin 4.

use wasmtime::StoreContextMut;
use wasmtime::component::{Accessor, ComponentType, Lift, Linker, Lower};

use super::guest::Guest;

/// The interface of Spin 2 and 3.
const SPIN2: &str = "fermyon:spin/variables@2.0.0";
/// The interface of Spin 4, whose function is async.
const SPIN4: &str = "spin:variables/variables@3.0.0";

/// Why there is no value: `variant error` of both interfaces.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(variant)]
pub enum Failure {
    /// No variable can have that name.
    #[component(name = "invalid-name")]
    InvalidName(String),
    /// The component has no variable of that name.
    #[component(name = "undefined")]
    Undefined(String),
    /// It has one, and nothing gives it a value.
    #[component(name = "provider")]
    Provider(String),
    /// Anything else; it doesn't occur here.
    #[component(name = "other")]
    Other(String),
}

/// Offers both interfaces.
///
/// # Errors
/// Something else has defined them.
pub fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.instance(SPIN2)?.func_wrap(
        "get",
        |store: StoreContextMut<'_, Guest>, (name,): (String,)| Ok((get(store.data(), &name),)),
    )?;
    linker.instance(SPIN4)?.func_wrap_concurrent(
        "get",
        |accessor: &Accessor<Guest>, (name,): (String,)| {
            Box::pin(async move { Ok((accessor.with(|mut access| get(access.get(), &name)),)) })
        },
    )
}

fn get(guest: &Guest, name: &str) -> Result<String, Failure> {
    match guest.variables().get(name) {
        Some(Ok(value)) => Ok(value.clone()),
        Some(Err(reason)) => Err(Failure::Provider(format!("'{name}' {reason}"))),
        None if is_name(name) => Err(Failure::Undefined(format!(
            "the component has no variable '{name}'"
        ))),
        None => Err(Failure::InvalidName(format!(
            "'{name}' is no name of a variable"
        ))),
    }
}

/// Names are lower-case letters, digits and `_`.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
