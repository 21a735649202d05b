//! Calls itself without end.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    Err(Failure::Unexpected(deeper(0).to_string()))
}

#[expect(
    unconditional_recursion,
    reason = "recursing without end is what this guest is for"
)]
fn deeper(level: u64) -> u64 {
    // Rust's own stack lies in linear memory; with few bytes for each call there, wasmtime's is the first to end.
    std::hint::black_box(deeper(level + 1)).rotate_left(3) ^ level
}
