//! A deployed application that answers requests.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bowline_app::BindleId;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use tokio::sync::{Semaphore, oneshot};
use wasmtime_wasi_http::handler::{ExpirationError, InstantiationError, ProxyHandler, ProxyPre};
use wasmtime_wasi_http::{Error, WasiBody};

use super::content::Content;
use super::engine::Engine;
use super::guest::{Guest, Limits};
use super::headers;
use super::interfaces::Unsupported;
use super::logs::Logs;
use super::outbound::Outbound;
use super::pages;
use super::plan::{Answer, ComponentPlan, Plan};
use super::routes::{Match, Routes};
use super::sender::Network;
use super::service::{self, Service, Turn};

/// Paths that Spin keeps for itself.
const WELL_KNOWN: &str = "/.well-known/spin/";

/// How long a request may wait for others to end before it is turned away.
const QUEUE: Duration = Duration::from_secs(10);

/// How long after a failure its reason is waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Most bytes of one answer. An endless one ends here.
const RESPONSE: usize = 1024 * 1024 * 1024;

/// Where a request comes from, as far as the requests that it causes need to know.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The host, with port, that the client asked.
    pub host: String,
    /// How many requests of the same application led to it.
    pub depth: u8,
}

/// What all applications share.
pub struct Shared {
    /// Compiles and links.
    pub engine: Engine,
    /// Holds the components and files.
    pub content: Content,
    /// Sends requests to other hosts.
    pub client: reqwest::Client,
    /// What one instance may use.
    pub limits: Limits,
    /// As many permits as instances may run at once.
    pub gate: Arc<Semaphore>,
}

/// A loaded application.
pub struct Application {
    name: String,
    version: String,
    revision: String,
    /// They lead to indices of `components`, and behind those of `responses`.
    routes: Routes,
    components: Vec<Component>,
    responses: Vec<Response<Bytes>>,
    gate: Arc<Semaphore>,
}

struct Component {
    id: String,
    service: Result<ProxyHandler<Service>, Unsupported>,
}

/// A component read and compiled, before the application that it is of exists.
struct Parts {
    plan: ComponentPlan,
    pre: Result<ProxyPre<Guest>, Unsupported>,
    files: Option<PathBuf>,
}

impl Application {
    /// Compiles and links the components of an application whose contents are all in the store.
    /// Takes its time: not for an async thread.
    ///
    /// A component that needs what this platform hasn't got doesn't keep the others from running.
    ///
    /// # Errors
    /// A route or an outbound host makes no sense, a component is damaged, or files can't be
    /// placed.
    pub fn load(shared: &Shared, id: &BindleId, plan: Plan, logs: &Arc<Logs>) -> Result<Arc<Self>> {
        let components = plan.components.len();
        let routes = Routes::new(
            &plan.base,
            plan.routes.iter().map(|(route, answer)| {
                let index = match answer {
                    Answer::Component(index) => *index,
                    Answer::Response(index) => components + index,
                };
                (route.as_str(), index)
            }),
        )?;
        let responses = plan
            .responses
            .iter()
            .map(|response| pages::fixed(response).context("a static response"))
            .collect::<Result<_>>()?;
        let mut parts = Vec::new();
        for component in plan.components {
            let context = format!("the component '{}'", component.id);
            parts.push(Parts::load(shared, component).context(context)?);
        }
        let mut outbound = Vec::new();
        for Parts { plan, .. } in &parts {
            outbound.push(
                Outbound::parse(&plan.allowed_outbound_hosts)
                    .with_context(|| format!("the component '{}'", plan.id))?,
            );
        }
        let application = Arc::new_cyclic(|application| Self {
            name: plan.name,
            version: plan.version,
            revision: id.version().to_string(),
            routes,
            responses,
            components: parts
                .into_iter()
                .zip(outbound)
                .map(|(parts, outbound)| parts.component(shared, outbound, application, logs))
                .collect(),
            gate: Arc::clone(&shared.gate),
        });
        for fault in application.faults().iter().chain(&plan.notes) {
            logs.note(fault);
        }
        Ok(application)
    }

