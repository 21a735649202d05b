//! `/api/certificates`

use serde_json::json;

use crate::support::{MANIFEST, World};

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_kept_and_handed_back() {
    let world = World::start().await;
    let empty = world.post("/api/certificates", json!({})).await;
    assert_eq!(empty.errors("Name"), ["Name is required."]);
    assert_eq!(empty.errors("PublicKey"), ["Public key is required."]);
    assert_eq!(empty.errors("PrivateKey"), ["Private key is required."]);

    let body = json!({ "name": "main", "publicKey": "public", "privateKey": "private" });
    let id = world
        .post("/api/certificates", body.clone())
        .await
        .expect(200)
        .as_str()
        .unwrap()
        .to_owned();
    let twin = world.post("/api/certificates", body).await;
    assert_eq!(
        twin.errors("Name"),
        ["A certificate with the same name already exists."]
    );

    let path = format!("/api/certificates/{id}");
    let unchanged = json!({ "id": id, "name": "main", "publicKey": "p", "privateKey": "q" });
    assert_eq!(
        world.put(&path, unchanged).await.errors("Name"),
        ["A certificate with the same name already exists."]
    );
    let renamed = json!({ "id": id, "name": "other", "publicKey": "p", "privateKey": "q" });
    assert_eq!(world.put(&path, renamed.clone()).await.status, 204);
    let page = world.get("/api/certificates").await.expect(200);
    assert_eq!(
        page["items"],
        json!([{ "id": id, "name": "other", "publicKey": "p", "privateKey": "q", "channels": [] }])
    );
    assert_eq!(world.get(&path).await.status, 405);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_in_use_cannot_be_deleted() {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    let app = world.app("hello", "hello").await;
    let body = json!({ "name": "main", "publicKey": "public", "privateKey": "private" });
    let id = world
        .post("/api/certificates", body)
        .await
        .expect(200)
        .as_str()
        .unwrap()
        .to_owned();
    let channel = world
        .channel(json!({
            "appId": app, "name": "main", "revisionSelectionStrategy": 0, "certificateId": id
        }))
        .await;
    let listed = world.get("/api/certificates").await.expect(200);
    assert_eq!(listed["items"][0]["channels"][0]["id"], channel);
    assert_eq!(
        listed["items"][0]["channels"][0]["certificate"],
        json!(null)
    );
    let shown = world
        .get(&format!("/api/channels/{channel}"))
        .await
        .expect(200);
    assert_eq!(shown["certificate"]["name"], "main");

    let path = format!("/api/certificates/{id}");
    world.delete(&path).await.expect(500);
    assert_eq!(
        world
            .delete(&format!("/api/channels/{channel}"))
            .await
            .status,
        204
    );
    assert_eq!(world.delete(&path).await.status, 204);
    assert_eq!(world.delete(&path).await.status, 404);
    world.stop().await;
}
