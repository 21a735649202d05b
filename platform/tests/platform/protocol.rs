//! What all endpoints have in common, and those that belong to no resource.

use http::{Method, header};
use serde_json::json;

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_in_pascal_case() {
    let world = World::start().await;
    let health = world
        .send(world.request(Method::GET, "/healthz"))
        .await
        .expect(200);
    assert_eq!(health["ServiceName"], "Hippo");
    assert_eq!(health["Status"], "Healthy");
    let services: Vec<_> = health["Subservices"].as_array().unwrap().iter().collect();
    let names: Vec<_> = services
        .iter()
        .map(|service| service["ServiceName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ApplicationDbContext", "Bindle", "Nomad"]);
    assert!(
        services
            .iter()
            .all(|service| service["Status"] == "Healthy"),
        "{health}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn swagger_lists_the_paths_that_answer() {
    let world = World::start().await;
    let swagger = world
        .send(world.request(Method::GET, "/swagger/v1/swagger.json"))
        .await
        .expect(200);
    assert_eq!(swagger["info"]["version"], "1.0");
    let paths = swagger["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 14);
    for (path, operations) in paths {
        let path = path.replace("{id}", "x").replace("{channelId}", "x");
        for method in ["get", "post", "put", "patch", "delete"] {
            let request = world.request(method.to_uppercase().parse().unwrap(), &path);
            let status = world.send(request).await.status.as_u16();
            let listed = operations.get(method).is_some();
            // Listed ones ask for a token or a body; others aren't allowed.
            assert_eq!(status == 405, !listed, "{method} {path}: {status}");
            assert_ne!(status, 404, "{method} {path}");
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_are_matched_without_regard_to_case() {
    let world = World::start().await;
    assert_eq!(world.get("/API/Apps/").await.status, 200);
    assert_eq!(
        world.get("/api/Apps?PAGESIZE=1").await.expect(200)["pageSize"],
        1
    );
    let unknown = world.get("/api/none").await;
    assert_eq!((unknown.status.as_u16(), unknown.text.as_str()), (404, ""));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_versions_of_the_api_are_refused() {
    let world = World::start().await;
    let versioned = |version: &str| {
        let request = world
            .request(Method::GET, "/api/apps")
            .bearer_auth(&world.token);
        world.send(request.header("Api-Version", version))
    };
    assert_eq!(versioned("0.1").await.status, 200);
    let refused = versioned("1.0").await;
    let error = &refused.expect(400)["error"];
    assert_eq!(error["code"], "UnsupportedApiVersion");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .ends_with("does not support the API version '1.0'.")
    );
    assert_eq!(refused.header("api-supported-versions"), Some("0.1"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_read_as_leniently_as_hippo_does() {
    let world = World::start().await;
    let send = |content_type: Option<&str>, body: &'static str| {
        let mut request = world.request(Method::POST, "/api/auth-tokens").body(body);
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        world.send(request)
    };
    let login = r#"{"USERNAME": "nobody", "password": 7, "unknown": [1]}"#;
    for accepted in [
        "application/json",
        "text/json",
        "application/json-patch+json; charset=utf-8",
    ] {
        let answer = send(Some(accepted), login).await.expect(400);
        assert_eq!(answer["detail"], "Account does not exist.", "{accepted}");
    }
    for refused in [
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        None,
    ] {
        assert_eq!(send(refused, login).await.status, 415, "{refused:?}");
    }
    for broken in ["{", "[]", "null", ""] {
        let answer = send(Some("application/json"), broken).await.expect(400);
        assert_eq!(
            answer["errors"]["command"],
            json!(["The command field is required."]),
            "{broken}"
        );
    }
    let huge = world
        .request(Method::POST, "/api/auth-tokens")
        .header(header::CONTENT_TYPE, "application/json");
    let huge = world.send(huge.body(" ".repeat(3 << 20))).await;
    assert_eq!(huge.status, 413);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bindle_takes_what_trusted_creators_sign_only() {
    let mut world = World::start().await;
    let manifest = "spin_version = '1'\n";
    let invoice = toml::to_string(&world.invoice("hello/1.0.0", manifest)).unwrap();
    assert_eq!(world.bindle(Method::POST, "_i", invoice).await.status, 202);
    world.key = crate::support::creator().0;
    let invoice = toml::to_string(&world.invoice("hello/1.1.0", manifest)).unwrap();
    let refused = world.bindle(Method::POST, "_i", invoice).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let query = world.bindle(Method::GET, "_q?q=hello", String::new()).await;
    let matches: toml::Table = query.text.parse().unwrap();
    assert_eq!(matches["total"].as_integer(), Some(1));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_upload_can_be_repeated() {
    let world = World::start().await;
    let invoice = world.invoice("hello/1.0.0", "right");
    let created = world
        .bindle(Method::POST, "_i", toml::to_string(&invoice).unwrap())
        .await;
    assert_eq!(created.status, 202);
    let path = format!("_i/hello/1.0.0@{}", invoice.parcel.unwrap()[0].label.sha256);
    for (content, status) in [
        ("wrong", 400),
        ("short", 400),
        ("right", 200),
        ("right", 409),
    ] {
        let answer = world.bindle(Method::POST, &path, content.to_owned()).await;
        assert_eq!(answer.status, status, "{content}: {answer:?}");
    }
    assert_eq!(
        world.bindle(Method::GET, &path, String::new()).await.text,
        "right"
    );
    world.stop().await;
}
