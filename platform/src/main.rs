//! `bowline-local`: a Hippo-compatible platform for one machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    bowline_local::main()
}
