//! `/api/channels`

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{MANIFEST, World};

/// A platform with the app `hello` in versions 1.0.0 and 1.1.0.
async fn with_app() -> (World, String) {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    world.push("hello/1.1.0", MANIFEST).await;
    let app = world.app("hello", "hello").await;
    (world, app)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_shown_whole() {
    let (world, app) = with_app().await;
    let revision = world.revision(&app, "1.0.0").await;
    let channel = world
        .channel(json!({
            "appId": app, "name": "spin-deploy", "revisionSelectionStrategy": "UseSpecifiedRevision",
            "activeRevisionId": revision
        }))
        .await;
    let mut shown = world
        .get(&format!("/api/channels/{channel}"))
        .await
        .expect(200);
    assert!(shown["lastPublishAt"].take().is_string());
    assert!(
        shown["activeRevision"]["components"][0]["id"]
            .take()
            .is_string()
    );
    assert_eq!(
        shown,
        json!({
            "id": channel, "appId": app, "name": "spin-deploy", "domain": "hello.localhost",
            "revisionSelectionStrategy": "UseSpecifiedRevision",
            "activeRevision": {
                "id": revision, "appId": app, "revisionNumber": "1.0.0", "type": "http",
                "components": [{
                    "id": null, "source": "0123", "name": "greeting", "route": "/...",
                    "channel": null, "type": "http"
                }]
            },
            "lastPublishAt": null, "rangeRule": null, "certificate": null, "environmentVariables": [],
            "appSummary": {
                "id": app, "name": "hello", "storageId": "hello",
                "channels": [{ "id": channel, "name": "spin-deploy", "activeRevisionNumber": null }]
            }
        })
    );
    let listed = world.get("/api/channels").await.expect(200);
    assert_eq!(listed["items"][0]["appSummary"], json!(null));
    assert_eq!(listed["items"][0]["activeRevision"]["type"], json!(null));
    let shown = world.get(&format!("/api/apps/{app}")).await.expect(200);
    assert_eq!(
        shown["channels"],
        json!([{ "id": channel, "name": "spin-deploy", "activeRevisionNumber": "1.0.0" }])
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn default_domains_name_the_app_and_later_the_channel() {
    let (world, app) = with_app().await;
    let mut domains = Vec::new();
    for (name, domain) in [
        ("main", Value::Null),
        ("Stag_ing", Value::Null),
        ("own", json!("own.example.com")),
    ] {
        let body =
            json!({ "appId": app, "name": name, "revisionSelectionStrategy": 0, "domain": domain });
        let id = world.channel(body).await;
        let shown = world.get(&format!("/api/channels/{id}")).await.expect(200);
        assert_eq!(shown["rangeRule"], "*");
        domains.push(shown["domain"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        domains,
        [
            "hello.localhost",
            "stag-ing-hello.localhost",
            "own.example.com"
        ]
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn channel_rules() {
    let (world, app) = with_app().await;
    let create = |body: Value| world.post("/api/channels", body);
    let wrong = create(json!({
        "appId": app, "name": "a b", "domain": "", "rangeRule": "", "revisionSelectionStrategy": 1
    }))
    .await;
    assert_eq!(
        wrong.errors("Name"),
        ["'Name' is not in the correct format."]
    );
    assert_eq!(
        wrong.errors("Domain"),
        [
            "Domain cannot be an empty string.",
            "'Domain' is not in the correct format."
        ]
    );
    assert_eq!(
        wrong.errors("RangeRule"),
        ["Range rule cannot be an empty string."]
    );
    assert_eq!(
        wrong.errors("RevisionSelectionStrategy"),
        ["ActiveRevisionId and the specified ChannelRevisionSelectionStrategy do not match up."]
    );
    let good = json!({ "appId": app, "name": "main", "revisionSelectionStrategy": 0 });
    world.channel(good.clone()).await;
    let twin = create(good).await;
    assert_eq!(
        twin.errors("Name"),
        ["A channel with the same name already exists for this app."]
    );
    let taken = create(json!({
        "appId": app, "name": "other", "domain": "hello.localhost", "revisionSelectionStrategy": 0
    }))
    .await;
    assert_eq!(
        taken.errors("Domain"),
        ["The specified domain already exists."]
    );

    let id = Uuid::new_v4();
    let no_app = create(json!({ "appId": id, "name": "x", "revisionSelectionStrategy": 0 })).await;
    assert_eq!(
        no_app.expect(404)["detail"],
        format!("Entity \"App\" ({id}) was not found.")
    );
    let no_revision = create(json!({
        "appId": app, "name": "x", "revisionSelectionStrategy": 1, "activeRevisionId": id
    }))
    .await;
    assert_eq!(
        no_revision.expect(404)["detail"],
        format!("Entity \"Revision\" ({id}) was not found.")
    );
    let no_certificate = create(json!({
        "appId": app, "name": "x", "revisionSelectionStrategy": 0, "certificateId": id
    }))
    .await;
    assert_eq!(
        no_certificate.expect(404)["detail"],
        format!("Entity \"Certificate\" ({id}) was not found.")
    );
    // The syntax of a rule isn't validated; that it can't be read comes out later.
    let broken =
        json!({ "appId": app, "name": "x", "revisionSelectionStrategy": 0, "rangeRule": "latest" });
    create(broken).await.expect(500);
    assert_eq!(
        world.get("/api/channels").await.expect(200)["totalItems"],
        1
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_revisions_break_range_channels() {
    let (world, app) = with_app().await;
    let body = json!({ "appStorageId": "hello", "revisionNumber": "1.1.0" });
    assert_eq!(world.post("/api/revisions", body).await.status, 201);
    let ranged = json!({ "appId": app, "name": "main", "revisionSelectionStrategy": 0 });
    world.post("/api/channels", ranged).await.expect(500);
    assert_eq!(
        world.get("/api/channels").await.expect(200)["totalItems"],
        0
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_without_a_match_starts_nothing() {
    let (world, app) = with_app().await;
    let channel = world
        .channel(json!({ "appId": app, "name": "main", "revisionSelectionStrategy": 0, "rangeRule": "^7" }))
        .await;
    let shown = world
        .get(&format!("/api/channels/{channel}"))
        .await
        .expect(200);
    assert_eq!(
        (&shown["activeRevision"], &shown["lastPublishAt"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(world.jobs().await, 0);
    let status = world
        .get(&format!("/api/channel-statuses?channelId={channel}"))
        .await
        .expect(200);
    assert_eq!(
        status["items"],
        json!([{ "channelId": channel, "status": "Dead" }])
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_changes_rows_and_restarts_nothing() {
    let (world, app) = with_app().await;
    let channel = world
        .channel(json!({ "appId": app, "name": "main", "revisionSelectionStrategy": 0, "rangeRule": "1.0.0" }))
        .await;
    let path = format!("/api/channels/{channel}");
    let revision = world.revision(&app, "1.1.0").await;
    let patch = json!({
        "channelId": Uuid::nil(), "revisionSelectionStrategy": "UseSpecifiedRevision",
        "activeRevisionId": revision, "domain": "moved.localhost"
    });
    let patched = world.patch(&path, patch).await;
    assert_eq!((patched.status.as_u16(), patched.text.as_str()), (204, ""));
    let shown = world.get(&path).await.expect(200);
    assert_eq!(shown["activeRevision"]["revisionNumber"], "1.1.0");
    assert_eq!(shown["rangeRule"], "1.0.0");
    assert_eq!(shown["name"], "main");
    // What runs answers where it was started.
    assert!(world.leads_to_application("hello.localhost").await);
    assert!(!world.leads_to_application("moved.localhost").await);

    let status = json!({ "channelId": channel, "desiredStatus": "Running" });
    assert_eq!(
        world
            .put(&format!("{path}/desired-status"), status)
            .await
            .status,
        204
    );
    assert!(!world.leads_to_application("hello.localhost").await);
    assert!(world.leads_to_application("moved.localhost").await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_tells_null_from_absent() {
    let (world, app) = with_app().await;
    let channel = world
        .channel(json!({ "appId": app, "name": "main", "revisionSelectionStrategy": 0, "rangeRule": "1.0.0" }))
        .await;
    let path = format!("/api/channels/{channel}");
    let shown = async || world.get(&path).await.expect(200);

    assert_eq!(
        world
            .patch(&path, json!({ "rangeRule": null }))
            .await
            .status,
        204
    );
    assert_eq!(shown().await["rangeRule"], Value::Null);
    assert_eq!(
        world
            .patch(&path, json!({ "revisionSelectionStrategy": 0 }))
            .await
            .status,
        204
    );
    assert_eq!(shown().await["rangeRule"], Value::Null);
    let both = json!({ "revisionSelectionStrategy": "UseRangeRule", "rangeRule": null });
    assert_eq!(world.patch(&path, both).await.status, 204);
    assert_eq!(shown().await["rangeRule"], "*");
    assert_eq!(
        world
            .patch(&path, json!({ "activeRevisionId": null }))
            .await
            .status,
        204
    );
    assert_eq!(shown().await["activeRevision"], Value::Null);

    for null in ["name", "domain"] {
        world.patch(&path, json!({ null: null })).await.expect(500);
    }
    world
        .patch(&path, json!({ "activeRevisionId": Uuid::new_v4() }))
        .await
        .expect(500);
    // The shape that Hippo's own description gives isn't the one that it takes.
    let wrapped = world
        .patch(&path, json!({ "name": { "value": "other" } }))
        .await
        .expect(400);
    assert_eq!(
        wrapped["errors"]["command"],
        json!(["The command field is required."])
    );
    assert_eq!(
        world.patch("/api/channels/none", json!({})).await.status,
        404
    );
    // Nothing is validated.
    assert_eq!(
        world
            .patch(&path, json!({ "name": "a b", "domain": "NOT a domain" }))
            .await
            .status,
        204
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_replaces_all_environment_variables() {
    let (world, app) = with_app().await;
    let channel = world
        .channel(json!({ "appId": app, "name": "main", "revisionSelectionStrategy": 0 }))
        .await;
    let path = format!("/api/channels/{channel}");
    let set = |variables: Value| world.patch(&path, json!({ "environmentVariables": variables }));
    assert_eq!(
        set(json!([{ "key": "A", "value": "1" }, { "key": "B", "value": "2" }]))
            .await
            .status,
        204
    );
    assert_eq!(
        set(json!([{ "key": "B", "value": "3" }, { "key": "B", "value": "4" }]))
            .await
            .status,
        204
    );
    let shown = world.get(&path).await.expect(200);
    assert_eq!(
        shown["environmentVariables"],
        json!([
            { "channelId": channel, "key": "B", "value": "3" },
            { "channelId": channel, "key": "B", "value": "4" }
        ])
    );
    // Starting trips over twins, after it was saved that the channel is to run.
    let status = json!({ "channelId": channel, "desiredStatus": "Running" });
    world
        .put(&format!("{path}/desired-status"), status)
        .await
        .expect(500);
    assert_eq!(set(json!(["A"])).await.status, 400);
    assert_eq!(set(Value::Null).await.status, 204);
    assert_eq!(
        world.get(&path).await.expect(200)["environmentVariables"],
        json!([])
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_replaces_the_channel() {
    let (world, app) = with_app().await;
    let channel = world
        .channel(json!({ "appId": app, "name": "main", "revisionSelectionStrategy": 0 }))
        .await;
    let path = format!("/api/channels/{channel}");
    let put = |body: Value| world.put(&path, body);
    let bare = put(json!({ "id": channel, "name": "main", "revisionSelectionStrategy": 0 })).await;
    assert_eq!(bare.errors("Domain"), ["Domain is required."]);
    let mismatch = world.put(
        "/api/channels/x",
        json!({
            "id": channel, "name": "main", "domain": "a.localhost", "revisionSelectionStrategy": 0
        }),
    );
    assert_eq!(mismatch.await.expect(400)["title"], "Bad Request");
    let unknown = put(json!({ "id": Uuid::nil(), "name": "main", "domain": "a.localhost" })).await;
    assert_eq!(unknown.status, 404);

    // Its own name and domain don't count as taken; what is left out becomes null.
    let revision = world.revision(&app, "1.0.0").await;
    let body = json!({
        "id": channel, "name": "main", "domain": "hello.localhost", "revisionSelectionStrategy": 1,
        "activeRevisionId": revision
    });
    assert_eq!(put(body).await.status, 204);
    let shown = world.get(&path).await.expect(200);
    assert_eq!(shown["activeRevision"]["id"], revision);
    assert_eq!(shown["rangeRule"], Value::Null);
    let body = json!({
        "id": channel, "name": "main", "domain": "hello.localhost", "revisionSelectionStrategy": 1,
        "activeRevisionId": Uuid::new_v4()
    });
    put(body).await.expect(500);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_restarts_only_what_keeps_its_revision_or_is_to_run() {
    let (world, app) = with_app().await;
    let (old, new) = (
        world.revision(&app, "1.0.0").await,
        world.revision(&app, "1.1.0").await,
    );
    let channel = world
        .channel(json!({
            "appId": app, "name": "main", "revisionSelectionStrategy": 1, "activeRevisionId": old
        }))
        .await;
    let path = format!("/api/channels/{channel}");
    let put = async |revision: &str, domain: &str| {
        let body = json!({
            "id": channel, "name": "main", "domain": domain, "revisionSelectionStrategy": 1,
            "activeRevisionId": revision
        });
        assert_eq!(world.put(&path, body).await.status, 204);
    };
    // Same revision: restarted, hence at its new domain.
    put(&old, "a.localhost").await;
    assert!(world.leads_to_application("a.localhost").await);
    // Another revision: not restarted.
    put(&new, "b.localhost").await;
    assert!(world.leads_to_application("a.localhost").await);
    assert!(!world.leads_to_application("b.localhost").await);
    // Unless it is to run.
    let status = json!({ "channelId": channel, "desiredStatus": 2 });
    assert_eq!(
        world
            .put(&format!("{path}/desired-status"), status)
            .await
            .status,
        204
    );
    put(&old, "c.localhost").await;
    assert!(world.leads_to_application("c.localhost").await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn desired_status_starts_and_stops() {
    let (world, app) = with_app().await;
    let channel = world
        .channel(json!({ "appId": app, "name": "main", "revisionSelectionStrategy": 0 }))
        .await;
    let path = format!("/api/channels/{channel}/desired-status");
    assert_eq!(world.jobs().await, 1);
    let dead = json!({ "channelId": channel, "desiredStatus": "Dead" });
    assert_eq!(world.put(&path, dead.clone()).await.status, 204);
    assert_eq!(world.jobs().await, 0);
    // A stopped channel keeps its domain: a request there is told so.
    assert!(world.leads_to_application("hello.localhost").await);

    let mismatch = world.put(&path, json!({ "desiredStatus": "Dead" })).await;
    assert_eq!(mismatch.expect(400)["title"], "Bad Request");
    let unknown = json!({ "channelId": Uuid::nil(), "desiredStatus": "Dead" });
    assert_eq!(
        world
            .put("/api/channels/none/desired-status", unknown)
            .await
            .status,
        404
    );
    let wrong = world
        .put(
            &path,
            json!({ "channelId": channel, "desiredStatus": "Asleep" }),
        )
        .await;
    assert!(wrong.expect(400)["errors"]["desiredStatus"].is_array());

    let logs = world
        .get(&format!("/api/channels/{}/logs", Uuid::new_v4()))
        .await
        .expect(200);
    assert_eq!(logs, json!({ "logs": [] }));
    assert_eq!(
        world
            .delete(&format!("/api/channels/{channel}"))
            .await
            .status,
        204
    );
    assert!(!world.leads_to_application("hello.localhost").await);
    assert_eq!(
        world
            .delete(&format!("/api/channels/{channel}"))
            .await
            .status,
        404
    );
    world.stop().await;
}
