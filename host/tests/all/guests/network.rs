//! Requests and secrets.

use bowline_host::journal::{Content, Effect, Journal, RunInfo, TargetNote};

use super::*;

/// Runs `asks` with this request.
async fn ask(server: &Server, method: &str, url: &str, headers: &str) -> Result<String, HostError> {
    let settings = [
        ("server-url", server.url.as_str()),
        ("method", method),
        ("url", url),
        ("headers", headers),
    ];
    deploy(artifacts::asks(), &settings).await
}

#[tokio::test]
pub async fn asks() {
    let other = Server::obliging().await;
    let away = other.url.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/away" => {
            let mut answer = answer(302, "");
            answer
                .headers_mut()
                .insert("location", away.parse().unwrap());
            answer
        }
        _ => answer(200, "12345"),
    })
    .await;
    let url = |path: &str| format!("{}{path}", server.url);

    assert_eq!(
        ask(&server, "GET", &url("/a?b=c"), "x-note: yes")
            .await
            .unwrap(),
        "200 5 None"
    );
    let first = server.seen().remove(0);
    assert_eq!(
        (first.method.as_str(), first.path.as_str()),
        ("GET", "/a?b=c")
    );
    assert_eq!(first.header("x-note"), "yes");
    assert!(
        !first.headers.contains_key("transfer-encoding")
            && !first.headers.contains_key("content-length")
    );
    assert_eq!(
        ask(&server, "GET", &url("/away"), "").await.unwrap(),
        format!("302 0 Some({:?})", other.url),
        "redirects are handed to the guest"
    );
    assert!(
        ask(&server, "HEAD", &url("/"), "")
            .await
            .unwrap()
            .starts_with("200 0")
    );

    for denied in [
        other.url.clone(),
        server.url.replace("http://", "https://"),
        "http://127.0.0.1:1/".to_owned(),
    ] {
        let error = ask(&server, "GET", &denied, "").await.unwrap_err();
        assert!(
            matches!(&error, HostError::Denied { target, denial: Denial::Origin(_), failure: Some(_) } if target == "guest"),
            "{denied}: {error:?}"
        );
        assert!(
            error.to_string().ends_with(", which is not granted"),
            "{error}"
        );
    }
    assert!(other.seen().is_empty());

    let tricky = server.url.replace("http://", "http://me:pw@");
    for (method, url) in [
        ("GET", tricky.as_str()),
        ("TRACE", &server.url),
        ("CONNECT", &server.url),
    ] {
        let before = server.seen().len();
        let outcome = ask(&server, method, url, "").await;
        assert!(
            matches!(
                outcome,
                Err(HostError::Denied {
                    denial: Denial::Request(_) | Denial::Method { .. },
                    ..
                } | HostError::Failed { .. })
            ),
            "{method} {url}: {outcome:?}"
        );
        assert_eq!(server.seen().len(), before, "{method} {url}");
    }
    for header in [
        "host: evil.test",
        "connection: x-note",
        "proxy-authorization: x",
        "te: trailers",
        "upgrade: x",
    ] {
        let before = server.seen().len();
        assert!(
            ask(&server, "GET", &server.url, header).await.is_err(),
            "{header}"
        );
        assert_eq!(server.seen().len(), before, "{header}");
    }
}

#[tokio::test]
pub async fn a_dead_server_is_named_with_the_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let settings = [
        ("server-url", url.as_str()),
        ("method", "GET"),
        ("url", &url),
    ];
    let error = deploy(artifacts::asks(), &settings).await.unwrap_err();
    let HostError::Failed {
        transport: Some(transport),
        ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(transport.kind(), TransportErrorKind::Refused);
    assert_eq!(transport.origin(), url);
}

