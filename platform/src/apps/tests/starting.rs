//! Starts that fail, stops, and what is served meanwhile.

use super::*;

/// A component that imports one interface and does nothing, in the binary format.
fn importing(interface: &str) -> Vec<u8> {
    let length = u8::try_from(interface.len()).unwrap();
    let mut wasm = b"\0asm\x0d\0\x01\0".to_vec();
    // One type: an instance without exports.
    wasm.extend([7, 3, 1, 0x42, 0]);
    // One import: the interface, an instance of type 0.
    wasm.extend([10, length + 5, 1, 0, length]);
    wasm.extend(interface.as_bytes());
    wasm.extend([5, 0]);
    wasm
}

/// An application with the given components, each at the route of its name.
fn application(version: &str, components: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = format!(
        "spin_manifest_version = 2\n[application]\nname = \"shop\"\nversion = \"{version}\"\n"
    );
    for (id, wasm) in components {
        manifest += &format!(
            "[[trigger.http]]\nroute = \"/{id}\"\ncomponent = \"{id}\"\n[component.{id}]\nsource = \"{id}.wasm\"\nvariables = {{ greeting = \"Hi\" }}\n"
        );
        std::fs::write(folder.path().join(format!("{id}.wasm")), wasm).unwrap();
    }
    std::fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    folder
}

fn hello() -> Vec<u8> {
    let wasm = "target/wasm32-wasip2/release/hello_rust.wasm";
    std::fs::read(example("hello-rust").join(wasm)).unwrap()
}

#[tokio::test]
async fn a_missing_interface_is_named_and_the_rest_runs() {
    let world = World::new().await;
    let stores = importing("fermyon:spin/key-value@2.0.0");
    let hello = hello();
    let folder = application("1.0.0", &[("stores", &stores), ("hello", &hello)]);
    let channel = world.start(&world.publish(folder.path())).await;
    assert_eq!(world.apps.status(channel), JobStatus::Running);

    let line = "the component 'stores' needs the interface fermyon:spin/key-value@2.0.0, which this platform doesn't have\n";
    for path in ["/stores", "/.well-known/spin/info"] {
        assert_eq!(
            world.get(channel, path).await,
            (StatusCode::NOT_IMPLEMENTED, line.to_owned())
        );
    }
    let (status, _) = world.get(channel, "/hello").await;
    assert_eq!(
        status,
        StatusCode::NOT_FOUND,
        "the component answers, by its own 404"
    );
    let logs = world.apps.logs(channel).join("\n");
    assert!(logs.contains(line.trim_end()), "{logs}");
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let world = World::new().await;
    let hello = hello();
    let damaged = &hello[..hello.len() / 2];
    let folder = application("1.0.0", &[("hello", damaged)]);
    let id = world.publish(folder.path());
    for (bindle_id, reason) in [
        (id.as_str(), "the component 'hello'"),
        ("absent/1.0.0", "has no _i/absent/1.0.0"),
        ("nonsense", "no bindle id"),
    ] {
        let channel = world.start(bindle_id).await;
        assert_eq!(world.apps.status(channel), JobStatus::Dead);
        let (status, page) = world.get(channel, "/").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(page.contains(reason), "{page}");
        let logs = world.apps.logs(channel).join("\n");
        assert!(logs.contains(reason), "{logs}");
    }
}

#[tokio::test]
async fn other_bytes_than_the_digest_promises_are_refused() {
    let world = World::new().await;
    let hello = hello();
    let folder = application("1.0.0", &[("hello", &hello)]);
    let id = world.publish(folder.path());
    let source = Digest::of(&hello);
    let mut other = hello.clone();
    *other.last_mut().unwrap() ^= 1;
    world.put(&format!("/v1/_i/{id}@{source}"), &other);
    let channel = world.start(&id).await;
    let (_, page) = world.get(channel, "/hello").await;
    assert!(page.contains("instead of"), "{page}");

    // Once the server has the right bytes, a restart is all that is needed.
    world.put(&format!("/v1/_i/{id}@{source}"), &hello);
    world.apps.start(channel, id).await;
    assert_eq!(world.apps.status(channel), JobStatus::Running);
}

#[tokio::test]
async fn a_channel_is_stopped_and_restarted_with_another_revision() {
    let world = World::new().await;
    let hello = hello();
    let first = application("1.0.0", &[("hello", &hello)]);
    let second = application("1.1.0", &[("hello", &hello)]);
    let channel = Uuid::new_v4();
    assert_eq!(world.apps.status(channel), JobStatus::Unknown);
    assert!(world.apps.logs(channel).is_empty());
    let (status, _) = world.get(channel, "/").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    world.apps.stop(channel).await;
    assert_eq!(world.apps.status(channel), JobStatus::Unknown);

    for folder in [&first, &second] {
        let id = world.publish(folder.path());
        world.apps.start(channel, id.clone()).await;
        let (_, info) = world.get(channel, "/.well-known/spin/info").await;
        let info: serde_json::Value = serde_json::from_str(&info).unwrap();
        assert_eq!(info["bindle_version"], id.split_once('/').unwrap().1);
    }

    world.apps.stop(channel).await;
    assert_eq!(world.apps.status(channel), JobStatus::Dead);
    let (status, _) = world.get(channel, "/hello").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.apps.logs(channel).last().unwrap(), "bowline: stopped");
}

#[tokio::test]
async fn a_stop_during_a_start_counts() {
    let world = World::new().await;
    let folder = application("1.0.0", &[("hello", &hello())]);
    let id = world.publish(folder.path());
    let channel = Uuid::new_v4();
    let start = world.apps.start(channel, id);
    let stop = async {
        assert_eq!(world.apps.status(channel), JobStatus::Pending);
        world.apps.stop(channel).await;
    };
    tokio::join!(start, stop);
    assert_eq!(world.apps.status(channel), JobStatus::Dead);
}

#[tokio::test]
async fn what_runs_or_starts_already_is_left_alone() {
    let world = World::new().await;
    let folder = application("1.0.0", &[("hello", &hello())]);
    let id = world.publish(folder.path());
    let channel = Uuid::new_v4();
    tokio::join!(
        world.apps.start(channel, id.clone()),
        world.apps.start(channel, id.clone())
    );
    world.apps.start(channel, id.clone()).await;
    assert_eq!(world.apps.status(channel), JobStatus::Running);
    let starts = || {
        let logs = world.apps.logs(channel);
        logs.iter().filter(|line| line.contains("starting")).count()
    };
    assert_eq!(starts(), 1);

    // A stopped one starts again, and one that never came up is tried again.
    world.apps.stop(channel).await;
    world.apps.start(channel, id.clone()).await;
    assert_eq!(starts(), 2);
    for attempt in 1..=2 {
        world.apps.start(channel, "absent/1.0.0".to_owned()).await;
        assert_eq!(world.apps.status(channel), JobStatus::Dead);
        assert_eq!(starts(), 2 + attempt);
    }
}

#[tokio::test]
async fn going_back_during_a_start_keeps_what_ran() {
    let world = World::new().await;
    let hello = hello();
    let [first, second] = ["1.0.0", "1.1.0"].map(|version| {
        let folder = application(version, &[("hello", &hello)]);
        world.publish(folder.path())
    });
    let channel = world.start(&first).await;
    tokio::join!(
        world.apps.start(channel, second),
        world.apps.start(channel, first.clone())
    );
    let (_, info) = world.get(channel, "/.well-known/spin/info").await;
    assert!(info.contains(first.split_once('/').unwrap().1), "{info}");
}
