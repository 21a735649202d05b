//! The applications in `examples/`, as whoever deploys them sees them.

use super::*;

#[tokio::test]
async fn hello_rust_greets() {
    let world = World::new().await;
    let id = world.publish(&example("hello-rust"));
    let channel = world.start(&id).await;
    assert_eq!(
        world.apps.status(channel),
        JobStatus::Running,
        "{:?}",
        world.apps.logs(channel)
    );
    let ok = |text: &str| (StatusCode::OK, text.to_owned());
    assert_eq!(world.get(channel, "/").await, ok("Ahoy, world!\n"));
    assert_eq!(world.get(channel, "/hello/ada").await, ok("Ahoy, ada!\n"));
    let (status, text) = world.get(channel, "/hello/ada/x").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{text}");

    let (_, revision) = id.split_once('/').unwrap();
    let (status, info) = world.get(channel, "/.well-known/spin/info").await;
    assert_eq!(status, StatusCode::OK);
    let info: serde_json::Value = serde_json::from_str(&info).unwrap();
    assert_eq!(
        info,
        serde_json::json!({ "name": "hello-rust", "version": "0.1.0", "bindle_version": revision })
    );
    assert_eq!(
        world.get(channel, "/.well-known/spin/health").await,
        ok("OK\n")
    );
    let (status, _) = world.get(channel, "/.well-known/spin/other").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn static_site_serves_its_files() {
    let world = World::new().await;
    let folder = example("static-site");
    let channel = world.start(&world.publish(&folder)).await;
    for (path, file, media_type) in [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/about/", "about/index.html", "text/html; charset=utf-8"),
        ("/style.css", "style.css", "text/css; charset=utf-8"),
        ("/images/bowline.svg", "images/bowline.svg", "image/svg+xml"),
    ] {
        let request = Request::get(path).body(String::new()).unwrap();
        let response = world.answer(channel, request).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["content-type"], media_type, "{path}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let expected = std::fs::read(folder.join("assets").join(file)).unwrap();
        assert_eq!(body, expected, "{path}");
    }
    for path in ["/missing", "/about", "/../spin.toml", "//etc/passwd"] {
        let (status, _) = world.get(channel, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    let post = Request::post("/").body(String::new()).unwrap();
    let response = world.answer(channel, post).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()["allow"], "GET, HEAD");
}

#[tokio::test]
async fn a_second_start_fetches_and_compiles_nothing() {
    let world = World::new().await;
    let id = world.publish(&example("hello-rust"));
    world.start(&id).await;
    let compiled = files_below(&world.data.path().join("apps/compiled"));
    assert_eq!(compiled.len(), 1);

    // Only the invoice is left on the server, and a new process opens the same folder.
    let invoice = format!("/v1/_i/{id}");
    world
        .shelf
        .lock()
        .unwrap()
        .retain(|path, _| *path == invoice);
    let again = Apps::new(AppsOptions {
        data: world.data.path().to_owned(),
        bindle_url: world.bindle_url.clone(),
    })
    .unwrap();
    let channel = Uuid::new_v4();
    again.start(channel, id).await;
    assert_eq!(
        again.status(channel),
        JobStatus::Running,
        "{:?}",
        again.logs(channel)
    );
    assert_eq!(
        files_below(&world.data.path().join("apps/compiled")),
        compiled
    );
}

/// All files below a folder, with the time of their last change.
fn files_below(folder: &Path) -> Vec<(PathBuf, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&entry.path()));
        } else {
            found.push((entry.path(), entry.metadata().unwrap().modified().unwrap()));
        }
    }
    found
}
