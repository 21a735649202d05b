//! A deploy to Hippo without a sandbox: the target's plain logic on reqwest.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bowline_app::{Application, BindleId, Bundle};
use bowline_hippo::config::Config;
use bowline_hippo::deploy::{Facts, deploy as deploy_to_hippo};
use bowline_hippo::port::{Host, Http};
use bowline_host::bindle::{Client, ClientOptions, Signer, Silent};
use bowline_host::{HttpClient, HttpOptions};
use bowline_target::bindle::PushPreview;
use bowline_target::{Failure, http as transport};
use http::{Request, Response};
use tokio::runtime::Runtime;

use crate::child;

/// What the logic is lent, without anything in between.
pub struct Native<'a> {
    runtime: &'a Runtime,
    http: reqwest::Client,
    bindle: Client,
    application: Arc<Application>,
}

impl<'a> Native<'a> {
    pub fn new(
        runtime: &'a Runtime,
        http: &HttpClient,
        bindle: Client,
        application: Arc<Application>,
    ) -> Self {
        Self {
            runtime,
            http: http.reqwest().clone(),
            bindle,
            application,
        }
    }

    /// Logs in and deploys, and returns the URL.
    pub fn deploy(&self, settings: &BTreeMap<String, String>) -> String {
        let setting = |name: &str| Ok(settings.get(name).cloned());
        let deploy = |credential| {
            let config = Config::read(setting, credential)?;
            let application = &self.application;
            let facts = Facts {
                name: application.name().to_owned(),
                revision: application.revision(),
                triggers: application
                    .triggers()
                    .iter()
                    .map(|trigger| trigger.kind.clone())
                    .collect(),
                variables: Vec::new(),
            };
            deploy_to_hippo(self, &config, &facts)
        };
        let deployment = match deploy(None) {
            Err(Failure::Unauthenticated(_)) => {
                let credential =
                    bowline_hippo::auth::authenticate(self, setting).expect("the login succeeds");
                deploy(Some(credential.secret))
            }
            other => other,
        };
        deployment
            .expect("the deploy succeeds")
            .url
            .expect("Hippo has URLs")
    }
}

impl Http for Native<'_> {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, transport::Error> {
        let origin = request.uri().to_string();
        let exchange = async {
            let answer = self
                .http
                .execute(request.try_into().expect("the request is good"))
                .await?;
            let mut response = Response::new(());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            let body = answer.bytes().await?;
            Ok(response.map(|()| body.to_vec()))
        };
        self.runtime
            .block_on(exchange)
            .map_err(|error: reqwest::Error| transport::Error::Lost {
                origin,
                reason: error.to_string(),
            })
    }
}

impl Host for Native<'_> {
    fn step(&self, _: &str) {}

    fn warn(&self, _: &str) {}

    fn accept_archives(&self) {}

    fn push(&self, id: &str) -> Result<(), Failure> {
        let id: BindleId = id.parse().expect("the id is good");
        let bundle = Bundle::pack(&self.application, id).expect("the application can be packed");
        self.runtime
            .block_on(self.bindle.push(&bundle, Arc::new(Silent)))
            .expect("the push succeeds");
        Ok(())
    }

    fn preview(&self, id: &str) -> Result<PushPreview, Failure> {
        let id: BindleId = id.parse().expect("the id is good");
        let bundle = Bundle::pack(&self.application, id).expect("the application can be packed");
        let preview = self.runtime.block_on(self.bindle.preview(&bundle));
        let preview = preview.expect("the questions are answered");
        let count = |parcels: usize| u32::try_from(parcels).expect("there are not so many");
        Ok(PushPreview {
            exists: preview.exists,
            upload: count(preview.upload),
            upload_bytes: preview.upload_bytes,
            present: count(preview.present),
            exact: preview.exact,
        })
    }
}

/// The settings that the platform's environment file gives, by the names that the target knows them under.
pub fn settings(variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    variables
        .iter()
        .filter(|(name, _)| name.starts_with("HIPPO_"))
        .map(|(name, value)| (name.to_lowercase().replace('_', "-"), value.clone()))
        .collect()
}

/// A client for loopback.
pub fn http_client() -> HttpClient {
    let mut options = HttpOptions::default();
    options.system_proxy = false;
    HttpClient::new(&options).expect("an HTTP client can be made")
}

/// As `bowline deploy` makes it: signing with the key of its home.
pub fn bindle_client(http: &HttpClient, server: &str, home: &Path) -> Client {
    let mut options = ClientOptions::new(server.parse().expect("the address is good"));
    let key = home.join("config").join("signing-keys.toml");
    options.signer = Some(Signer::load_or_create(&key, "bench").expect("the key can be read"));
    Client::new(http, options)
}

/// The whole of `bowline deploy` in a process of its own, without a sandbox.
pub fn deploy(folder: &str) {
    let start = Instant::now();
    let variables: BTreeMap<String, String> = std::env::vars().collect();
    let home = variables.get("BOWLINE_HOME").expect("there is a home");
    let runtime = Runtime::new().expect("a runtime can be made");
    let http = http_client();
    let bindle = bindle_client(&http, &variables["BINDLE_SERVER_URL"], Path::new(home));
    let application = Application::load(Path::new(folder)).expect("the application can be read");
    let native = Native::new(&runtime, &http, bindle, Arc::new(application));
    let url = native.deploy(&settings(&variables));
    wait(&runtime, &http, &url, &native.application.revision());
    child::report(start.elapsed(), start.elapsed());
}

/// Waits until the application answers with its revision.
pub fn wait(runtime: &Runtime, http: &HttpClient, url: &str, revision: &str) {
    let url = format!("{}/.well-known/spin/info", url.trim_end_matches('/'));
    runtime.block_on(async {
        loop {
            let answer = http.reqwest().get(&url).send().await;
            let text = answer.expect("it answers").text().await;
            if text.expect("the body arrives").contains(revision) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    });
}