#[tokio::test]
pub async fn answers_are_bounded() {
    let endless = || {
        let zeros = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'0'; 16 << 10]));
        axum::body::Body::from_stream(zeros)
    };
    let server = Server::start(move |request| match request.path.as_str() {
        "/endless" => answer(200, endless()),
        "/large" => answer(200, vec![b'0'; 5 << 20]),
        "/headers" => {
            let mut answer = answer(200, "");
            for number in 0..50 {
                let name: HeaderName = format!("x-{number}").parse().unwrap();
                answer
                    .headers_mut()
                    .insert(name, "y".repeat(100).parse().unwrap());
            }
            answer
        }
        _ => answer(200, "x"),
    })
    .await;
    let ask = async |path: &str, limits: Limits| {
        let url = format!("{}{path}", server.url);
        let settings = [
            ("server-url", server.url.as_str()),
            ("method", "GET"),
            ("url", &url),
        ];
        deploy_within(artifacts::asks(), &settings, limits).await
    };
    let outcome = ask("/endless", limits(|limits| limits.response_body = 1 << 20)).await;
    assert_limit(outcome, LimitExceeded::ResponseBody(1 << 20));
    // The target takes as much, and has no room for it.
    let outcome = ask("/large", limits(|limits| limits.memory = 4 << 20)).await;
    assert_limit(outcome, LimitExceeded::Memory(4 << 20));
    let outcome = ask("/headers", limits(|limits| limits.headers = 4_000)).await;
    assert_limit(outcome, LimitExceeded::Headers(4_000));
}

#[tokio::test]
pub async fn shrugs() {
    let server = Server::obliging().await;
    let target = target(artifacts::shrugs());
    let (session, ear) = session(&target, environment(&[("url", &server.url)])).await;
    let (_folder, application) = application::load();
    let deployment = target.deploy(application, &session).await.unwrap();
    assert!(deployment.id.contains("Err"), "{}", deployment.id);
    assert_eq!(
        ear.heard(),
        [format!(
            "denied a request to {}, which is not granted",
            server.url
        )]
    );
    assert!(server.seen().is_empty());
}

#[tokio::test]
pub async fn polls() {
    let server = Server::start(|_| answer(200, "12345")).await;
    let settings = [
        ("server-url", server.url.as_str()),
        ("times", "20"),
        ("token", "s3cret"),
    ];
    let outcome = deploy(artifacts::polls(), &settings).await;
    assert_eq!(outcome.unwrap(), "100");
    assert_eq!(server.seen().len(), 20);
}

#[tokio::test]
pub async fn uploads() {
    let server = Server::start(|request| answer(200, request.body.len().to_string())).await;
    let upload = async |by: &str, size: usize, limits: Limits| {
        let settings = [
            ("server-url", server.url.as_str()),
            ("bytes", &size.to_string()),
            ("by", by),
        ];
        deploy_within(artifacts::uploads(), &settings, limits).await
    };
    for by in ["contract", "wasi:http"] {
        for size in [0_usize, 1, 1 << 20, (1 << 20) + 1, 5_000_000] {
            let error = upload(by, size, Limits::default()).await.unwrap_err();
            assert!(
                matches!(&error, HostError::Failed { failure: TargetFailure::Unexpected(seen), .. } if *seen == size.to_string()),
                "{by} {size}: {error:?}"
            );
        }
        for (size, most) in [(100_000, 1_000), (5_000_000, 3 << 20)] {
            let limits = limits(|limits| limits.request_body = most);
            let outcome = upload(by, size, limits).await;
            assert_limit(outcome, LimitExceeded::RequestBody(most));
        }
    }
    assert_eq!(server.seen().len(), 10, "what is too large does not arrive");
    // In pieces, a body may be larger than what one call may hand over.
    let limits = || limits(|limits| limits.call_bytes = 3 << 20);
    let error = upload("wasi:http", 5_000_000, limits()).await.unwrap_err();
    assert!(matches!(error, HostError::Failed { .. }), "{error:?}");
    let outcome = upload("contract", 5_000_000, limits()).await;
    assert_limit(outcome, LimitExceeded::CallBytes(3 << 20));
}

