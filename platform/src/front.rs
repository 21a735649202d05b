//! The one listener: a request for a channel's domain goes to its application, any other to the API.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::scheduler::Scheduler;

/// How long a client may take to send a request's head. Idle connections end with it too.
const HEADER_LIMIT: Duration = Duration::from_secs(60);

/// How long running requests may take to end when the platform stops.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// The running listener.
pub(crate) struct Front {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Front {
    /// Serves connections until stopped.
    pub(crate) fn start(listener: TcpListener, scheduler: Arc<Scheduler>, api: Router) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, scheduler, api, stopped));
        Self { stop, task }
    }

    /// Takes no more connections, lets running requests end for a moment, then cuts them.
    pub(crate) async fn stop(self) {
        // The receiver is gone only when the task has ended already.
        let _ended = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the listener failed");
        }
    }
}

async fn serve(
    listener: TcpListener,
    scheduler: Arc<Scheduler>,
    api: Router,
    mut stopped: oneshot::Receiver<()>,
) {
    let connections = GracefulShutdown::new();
    // Whoever listens beyond this machine wants to be reached under names that can't be known here.
    let private = listener
        .local_addr()
        .is_ok_and(|address| address.ip().is_loopback());
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(connection) => connection,
                Err(error) => {
                    // Out of file descriptors, most likely: going on at once would only spin.
                    tracing::warn!(%error, "can't accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            _ = &mut stopped => break,
        };
        let (scheduler, api) = (Arc::clone(&scheduler), api.clone());
        let service = service_fn(move |request| {
            let (scheduler, api) = (Arc::clone(&scheduler), api.clone());
            async move { Ok::<_, Infallible>(answer(request, peer, private, &scheduler, api).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_LIMIT)
            .serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, %peer, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(STOP_LIMIT, connections.shutdown())
        .await
        .is_err()
    {
        tracing::debug!("cut the requests that were still running");
    }
}

async fn answer(
    mut request: Request<Incoming>,
    peer: SocketAddr,
    private: bool,
    scheduler: &Scheduler,
    api: Router,
) -> Response<Body> {
    let host = host_of(&request).map(str::to_owned);
    let channel = host.as_deref().and_then(|host| scheduler.channel_at(host));
    tracing::debug!(method = %request.method(), path = request.uri().path(), ?channel, %peer, "request");
    // Applications are told their client's address.
    request.extensions_mut().insert(peer);
    if let Some(channel) = channel {
        let response = scheduler.apps().serve(channel, request).await;
        return response.map(Body::new);
    }
    if let Some(host) = host.filter(|host| private && !is_local(host)) {
        return misdirected(&host);
    }
    match api.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Whether a host is a name or an address that can mean this machine whoever answers for names: an address, `localhost`,
/// or below it (RFC 6761, section 6.3).
///
/// The API answers for no other. Otherwise a web page could have its own name lead to this machine (DNS rebinding), and
/// the browser of whoever visits it would let it read what the API says.
fn is_local(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.ends_with(".localhost") || address.parse::<IpAddr>().is_ok()
}

fn misdirected(host: &str) -> Response<Body> {
    let page = format!(
        "no application answers at {host}; the API answers at localhost and at addresses like 127.0.0.1\n"
    );
    (StatusCode::MISDIRECTED_REQUEST, page).into_response()
}

/// The host a request is for, without port: from an absolute target, as proxies send it, or from
/// the Host header.
fn host_of<B>(request: &Request<B>) -> Option<&str> {
    let authority = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => request.headers().get(header::HOST)?.to_str().ok()?,
    };
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    Some(host.strip_suffix('.').unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_nobody_else_can_point_here_are_local() {
        for host in [
            "localhost",
            "LocalHost",
            "new-app.localhost",
            "127.0.0.1",
            "[::1]",
            "192.168.0.7",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "notlocalhost",
            "127.0.0.1.example.com",
            "user@localhost.",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn host_comes_without_port() {
        for (header, expected) in [
            ("hello.localhost", "hello.localhost"),
            ("hello.localhost:5309", "hello.localhost"),
            ("hello.localhost.:5309", "hello.localhost"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
        ] {
            let request = Request::get("/")
                .header(header::HOST, header)
                .body(())
                .unwrap();
            assert_eq!(host_of(&request), Some(expected), "{header}");
        }
        let absolute = Request::get("http://a.localhost:1/x")
            .header(header::HOST, "b.localhost")
            .body(())
            .unwrap();
        assert_eq!(host_of(&absolute), Some("a.localhost"));
        assert_eq!(host_of(&Request::get("/").body(()).unwrap()), None);
    }
}
