//! A Hippo server in memory, after the source of 0.20: it answers with that server's statuses and bodies, keeps its oddities,
//! and can lose an answer or fail after saving.

use std::cell::{Cell, RefCell};

use bowline_hippo::port::{Host, Http};
use bowline_target::bindle::PushPreview;
use bowline_target::{Failure, http as transport};
use http::{HeaderValue, Method, Request, Response};
use serde_json::{Value, json};
use uuid::Uuid;

/// What the host's placeholders begin with.
pub const SECRET: &str = "bowline-secret-";

/// What goes wrong with one request.
#[derive(Clone)]
pub enum Fault {
    /// Hippo acts, and its answer never comes.
    AnswerLost,
    /// The request never comes to Hippo.
    Unreachable,
    /// Hippo saves, and then fails.
    SavedThen500,
    /// Hippo does nothing and answers so.
    Answer(u16, &'static str),
    /// Hippo acts and answers with this body.
    ActedThenAnswer(u16, &'static str),
}

pub struct App {
    pub id: Uuid,
    pub name: String,
    pub storage: String,
}

pub struct Channel {
    pub id: Uuid,
    pub app: Uuid,
    pub name: String,
    pub domain: String,
    /// 0 or 1, as Hippo stores it.
    pub strategy: u8,
    pub active: Option<Uuid>,
    /// What Nomad runs.
    pub running: Option<Uuid>,
    /// Environment variables.
    pub variables: Vec<(String, String)>,
}

pub struct Revision {
    pub id: Uuid,
    pub app: Uuid,
    pub number: String,
}

pub struct Hippo {
    pub apps: RefCell<Vec<App>>,
    pub channels: RefCell<Vec<Channel>>,
    pub revisions: RefCell<Vec<Revision>>,
    /// What its Bindle server has.
    pub bindles: RefCell<Vec<String>>,
    /// Creating an application imports its revisions.
    pub imports: Cell<bool>,
    /// Enums go out as numbers, as in 0.18.
    pub numbers: Cell<bool>,
    /// A proxy allows so many items on a page.
    pub most_items: Cell<usize>,
    /// Longest answer that the host takes, in bytes.
    pub longest: Cell<usize>,
    /// It says in its answers that it hands out values of variables, as Hippo never does.
    pub takes_variables: Cell<bool>,
    /// It says in its answers that it takes archives, as Hippo never does.
    pub takes_archives: Cell<bool>,
    /// The host was told that it does.
    pub archives_accepted: Cell<bool>,
    faults: RefCell<Vec<(Method, &'static str, Fault)>>,
    pub requests: RefCell<Vec<String>>,
    pub steps: RefCell<Vec<String>>,
    pub warnings: RefCell<Vec<String>>,
    last_id: Cell<u128>,
}

impl Default for Hippo {
    fn default() -> Self {
        Self {
            apps: RefCell::default(),
            channels: RefCell::default(),
            revisions: RefCell::default(),
            bindles: RefCell::default(),
            imports: Cell::new(true),
            numbers: Cell::new(false),
            most_items: Cell::new(usize::MAX),
            longest: Cell::new(usize::MAX),
            takes_variables: Cell::new(false),
            takes_archives: Cell::new(false),
            archives_accepted: Cell::new(false),
            faults: RefCell::default(),
            requests: RefCell::default(),
            steps: RefCell::default(),
            warnings: RefCell::default(),
            last_id: Cell::new(0),
        }
    }
}

impl Hippo {
    /// The next request with this method and a path that starts so goes wrong. Faults of the same kind queue up.
    pub fn breaks(&self, method: Method, path: &'static str, fault: Fault) {
        self.faults.borrow_mut().push((method, path, fault));
    }

    /// Requests since the last call, as `METHOD /path`.
    pub fn seen(&self) -> Vec<String> {
        self.requests.take()
    }

    pub fn id(&self) -> Uuid {
        self.last_id.set(self.last_id.get() + 1);
        Uuid::from_u128(self.last_id.get())
    }

    pub fn add_app(&self, name: &str, storage: &str) -> Uuid {
        let id = self.id();
        self.apps.borrow_mut().push(App {
            id,
            name: name.into(),
            storage: storage.into(),
        });
        id
    }

    pub fn add_revision(&self, app: Uuid, number: &str) -> Uuid {
        let id = self.id();
        self.revisions.borrow_mut().push(Revision {
            id,
            app,
            number: number.into(),
        });
        id
    }

    pub fn add_channel(
        &self,
        app: Uuid,
        name: &str,
        domain: &str,
        strategy: u8,
        active: Option<Uuid>,
    ) -> Uuid {
        let id = self.id();
        let (name, domain) = (name.into(), domain.into());
        self.channels.borrow_mut().push(Channel {
            id,
            app,
            name,
            domain,
            strategy,
            active,
            running: active,
            variables: Vec::new(),
        });
        id
    }

    /// Number of the revision that a channel's job runs.
    pub fn running(&self, channel: &str) -> Option<String> {
        let channels = self.channels.borrow();
        let running = channels.iter().find(|it| it.name == channel)?.running?;
        self.revisions
            .borrow()
            .iter()
            .find(|it| it.id == running)
            .map(|it| it.number.clone())
    }

    fn answer(&self, method: &Method, path: &str, query: &str, body: &Value) -> (u16, Value) {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["healthz"]) => (
                200,
                json!({"ServiceName": "Hippo", "Status": "Healthy", "Subservices": []}),
            ),
            ("POST", ["api", "auth-tokens"]) => self.log_in(body),
            ("GET", ["api", "apps"]) => {
                let text = parameter(query, "searchText").unwrap_or_default();
                let apps = self.apps.borrow();
                self.page(
                    query,
                    apps.iter()
                        .filter(|app| app.name.contains(&text))
                        .map(|app| self.app(app))
                        .collect(),
                )
            }
            ("GET", ["api", "apps", id]) => self.one(
                self.apps
                    .borrow()
                    .iter()
                    .find(|it| it.id.to_string() == *id)
                    .map(|it| self.app(it)),
            ),
            ("POST", ["api", "apps"]) => self.create_app(body),
            ("GET", ["api", "revisions"]) => {
                // In the order of their ids, which says nothing: newest first here, to be no help.
                let revisions = self.revisions.borrow();
                self.page(query, revisions.iter().rev().map(revision).collect())
            }
            ("POST", ["api", "revisions"]) => self.register(body),
            ("GET", ["api", "channels"]) => {
                let channels = self.channels.borrow();
                self.page(query, channels.iter().map(|it| self.channel(it)).collect())
            }
            ("GET", ["api", "channel-statuses"]) => self.status(query),
            ("GET", ["api", "channels", id]) => self.one(
                self.channels
                    .borrow()
                    .iter()
                    .find(|it| it.id.to_string() == *id)
                    .map(|it| self.channel(it)),
            ),
            ("POST", ["api", "channels"]) => self.create_channel(body),
            ("PATCH", ["api", "channels", id]) => self.patch(id, body),
            ("PUT", ["api", "channels", id, "desired-status"]) => self.start(id, body),
            ("DELETE", ["api", "channels", id]) => {
                self.channels
                    .borrow_mut()
                    .retain(|it| it.id.to_string() != *id);
                (204, Value::Null)
            }
            _ => (404, Value::Null),
        }
    }

    /// One channel's, whether it exists or not, and the same on each page.
    fn status(&self, query: &str) -> (u16, Value) {
        let id = parameter(query, "channelId").unwrap_or_default();
        let channels = self.channels.borrow();
        let channel = channels.iter().find(|it| it.id.to_string() == id);
        let status = match channel.and_then(|it| it.running) {
            Some(_) => "Running",
            None => "Dead",
        };
        self.page(query, vec![json!({"channelId": id, "status": status})])
    }

    fn log_in(&self, body: &Value) -> (u16, Value) {
        if body["userName"] == "bob" && body["password"] == "pass" {
            return (
                200,
                json!({"token": "jwt", "expiration": "2023-03-08T23:01:02Z"}),
            );
        }
        let detail = if body["userName"] == "bob" {
            "Credentials are not valid."
        } else {
            "Account does not exist."
        };
        (
            400,
            json!({"title": "Login failed.", "status": 400, "detail": detail}),
        )
    }

    fn create_app(&self, body: &Value) -> (u16, Value) {
        let (name, storage) = (text(body, "name"), text(body, "storageId"));
        if self.apps.borrow().iter().any(|it| it.name == name) {
            return invalid("Name", "The specified name already exists.");
        }
        let held = self.bindles.borrow().clone();
        let mut versions = held
            .iter()
            .filter_map(|id| id.split_once('/'))
            .filter(|(it, _)| *it == storage)
            .peekable();
        if versions.peek().is_none() {
            return invalid("StorageId", "Storage ID not found in bindle server");
        }
        let id = self.add_app(&name, &storage);
        if self.imports.get() {
            for (_, version) in versions {
                self.add_revision(id, version);
            }
        }
        (200, json!(id))
    }

    fn register(&self, body: &Value) -> (u16, Value) {
        let storage = text(body, "appStorageId");
        let apps: Vec<Uuid> = self
            .apps
            .borrow()
            .iter()
            .filter(|it| it.storage == storage)
            .map(|it| it.id)
            .collect();
        if apps.is_empty() {
            return (
                404,
                json!({"title": "Not Found", "status": 404, "traceId": "x"}),
            );
        }
        for app in apps {
            self.add_revision(app, &text(body, "revisionNumber"));
        }
        (201, Value::Null)
    }

    fn create_channel(&self, body: &Value) -> (u16, Value) {
        let app: Uuid = text(body, "appId").parse().unwrap();
        let name = text(body, "name");
        let app_name = self
            .apps
            .borrow()
            .iter()
            .find(|it| it.id == app)
            .map(|it| it.name.clone());
        let Some(app_name) = app_name else {
            return (404, json!({"detail": "Entity \"App\" was not found."}));
        };
        let mine = self
            .channels
            .borrow()
            .iter()
            .filter(|it| it.app == app)
            .count();
        if self
            .channels
            .borrow()
            .iter()
            .any(|it| it.app == app && it.name == name)
        {
            return invalid(
                "Name",
                "A channel with the same name already exists for this app.",
            );
        }
        let domain = match body["domain"].as_str() {
            Some(domain) if self.channels.borrow().iter().any(|it| it.domain == domain) => {
                return invalid("Domain", "The specified domain already exists.");
            }
            Some(domain) => domain.to_owned(),
            None if mine == 0 => format!("{app_name}.localhost")
                .replace('_', "-")
                .to_lowercase(),
            None => format!("{name}-{app_name}.localhost")
                .replace('_', "-")
                .to_lowercase(),
        };
        assert_eq!(body["revisionSelectionStrategy"], "UseSpecifiedRevision");
        let active = text(body, "activeRevisionId").parse().unwrap();
        (
            200,
            json!(self.add_channel(app, &name, &domain, 1, Some(active))),
        )
    }

    fn patch(&self, id: &str, body: &Value) -> (u16, Value) {
        let mut channels = self.channels.borrow_mut();
        let Some(channel) = channels.iter_mut().find(|it| it.id.to_string() == id) else {
            return (404, Value::Null);
        };
        channel.strategy = 1;
        channel.active = Some(text(body, "activeRevisionId").parse().unwrap());
        if let Some(domain) = body["domain"].as_str() {
            channel.domain = domain.to_owned();
        }
        if let Some(variables) = body["environmentVariables"].as_array() {
            let pair = |it: &Value| (text(it, "key"), text(it, "value"));
            channel.variables = variables.iter().map(pair).collect();
        }
        (204, Value::Null)
    }

    fn start(&self, id: &str, body: &Value) -> (u16, Value) {
        assert_eq!(*body, json!({"channelId": id, "desiredStatus": "Running"}));
        let mut channels = self.channels.borrow_mut();
        let Some(channel) = channels.iter_mut().find(|it| it.id.to_string() == id) else {
            return (404, Value::Null);
        };
        channel.running = channel.active;
        (204, Value::Null)
    }

    fn app(&self, app: &App) -> Value {
        let channels = self.channels.borrow();
        let mine = channels.iter().filter(|it| it.app == app.id);
        let channels: Vec<Value> = mine
            .map(|it| json!({"id": it.id, "name": it.name, "activeRevisionNumber": null}))
            .collect();
        json!({"id": app.id, "name": app.name, "storageId": app.storage, "description": null, "channels": channels})
    }

    fn channel(&self, channel: &Channel) -> Value {
        let strategy = match (self.numbers.get(), channel.strategy) {
            (true, strategy) => json!(strategy),
            (false, 0) => json!("UseRangeRule"),
            (false, _) => json!("UseSpecifiedRevision"),
        };
        let revisions = self.revisions.borrow();
        let active = revisions
            .iter()
            .find(|it| Some(it.id) == channel.active)
            .map(revision);
        // The host writes stars over the secrets of the run.
        let shown = |value: &str| {
            if value.starts_with(SECRET) {
                "*".repeat(9)
            } else {
                value.to_owned()
            }
        };
        let variables: Vec<Value> = channel
            .variables
            .iter()
            .map(|(key, value)| json!({"channelId": channel.id, "key": key, "value": shown(value)}))
            .collect();
        json!({"id": channel.id, "appId": channel.app, "name": channel.name, "domain": channel.domain,
            "revisionSelectionStrategy": strategy, "activeRevision": active, "rangeRule": null,
            "certificate": null, "environmentVariables": variables, "lastPublishAt": null})
    }

    fn one(&self, item: Option<Value>) -> (u16, Value) {
        item.map_or(
            (
                404,
                json!({"title": "The specified resource was not found.", "status": 404}),
            ),
            |item| (200, item),
        )
    }

    /// A page whose `totalItems` and `isLastPage` mislead.
    fn page(&self, query: &str, items: Vec<Value>) -> (u16, Value) {
        let size: usize = parameter(query, "pageSize").map_or(50, |size| size.parse().unwrap());
        let size = size.min(self.most_items.get());
        let index: usize = parameter(query, "pageIndex").map_or(0, |index| index.parse().unwrap());
        let items: Vec<Value> = items
            .into_iter()
            .skip(index.saturating_mul(size))
            .take(size)
            .collect();
        (
            200,
            json!({"items": items, "totalItems": 7, "pageIndex": index, "pageSize": size, "isLastPage": false}),
        )
    }
}

impl Http for Hippo {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, transport::Error> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        self.requests.borrow_mut().push(format!("{method} {path}"));
        assert_eq!(request.headers()["accept"], "application/json");
        let fault = {
            let mut faults = self.faults.borrow_mut();
            let index = faults
                .iter()
                .position(|(m, p, _)| *m == method && path.starts_with(p));
            index.map(|index| faults.remove(index).2)
        };
        let origin = "http://hippo".to_owned();
        let raw = |status: u16, body: &str| {
            Response::builder()
                .status(status)
                .body(body.as_bytes().to_vec())
                .unwrap()
        };
        match fault {
            Some(Fault::Unreachable) => {
                return Err(transport::Error::Unreachable {
                    origin,
                    reason: "it is away".into(),
                });
            }
            Some(Fault::Answer(status, body)) => return Ok(raw(status, body)),
            _ => {}
        }
        let free = ["/api/auth-tokens", "/healthz"].contains(&path.as_str());
        if !free
            && request
                .headers()
                .get("authorization")
                .is_none_or(|it| it != "Bearer good")
        {
            return Ok(raw(401, ""));
        }
        let body = serde_json::from_slice(request.body()).unwrap_or_default();
        let (status, answer) = self.answer(
            &method,
            &path,
            request.uri().query().unwrap_or_default(),
            &body,
        );
        let answer = if answer.is_null() {
            String::new()
        } else {
            answer.to_string()
        };
        match fault {
            Some(Fault::AnswerLost) => Err(transport::Error::Lost {
                origin,
                reason: "it ended".into(),
            }),
            Some(Fault::SavedThen500) => Ok(raw(
                500,
                r#"{"title":"An error occurred while processing your request.","status":500}"#,
            )),
            Some(Fault::ActedThenAnswer(status, body)) => Ok(raw(status, body)),
            _ if answer.len() > self.longest.get() => Err(transport::Error::TooLong {
                origin,
                limit: self.longest.get(),
            }),
            _ => {
                let mut answer = raw(status, &answer);
                if self.takes_variables.get() {
                    let accepted = HeaderValue::from_static("variables");
                    answer.headers_mut().append("bowline-accepts", accepted);
                }
                if self.takes_archives.get() {
                    let accepted = HeaderValue::from_static("archives");
                    answer.headers_mut().append("bowline-accepts", accepted);
                }
                Ok(answer)
            }
        }
    }
}

