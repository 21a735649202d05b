//! Puts escape sequences into messages.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    for text in [
        "\u{1b}[2J\u{1b}[Hcleared",
        "\u{1b}]0;title\u{7}",
        "\u{1b}]8;;https://evil.test\u{1b}\\click\u{1b}]8;;\u{1b}\\",
        "\u{9b}31mred",
        "over\rwritten",
        "two\nerror: lines",
        "\u{202e}desrever",
        "invis\u{200b}ible",
        "\u{8}\u{8}\u{8}back",
    ] {
        console::step(text);
        console::warn(text);
        console::link(text, "https://example.test/");
    }
    Err(Failure::Unexpected(
        "\u{1b}[32mdeployed\u{1b}[0m\r\nerror: not at all".into(),
    ))
}
