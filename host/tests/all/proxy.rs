//! Requests through proxies. Their servers have names that only the proxy knows.

use bowline_app::BindleId;
use bowline_host::bindle::{self, ClientOptions};
use bowline_host::{
    HostError, HttpClient, HttpOptions, Reach, Secret, TransportError, TransportErrorKind,
    readiness,
};

use crate::secure::{Authority, Proxy, SecureServer};
use crate::server::Server;

fn through(proxy: &str, mut options: HttpOptions) -> HttpOptions {
    options.proxies.http = Some(Secret::new(proxy));
    options.proxies.https = Some(Secret::new(proxy));
    options
}

#[tokio::test]
async fn https_goes_through_a_tunnel() {
    let authority = Authority::new();
    let server = SecureServer::obliging(authority.issue(&["hippo.test"], |_| {})).await;
    let proxy = Proxy::start(&[("hippo.test", server.address)]).await;
    let address = format!("http://me:p%40ss@{}", proxy.address);
    let client = HttpClient::new(&through(&address, authority.trusted())).unwrap();
    let answer = client
        .reqwest()
        .get("https://hippo.test/api")
        .bearer_auth("canary")
        .header("x-canary", "canary")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);

    let heads = proxy.heads();
    assert_eq!(heads.len(), 1);
    let head = heads[0].to_ascii_lowercase();
    assert!(
        head.starts_with("connect hippo.test:443 http/1.1\r\n"),
        "{head}"
    );
    assert!(
        !head.contains("canary") && !head.contains("\r\nauthorization:"),
        "{head}"
    );
    // "me:p@ss"
    assert!(heads[0].contains("Basic bWU6cEBzcw=="), "{head}");
    let seen = server.seen();
    assert_eq!(seen[0].path, "/api");
    assert_eq!(seen[0].headers["authorization"], "Bearer canary");
    assert!(!seen[0].headers.contains_key("proxy-authorization"));
}

#[tokio::test]
async fn a_tunnel_proves_nothing() {
    let server = SecureServer::obliging(Authority::new().issue(&["hippo.test"], |_| {})).await;
    let proxy = Proxy::start(&[("hippo.test", server.address)]).await;
    let options = through(&proxy.address.to_string(), HttpOptions::default());
    let client = HttpClient::new(&options).unwrap();
    let error = client.reqwest().get("https://hippo.test/").send().await;
    let error = TransportError::new(error.unwrap_err());
    assert_eq!(error.kind(), TransportErrorKind::Certificate, "{error:?}");
    assert_eq!(error.origin(), "https://hippo.test");
}

#[tokio::test]
async fn http_is_asked_of_the_proxy() {
    let proxy = Proxy::start(&[]).await;
    let address = format!("http://me:pw@{}", proxy.address);
    let client = HttpClient::new(&through(&address, HttpOptions::default())).unwrap();
    let answer = client.reqwest().get("http://hippo.test/a?b").send().await;
    assert_eq!(answer.unwrap().text().await.unwrap(), "hello");
    let head = proxy.heads()[0].to_ascii_lowercase();
    assert!(
        head.starts_with("get http://hippo.test/a?b http/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nhost: hippo.test\r\n"), "{head}");
    assert!(head.contains("\r\nproxy-authorization: basic "), "{head}");
}

#[tokio::test]
async fn each_scheme_has_its_proxy() {
    let (http, https) = (Proxy::start(&[]).await, Proxy::start(&[]).await);
    let mut options = HttpOptions::default();
    options.proxies.http = Some(Secret::new(http.address.to_string()));
    options.proxies.https = Some(Secret::new(https.address.to_string()));
    let client = HttpClient::new(&options).unwrap();
    client.reqwest().get("http://a.test").send().await.unwrap();
    client
        .reqwest()
        .get("https://a.test")
        .send()
        .await
        .unwrap_err();
    assert_eq!((http.heads().len(), https.heads().len()), (1, 1));
    assert!(https.heads()[0].starts_with("CONNECT a.test:443 "));
}