impl Host for Hippo {
    fn step(&self, message: &str) {
        self.steps.borrow_mut().push(message.to_owned());
    }

    fn warn(&self, message: &str) {
        self.warnings.borrow_mut().push(message.to_owned());
    }

    fn accept_archives(&self) {
        self.archives_accepted.set(true);
    }

    fn push(&self, id: &str) -> Result<(), Failure> {
        let mut bindles = self.bindles.borrow_mut();
        if !bindles.iter().any(|it| it == id) {
            bindles.push(id.to_owned());
        }
        Ok(())
    }

    fn preview(&self, id: &str) -> Result<PushPreview, Failure> {
        let exists = self.bindles.borrow().iter().any(|it| it == id);
        let upload = if exists { 0 } else { 3 };
        Ok(PushPreview {
            exists,
            upload,
            upload_bytes: u64::from(upload) * 1024,
            present: 5 - upload,
            exact: exists,
        })
    }
}

fn revision(revision: &Revision) -> Value {
    json!({"id": revision.id, "appId": revision.app, "revisionNumber": revision.number, "components": [], "type": null})
}

fn invalid(property: &str, message: &str) -> (u16, Value) {
    (
        400,
        json!({"title": "One or more validation errors occurred.", "status": 400, "errors": {property: [message]}}),
    )
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_default().to_owned()
}

fn parameter(query: &str, name: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}
