//! Hippo's API, one method for each request. (Server 0.19 to 0.20: the plural routes.)

use std::cell::Cell;

use bowline_target::http as transport;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{Method, Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::address::Base;
use crate::api::{
    App, Channel, ChannelStatus, CreateApp, CreateChannel, CreateToken, DesiredStatus, Health,
    Page, PatchChannel, RegisterRevision, Revision, Token,
};
use crate::port::Http;
use crate::problem::Problem;
use crate::text::clean;
use crate::trouble::Trouble;

/// The most items that a page can be asked for: Hippo reads the number as a C# `int`, and has no bound of its own.
const EVERYTHING: usize = i32::MAX as usize;

/// The header by which a platform that is no Hippo says what it accepts besides what Hippo does, and the words for values of variables
/// and for archives.
const ACCEPTS: &str = "bowline-accepts";
const VARIABLES: &str = "variables";
const ARCHIVES: &str = "archives";

/// Items on a page when everything at once is more than an answer may hold.
const SOME: usize = 500;

/// Pages after which a list is taken for endless.
const PAGES: usize = 1000;

/// A Hippo server, and who asks it.
pub struct Client<'a> {
    http: &'a dyn Http,
    base: &'a Base,
    token: Option<&'a str>,
    variables: Cell<bool>,
    archives: Cell<bool>,
}

impl<'a> Client<'a> {
    /// A client; `token` goes into the `authorization` header of each request.
    pub fn new(http: &'a dyn Http, base: &'a Base, token: Option<&'a str>) -> Self {
        Self {
            http,
            base,
            token,
            variables: Cell::new(false),
            archives: Cell::new(false),
        }
    }

    /// Whether the server has said in an answer that it hands applications the values of their variables. Hippo never does.
    pub fn accepts_variables(&self) -> bool {
        self.variables.get()
    }

    /// Whether the server has said in an answer that its applications may have their files in archives. Hippo never does.
    pub fn accepts_archives(&self) -> bool {
        self.archives.get()
    }

    /// Applications whose name contains `text`, with their channels. Hippo searches with case.
    ///
    /// # Errors
    /// As for every method here, [`Trouble`] says what happened.
    pub fn apps(&self, text: &str) -> Result<Vec<App>, Trouble> {
        self.list(&format!("/api/apps?searchText={text}&"))
    }

