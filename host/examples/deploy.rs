//! Deploys an application with a target that pushes to Bindle:
//! `deploy <target.wasm> <application folder> <Bindle server> <key file> <setting>=<value>...`
//!
//! What `bowline deploy` does besides (flags, questions, progress, stopping cleanly) is left out.

#![expect(clippy::print_stdout, reason = "a program says what it did")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bowline_app::Application;
use bowline_host::bindle::{Client, ClientOptions, Signer};
use bowline_host::{
    Approval, Artifact, Engine, EngineOptions, Environment, HttpClient, HttpOptions, Session,
    Target, readiness,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, folder, server, key, settings @ ..] = &arguments[..] else {
        return Err("usage: deploy <target.wasm> <application folder> <Bindle server> <key file> <setting>=<value>...".into());
    };
    let application = Arc::new(Application::load(Path::new(folder))?);

    let engine = Engine::new(&EngineOptions::default())?;
    let target = Target::load(&engine, Artifact::read(Path::new(target))?)?;
    let description = target.describe().await?;

    let mut environment = Environment::new("default");
    for setting in settings {
        let (name, value) = setting.split_once('=').ok_or("a setting needs a value")?;
        environment = environment.with_setting(name, value.to_owned());
    }
    let http = HttpClient::new(&HttpOptions::default())?;
    let mut bindle = ClientOptions::new(server.parse()?);
    bindle.signer = Some(Signer::load_or_create(Path::new(key), "example")?);
    // What it wants, shown and granted. A program for others would ask them first, and remember their answer with the digest.
    let wants = target.wants().await?;
    for want in wants.all() {
        println!("it wants to {want}");
    }
    let session = Session::new(environment, http.clone())
        .with_bindle(Client::new(&http, bindle))
        .granting(&description, &Approval::of(wants))?;
    let deployment = target
        .deploy_authenticated(application, &session)
        .await?
        .deployment;

    let (name, revision) = (&deployment.application, &deployment.revision);
    println!("{name} runs as revision {revision}");
    if let (Some(url), Some(ready_when)) = (&deployment.url, &deployment.ready_when) {
        let reach = readiness::reach(&session.grant).await;
        let timeout = Duration::from_secs(60);
        let outcome = readiness::wait(&http, reach, url, ready_when, timeout).await;
        println!("{url} {outcome:?}");
    }
    Ok(())
}