#[tokio::test]
async fn some_hosts_are_asked_directly() {
    let proxy = Proxy::start(&[]).await;
    let server = Server::obliging().await;
    let mut options = through(&proxy.address.to_string(), HttpOptions::default());
    options.proxies.bypass = Some("direct.invalid, 192.0.2.0/24".to_owned());
    let client = HttpClient::new(&options).unwrap();
    // Loopback is this machine's, which the proxy would not know.
    let port = server.url.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost", "shop.localhost"] {
        let answer = client
            .reqwest()
            .get(format!("http://{host}:{port}/"))
            .send()
            .await;
        assert_eq!(answer.unwrap().status(), 200, "{host}");
    }
    assert_eq!(server.seen().len(), 3);
    for host in ["direct.invalid", "below.direct.invalid"] {
        let error = client.reqwest().get(format!("http://{host}/")).send().await;
        let error = TransportError::new(error.unwrap_err());
        assert_eq!(error.kind(), TransportErrorKind::NameNotFound, "{error:?}");
    }
    assert_eq!(proxy.heads().len(), 0);
    client
        .reqwest()
        .get("http://indirect.invalid/")
        .send()
        .await
        .unwrap();
    assert_eq!(proxy.heads().len(), 1);
}

/// One that leads to a private address can't be made up here: the client's own tests have it.
#[tokio::test]
async fn a_name_that_a_target_declares_and_nobody_here_finds_is_not_left_to_the_proxy() {
    let proxy = Proxy::start(&[]).await;
    let options = through(&proxy.address.to_string(), HttpOptions::default());
    let http = HttpClient::new(&options).unwrap();
    let ask = async |reach: Reach| {
        crate::guests::ask_declared(http.clone(), "http://inner.invalid", reach).await
    };
    let error = ask(Reach::PublicOnly).await.unwrap_err();
    assert!(
        matches!(&error, HostError::Failed { transport: Some(cause), .. }
            if cause.kind() == TransportErrorKind::NameNotFound),
        "{error:?}"
    );
    assert!(proxy.heads().is_empty(), "{:?}", proxy.heads());
    // The proxy would have answered.
    assert!(ask(Reach::PrivateToo).await.unwrap().starts_with("200 "));
    assert_eq!(proxy.heads().len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_proxy_is_said() {
    let proxy = Proxy::start(&[]).await;
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let strict = Server::start(|_| crate::server::answer(407, "")).await;
    let strict = strict.url.trim_start_matches("http://").to_owned();
    for (address, expected) in [
        (
            proxy.address.to_string(),
            "the proxy refuses to connect to it",
        ),
        (closed, "its proxy can't be used: connection refused"),
        (strict, "the proxy wants another user name and password"),
    ] {
        let client = HttpClient::new(&through(&address, HttpOptions::default())).unwrap();
        let error = client.reqwest().get("https://hippo.test/").send().await;
        let error = TransportError::new(error.unwrap_err());
        assert_eq!(error.kind(), TransportErrorKind::Proxy, "{error:?}");
        assert_eq!(
            error.to_string(),
            format!("can't reach https://hippo.test: {expected}")
        );
        assert!(error.never_sent());
    }
}

#[tokio::test]
async fn everything_goes_through_the_same_client() {
    let authority = Authority::new();
    let names = ["hippo.test", "bindle.test", "app.test"];
    let server = SecureServer::obliging(authority.issue(&names, |_| {})).await;
    let known = names.map(|name| (name, server.address));
    let proxy = Proxy::start(&known).await;
    let options = through(&proxy.address.to_string(), authority.trusted());
    let http = HttpClient::new(&options).unwrap();

    crate::guests::ask_through(
        http.clone(),
        "https://hippo.test/guest",
        "authorization: Bearer canary",
    )
    .await;
    let address = "https://bindle.test/v1".parse().unwrap();
    let client = bindle::Client::new(&http, ClientOptions::new(address));
    let id: BindleId = "shop/1.0.0".parse().unwrap();
    assert!(client.exists(&id).await.unwrap());
    let ready = readiness::wait(
        &http,
        Reach::Anywhere,
        &"https://app.test/".parse().unwrap(),
        &bowline_host::Readiness::new("/", None),
        std::time::Duration::from_secs(20),
    )
    .await;
    assert!(matches!(ready, readiness::Outcome::Ready), "{ready:?}");

    let heads = proxy.heads();
    for name in names {
        let line = format!("CONNECT {name}:443 ");
        assert!(
            heads.iter().any(|head| head.starts_with(&line)),
            "{heads:?}"
        );
    }
    assert!(
        heads
            .iter()
            .all(|head| head.starts_with("CONNECT ") && !head.contains("canary"))
    );
    let guest = server
        .seen()
        .into_iter()
        .find(|seen| seen.path == "/guest")
        .unwrap();
    assert_eq!(guest.headers["authorization"], "Bearer canary");
}
