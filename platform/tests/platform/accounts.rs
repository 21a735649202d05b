//! Accounts and tokens.

use bowline_local::RegistrationMode;
use http::{Method, header};
use serde_json::json;

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn login_says_what_is_wrong() {
    let world = World::start().await;
    let unknown = world.login("nobody", "secret").await;
    let body = unknown.expect(400);
    assert_eq!(
        unknown.header("content-type"),
        Some("application/problem+json; charset=utf-8")
    );
    assert_eq!(
        body["type"],
        "https://tools.ietf.org/html/rfc7231#section-6.5.1"
    );
    assert_eq!(body["title"], "Login failed.");
    assert_eq!(body["detail"], "Account does not exist.");
    assert_eq!(body["status"], 400);

    assert_eq!(
        world.login("admin", "wrong").await.expect(400)["detail"],
        "Credentials are not valid."
    );
    // Case counts in user names.
    assert_eq!(
        world.login("Admin", "wrong").await.expect(400)["detail"],
        "Account does not exist."
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_last_thirty_minutes_and_open_the_api() {
    let world = World::start().await;
    let password = crate::support::exported(world.platform.env_file(), "HIPPO_PASSWORD");
    let info = world.login("admin", &password).await.expect(200);
    let expiration = info["expiration"].as_str().unwrap();
    assert_eq!(
        expiration.len(),
        "2023-03-08T23:01:02Z".len(),
        "{expiration}"
    );
    assert!(expiration.ends_with('Z'), "{expiration}");

    let missing = world.send(world.request(Method::GET, "/api/apps")).await;
    assert_eq!((missing.status.as_u16(), missing.text.as_str()), (401, ""));
    assert_eq!(missing.header("www-authenticate"), Some("Bearer"));

    let forged = world
        .request(Method::GET, "/api/apps")
        .bearer_auth(format!("{}x", world.token));
    let forged = world.send(forged).await;
    assert_eq!((forged.status.as_u16(), forged.text.as_str()), (401, ""));
    assert!(
        forged
            .header("www-authenticate")
            .unwrap()
            .contains("invalid_token")
    );

    // Authorization comes before everything else, the body included.
    let unread = world.request(Method::POST, "/api/apps").body("{");
    assert_eq!(world.send(unread).await.status, 401);
    assert_eq!(world.get("/api/apps").await.status, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_register() {
    let world = World::start().await;
    let body = json!({ "userName": "ann", "password": "secret" });
    let anonymous = world
        .send(world.request(Method::POST, "/api/accounts").json(&body))
        .await;
    let problem = anonymous.expect(403);
    assert_eq!(problem["title"], "Forbidden");
    assert_eq!(
        problem["detail"],
        "only administrators are allowed to register new accounts"
    );

    world
        .post("/api/accounts", body.clone())
        .await
        .status
        .is_success()
        .then_some(())
        .unwrap();
    let token = world.login("ann", "secret").await.expect(200)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = json!({ "userName": "bob", "password": "secret" });
    let by_ann = world
        .request(Method::POST, "/api/accounts")
        .bearer_auth(&token)
        .json(&other);
    assert_eq!(world.send(by_ann).await.status, 403);
    // There is no ownership: any account sees everything.
    let apps = world.request(Method::GET, "/api/apps").bearer_auth(&token);
    assert_eq!(world.send(apps).await.status, 200);

    assert_eq!(
        world.post("/api/accounts", body).await.errors("UserName"),
        ["The specified username already exists."]
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_rules_come_before_registration_rules() {
    let world = World::start_with(|options| options.registration = RegistrationMode::Closed).await;
    let answer = world
        .post(
            "/api/accounts",
            json!({ "userName": "a b", "password": "12345" }),
        )
        .await;
    assert_eq!(
        answer.errors("UserName"),
        ["The username cannot contain special characters"]
    );
    assert_eq!(
        answer.errors("Password"),
        ["The password must be at least 6 characters long"]
    );
    let empty = world.post("/api/accounts", json!({})).await;
    assert_eq!(empty.errors("UserName"), ["The username cannot be empty"]);
    assert_eq!(empty.errors("Password"), ["The password cannot be empty"]);
    let long = world
        .post(
            "/api/accounts",
            json!({ "userName": "a".repeat(65), "password": "123456" }),
        )
        .await;
    assert_eq!(
        long.errors("UserName"),
        ["The username cannot be longer than 64 characters"]
    );

    let good = world
        .post(
            "/api/accounts",
            json!({ "userName": "ann", "password": "123456" }),
        )
        .await;
    assert_eq!(good.expect(403)["detail"], "registration closed");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_identifiers_are_plain_text_unless_json_is_asked_for() {
    let world = World::start_with(|options| options.registration = RegistrationMode::Open).await;
    let register = |name: &str, accept: &str| {
        let body = json!({ "userName": name, "password": "secret" });
        world
            .request(Method::POST, "/api/accounts")
            .header(header::ACCEPT, accept)
            .json(&body)
    };
    let plain = world.send(register("ann", "*/*")).await;
    assert_eq!(plain.status, 200);
    assert_eq!(
        plain.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(plain.text.len(), 36, "{plain:?}");

    let json = world.send(register("bob", "application/json")).await;
    assert_eq!(
        json.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(json.expect(200).as_str().unwrap().len(), 36);

    // A name that differs in case only passes the rules, and then nobody looks whether it was made.
    let colliding = world.send(register("BOB", "application/json")).await;
    assert_eq!(colliding.expect(200).as_str().unwrap().len(), 36);
    assert_eq!(
        world.login("BOB", "secret").await.expect(400)["detail"],
        "Account does not exist."
    );
    world.stop().await;
}
