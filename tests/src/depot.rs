//! Depot: a plain upload service, such as a small hosting company may have. It takes contents by their digest and an
//! application as a document that names them, and hands an application's files out under its URL.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /applications/<name>` | 200 and what runs, or 404 |
//! | `POST /applications` | 200 and what runs; 409 and `{"missing": [<sha256>, ...]}`, changing nothing; 422 if it doesn't take such a document |
//! | `PUT /contents/<sha256>` | 201, 200 if it had them, 400 if the bytes have another digest |
//! | `GET /run/<name>/<path>` | a file of the application; `.depot` tells the revision. For everybody |
//!
//! What runs is `{"revision": ..., "url": ..., "ready": <path below the URL>}`. All but the last want a bearer token.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::background::{self, Background};

/// The path below an application's URL where it tells its revision.
const READY: &str = ".depot";

/// A running service with an empty store; stopped when dropped.
pub struct Depot {
    service: Arc<Service>,
    _background: Background,
}

/// A request that came in, in the order of arrival.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method and path, e.g. `GET /applications/shop`.
    pub line: String,
    /// The header `authorization`.
    pub authorization: String,
}

struct Service {
    address: SocketAddr,
    token: String,
    folder: tempfile::TempDir,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    asked: Vec<Asked>,
    applications: BTreeMap<String, Value>,
    trouble: Trouble,
}

/// What is wrong with the service.
#[derive(Debug, Clone, Copy, Default)]
pub enum Trouble {
    /// Nothing.
    #[default]
    None,
    /// It answers every request that wants a token with this status and a body that says nothing of use.
    Refuses(u16),
    /// It says that it has taken contents, and has not.
    Forgets,
}

