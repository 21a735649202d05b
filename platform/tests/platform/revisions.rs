//! `/api/revisions`

use serde_json::json;

use crate::support::{MANIFEST, World};

#[tokio::test(flavor = "multi_thread")]
async fn registering_answers_201_without_a_body() {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    world.app("one", "hello").await;
    world.app("two", "hello").await;
    world.push("hello/1.1.0", MANIFEST).await;
    let body = json!({ "appStorageId": "hello", "revisionNumber": "1.1.0" });
    let registered = world.post("/api/revisions", body.clone()).await;
    assert_eq!(
        (registered.status.as_u16(), registered.text.as_str()),
        (201, "")
    );
    assert_eq!(registered.header("location"), Some(""));
    // One for each app of the storage, besides the two that were imported.
    assert_eq!(
        world.get("/api/revisions").await.expect(200)["totalItems"],
        4
    );
    // And again: nothing prevents duplicates.
    assert_eq!(world.post("/api/revisions", body).await.status, 201);
    assert_eq!(
        world.get("/api/revisions").await.expect(200)["totalItems"],
        6
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_for_nobody_is_not_found() {
    let world = World::start().await;
    let body = json!({ "appStorageId": "nobody", "revisionNumber": "1.0.0" });
    let problem = world.post("/api/revisions", body).await.expect(404);
    assert_eq!(problem["title"], "Not Found");
    assert!(problem["traceId"].is_string(), "{problem}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revision_rules() {
    let world = World::start().await;
    let empty = world.post("/api/revisions", json!({})).await;
    assert_eq!(empty.errors("AppStorageId"), ["Storage ID is required."]);
    assert_eq!(
        empty.errors("RevisionNumber"),
        ["'Revision Number' must not be empty."]
    );
    // An app may have a storage with a dot; a revision can't be registered for it.
    let dotted = json!({ "appStorageId": "a.b", "revisionNumber": "1".repeat(129) });
    let dotted = world.post("/api/revisions", dotted).await;
    assert_eq!(
        dotted.errors("AppStorageId"),
        ["'App Storage Id' is not in the correct format."]
    );
    assert_eq!(
        dotted.errors("RevisionNumber"),
        [
            "The length of 'Revision Number' must be 128 characters or fewer. You entered 129 characters."
        ]
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_bindle_is_a_500_that_was_saved() {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    let app = world.app("hello", "hello").await;
    let channel = world
        .channel(
            json!({ "appId": app, "name": "main", "revisionSelectionStrategy": "UseRangeRule" }),
        )
        .await;
    let body = json!({ "appStorageId": "hello", "revisionNumber": "9.0.0" });
    world.post("/api/revisions", body).await.expect(500);
    let id = world.revision(&app, "9.0.0").await;
    // The channel was switched before Bindle was asked.
    let channel = world
        .get(&format!("/api/channels/{channel}"))
        .await
        .expect(200);
    assert_eq!(channel["activeRevision"]["id"], id);
    assert_eq!(channel["activeRevision"]["components"], json!([]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_registered_match_wins() {
    let world = World::start().await;
    for version in ["1.0.0", "1.2.0", "1.1.0", "2.0.0", "1.3.0-rc.1"] {
        world.push(&format!("hello/{version}"), MANIFEST).await;
    }
    let app = world.app("hello", "hello").await;
    let channel = world
        .channel(json!({
            "appId": app, "name": "main", "revisionSelectionStrategy": "UseRangeRule", "rangeRule": "^1.0"
        }))
        .await;
    let path = format!("/api/channels/{channel}");
    let active = async || {
        let channel = world.get(&path).await.expect(200);
        channel["activeRevision"]["revisionNumber"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    // Creation looks at all revisions and takes the greatest.
    assert_eq!(active().await, "1.2.0");
    for (registered, expected) in [
        ("1.1.0", "1.1.0"),
        ("2.0.0", "1.1.0"),
        ("1.3.0-rc.1", "1.1.0"),
        ("1.2.0", "1.2.0"),
    ] {
        let body = json!({ "appStorageId": "hello", "revisionNumber": registered });
        assert_eq!(world.post("/api/revisions", body).await.status, 201);
        assert_eq!(active().await, expected, "after {registered}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_domain_makes_registering_fail() {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    let app = world.app("_hello", "hello").await;
    // The default domain isn't checked when it is made ...
    let channel = world
        .channel(
            json!({ "appId": app, "name": "main", "revisionSelectionStrategy": "UseRangeRule" }),
        )
        .await;
    let shown = world
        .get(&format!("/api/channels/{channel}"))
        .await
        .expect(200);
    assert_eq!(shown["domain"], "-hello.localhost");
    // ... but it is whenever a revision would switch the channel.
    world.push("hello/1.1.0", MANIFEST).await;
    let body = json!({ "appStorageId": "hello", "revisionNumber": "1.1.0" });
    let refused = world.post("/api/revisions", body).await;
    assert_eq!(
        refused.errors("Domain"),
        ["'Domain' is not in the correct format."]
    );
    world.revision(&app, "1.1.0").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_fails_beside_a_range_channel() {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    let app = world.app("hello", "hello").await;
    let revision = world.revision(&app, "1.0.0").await;
    let channel = world
        .channel(json!({
            "appId": app, "name": "main", "revisionSelectionStrategy": 1, "activeRevisionId": revision
        }))
        .await;
    let ranged = world
        .channel(
            json!({ "appId": app, "name": "range", "revisionSelectionStrategy": "UseRangeRule" }),
        )
        .await;
    let path = format!("/api/revisions/{revision}");
    world.delete(&path).await.expect(500);
    assert_eq!(
        world
            .delete(&format!("/api/channels/{ranged}"))
            .await
            .status,
        204
    );
    assert_eq!(world.delete(&path).await.status, 204);
    assert_eq!(
        world.delete(&path).await.expect(404)["detail"],
        format!("Entity \"Revision\" ({revision}) was not found.")
    );
    let shown = world
        .get(&format!("/api/channels/{channel}"))
        .await
        .expect(200);
    assert_eq!(shown["activeRevision"], json!(null));
    world.stop().await;
}
