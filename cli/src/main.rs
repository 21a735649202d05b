//! The program `bowline`. All of it is in the library, where tests can reach it.

use std::process::ExitCode;

/// Targets and HTTP make many small, short-lived allocations on several threads, where the system's allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bowline_cli::main()
}
