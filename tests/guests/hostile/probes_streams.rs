//! Reads standard input and sends it on, and writes to the terminal past the console.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a guest writes to them is what the test looks at"
)]

use std::io::{IsTerminal as _, Read as _};

use bowline_guests::prelude::*;

target!(deploy, server_url());

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let mut found = Vec::new();
    let mut input = Vec::new();
    if std::io::stdin()
        .read_to_end(&mut input)
        .is_ok_and(|n| n > 0)
    {
        found.push("input");
    }
    let terminals = [
        std::io::stdin().is_terminal(),
        std::io::stdout().is_terminal(),
        std::io::stderr().is_terminal(),
    ];
    if terminals.contains(&true) {
        found.push("terminal");
    }
    let input = String::from_utf8_lossy(&input);
    println!("\u{1b}[2J\u{1b}]0;owned\u{7}error: everything is fine {input}");
    eprintln!("\r\u{1b}[1A\u{9b}2Kdeployed\u{8}\u{202e}");
    post(&value(env, "server-url")?, "text/plain", &input)?;
    Ok(seen(app, format!("found {found:?}")))
}
