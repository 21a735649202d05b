//! Does what a good target does: reads the whole application, tells its steps, and sends secrets where they belong.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a guest writes to them is what the test looks at"
)]

use bowline_guests::{description, seen, server_url, value};
use bowline_target::{
    Application, DeployTarget, Deployment, Description, Environment, Failure, Readiness, Setting,
    SettingKind, console, http,
};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![
            server_url(),
            Setting {
                belongs_to: Some("server-url".into()),
                ..Setting::new("token", "Token of the server", SettingKind::Secret)
            },
            Setting::new("password", "Password of the user", SettingKind::Secret),
        ])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let (url, token, password) = (
            value(env, "server-url")?,
            value(env, "token")?,
            value(env, "password")?,
        );
        console::step("Reading");
        let mut bytes = 0;
        for component in app.components() {
            let reader = app.open(&component.source.sha256)?;
            loop {
                let chunk = reader.read(7)?;
                if chunk.is_empty() {
                    break;
                }
                bytes += chunk.len();
            }
        }
        console::warn("\u{1b}[31mred\u{1b}[0m\nsecond line");
        console::link("Log in", "https://example.test/login");
        console::link("Trick", "javascript:alert(1)");
        println!("token={token}");
        eprintln!("password={password}");
        let post = |path: &str, kind: &str, body: String| {
            let request = ::http::Request::post(format!("{url}{path}"))
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", kind)
                .body(body.into_bytes())
                .map_err(|error| Failure::Unexpected(error.to_string()))?;
            http::send(request).map_err(Failure::from)
        };
        console::step("Sending");
        post(
            "/json",
            "application/json",
            format!(r#"{{"password":"{password}"}}"#),
        )?;
        post(
            "/form",
            "application/x-www-form-urlencoded",
            format!("user=me&password={password}"),
        )?;
        let answer = post(
            "/deploy",
            "text/plain; charset=utf-8",
            format!("{} {bytes}", app.revision()),
        )?;
        let variables: Vec<_> = env
            .variables()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let id = format!(
            "{} {} {}",
            answer.status().as_u16(),
            env.name(),
            variables.join(",")
        );
        Ok(Deployment {
            url: Some(url),
            ready_when: Some(Readiness {
                path: "/ready".into(),
                expected: Some(("/revision".into(), app.revision())),
            }),
            ..seen(app, id)
        })
    }
}