/// Those of short bodies before they leave, those of streamed ones when it is known what has left.
#[tokio::test]
async fn the_journal_has_the_digest_of_every_body() {
    let server = Server::obliging().await;
    let target = target(artifacts::uploads());
    let home = tempfile::tempdir().unwrap();
    let journal = Journal::open(home.path().join("journal")).unwrap();
    let most = 3_usize << 20;
    for (by, size) in [
        ("contract", 1000),
        ("contract", 2_000_000),
        ("wasi:http", 1000),
        ("wasi:http", 2_000_000),
        ("wasi:http", 5_000_000),
    ] {
        let run = RunInfo {
            operation: "deploy".to_owned(),
            environment: "default".to_owned(),
            target: TargetNote {
                name: "guest".to_owned(),
                version: "0.1.0".to_owned(),
                digest: *target.digest(),
            },
            program: "test".to_owned(),
        };
        let recorder = journal.begin(run).unwrap();
        let settings = [
            ("server-url", server.url.as_str()),
            ("bytes", &size.to_string()),
            ("by", by),
        ];
        let http = HttpClient::new(&direct()).unwrap().recorded(&recorder);
        let session = Session::new(environment(&settings), http)
            .granting(&target.describe().await.unwrap(), &approval(&target).await)
            .unwrap()
            .with_limits(limits(|limits| limits.request_body = most as u64));
        let (_folder, application) = application::load();
        target.deploy(application, &session).await.unwrap_err();

        // The client lets go of a body that was broken off when it pleases.
        let read = || journal.read(recorder.run()).unwrap().effects.remove(0);
        while size > 1000 && read().sent.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let Effect { request, sent, .. } = read();
        let body = request.body.unwrap();
        let zeros = |size| Content::of(&vec![0; size]);
        if size == 1000 {
            assert_eq!((body, sent), (zeros(size), None), "{by} {size}");
            continue;
        }
        assert_eq!(body.digest, None, "{by} {size}");
        let sent = sent.unwrap();
        // Of the one that is too large, what left before that was found.
        let left = usize::try_from(sent.body.size.unwrap()).unwrap();
        assert!(left <= size.min(most), "{by} {left}");
        assert_eq!(sent.complete, left == size, "{by} {left}");
        assert_eq!(sent.complete, size <= most, "{by} {left}");
        assert_eq!(sent.body, zeros(left), "{by} {size}");
    }
}

/// Takes the grant back as soon as something of a body leaves.
struct TakesBack(Revocation);

impl Observer for TakesBack {
    fn sending(&self, _: &Sending) {
        self.0.revoke();
    }
}