    /// One application.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn app(&self, id: Uuid) -> Result<App, Trouble> {
        self.get(&format!("/api/apps/{id}"))
    }

    /// Creates an application, and imports the revisions that Hippo finds on its Bindle server, or some of them.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn create_app(&self, app: &CreateApp<'_>) -> Result<Uuid, Trouble> {
        self.create("/api/apps", app)
    }

    /// All revisions of all applications, for Hippo has no search for them. The order says nothing.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn revisions(&self) -> Result<Vec<Revision>, Trouble> {
        self.list("/api/revisions?")
    }

    /// Registers a revision with every application of that storage id. Hippo answers without its id, and stores it a
    /// second time if it is asked twice.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn register_revision(&self, revision: &RegisterRevision<'_>) -> Result<(), Trouble> {
        self.send(Method::POST, "/api/revisions", Some(revision))
            .map(|_| ())
    }

    /// One channel.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn channel(&self, id: Uuid) -> Result<Channel, Trouble> {
        self.get(&format!("/api/channels/{id}"))
    }

    /// All channels of all applications.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn channels(&self) -> Result<Vec<Channel>, Trouble> {
        self.list("/api/channels?")
    }

    /// How a channel is doing: one item, or on servers that don't know it none. Hippo has the same answer for each page.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn statuses(&self, id: Uuid) -> Result<Vec<ChannelStatus>, Trouble> {
        self.list(&format!("/api/channel-statuses?channelId={id}&"))
    }

    /// Creates a channel, and starts it.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn create_channel(&self, channel: &CreateChannel<'_>) -> Result<Uuid, Trouble> {
        self.create("/api/channels", channel)
    }

    /// Changes a channel. Hippo checks nothing, and restarts nothing.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn patch_channel(&self, id: Uuid, patch: &PatchChannel<'_>) -> Result<(), Trouble> {
        self.send(Method::PATCH, &format!("/api/channels/{id}"), Some(patch))
            .map(|_| ())
    }

    /// Removes a channel, after stopping it.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn delete_channel(&self, id: Uuid) -> Result<(), Trouble> {
        self.send(Method::DELETE, &format!("/api/channels/{id}"), NOTHING)
            .map(|_| ())
    }

    /// Has a channel run what it is set to now. Asking twice changes nothing more: Nomad leaves a job alone whose
    /// description is the one that it runs.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn start_channel(&self, id: Uuid) -> Result<(), Trouble> {
        let status = DesiredStatus {
            channel_id: id,
            desired_status: "Running",
        };
        self.send(
            Method::PUT,
            &format!("/api/channels/{id}/desired-status"),
            Some(&status),
        )
        .map(|_| ())
    }

    /// Logs in.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn create_token(&self, account: &CreateToken<'_>) -> Result<Token, Trouble> {
        let path = "/api/auth-tokens";
        read(
            Method::POST,
            path,
            self.send(Method::POST, path, Some(account))?,
        )
    }

    /// How Hippo and what it depends on are. A bad state comes with status 503 and the same body.
    ///
    /// # Errors
    /// See [`Client::apps`].
    pub fn health(&self) -> Result<Health, Trouble> {
        let path = "/healthz";
        let answer = self.exchange(Method::GET, path, NOTHING)?;
        if answer.status().is_success() || answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            return read(Method::GET, path, answer);
        }
        Err(refusal(&Method::GET, path, &answer))
    }

    /// Every item of a list. `path` ends where a parameter can follow.
    fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Trouble> {
        match self.get::<Page<T>>(&format!("{path}pageIndex=0&pageSize={EVERYTHING}")) {
            Ok(page) if page.page_size.is_none_or(|size| page.items.len() < size) => Ok(page.items),
            // Somebody on the way has a limit of their own, or the answer is too long for one.
            Ok(_) | Err(Trouble::NoAnswer(transport::Error::TooLong { .. })) => self.pages(path),
            Err(trouble) => Err(trouble),
        }
    }

    /// A list page by page, until one is not full: Hippo's `isLastPage` and `totalItems` are wrong too often.
    fn pages<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Trouble> {
        let mut all = Vec::new();
        for index in 0..PAGES {
            let path = format!("{path}pageIndex={index}&pageSize={SOME}");
            let page: Page<T> = self.get(&path)?;
            let full = page.page_size.unwrap_or(SOME).min(SOME);
            let count = page.items.len();
            all.extend(page.items);
            if count == 0 || count < full {
                return Ok(all);
            }
        }
        Err(Trouble::Odd {
            request: format!("GET {}", path.trim_end_matches(['?', '&'])),
            status: 200,
            what: format!("more than {PAGES} pages"),
        })
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
        let answer = match self.send(Method::GET, path, NOTHING) {
            // Reading twice does no harm, and a kept connection may have ended just now.
            Err(Trouble::NoAnswer(transport::Error::Lost { .. })) => {
                self.send(Method::GET, path, NOTHING)?
            }
            other => other?,
        };
        read(Method::GET, path, answer)
    }

    fn create<B: Serialize>(&self, path: &str, body: &B) -> Result<Uuid, Trouble> {
        read(
            Method::POST,
            path,
            self.send(Method::POST, path, Some(body))?,
        )
    }

    fn send<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Response<Vec<u8>>, Trouble> {
        let answer = self.exchange(method.clone(), path, body)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(refusal(&method, path, &answer))
    }

    fn exchange<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Response<Vec<u8>>, Trouble> {
        let invalid = |error: &dyn std::fmt::Display| {
            Trouble::NoAnswer(transport::Error::Invalid(error.to_string()))
        };
        // Without this header, Hippo answers some requests with bare text.
        let mut request = Request::builder()
            .method(method)
            .uri(self.base.join(path))
            .header(ACCEPT, "application/json");
        if let Some(token) = self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                serde_json::to_vec(body).map_err(|error| invalid(&error))?
            }
            None => Vec::new(),
        };
        // An invalid header may be the token: its text stays out of the message.
        let request = request.body(body).map_err(|error| invalid(&error))?;
        let answer = self.http.send(request).map_err(Trouble::NoAnswer)?;
        for accepted in answer.headers().get_all(ACCEPTS) {
            if accepted == VARIABLES {
                self.variables.set(true);
            } else if accepted == ARCHIVES {
                self.archives.set(true);
            }
        }
        Ok(answer)
    }
}

/// The body of a request without one.
const NOTHING: Option<&()> = None;

fn request_line(method: &Method, path: &str) -> String {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    format!("{method} {path}")
}

fn refusal(method: &Method, path: &str, answer: &Response<Vec<u8>>) -> Trouble {
    let request = request_line(method, path);
    if answer.status().is_redirection() {
        let location = answer
            .headers()
            .get(LOCATION)
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        let location =
            location.map_or_else(|| "nowhere".to_owned(), |location| clean(&location, 200));
        return Trouble::Redirected { request, location };
    }
    Trouble::Refused {
        request,
        status: answer.status().as_u16(),
        problem: Problem::read(answer.body()),
    }
}

fn read<T: DeserializeOwned>(
    method: Method,
    path: &str,
    answer: Response<Vec<u8>>,
) -> Result<T, Trouble> {
    serde_json::from_slice(answer.body()).map_err(|error| Trouble::Odd {
        request: request_line(&method, path),
        status: answer.status().as_u16(),
        what: oddity(answer.body(), &error),
    })
}

fn oddity(body: &[u8], error: &serde_json::Error) -> String {
    match body.trim_ascii_start().first() {
        None => "an empty body".to_owned(),
        Some(b'<') => "a page of HTML".to_owned(),
        Some(_) if error.is_eof() => "JSON that ends too early".to_owned(),
        Some(_) if error.is_data() => {
            format!("JSON of another shape ({})", clean(&error.to_string(), 120))
        }
        Some(_) => "a body that is no JSON".to_owned(),
    }
}
