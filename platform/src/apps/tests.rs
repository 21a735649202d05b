//! Whole applications, from a Bindle server to their answers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use axum::Router;
use axum::extract::State as AxumState;
use bowline_app::{Bundle, Content as AppContent};
use http::Uri;
use http_body_util::{BodyExt as _, Full};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;

mod archives;
mod examples;
mod probe;
mod starting;

/// What the Bindle server has, by path.
type Shelf = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// Applications with a Bindle server, which has what is published and nothing more to it.
struct World {
    apps: Arc<Apps>,
    shelf: Shelf,
    data: TempDir,
    bindle_url: Url,
}

impl World {
    async fn new() -> Self {
        Self::within(Limits::default()).await
    }

    async fn within(limits: Limits) -> Self {
        let shelf = Shelf::default();
        let bindle_url = serve(
            Router::new()
                .fallback(|AxumState(shelf): AxumState<Shelf>, uri: Uri| async move {
                    let shelf = shelf.lock().unwrap();
                    shelf.get(uri.path()).cloned().ok_or(StatusCode::NOT_FOUND)
                })
                .with_state(Arc::clone(&shelf)),
        )
        .await
        .join("v1/")
        .unwrap();
        let data = tempfile::tempdir().unwrap();
        let options = AppsOptions {
            data: data.path().to_owned(),
            bindle_url: bindle_url.clone(),
        };
        Self {
            apps: Apps::within(options, limits).unwrap(),
            shelf,
            data,
            bindle_url,
        }
    }

    /// Packs the application in a folder as `bowline deploy` does. Gives the name of its bindle.
    fn publish(&self, folder: &Path) -> String {
        let application = bowline_app::Application::load(folder).unwrap();
        let version = application.revision_version().clone();
        let id = BindleId::new(application.name(), version).unwrap();
        self.shelve(&Bundle::pack(&application, id).unwrap())
    }

    /// Puts all of a bundle onto the shelf. Gives the name of its bindle.
    fn shelve(&self, bundle: &Bundle) -> String {
        let id = bundle.id();
        let invoice = bundle.invoice().to_toml().unwrap();
        self.put(&format!("/v1/_i/{id}"), invoice.as_bytes());
        for content in bundle.contents() {
            let path = format!("/v1/_i/{id}@{}", content.digest());
            self.put(&path, &AppContent::read(content).unwrap());
        }
        id.to_string()
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let mut shelf = self.shelf.lock().unwrap();
        shelf.insert(path.to_owned(), bytes.to_vec());
    }

    /// Starts a published application in a new channel.
    async fn start(&self, bindle_id: &str) -> Uuid {
        let channel = Uuid::new_v4();
        self.apps.start(channel, bindle_id.to_owned()).await;
        channel
    }

    async fn get(&self, channel: Uuid, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(String::new()).unwrap();
        self.send(channel, request).await
    }

    async fn send(&self, channel: Uuid, request: Request<String>) -> (StatusCode, String) {
        let response = self.answer(channel, request).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn answer(&self, channel: Uuid, mut request: Request<String>) -> Response<Body> {
        request
            .headers_mut()
            .entry("host")
            .or_insert(http::HeaderValue::from_static("app.localhost:5309"));
        let request = request.map(|body| Full::new(Bytes::from(body)));
        self.apps.serve(channel, request).await
    }
}

/// Serves a router on a free port.
async fn serve(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    url.parse().unwrap()
}

/// The root of the repository.
fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Builds the crate in a folder for WASI. Cargo's lock on the target folder lets several tests do
/// so at once.
fn build(folder: &Path, target: &Path) {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--locked"])
        .args(["--target", "wasm32-wasip2", "--target-dir"])
        .arg(target)
        .current_dir(folder)
        // What is meant for the platform's own build would only confuse this one.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "building {}: {}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The folder of an example, built.
fn example(name: &str) -> PathBuf {
    let folder = repository().join("examples").join(name);
    build(&folder, &folder.join("target"));
    folder
}
