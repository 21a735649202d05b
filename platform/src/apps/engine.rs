//! The one wasmtime engine that all applications share, and what it knows of a component before and
//! after compiling it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bowline_app::Digest;
use wasmtime::component::Linker;
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};

use super::compiled::Compiled;
use super::guest::Guest;
use super::interfaces::{Handler, Unsupported};
use super::variables;

/// Length of one slice of computing time. After each, a guest lets others run; short enough for two
/// busy components to answer side by side, long enough to cost nothing.
pub const SLICE: Duration = Duration::from_millis(10);

/// Compiles components and links them with what the platform offers: WASI 0.2 and 0.3, without
/// sockets, `wasi:http`, and Spin's variables.
pub struct Engine {
    linker: Linker<Guest>,
    compiled: Compiled,
}

impl Engine {
    /// An engine that keeps compiled code in the folder `cache`.
    ///
    /// # Errors
    /// This machine isn't one that wasmtime can compile for, or the folder can't be made.
    pub fn new(cache: &Path) -> Result<Self> {
        let mut config = wasmtime::Config::new();
        config
            .wasm_component_model_async(true)
            .epoch_interruption(true);
        let engine = wasmtime::Engine::new(&config).map_err(boxed)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(boxed)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker).map_err(boxed)?;
        p2::add_only_http_to_linker_async(&mut linker).map_err(boxed)?;
        p3::add_to_linker(&mut linker).map_err(boxed)?;
        variables::add_to_linker(&mut linker).map_err(boxed)?;
        tick(&engine).context("starting the thread that counts computing time")?;
        Ok(Self {
            linker,
            compiled: Compiled::open(cache, &engine)?,
        })
    }

    /// The engine itself.
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        self.linker.engine()
    }

    /// Makes the component in the file `wasm` ready to be instantiated. Takes a second or so for a
    /// big one that was never compiled before: not for an async thread.
    ///
    /// # Errors
    /// [`Unsupported`] when the component needs or offers something else than this platform has;
    /// anything else when the file can't be read or is no component.
    pub fn load(&self, digest: Digest, wasm: &Path) -> Result<ProxyPre<Guest>> {
        let bytes = std::fs::read(wasm).with_context(|| format!("reading {}", wasm.display()))?;
        let handler = Handler::of(&bytes)?;
        let component = self.compiled.component(digest, &bytes)?;
        let pre = self
            .linker
            .instantiate_pre(&component)
            .map_err(|error| Unsupported::new(format!("{error:#}")))?;
        Ok(match handler {
            Handler::Wasi02 => ProxyPre::P2(
                p2::bindings::ProxyPre::new(pre)
                    .map_err(|error| Unsupported::new(format!("{error:#}")))?,
            ),
            Handler::Wasi03 => ProxyPre::P3(
                p3::bindings::ServicePre::new(pre)
                    .map_err(|error| Unsupported::new(format!("{error:#}")))?,
            ),
        })
    }
}

/// Counts slices for as long as the engine exists.
fn tick(engine: &wasmtime::Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("epoch".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(SLICE);
            }
        })?;
    Ok(())
}

/// wasmtime's error as the platform's, with its causes.
pub fn boxed(error: wasmtime::Error) -> anyhow::Error {
    anyhow::Error::from_boxed(error.into_boxed_dyn_error())
}
