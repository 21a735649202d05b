//! Which requests go to applications, and which to the API.

use reqwest::{Method, header};
use serde_json::json;

use crate::support::{MANIFEST, World};

#[tokio::test(flavor = "multi_thread")]
async fn host_names_choose_between_applications_and_the_api() {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    let app = world.app("hello", "hello").await;
    assert!(!world.leads_to_application("hello.localhost").await);
    world
        .channel(json!({ "appId": app, "name": "main", "revisionSelectionStrategy": 0 }))
        .await;
    for host in [
        "hello.localhost",
        "hello.localhost:5309",
        "HELLO.localhost",
        "hello.localhost.",
    ] {
        assert!(world.leads_to_application(host).await, "{host}");
    }
    for host in ["localhost", "127.0.0.1", "x.hello.localhost", "[::1]"] {
        assert!(!world.leads_to_application(host).await, "{host}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_channel_takes_the_api_away() {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    let app = world.app("hello", "hello").await;
    let body = json!({ "appId": app, "name": "main", "revisionSelectionStrategy": 0 });
    let channel = world.channel(body).await;
    for domain in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
        let patched = world
            .patch(
                &format!("/api/channels/{channel}"),
                json!({ "domain": domain }),
            )
            .await;
        assert_eq!(patched.status, 204);
        let status = json!({ "channelId": channel, "desiredStatus": "Running" });
        let started = world
            .put(&format!("/api/channels/{channel}/desired-status"), status)
            .await;
        assert_eq!(started.status, 204);
        assert!(!world.leads_to_application(domain).await, "{domain}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_not_reached_under_names_that_others_can_point_here() {
    let world = World::start().await;
    for host in ["example.com", "localhost.example.com:5309", "rebound.test"] {
        for path in ["/healthz", "/api/apps", "/swagger/v1/swagger.json"] {
            let request = world
                .request(Method::GET, path)
                .header(header::HOST, host)
                .bearer_auth(&world.token);
            let answer = world.send(request).await;
            assert_eq!(answer.status, 421, "{host} {path}");
            assert!(answer.text.contains("no application answers at"));
        }
    }
    // A channel's own domain, whatever it is, still leads to its application.
    world.push("hello/1.0.0", MANIFEST).await;
    let app = world.app("hello", "hello").await;
    let body = json!({
        "appId": app, "name": "main", "revisionSelectionStrategy": 0, "domain": "shop.example.com"
    });
    world.channel(body).await;
    assert!(world.leads_to_application("shop.example.com").await);
    world.stop().await;
}
