//! Pages, with what is wrong about them.

use serde_json::{Value, json};

use crate::support::{MANIFEST, World};

async fn with_apps(names: &[&str]) -> World {
    let world = World::start().await;
    world.push("hello/1.0.0", MANIFEST).await;
    for name in names {
        world.app(name, "hello").await;
    }
    world
}

fn names(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_are_paged_sorted_and_searched() {
    let world = with_apps(&["pear", "apple", "Peach"]).await;
    let page = world.get("/api/apps").await.expect(200);
    assert_eq!(names(&page), ["apple", "Peach", "pear"]);
    assert_eq!(
        (
            &page["totalItems"],
            &page["pageIndex"],
            &page["pageSize"],
            &page["isLastPage"]
        ),
        (&json!(3), &json!(0), &json!(50), &json!(true))
    );
    let second = world
        .get("/api/apps?pageIndex=1&pageSize=2")
        .await
        .expect(200);
    assert_eq!(
        (names(&second), &second["isLastPage"]),
        (vec!["pear"], &json!(true))
    );
    let past = world
        .get("/api/apps?pageIndex=2&pageSize=2")
        .await
        .expect(200);
    assert_eq!((names(&past), &past["isLastPage"]), (vec![], &json!(false)));
    let backwards = world
        .get("/api/apps?sortBy=Name&isSortedAscending=false")
        .await
        .expect(200);
    assert_eq!(names(&backwards), ["pear", "Peach", "apple"]);

    // Search minds the case; the total doesn't mind the search.
    let found = world.get("/api/apps?searchText=pea").await.expect(200);
    assert_eq!(names(&found), ["pear"]);
    assert_eq!(
        (&found["totalItems"], &found["isLastPage"]),
        (&json!(3), &json!(false))
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sorting_by_what_is_not_a_property_is_an_error() {
    let world = with_apps(&["one", "two"]).await;
    for property in ["name", "Nothing", "Channels"] {
        world
            .get(&format!("/api/apps?sortBy={property}"))
            .await
            .expect(500);
    }
    for property in ["Id", "StorageId", "Description"] {
        world
            .get(&format!("/api/apps?sortBy={property}"))
            .await
            .expect(200);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_of_the_other_lists() {
    let world = with_apps(&["one", "two"]).await;
    let apps = world.get("/api/apps").await.expect(200);
    for (index, rule) in ["*", "^7"].into_iter().enumerate() {
        let body = json!({
            "appId": apps["items"][index]["id"], "name": format!("c{index}"),
            "revisionSelectionStrategy": 0, "rangeRule": rule
        });
        world.channel(body).await;
    }
    let channels = world.get("/api/channels?searchText=c1").await.expect(200);
    assert_eq!(
        (&channels["totalItems"], &channels["isLastPage"]),
        (&json!(1), &json!(true))
    );
    let revisions = world.get("/api/revisions?pageSize=1").await.expect(200);
    assert_eq!(
        (&revisions["totalItems"], &revisions["isLastPage"]),
        (&json!(2), &json!(false))
    );

    // Statuses: every channel is listed, but only jobs are counted.
    let statuses = world.get("/api/channel-statuses").await.expect(200);
    assert_eq!(statuses["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&statuses["totalItems"], &statuses["pageSize"]),
        (&json!(1), &json!(2_147_483_647))
    );
    let one = world
        .get("/api/channel-statuses?channelId=0d5f3a20-3b0a-4c3e-9a4f-000000000001&pageIndex=3");
    let one = one.await.expect(200);
    assert_eq!(one["items"][0]["status"], "Dead");
    assert_eq!(one["totalItems"], 1);
    world.stop().await;
}
