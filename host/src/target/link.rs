//! Offers targets what they may import.

use wasmtime::component::Linker;
use wasmtime_wasi_http::p2::add_only_http_to_linker_async;

use crate::bindings::{application, bindle, console, environment, failure, http};
use crate::state::{HasCapabilities, State};

/// Links the contract's interfaces and those of WASI. Which of them a component may import is decided by its
/// [`Artifact`](crate::Artifact) before; here all of WASI's command-line world is offered, with nothing behind it.
pub(super) fn offer(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    add_only_http_to_linker_async(linker)?;
    crate::http::offer(linker)?;
    application::add_to_linker::<State, HasCapabilities>(linker, State::capabilities)?;
    bindle::add_to_linker::<State, HasCapabilities>(linker, State::capabilities)?;
    console::add_to_linker::<State, HasCapabilities>(linker, State::capabilities)?;
    environment::add_to_linker::<State, HasCapabilities>(linker, State::capabilities)?;
    http::add_to_linker::<State, HasCapabilities>(linker, State::capabilities)?;
    failure::add_to_linker::<State, HasCapabilities>(linker, State::capabilities)
}