impl Depot {
    /// Starts a service that knows this token.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(token: &str) -> Depot {
        let (address, listener) = background::listen();
        let service = Arc::new(Service {
            address,
            token: token.to_owned(),
            folder: tempfile::Builder::new()
                .prefix("bowline-depot-")
                .tempdir()
                .expect("a temporary folder can be made"),
            kept: Mutex::default(),
        });
        let routes = Router::new()
            .route("/applications/{name}", get(running))
            .route("/applications", post(publish))
            .route("/contents/{sha256}", put(take))
            .layer(middleware::from_fn_with_state(Arc::clone(&service), admit))
            .route("/run/{name}/{*path}", get(show))
            .with_state(Arc::clone(&service));
        let background = Background::serve(listener, |listener| async move {
            axum::serve(listener, routes)
                .await
                .expect("serving does not end");
        });
        Depot {
            service,
            _background: background,
        }
    }

    /// Its origin, e.g. `http://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        self.service.url()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.service.address
    }

    /// What it was asked since the last call; not what was asked of the applications that run on it.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.service.kept().asked)
    }

    /// The digests of the contents that it has.
    ///
    /// # Panics
    /// When its folder can't be read.
    pub fn contents(&self) -> BTreeSet<String> {
        std::fs::read_dir(self.service.folder.path())
            .expect("the folder can be read")
            .map(|entry| entry.expect("the folder can be read").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    /// The document of an application that runs.
    pub fn application(&self, name: &str) -> Option<Value> {
        self.service.kept().applications.get(name).cloned()
    }

    /// From now on, this is wrong with it.
    pub fn suffers(&self, trouble: Trouble) {
        self.service.kept().trouble = trouble;
    }
}

impl Service {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn content(&self, sha256: &str) -> PathBuf {
        self.folder.path().join(sha256)
    }

    fn runs(&self, document: &Value) -> Value {
        let name = document["name"].as_str().unwrap_or_default();
        json!({
            "revision": document["revision"],
            "url": format!("{}/run/{name}", self.url()),
            "ready": format!("/{READY}"),
        })
    }
}

fn refusal(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

async fn admit(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let asked = Asked {
        line: format!("{} {}", request.method(), request.uri().path()),
        authorization: authorization.unwrap_or_default().to_owned(),
    };
    let known = asked.authorization == format!("Bearer {}", service.token);
    let trouble = {
        let mut kept = service.kept();
        kept.asked.push(asked);
        kept.trouble
    };
    if let Trouble::Refuses(status) = trouble {
        let status = StatusCode::from_u16(status).expect("a test names a status");
        return refusal(status, "something is wrong here");
    }
    if !known {
        return refusal(StatusCode::UNAUTHORIZED, "unknown token");
    }
    next.run(request).await
}

async fn running(State(service): State<Arc<Service>>, Path(name): Path<String>) -> Response {
    match service.kept().applications.get(&name) {
        Some(document) => Json(service.runs(document)).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "there is no such application"),
    }
}

async fn publish(State(service): State<Arc<Service>>, Json(document): Json<Value>) -> Response {
    let name = document["name"].as_str().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.is_empty() || !name.bytes().all(plain) || !document["revision"].is_string() {
        let error = "an application has a revision, and a name of letters, digits and '-'";
        return refusal(StatusCode::UNPROCESSABLE_ENTITY, error);
    }
    let Some(digests) = digests(&document) else {
        let error = "a component has a source and files, each with its 'sha256'";
        return refusal(StatusCode::UNPROCESSABLE_ENTITY, error);
    };
    let missing: Vec<_> = digests
        .into_iter()
        .filter(|digest| !service.content(digest).exists())
        .collect();
    if !missing.is_empty() {
        return (StatusCode::CONFLICT, Json(json!({ "missing": missing }))).into_response();
    }
    let runs = service.runs(&document);
    let name = name.to_owned();
    service.kept().applications.insert(name, document);
    Json(runs).into_response()
}

/// The digests of all contents that a document names, each once; nothing if it is no such document.
fn digests(document: &Value) -> Option<BTreeSet<String>> {
    let mut digests = BTreeSet::new();
    for component in document["components"].as_array()? {
        let files = component["files"].as_array()?;
        for content in files.iter().chain([&component["source"]]) {
            let digest = content["sha256"].as_str().filter(|text| is_digest(text))?;
            digests.insert(digest.to_owned());
        }
    }
    Some(digests)
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

async fn take(
    State(service): State<Arc<Service>>,
    Path(sha256): Path<String>,
    mut body: Body,
) -> Response {
    if !is_digest(&sha256) {
        return refusal(StatusCode::BAD_REQUEST, "that is no SHA-256");
    }
    // What is not whole is not among the contents.
    let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
    let mut hasher = Sha256::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return refusal(StatusCode::BAD_REQUEST, "the body broke off");
        };
        if let Some(piece) = frame.data_ref() {
            hasher.update(piece);
            file.write_all(piece).expect("a file can be written");
        }
    }
    let found: String = hasher
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    if found != sha256 {
        return refusal(StatusCode::BAD_REQUEST, "the bytes have another digest");
    }
    if service.content(&sha256).exists() {
        return StatusCode::OK.into_response();
    }
    if !matches!(service.kept().trouble, Trouble::Forgets) {
        std::fs::copy(file.path(), service.content(&sha256)).expect("a file can be copied");
    }
    StatusCode::CREATED.into_response()
}

async fn show(
    State(service): State<Arc<Service>>,
    Path((name, path)): Path<(String, String)>,
) -> Response {
    let document = service.kept().applications.get(&name).cloned();
    let Some(document) = document else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if path == READY {
        return Json(json!({ "revision": document["revision"] })).into_response();
    }
    let components = document["components"].as_array().into_iter().flatten();
    let mut files =
        components.flat_map(|component| component["files"].as_array().into_iter().flatten());
    let Some(file) = files.find(|file| file["path"] == path.as_str()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let text = |name: &str| file[name].as_str().unwrap_or_default().to_owned();
    let bytes = tokio::fs::read(service.content(&text("sha256"))).await;
    let bytes = bytes.expect("a published content is there");
    ([(header::CONTENT_TYPE, text("mediaType"))], bytes).into_response()
}
