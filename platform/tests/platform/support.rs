//! A platform for one test, with a client and a key that may push.

use std::path::Path;

use bindle::signature::KeyEntry;
use bindle::{BindleSpec, Condition, Invoice, Label, Parcel, SecretKeyEntry, SignatureRole};
use bowline_local::{Options, Platform};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// What Hippo reads of an application.
pub(crate) const MANIFEST: &str = r#"
spin_version = "1"
name = "hello"
version = "1.0.0"
trigger = { type = "http", base = "/" }
[[component]]
id = "greeting"
source = "0123"
[component.trigger]
route = "/..."
"#;

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON; fails the test if it isn't.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body as JSON of an answer with this status.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// The messages of a 400 for one property.
    pub(crate) fn errors(&self, property: &str) -> Vec<String> {
        let body = self.expect(400);
        assert_eq!(body["title"], "One or more validation errors occurred.");
        serde_json::from_value(body["errors"][property].clone()).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A running platform.
pub(crate) struct World {
    pub(crate) platform: Platform,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
    pub(crate) key: SecretKeyEntry,
    pub(crate) folder: TempDir,
}

/// A client that follows no redirect and knows no proxy.
pub(crate) fn client() -> reqwest::Client {
    // Another test may have been first.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A key and how `--trust-key` names it.
pub(crate) fn creator() -> (SecretKeyEntry, String) {
    let key = SecretKeyEntry::new("tester", vec![SignatureRole::Creator]);
    let public = KeyEntry::try_from(&key).unwrap().key;
    (key, format!("tester={public}"))
}

/// One value of an environment file.
pub(crate) fn exported(env_file: &Path, name: &str) -> String {
    let text = std::fs::read_to_string(env_file).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("export {name}=")))
        .unwrap();
    line.split_once('=')
        .unwrap()
        .1
        .trim_matches('\'')
        .to_owned()
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (key, trusted) = creator();
        let mut options = Options::new(folder.path().join("data"));
        options.trusted_keys = vec![trusted.parse().unwrap()];
        change(&mut options);
        let platform = Platform::start(options).await.unwrap();
        let mut world = Self {
            platform,
            http: client(),
            token: String::new(),
            key,
            folder,
        };
        let password = exported(world.platform.env_file(), "HIPPO_PASSWORD");
        world.token = world.login("admin", &password).await.expect(200)["token"]
            .as_str()
            .unwrap()
            .to_owned();
        world
    }

    /// Stops the platform and leaves nothing behind.
    pub(crate) async fn stop(self) {
        self.platform.stop().await;
        self.folder.close().unwrap();
    }

    pub(crate) async fn login(&self, name: &str, password: &str) -> Answer {
        let body = json!({ "userName": name, "password": password });
        self.send(self.request(Method::POST, "/api/auth-tokens").json(&body))
            .await
    }

    /// A request without a token.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = self.platform.hippo_url().join(path).unwrap();
        self.http.request(method, url)
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer {
            status,
            headers,
            text: response.text().await.unwrap(),
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method, path).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.send(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// Pushes a bindle that consists of a manifest.
    pub(crate) async fn push(&self, id: &str, manifest: &str) {
        let invoice = self.invoice(id, manifest);
        let created = self
            .bindle(Method::POST, "_i", toml::to_string(&invoice).unwrap())
            .await;
        assert!(created.status.is_success(), "{created:?}");
        let sha = &invoice.parcel.as_ref().unwrap()[0].label.sha256;
        let uploaded = self
            .bindle(Method::POST, &format!("_i/{id}@{sha}"), manifest.to_owned())
            .await;
        // The same manifest may be there from another bindle.
        assert!(
            [200, 409].contains(&uploaded.status.as_u16()),
            "{uploaded:?}"
        );
    }

    /// A request to the Bindle server.
    pub(crate) async fn bindle(&self, method: Method, path: &str, body: String) -> Answer {
        let url = format!("{}{path}", self.platform.bindle_url());
        let request = self
            .http
            .request(method, url)
            .header(header::CONTENT_TYPE, "application/toml");
        self.send(request.body(body)).await
    }

    /// A signed invoice for a manifest.
    pub(crate) fn invoice(&self, id: &str, manifest: &str) -> Invoice {
        let mut invoice = Invoice::new(BindleSpec {
            id: id.parse().unwrap(),
            description: Some(format!("about {id}")),
            authors: None,
        });
        let label = Label {
            media_type: "application/vnd.fermyon.spin+toml".to_owned(),
            size: manifest.len() as u64,
            ..Label::new(
                "spin.toml".to_owned(),
                format!("{:x}", Sha256::digest(manifest)),
            )
        };
        invoice.parcel = Some(vec![Parcel {
            label,
            conditions: None::<Condition>,
        }]);
        invoice.sign(SignatureRole::Creator, &self.key).unwrap();
        invoice
    }

    /// Creates an app and returns its identifier.
    pub(crate) async fn app(&self, name: &str, storage_id: &str) -> String {
        let body = json!({ "name": name, "storageId": storage_id });
        self.post("/api/apps", body)
            .await
            .expect(200)
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The identifier of a revision of an app.
    pub(crate) async fn revision(&self, app: &str, number: &str) -> String {
        let page = self
            .get("/api/revisions?pageSize=2147483647")
            .await
            .expect(200);
        let revisions = page["items"].as_array().unwrap();
        let found = revisions
            .iter()
            .find(|item| item["appId"] == app && item["revisionNumber"] == number);
        found.unwrap_or_else(|| panic!("no {number} in {page}"))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Creates a channel and returns its identifier.
    pub(crate) async fn channel(&self, body: Value) -> String {
        self.post("/api/channels", body)
            .await
            .expect(200)
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// How many jobs there are.
    pub(crate) async fn jobs(&self) -> i64 {
        self.get("/api/channel-statuses").await.expect(200)["totalItems"]
            .as_i64()
            .unwrap()
    }

    /// Whether a host name leads to an application instead of the API.
    pub(crate) async fn leads_to_application(&self, host: &str) -> bool {
        let request = self
            .request(Method::GET, "/healthz")
            .header(header::HOST, host);
        !self.send(request).await.text.contains("ServiceName")
    }
}