    /// Answers a request, by the component that its path leads to or by a page that says why not.
    pub async fn serve<B>(
        &self,
        request: Request<B>,
        client: Option<SocketAddr>,
        depth: u8,
    ) -> Response<WasiBody>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let path = request.uri().path();
        if let Some(name) = path.strip_prefix(WELL_KNOWN) {
            return self.well_known(name);
        }
        let Some(found) = self.routes.find(path) else {
            return pages::text(
                StatusCode::NOT_FOUND,
                &format!("no route of {} leads to {path}", self.name),
            );
        };
        match self.components.get(found.component) {
            Some(component) => self.ask(component, request, &found, client, depth).await,
            None => match self.responses.get(found.component - self.components.len()) {
                Some(response) => pages::of_bytes(response),
                None => pages::text(StatusCode::NOT_FOUND, "the route has no component"),
            },
        }
    }

    /// The answers for tools: whether the application is up, and which one it is.
    fn well_known(&self, name: &str) -> Response<WasiBody> {
        let faults = self.faults();
        match name {
            "health" => pages::text(StatusCode::OK, "OK"),
            "info" if faults.is_empty() => pages::json(&serde_json::json!({
                "name": self.name,
                "version": self.version,
                "bindle_version": self.revision,
            })),
            "info" => pages::text(StatusCode::NOT_IMPLEMENTED, &faults.join("; ")),
            _ => pages::text(StatusCode::NOT_FOUND, "Spin has no such page"),
        }
    }

    /// A sentence for each component that can't run here.
    fn faults(&self) -> Vec<String> {
        self.components
            .iter()
            .filter_map(|component| {
                let fault = component.service.as_ref().err()?;
                Some(format!("the component '{}' {fault}", component.id))
            })
            .collect()
    }

    async fn ask<B>(
        &self,
        component: &Component,
        request: Request<B>,
        found: &Match<'_>,
        client: Option<SocketAddr>,
        depth: u8,
    ) -> Response<WasiBody>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let id = &component.id;
        let service = match &component.service {
            Ok(service) => service,
            Err(fault) => {
                return pages::text(
                    StatusCode::NOT_IMPLEMENTED,
                    &format!("the component '{id}' {fault}"),
                );
            }
        };
        let (mut parts, body) = request.into_parts();
        let host = headers::authority(&parts);
        if let Err(error) = headers::prepare(&mut parts, found, client) {
            return pages::text(
                StatusCode::BAD_REQUEST,
                &format!("the request's host can't be used: {error}"),
            );
        }
        let permit = tokio::time::timeout(QUEUE, Arc::clone(&self.gate).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return pages::text(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many requests are being answered; try again",
            );
        };
        let (failure, reason) = oneshot::channel();
        let turn = Turn {
            permit,
            origin: Origin { host, depth },
            failure,
        };
        let body = body.map_err(Into::into).boxed_unsync();
        match service.handle(turn, Request::from_parts(parts, body)).await {
            Ok(response) => response.map(bounded),
            Err(error) => failed(id, &error, reason).await,
        }
    }
}

impl Parts {
    fn load(shared: &Shared, plan: ComponentPlan) -> Result<Self> {
        let wasm = shared.content.path(plan.source);
        let pre = match shared.engine.load(plan.source, &wasm) {
            Ok(pre) => Ok(pre),
            Err(error) => Err(error.downcast::<Unsupported>()?),
        };
        let files = match plan.files.as_slice() {
            [] => None,
            files => Some(shared.content.mount(files)?),
        };
        Ok(Self { plan, pre, files })
    }

    fn component(
        self,
        shared: &Shared,
        outbound: Outbound,
        application: &Weak<Application>,
        logs: &Arc<Logs>,
    ) -> Component {
        let id = self.plan.id;
        let network = Arc::new(Network {
            client: shared.client.clone(),
            outbound,
            application: Weak::clone(application),
            logs: Arc::clone(logs),
            component: id.clone(),
        });
        let service = self.pre.map(|pre| {
            ProxyHandler::new(Service {
                engine: shared.engine.wasmtime().clone(),
                pre,
                environment: self.plan.environment,
                variables: Arc::new(self.plan.variables),
                files: self.files,
                limits: shared.limits,
                network,
            })
        });
        Component { id, service }
    }
}

/// The body, ended with an error when it grows too long.
fn bounded(body: WasiBody) -> WasiBody {
    Limited::new(body, RESPONSE)
        .map_err(|error| match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(_) => Error::HttpResponseBodySize(u64::try_from(RESPONSE).ok()),
        })
        .boxed_unsync()
}

/// The page for a component that gave no answer. Whoever deploys to this platform also develops, so
/// it says why.
async fn failed(
    id: &str,
    error: &wasmtime::Error,
    reason: oneshot::Receiver<String>,
) -> Response<WasiBody> {
    if error.is::<ExpirationError>() {
        let seconds = service::ANSWER.as_secs();
        return pages::text(
            StatusCode::GATEWAY_TIMEOUT,
            &format!("the component '{id}' gave no answer within {seconds} seconds"),
        );
    }
    let (what, why) = if let Some(error) = error.downcast_ref::<InstantiationError<Turn>>() {
        ("couldn't be started", error.error.root_cause().to_string())
    } else {
        // An instance that failed ends at once. One that only answered with an error may go on, and
        // has no other reason to give.
        let why = match tokio::time::timeout(LAST_WORDS, reason).await {
            Ok(Ok(reason)) => reason,
            Ok(Err(_)) | Err(_) => error.root_cause().to_string(),
        };
        ("failed", why)
    };
    pages::text(
        StatusCode::INTERNAL_SERVER_ERROR,
        &format!("the component '{id}' {what}: {why}"),
    )
}
