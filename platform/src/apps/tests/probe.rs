//! What a component can do, and what it can't: asked of one that tries.

use super::*;

/// The components that try the same things through WASI 0.2 and 0.3.
const BOTH: [&str; 2] = ["probe", "wasi03"];

/// The components of `tests/probe` and `tests/probe-wasi03` as one application.
fn probe(outbound: &str) -> TempDir {
    let target = repository().join("target/probe");
    let folder = tempfile::tempdir().unwrap();
    for (name, wasm) in [
        ("probe", "probe.wasm"),
        ("probe-wasi03", "probe_wasi03.wasm"),
    ] {
        build(&repository().join("platform/tests").join(name), &target);
        let built = target.join("wasm32-wasip2/release").join(wasm);
        std::fs::copy(built, folder.path().join(wasm)).unwrap();
    }
    std::fs::create_dir_all(folder.path().join("data/deep")).unwrap();
    std::fs::write(folder.path().join("data/one.txt"), "one").unwrap();
    std::fs::write(folder.path().join("data/deep/two.txt"), "two").unwrap();
    let manifest = format!(
        r#"
        spin_manifest_version = 2
        [application]
        name = "probe"
        version = "1.0.0"
        [[trigger.http]]
        route = "/probe/..."
        component = "probe"
        [[trigger.http]]
        route = "/wasi03/..."
        component = "wasi03"
        [[trigger.http]]
        route = "/named/:who/..."
        component = "named"
        [variables]
        greeting = {{ default = "hello" }}
        api_key = {{ required = true, secret = true }}
        [component.probe]
        source = "probe.wasm"
        files = [{{ source = "data", destination = "/" }}]
        environment = {{ GREETING = "ahoy", EMPTY = "" }}
        variables = {{ greeting = "{{{{ greeting }}}}, world", key = "{{{{ api_key }}}}" }}
        allowed_outbound_hosts = [{outbound}]
        [component.wasi03]
        source = "probe_wasi03.wasm"
        variables = {{ greeting = "{{{{ greeting }}}}, world", key = "{{{{ api_key }}}}" }}
        allowed_outbound_hosts = [{outbound}]
        [component.named]
        source = "probe.wasm"
        "#
    );
    std::fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    folder
}

async fn started(outbound: &str) -> (World, Uuid) {
    let world = World::new().await;
    let folder = probe(outbound);
    let channel = world.start(&world.publish(folder.path())).await;
    assert_eq!(
        world.apps.status(channel),
        JobStatus::Running,
        "{:?}",
        world.apps.logs(channel)
    );
    (world, channel)
}

async fn ask(world: &World, channel: Uuid, what: &str) -> String {
    ask_through("probe", world, channel, what).await
}

async fn ask_through(component: &str, world: &World, channel: Uuid, what: &str) -> String {
    let (status, text) = world.get(channel, &format!("/{component}/{what}")).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    text
}

#[tokio::test]
async fn it_sees_its_files_and_environment_and_nothing_else() {
    let (world, channel) = started("").await;
    for (what, answer) in [
        ("list?/", "deep one.txt"),
        ("read?/deep/two.txt", "two"),
        ("environment", "EMPTY=\nGREETING=ahoy\n0 arguments"),
    ] {
        assert_eq!(ask(&world, channel, what).await, answer, "{what}");
    }
    for what in [
        "read?/../../../../../../etc/passwd",
        "read?/etc/passwd",
        "write?/one.txt",
        "write?/new.txt",
        "remove?/one.txt",
        "connect?127.0.0.1:80",
    ] {
        let answer = ask(&world, channel, what).await;
        assert!(answer.starts_with("error: "), "{what}: {answer}");
    }
    assert_eq!(ask(&world, channel, "read?/one.txt").await, "one");
}

