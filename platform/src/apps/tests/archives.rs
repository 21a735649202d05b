//! Applications whose files are in archives, from good servers and from bad ones.

use bowline_app::archive::{ARCHIVE_MEDIA_TYPE, INDEX_MEDIA_TYPE, LARGEST_INDEX};

use super::*;

impl World {
    fn publish_archived(&self, folder: &Path) -> (String, Bundle) {
        let application = bowline_app::Application::load(folder).unwrap();
        let version = application.revision_version().clone();
        let id = BindleId::new(application.name(), version).unwrap();
        let bundle = Bundle::pack_archived(&application, id).unwrap();
        (self.shelve(&bundle), bundle)
    }

    /// Why the application doesn't start.
    async fn failure(&self, id: &str) -> String {
        let channel = self.start(id).await;
        assert_eq!(self.apps.status(channel), JobStatus::Dead);
        let (status, reason) = self.get(channel, "/").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        reason
    }

    /// Nothing came into the store under a name that isn't its digest.
    fn has_only_checked_content(&self) -> bool {
        let store = self.data.path().join("apps/content");
        let mut entries = std::fs::read_dir(store)
            .unwrap()
            .map(|it| it.unwrap().path());
        entries.all(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            Digest::of(&std::fs::read(path).unwrap()).to_string() == name
        })
    }
}

/// An application of some files. It has no need to run.
fn files() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = r#"
        spin_manifest_version = 2
        [application]
        name = "files"
        version = "1.0.0"
        [[trigger.http]]
        route = "/..."
        component = "files"
        [component.files]
        source = "files.wasm"
        files = ["s/*"]
    "#;
    std::fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    std::fs::write(folder.path().join("files.wasm"), b"\0asm\x0d\0\x01\0").unwrap();
    std::fs::create_dir(folder.path().join("s")).unwrap();
    for number in 0..100 {
        let path = folder.path().join(format!("s/{number}.txt"));
        std::fs::write(path, format!("the file {number}")).unwrap();
    }
    std::fs::write(folder.path().join("s/empty.txt"), "").unwrap();
    folder
}

#[tokio::test]
async fn an_archived_site_serves_its_files() {
    let world = World::new().await;
    let folder = example("static-site");
    let (id, bundle) = world.publish_archived(&folder);
    assert!(bundle.archives() > 0);
    let channel = world.start(&id).await;
    for (path, file) in [
        ("/", "index.html"),
        ("/about/", "about/index.html"),
        ("/style.css", "style.css"),
        ("/images/bowline.svg", "images/bowline.svg"),
    ] {
        let (status, body) = world.get(channel, path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        let expected = std::fs::read_to_string(folder.join("assets").join(file)).unwrap();
        assert_eq!(body, expected, "{path}");
    }
    assert!(world.has_only_checked_content());
}

/// Publishes, lets a server change the bytes of the first archive, and gives why the application doesn't start then.
async fn meddled(change: impl FnOnce(&mut Vec<u8>)) -> String {
    let world = World::new().await;
    let folder = files();
    let (id, bundle) = world.publish_archived(folder.path());
    let archive = bundle
        .contents()
        .iter()
        .find(|content| content.media_type() == ARCHIVE_MEDIA_TYPE)
        .unwrap();
    let mut bytes = archive.read().unwrap();
    change(&mut bytes);
    world.put(&format!("/v1/_i/{id}@{}", archive.digest()), &bytes);
    let reason = world.failure(&id).await;
    assert!(world.has_only_checked_content());
    reason
}

#[tokio::test]
async fn an_archive_with_another_byte_is_refused() {
    let reason = meddled(|bytes| bytes[3] ^= 1).await;
    assert!(reason.contains("unpacking the archive"), "{reason}");
    assert!(reason.contains("instead of"), "{reason}");
}

#[tokio::test]
async fn an_archive_that_ends_early_is_refused() {
    let reason = meddled(|bytes| {
        bytes.pop();
    })
    .await;
    assert!(reason.contains("it ends within the file"), "{reason}");
    let reason = meddled(Vec::clear).await;
    assert!(reason.contains("it ends within the file"), "{reason}");
}

#[tokio::test]
async fn an_archive_with_more_than_its_files_is_refused() {
    let reason = meddled(|bytes| bytes.push(0)).await;
    assert!(reason.contains("it is longer than its files"), "{reason}");
}

#[tokio::test]
async fn an_index_that_is_too_large_is_not_even_fetched() {
    let world = World::new().await;
    let (id, bundle) = world.publish_archived(files().path());
    let mut invoice = bundle.invoice().clone();
    let index = invoice
        .parcel
        .iter_mut()
        .find(|parcel| parcel.label.media_type == INDEX_MEDIA_TYPE)
        .unwrap();
    index.label.size = LARGEST_INDEX as u64 + 1;
    let digest = index.label.sha256.clone();
    world.put(
        &format!("/v1/_i/{id}"),
        invoice.to_toml().unwrap().as_bytes(),
    );
    world
        .shelf
        .lock()
        .unwrap()
        .remove(&format!("/v1/_i/{id}@{digest}"));
    let reason = world.failure(&id).await;
    assert!(reason.contains("is the most that is read"), "{reason}");
}

#[tokio::test]
async fn an_index_of_another_application_is_refused() {
    let world = World::new().await;
    let folder = files();
    let (id, bundle) = world.publish_archived(folder.path());
    std::fs::write(folder.path().join("s/7.txt"), "changed").unwrap();
    let (_, other) = world.publish_archived(folder.path());
    // All parcels are right, and are another application's: the version tells.
    let mut invoice = other.invoice().clone();
    invoice.bindle = bundle.invoice().bindle.clone();
    world.put(
        &format!("/v1/_i/{id}"),
        invoice.to_toml().unwrap().as_bytes(),
    );
    for content in other.contents() {
        let path = format!("/v1/_i/{id}@{}", content.digest());
        world.put(&path, &AppContent::read(content).unwrap());
    }
    let reason = world.failure(&id).await;
    assert!(reason.contains("another application"), "{reason}");
}
