//! `/api/apps` and the import of revisions.

use serde_json::json;
use uuid::Uuid;

use crate::support::{MANIFEST, World};

#[tokio::test(flavor = "multi_thread")]
async fn creating_an_app_imports_what_bindle_has() {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    world.push("hello/1.1.0+q0123", MANIFEST).await;
    // A name that contains the other is found by the query and passed over.
    world.push("hello-again/2.0.0", MANIFEST).await;

    let created = world
        .post(
            "/api/apps",
            json!({ "name": "hello", "storageId": "hello" }),
        )
        .await;
    assert_eq!(
        created.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(created.header("api-supported-versions"), Some("0.1"));
    let mut accepted = created.headers.get_all("bowline-accepts").iter();
    assert!(accepted.any(|it| it == "variables"), "{created:?}");
    let id = created.expect(200).as_str().unwrap().to_owned();
    assert_eq!(id, Uuid::parse_str(&id).unwrap().to_string());

    let app = world.get(&format!("/api/apps/{id}")).await.expect(200);
    let expected = json!({
        "id": id, "name": "hello", "storageId": "hello",
        "description": "about hello/1.1.0+q0123", "channels": []
    });
    assert_eq!(app, expected);

    let page = world.get("/api/revisions").await.expect(200);
    assert_eq!(page["totalItems"], 2);
    let mut numbers: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["revisionNumber"].as_str().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, ["1.0.0", "1.1.0+q0123"]);
    let component = &page["items"][0]["components"][0];
    assert_eq!(component["name"], "greeting");
    assert_eq!(component["source"], "0123");
    assert_eq!(component["route"], "/...");
    assert_eq!(component["channel"], json!(null));
    assert_eq!(component["type"], "http");
    assert_eq!(page["items"][0]["type"], json!(null));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_rules() {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    let create = |name: &str, storage_id: &str| {
        world.post(
            "/api/apps",
            json!({ "name": name, "storageId": storage_id }),
        )
    };
    let empty = world.post("/api/apps", json!({})).await;
    assert_eq!(empty.errors("Name"), ["Name is required."]);
    assert_eq!(
        empty.errors("StorageId"),
        [
            "Storage ID is required.",
            "Storage ID not found in bindle server"
        ]
    );
    let wrong = create("a.b", "hell").await;
    assert_eq!(
        wrong.errors("Name"),
        ["'Name' is not in the correct format."]
    );
    assert_eq!(
        wrong.errors("StorageId"),
        ["Storage ID not found in bindle server"]
    );
    let long = create(&"a".repeat(129), "hello").await;
    assert_eq!(
        long.errors("Name"),
        ["The length of 'Name' must be 128 characters or fewer. You entered 129 characters."]
    );

    let id = world.app("hello", "hello").await;
    assert_eq!(
        create("hello", "hello").await.errors("Name"),
        ["The specified name already exists."]
    );
    // Only the exact name is taken, and a storage may have several apps.
    world.app("Hello", "hello").await;

    // The rule against taken names has no exception for the app itself.
    let path = format!("/api/apps/{id}");
    let same = world.put(&path, json!({ "id": id, "name": "hello" })).await;
    assert_eq!(same.errors("Name"), ["The specified name already exists."]);
    let mismatch = world
        .put(&path, json!({ "id": Uuid::nil(), "name": "other" }))
        .await;
    let problem = mismatch.expect(400);
    assert_eq!(problem["title"], "Bad Request");
    assert!(
        problem["traceId"].is_string() && problem["detail"].is_null(),
        "{problem}"
    );
    let renamed = world.put(&path, json!({ "id": id, "name": "other" })).await;
    assert_eq!((renamed.status.as_u16(), renamed.text.as_str()), (204, ""));
    assert_eq!(world.get(&path).await.expect(200)["name"], "other");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_apps_are_named() {
    let world = World::start().await;
    let id = "0d5f3a20-3b0a-4c3e-9a4f-000000000001";
    let missing = world.get(&format!("/api/apps/{id}")).await.expect(404);
    assert_eq!(missing["title"], "The specified resource was not found.");
    assert_eq!(
        missing["detail"],
        format!("Entity \"App\" ({id}) was not found.")
    );
    assert_eq!(
        missing["type"],
        "https://tools.ietf.org/html/rfc7231#section-6.5.4"
    );
    // What isn't an identifier counts as the one of zeros.
    let nil = world.get("/api/apps/hello").await.expect(404);
    assert_eq!(
        nil["detail"],
        format!("Entity \"App\" ({}) was not found.", Uuid::nil())
    );
    assert_eq!(world.delete("/api/apps/hello").await.status, 404);
    let put = world
        .put(&format!("/api/apps/{id}"), json!({ "id": id, "name": "x" }))
        .await;
    assert_eq!(put.status, 404);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_import_leaves_the_app() {
    let world = World::start().await;
    world.push("hello/1.0.0", "component = 'none'").await;
    let failed = world
        .post(
            "/api/apps",
            json!({ "name": "hello", "storageId": "hello" }),
        )
        .await;
    let problem = failed.expect(500);
    assert_eq!(
        problem["title"],
        "An error occurred while processing your request."
    );
    assert!(
        problem["detail"].is_null() && problem["traceId"].is_null(),
        "{problem}"
    );

    let apps = world.get("/api/apps").await.expect(200);
    assert_eq!(apps["items"][0]["name"], "hello");
    let revisions = world.get("/api/revisions").await.expect(200);
    assert_eq!(revisions["items"][0]["revisionNumber"], "1.0.0");
    let again = world
        .post(
            "/api/apps",
            json!({ "name": "hello", "storageId": "hello" }),
        )
        .await;
    assert_eq!(again.errors("Name"), ["The specified name already exists."]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_an_app_deletes_all_of_it() {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    let app = world.app("hello", "hello").await;
    world
        .channel(
            json!({ "appId": app, "name": "main", "revisionSelectionStrategy": "UseRangeRule" }),
        )
        .await;
    assert_eq!(world.jobs().await, 1);
    assert!(world.leads_to_application("hello.localhost").await);

    assert_eq!(world.delete(&format!("/api/apps/{app}")).await.status, 204);
    assert_eq!(
        world.get("/api/revisions").await.expect(200)["totalItems"],
        0
    );
    assert_eq!(
        world.get("/api/channels").await.expect(200)["totalItems"],
        0
    );
    assert_eq!(world.jobs().await, 0);
    assert!(!world.leads_to_application("hello.localhost").await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storages_are_names_in_bindle() {
    let world = World::start().await;
    for id in [
        "b-hello/1.0.0",
        "a-hello/1.0.0",
        "a-hello/1.1.0",
        "other/1.0.0",
    ] {
        world.push(id, MANIFEST).await;
    }
    let page = world
        .get("/api/storages?searchText=hello")
        .await
        .expect(200);
    assert_eq!(page["items"], json!(["a-hello", "b-hello"]));
    assert_eq!(page["totalItems"], 2);
    assert_eq!(page["isLastPage"], true);
    let descending = world
        .get("/api/storages?IsSortedAscending=false")
        .await
        .expect(200);
    assert_eq!(descending["items"], json!(["other", "b-hello", "a-hello"]));
    // The offset counts bindles: past the first there is another one of the same name.
    let second = world
        .get("/api/storages?pageSize=1&pageIndex=1")
        .await
        .expect(200);
    assert_eq!(second["items"], json!(["a-hello"]));
    assert_eq!(second["totalItems"], 3);
    world.stop().await;
}