#[tokio::test]
async fn it_reads_its_variables() {
    let (world, channel) = started("").await;
    let all = |channel| {
        let world = &world;
        async move {
            let mut answers = Vec::new();
            for component in BOTH {
                for name in ["greeting", "key", "api_key", "No-Name"] {
                    let what = format!("variable?{name}");
                    answers.push(ask_through(component, world, channel, &what).await);
                }
            }
            answers
        }
    };
    let answers = all(channel).await;
    for answers in answers.chunks(4) {
        assert_eq!(answers[0], "hello, world");
        assert!(
            answers[1].contains("Provider") && answers[1].contains("'api_key'"),
            "{answers:?}"
        );
        assert!(answers[2].contains("Undefined"), "{answers:?}");
        assert!(answers[3].contains("InvalidName"), "{answers:?}");
    }

    let folder = probe("");
    let bindle_id = world.publish(folder.path());
    let job = |pairs: &[(&str, &str)]| Job {
        bindle_id: bindle_id.clone(),
        variables: pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    for key in ["first", "{{ greeting }}\n\u{e9}"] {
        // The same bindle with another value is another job.
        let job = job(&[("greeting", "hi"), ("api_key", key), ("other", "x")]);
        world.apps.start(channel, job).await;
        for answers in all(channel).await.chunks(4) {
            assert_eq!(answers[..2], ["hi, world", key]);
        }
    }
    let logs = world.apps.logs(channel).join("\n");
    assert!(
        logs.contains("'other', which the application doesn't declare"),
        "{logs}"
    );
    assert!(!logs.contains("first"), "{logs}");
}

#[tokio::test]
async fn it_gets_spins_headers_and_the_body() {
    let (world, channel) = started("").await;
    let mut request = Request::get("/named/ada/headers?q=1")
        .header("spin-client-addr", "forged")
        .header("connection", "x-private")
        .header("x-private", "1")
        .header("x-public", "1")
        .body(String::new())
        .unwrap();
    let client: SocketAddr = "127.0.0.1:4711".parse().unwrap();
    request.extensions_mut().insert(client);
    let (_, headers) = world.send(channel, request).await;
    assert_eq!(
        headers,
        "spin-base-path: /\n\
         spin-client-addr: 127.0.0.1:4711\n\
         spin-component-route: /named/:who\n\
         spin-full-url: http://app.localhost:5309/named/ada/headers?q=1\n\
         spin-matched-route: /named/:who/...\n\
         spin-path-info: /headers\n\
         spin-path-match-who: ada\n\
         spin-raw-component-route: /named/:who/...\n\
         x-public: 1\n"
    );
    let large = "0123456789abcdef".repeat(64 * 1024);
    let request = Request::post("/probe/echo").body(large.clone()).unwrap();
    let (_, echo) = world.send(channel, request).await;
    assert!(echo == large, "{} bytes came back", echo.len());
}

#[tokio::test]
async fn each_request_meets_a_fresh_instance() {
    let (world, channel) = started("").await;
    for component in BOTH {
        for _ in 0..3 {
            let before = ask_through(component, &world, channel, "remember").await;
            assert_eq!(before, "0", "{component}");
        }
    }
}

#[tokio::test]
async fn what_it_writes_is_in_the_log() {
    let (world, channel) = started("").await;
    ask(&world, channel, "log?a").await;
    let logs = world.apps.logs(channel);
    assert!(logs.contains(&"probe: out a".to_owned()), "{logs:?}");
    assert!(logs.contains(&"probe: err a".to_owned()), "{logs:?}");
}

#[tokio::test]
async fn a_panic_is_an_answer_and_a_log_entry() {
    let (world, channel) = started("").await;
    for component in BOTH {
        let path = format!("/{component}/panic?oh-{component}");
        let (status, page) = world.get(channel, &path).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        let start = format!("the component '{component}' failed: wasm trap");
        assert!(page.starts_with(&start), "{page}");
        let logs = world.apps.logs(channel).join("\n");
        assert!(logs.contains(&format!("oh-{component}")), "{logs}");
        ask_through(component, &world, channel, "remember").await;
    }
    let (status, page) = world.get(channel, "/wasi03/fail?oh-no").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{page}");
    assert!(page.contains("oh-no"), "{page}");
}

#[tokio::test]
async fn computing_and_memory_are_limited() {
    let limits = Limits {
        computing: Duration::from_millis(100),
        memory: 64 * 1024 * 1024,
    };
    let world = World::within(limits).await;
    let folder = probe("");
    let channel = world.start(&world.publish(folder.path())).await;
    for component in BOTH {
        let (status, page) = world.get(channel, &format!("/{component}/compute")).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(page.contains("computed for more than 100 ms"), "{page}");
    }
    assert_eq!(
        ask(&world, channel, "allocate?33554432").await,
        "got 33554432"
    );
    assert_eq!(ask(&world, channel, "allocate?67108864").await, "refused");
}

#[tokio::test]
async fn requests_go_only_where_the_manifest_says() {
    let other = serve(Router::new().fallback(|uri: Uri| async move { format!("at {uri}") })).await;
    let origin = other.as_str().trim_end_matches('/');
    let (world, channel) = started(&format!("\"{origin}\"")).await;
    let port = other.port().unwrap();
    for component in BOTH {
        let what = format!("fetch?{origin}/a?b=c");
        let answer = ask_through(component, &world, channel, &what).await;
        assert_eq!(answer, "200 at /a?b=c", "{component}");
        for url in [
            format!("http://localhost:{port}/"),
            format!("{}_i/probe", world.bindle_url),
            "http://self/probe/log?x".to_owned(),
            "https://example.com/".to_owned(),
        ] {
            let what = format!("fetch?{url}");
            let answer = ask_through(component, &world, channel, &what).await;
            assert!(answer.contains("HttpRequestDenied"), "{url}: {answer}");
        }
    }
    let logs = world.apps.logs(channel).join("\n");
    assert!(logs.contains("https://example.com was refused"), "{logs}");
}

#[tokio::test]
async fn a_component_can_ask_its_own_application_but_not_for_ever() {
    let (world, channel) = started("\"http://self\"").await;
    for component in BOTH {
        let what = "fetch?http://self/probe/read?/one.txt";
        let answer = ask_through(component, &world, channel, what).await;
        assert_eq!(answer, "200 one", "{component}");
        // Each asks the next, and the last one is told that it is a loop.
        let what = format!("fetch?http://self/{component}/").repeat(20) + "remember";
        let answer = ask_through(component, &world, channel, &what).await;
        assert!(answer.contains("LoopDetected"), "{answer}");
        assert_eq!(answer.matches("200 ").count(), 8, "{answer}");
    }
}
