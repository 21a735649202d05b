use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn compiled(engine: &wasmtime::Engine) -> (Digest, Component) {
    (Digest::of(EMPTY), Component::new(engine, EMPTY).unwrap())
}

#[test]
fn what_is_stored_is_loaded_and_private() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("a/b");
    let engine = wasmtime::Engine::default();
    let cache = Cache::open(&folder, &engine).unwrap();
    let (digest, component) = compiled(&engine);
    assert!(cache.load(&engine, &digest).is_none());
    cache.store(&digest, &component);
    assert!(cache.load(&engine, &digest).is_some());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&cache.path(&digest)), 0o600);
    assert_eq!(
        fs::read_dir(&folder).unwrap().count(),
        1,
        "no temporary file stays"
    );
}

#[test]
fn broken_and_foreign_entries_are_not_used() {
    let home = tempfile::tempdir().unwrap();
    let engine = wasmtime::Engine::default();
    let cache = Cache::open(&home.path().join("c"), &engine).unwrap();
    let (digest, component) = compiled(&engine);
    let path = cache.path(&digest);
    for junk in [&b""[..], b"junk", &component.serialize().unwrap()[..100]] {
        fs::write(&path, junk).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(cache.load(&engine, &digest).is_none());
    }
    cache.store(&digest, &component);
    assert!(
        cache.load(&engine, &digest).is_some(),
        "a broken entry is replaced"
    );
    let mut other = wasmtime::Config::new();
    other.epoch_interruption(true);
    let other = wasmtime::Engine::new(&other).unwrap();
    assert!(
        cache.load(&other, &digest).is_none(),
        "another engine's code is refused by wasmtime"
    );
    let others = Cache::open(&home.path().join("c"), &other).unwrap();
    assert_ne!(others.path(&digest), path, "and has another name anyway");
}

#[test]
fn entries_that_others_could_write_are_not_used() {
    let home = tempfile::tempdir().unwrap();
    let engine = wasmtime::Engine::default();
    let cache = Cache::open(&home.path().join("c"), &engine).unwrap();
    let (digest, component) = compiled(&engine);
    cache.store(&digest, &component);
    let path = cache.path(&digest);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
    assert!(cache.load(&engine, &digest).is_none());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let elsewhere = home.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert!(
        cache.load(&engine, &digest).is_none(),
        "links are not followed"
    );
    fs::remove_file(&path).unwrap();
    fs::rename(&elsewhere, &path).unwrap();
    fs::set_permissions(&cache.folder, fs::Permissions::from_mode(0o770)).unwrap();
    assert!(
        cache.load(&engine, &digest).is_none(),
        "the folder is looked at each time"
    );
}

#[test]
fn folders_of_others_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let engine = wasmtime::Engine::default();
    let open = home.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(Cache::open(&open, &engine).is_err());
    let private = home.path().join("private");
    Cache::open(&private, &engine).unwrap();
    let link = home.path().join("link");
    symlink(&private, &link).unwrap();
    assert!(Cache::open(&link, &engine).is_err());
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(Cache::open(&file, &engine).is_err());
}
