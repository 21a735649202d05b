//! Logs in with a credential that holds the next header.

use bowline_guests::prelude::*;
use bowline_target::{Authentication, Credential};

target!(deploy, server_url());

bowline_target::export_authentication!(Guest);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = app;
    let token = env.credential().unwrap_or_default();
    let answer = send(
        "GET",
        &value(env, "server-url")?,
        &[("authorization", &token)],
        &[],
    )?;
    Err(Failure::Unauthenticated(answer.text()))
}

impl Authentication for Guest {
    fn authenticate(env: &Environment) -> Result<Credential, Failure> {
        let _ = env;
        Ok(Credential {
            secret: "x\r\nx-smuggled: 1".into(),
            expires_at: Some(u64::MAX),
            belongs_to: None,
        })
    }
}