#[tokio::test]
async fn what_is_sent_while_the_grant_is_taken_back_is_broken_off() {
    let server = Server::obliging().await;
    let target = target(artifacts::sends_contents());
    let settings = [("server-url", server.url.as_str()), ("read-before", "0")];
    let (session, _) = session(&target, environment(&settings)).await;
    let observer = TakesBack(session.revocation.clone());
    let session = session.with_observer(Arc::new(observer));
    let (_folder, application) = application::load_with(&application::large(8 << 20));
    let error = target.deploy(application, &session).await.unwrap_err();
    assert!(
        matches!(
            error,
            HostError::Denied {
                denial: Denial::Revoked,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(server.seen().is_empty());
}

/// The client takes no more of a body then, so the body doesn't notice.
#[tokio::test]
async fn a_server_that_stops_reading_is_left_when_the_grant_is_taken_back() {
    let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", deaf.local_addr().unwrap());
    let target = target(artifacts::sends_contents());
    let settings = [("server-url", url.as_str()), ("read-before", "0")];
    let (session, _) = session(&target, environment(&settings)).await;
    let revocation = session.revocation.clone();
    let (_folder, application) = application::load_with(&application::large(32 << 20));
    let revoking = tokio::spawn(async move {
        let connection = deaf.accept().await.unwrap();
        // Until all buffers between the two are full.
        tokio::time::sleep(Duration::from_secs(1)).await;
        revocation.revoke();
        connection
    });
    let deploying = target.deploy(application, &session);
    let deployed = tokio::time::timeout(Duration::from_secs(30), deploying).await;
    let error = deployed.expect("it ends").unwrap_err();
    assert!(
        matches!(
            error,
            HostError::Denied {
                denial: Denial::Revoked,
                ..
            }
        ),
        "{error:?}"
    );
    drop(revoking.await.unwrap());
}

/// The target that has asked for nothing since doesn't know of it. Whoever asked for the deploy does.
#[tokio::test]
async fn what_ends_after_the_grant_was_taken_back_is_refused() {
    let target = target(artifacts::asks());
    let revocation = Revocation::new();
    let revokes = revocation.clone();
    let server = Server::start(move |_| {
        revokes.revoke();
        answer(200, "12345")
    })
    .await;
    let settings = [
        ("server-url", server.url.as_str()),
        ("url", &server.url),
        ("method", "GET"),
        ("headers", ""),
    ];
    let (mut session, ear) = session(&target, environment(&settings)).await;
    session.revocation = revocation;
    let (_folder, application) = application::load();
    target.deploy(application, &session).await.unwrap();
    assert_eq!(server.seen().len(), 1);
    assert!(
        ear.heard().iter().any(|line| line.contains("revoked")),
        "{:?}",
        ear.heard()
    );
}

#[tokio::test]
pub async fn sends_contents() {
    let server =
        Server::start(|request| answer(200, request.header("content-length").to_owned())).await;
    let target = target(artifacts::sends_contents());
    let session = async |read: usize, limits: Limits| {
        let settings = [
            ("server-url", server.url.as_str()),
            ("read-before", &read.to_string()),
        ];
        let (session, ear) = session(&target, environment(&settings)).await;
        (session.with_limits(limits), ear)
    };
    let mut arrived = 0;
    for zeros in [0, 1 << 20, 3 << 20] {
        let component = application::large(zeros);
        let (folder, application) = application::load_with(&component);
        // Also what fits into one read, or all of it.
        for read in [0, 5, 700_000] {
            let rest = component.len().saturating_sub(read);
            let (session, ear) = session(read, Limits::default()).await;
            let deployment = target.deploy(Arc::clone(&application), &session).await;
            assert_eq!(deployment.unwrap().id, rest.to_string(), "{zeros} {read}");
            arrived += 1;
            let seen = server.seen();
            let request = seen.last().unwrap();
            let expected = String::from_utf8_lossy(&component[component.len() - rest..]);
            assert!(request.body == expected, "{zeros} {read}");
            let heard = ear.heard();
            if rest > 1 << 20 {
                assert!(heard.len() > 1 && heard[0] != heard[1], "{heard:?}");
                assert_eq!(heard.last().unwrap(), &format!("sent {rest} of {rest}"));
            } else {
                assert!(heard.is_empty(), "{heard:?}");
            }
        }
        // What counts for other bodies counts for these, and the call itself hands over nothing.
        let limits = limits(|limits| {
            limits.request_body = component.len() as u64 - 1;
            limits.call_bytes = 64 << 10;
        });
        let (session, _) = session(0, limits.clone()).await;
        let outcome = target.deploy(Arc::clone(&application), &session).await;
        assert_limit(
            outcome.map(|deployment| deployment.id),
            LimitExceeded::RequestBody(limits.request_body),
        );
        drop(folder);
    }
    assert_eq!(
        server.seen().len(),
        arrived,
        "what is too large does not arrive"
    );
}

#[tokio::test]
pub async fn leaks() {
    let (server, other) = (Server::obliging().await, Server::obliging().await);
    for (way, expected) in [
        ("other header", SecretMisuse::Origin),
        ("other body", SecretMisuse::Origin),
        ("path", SecretMisuse::Url),
        ("query", SecretMisuse::Url),
        ("text", SecretMisuse::Body),
        ("large", SecretMisuse::Body),
    ] {
        let settings = [
            ("server-url", server.url.as_str()),
            ("other-url", other.url.as_str()),
            ("token", "real-token"),
            ("way", way),
        ];
        let error = deploy(artifacts::leaks(), &settings).await.unwrap_err();
        let HostError::Denied {
            denial: Denial::Secret { name, reason, .. },
            ..
        } = &error
        else {
            panic!("{way}: {error:?}")
        };
        assert_eq!((name.as_str(), *reason), ("token", expected), "{way}");
        assert!(!error.to_string().contains("real-token"), "{error}");
    }
    assert!(server.seen().is_empty() && other.seen().is_empty());

    // What the host can't recognise goes out, and is worth nothing.
    let settings = [
        ("server-url", server.url.as_str()),
        ("other-url", other.url.as_str()),
        ("token", "real-token"),
        ("way", "reversed"),
    ];
    deploy(artifacts::leaks(), &settings).await.unwrap();
    assert!(
        !other.seen()[0].body.contains("nekot-laer"),
        "{:?}",
        other.seen()
    );
}
