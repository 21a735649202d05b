//! `bowline package`, and what `deploy --from` makes of folders that are no good.

use std::fs;
use std::path::{Path, PathBuf};

use bowline_tests::documented::differences;

use crate::support::{Ended, HANDLERS, SERVERS, World, closed_port, component};

/// With a home of its own, so that nothing of other tests is there.
fn run(world: &World, arguments: &[&str]) -> Ended {
    let home = world.path().join("home");
    let variables = [("BOWLINE_HOME", home.to_str().unwrap()), ("USER", "ann")];
    world.run(arguments, &variables)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

#[test]
fn checking_writes_nothing() {
    let world = World::with_application();
    let before = files(world.path());
    let ended = run(&world, &["package", "--check", "-f", "spin.toml"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.starts_with("Checked shop 1.2.0+q") && ended.stdout.contains(": 3 parcels ("),
        "{}",
        ended.stdout
    );
    assert_eq!(files(world.path()), before);
}

#[test]
fn a_bindle_is_written_and_listed() {
    let world = World::with_application();
    let ended = run(&world, &["package", "--to", "out", "-o", "json"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let listed: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        differences("`bowline package`", &listed),
        [""; 0],
        "{listed:#}"
    );
    let folder = world.path().join(listed["folder"].as_str().unwrap());
    let parcels = listed["parcels"].as_array().unwrap();
    assert_eq!(parcels.len(), 3);
    for parcel in parcels {
        let name = format!("parcels/{}.dat", parcel["sha256"].as_str().unwrap());
        let size = fs::metadata(folder.join(name)).unwrap().len();
        assert_eq!(parcel["size"].as_u64(), Some(size));
        assert_eq!(
            parcel["new"],
            serde_json::Value::Null,
            "no server was asked"
        );
    }
    assert_eq!(parcels[2]["name"], "front.wasm");
    assert_eq!(listed["signature"]["by"], "ann");
    let invoice = fs::read_to_string(folder.join("invoice.toml")).unwrap();
    assert!(invoice.contains(listed["signature"]["key"].as_str().unwrap()));

    // What was written can be packed again, and is the same.
    let again = run(&world, &["package", "--check", "-f", "out", "-o", "json"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let again: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    for key in [
        "application",
        "revision",
        "application_digest",
        "id",
        "parcels",
    ] {
        assert_eq!(again[key], listed[key], "{key}");
    }
    assert_eq!(again["folder"], serde_json::Value::Null);
}

#[test]
fn the_folder_of_the_application_is_no_place_for_its_bindle() {
    let world = World::with_application();
    let ended = run(&world, &["package", "--to", "."]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    for line in [
        "error: `.` is in the way: it is the folder of an application, whose files would be mixed with the bindle's",
        "hint: give another folder with `--to`, or move it away",
    ] {
        assert!(
            ended.stderr.lines().any(|said| said == line),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn what_else_has_the_bindles_name_is_left_alone() {
    let world = World::with_application();
    let ended = run(&world, &["package", "--to", "out", "-o", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let folder = world.path().join(listed["folder"].as_str().unwrap());
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    let ended = run(&world, &["package", "--to", "out"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("it holds other things than a bindle"),
        "{}",
        ended.stderr
    );
    assert!(folder.join("notes.txt").exists());
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let world = World::with_application();
    let server = closed_port();
    let ended = run(&world, &["package", "--check", "--bindle-server", &server]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(8), ""),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("hint: check the address"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_bindle_that_was_changed_is_not_deployed() {
    let world = World::with_application();
    assert_eq!(run(&world, &["package", "--to", "out"]).code, Some(0));
    let is_parcel = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "dat");
    let parcel = files(&world.path().join("out"))
        .into_iter()
        .find(is_parcel)
        .unwrap();
    let mut bytes = fs::read(&parcel).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&parcel, bytes).unwrap();
    let ended = world.run(&["deploy", "--from", "out"], SERVERS);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""));
    for words in [
        "is not the one of its invoice",
        "write the folder again with `bowline package`",
    ] {
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
}

#[test]
fn what_has_not_changed_is_not_read_again_and_what_is_written_is_compared() {
    let world = World::with_application();
    // What was written just now is not remembered.
    std::thread::sleep(std::time::Duration::from_millis(3_200));
    assert_eq!(run(&world, &["package", "--check"]).code, Some(0));
    let hashes = world.path().join("home/cache/hashes");
    assert!(!hashes.exists(), "a check writes nothing");
    assert_eq!(run(&world, &["package", "--to", "out"]).code, Some(0));
    let all = files(&hashes);
    assert_eq!(all.len(), 1, "one file for one application");
    let kept = &all[0];
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&hashes).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    // A wrong digest shows that the file is not read, and does no harm.
    let text = fs::read_to_string(kept).unwrap();
    let digest = bowline_app::Digest::of(&component(&[], HANDLERS)).to_string();
    assert!(text.contains(&digest), "{text}");
    fs::write(kept, text.replace(&digest, &"0".repeat(64))).unwrap();
    let checked = run(&world, &["package", "--check"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    let wrong = run(&world, &["package", "--to", "wrong"]);
    assert_eq!(wrong.code, Some(7), "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("front.wasm") && !wrong.stderr.contains("panicked"),
        "{}",
        wrong.stderr
    );
    // That is forgotten.
    let right = run(&world, &["package", "--to", "right"]);
    assert_eq!(right.code, Some(0), "{}", right.stderr);
    fs::write(kept, "{").unwrap();
    for more in [&["--no-cache"][..], &[]] {
        let arguments = [&["package", "--to", "right"][..], more].concat();
        assert_eq!(run(&world, &arguments).code, Some(0));
    }
}
