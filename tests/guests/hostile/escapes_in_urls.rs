//! Puts escape sequences and look-alikes into the links that it shows.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    for url in [
        "https://a.test/\u{1b}[2J",
        "https://a.test/\u{202e}moc.knab//:sptth",
        "https://a.test\\@bank.test/",
        "https://bank.test@evil.test/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,<script>",
        "\u{1b}]8;;https://evil.test",
    ] {
        console::link("Log in", url);
    }
    Ok(Deployment {
        url: Some("https://a.test/\u{1b}[31m\u{202e}/\u{7}?\u{9b}2J#\n".into()),
        ..seen(app, "done")
    })
}
