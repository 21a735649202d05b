//! `--build`: what is run, where, with which variables, and how it ends.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Ended, SERVERS, World};

/// Nobody listens at the servers' addresses: a deploy that gets as far as asking them has built and read the application.
const BUILT: Option<i32> = Some(8);

/// An application with two components that are built.
fn world(front: &str, back: &str) -> World {
    let world = World::with_application();
    fs::create_dir(world.path().join("back")).unwrap();
    world.write(
        "spin.toml",
        format!(
            "spin_manifest_version = 2\n\
             [application]\n\
             name = \"shop\"\n\
             version = \"1.2.0\"\n\
             [[trigger.http]]\n\
             route = \"/...\"\n\
             component = \"front\"\n\
             [[trigger.http]]\n\
             route = \"/back\"\n\
             component = \"back\"\n\
             [component.front]\n\
             source = \"front.wasm\"\n\
             build.command = {front}\n\
             [component.back]\n\
             source = \"back/back.wasm\"\n\
             build.command = {back}\n\
             build.workdir = \"back\"\n"
        ),
    );
    fs::rename(
        world.path().join("front.wasm"),
        world.path().join("made.wasm"),
    )
    .unwrap();
    world
}

/// A command that makes a component of this name, in a folder beside or below that of the manifest.
fn makes(file: &str) -> String {
    format!("cp \\\"$(ls made.wasm ../made.wasm 2>/dev/null)\\\" {file}")
}

fn deploy(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let arguments = [&["deploy"], arguments].concat();
    let token = [("HIPPO_TOKEN", "canary")];
    world.run(&arguments, &[SERVERS, &token, variables].concat())
}

/// A program that stands for Spin: writes down how it was called, and builds.
fn spin(world: &World) -> PathBuf {
    let path = world.write(
        "spin",
        format!(
            "#!/bin/sh\n\
             printf '%s\\n' \"$@\" > called\n\
             env > seen\n\
             cp {0}/made.wasm {0}/front.wasm\n\
             cp {0}/made.wasm {0}/back/back.wasm\n",
            world.path().display()
        ),
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn components_are_built_in_their_folders_and_their_output_is_not_the_result() {
    let world = world(
        &format!(r#"["echo one", "echo two; {}"]"#, makes("front.wasm")),
        &format!(r#""pwd; {}""#, makes("back.wasm")),
    );
    let ended = deploy(&world, &["--build"], &[]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (BUILT, ""),
        "{}",
        ended.stderr
    );
    let position = |text: &str| {
        ended
            .stderr
            .find(text)
            .unwrap_or_else(|| panic!("no {text:?} in {}", ended.stderr))
    };
    assert!(
        position("\none\n") < position("\ntwo\n"),
        "{}",
        ended.stderr
    );
    position("Building component 'front': echo one\n");
    position("\n[FOLDER]/back\n");
    assert!(position("\ntwo\n") < position("Reading the application\n"));
}

#[test]
fn spin_always_build_asks_for_it_as_well_and_nothing_is_built_unasked() {
    let world = world(
        &format!(r#""{}""#, makes("front.wasm")),
        &format!(r#""{}""#, makes("back.wasm")),
    );
    assert_eq!(deploy(&world, &[], &[]).code, Some(3));
    assert_eq!(
        deploy(&world, &[], &[("SPIN_ALWAYS_BUILD", "off")]).code,
        Some(3)
    );
    let ended = deploy(&world, &[], &[("SPIN_ALWAYS_BUILD", "1")]);
    assert_eq!(ended.code, BUILT, "{}", ended.stderr);
}

#[test]
fn a_plan_never_builds() {
    let world = world(r#""touch built""#, r#""touch built""#);
    for arguments in [&["plan"][..], &["deploy", "--dry-run"]] {
        let ended = world.run(
            arguments,
            &[SERVERS, &[("SPIN_ALWAYS_BUILD", "1")]].concat(),
        );
        assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    }
    assert_eq!(deploy(&world, &["--dry-run", "--build"], &[]).code, Some(2));
    assert_eq!(world.run(&["plan", "--build"], SERVERS).code, Some(2));
    assert!(!world.path().join("built").exists());
}

#[test]
fn a_failure_names_the_component_and_stops_everything() {
    let world = world(r#""echo the compiler says no; exit 7""#, r#""touch built""#);
    let ended = deploy(&world, &["--build"], &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""));
    assert!(!world.path().join("back/built").exists());
    // The builder writes to the same stderr; the order of both is the order in which things happened.
    let shown: Vec<_> = ended
        .stderr
        .lines()
        .skip_while(|line| !line.starts_with("Building component 'front'"))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    Building component 'front': echo the compiler says no; exit 7
    the compiler says no
    error: building component 'front' failed: `echo the compiler says no; exit 7` ended with exit code 7
    hint: what it wrote is above; nothing was deployed
    ");
}

#[test]
fn a_workdir_has_to_be_a_folder_of_the_application() {
    let world = world(r#""true""#, r#""true""#);
    fs::remove_dir(world.path().join("back")).unwrap();
    let ended = deploy(&world, &["--build"], &[]);
    assert_eq!(ended.code, Some(3));
    let shown: Vec<_> = ended
        .stderr
        .lines()
        .skip_while(|line| !line.starts_with("error"))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: ./spin.toml:16:17: `workdir` of component 'back', 'back', is no folder
    hint: looked for ./back
    ");
}

#[test]
fn builders_see_no_secrets() {
    let world = world(
        &format!(r#""env > seen; {}""#, makes("front.wasm")),
        &format!(r#""{}""#, makes("back.wasm")),
    );
    let secrets = [
        ("BINDLE_USERNAME", "ada"),
        ("BINDLE_PASSWORD", "canary"),
        ("PATH", "/usr/bin:/bin"),
    ];
    let ended = deploy(&world, &["--build"], &secrets);
    assert_eq!(ended.code, BUILT, "{}", ended.stderr);
    let seen = fs::read_to_string(world.path().join("seen")).unwrap();
    assert!(seen.contains("BINDLE_USERNAME=ada"), "{seen}");
    assert!(!seen.contains("canary"), "{seen}");
}

#[test]
fn below_spin_it_is_spin_that_builds() {
    let world = world(r#""touch built""#, r#""touch built""#);
    let spin = spin(&world);
    let variables = [("SPIN_BIN_PATH", spin.to_str().unwrap())];
    let ended = deploy(&world, &["--build", "-f", "spin.toml"], &variables);
    assert_eq!(ended.code, BUILT, "{}", ended.stderr);
    let read = |name: &str| fs::read_to_string(world.path().join(name)).unwrap();
    assert_eq!(read("called"), "build\n--from\nspin.toml\n");
    assert!(!read("seen").contains("canary"));
    assert!(!world.path().join("built").exists());
}

#[test]
fn a_spin_that_is_not_there_is_an_error() {
    let world = world(r#""true""#, r#""true""#);
    let ended = deploy(&world, &["--build"], &[("SPIN_BIN_PATH", "/nowhere/spin")]);
    assert_eq!(ended.code, Some(1));
    insta::assert_snapshot!(ended.stderr, @r"
    Building with Spin
    error: building with Spin: can't start `/nowhere/spin build`
      caused by: No such file or directory (os error 2)
    hint: SPIN_BIN_PATH says that Spin is there
    ");
}

#[test]
fn nothing_to_build_is_said() {
    let world = World::with_application();
    let ended = deploy(&world, &["--build"], &[]);
    assert_eq!(ended.code, BUILT);
    assert!(
        ended
            .stderr
            .contains("warning: --build has nothing to do: no component has a build command\n"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_request_to_stop_reaches_the_builder_and_its_children() {
    let world = world(r#""sleep 600 & echo asleep; wait""#, r#""true""#);
    let mut child = world
        .command(
            &["deploy", "--build"],
            &[SERVERS, &[("PATH", "/usr/bin:/bin")]].concat(),
        )
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while line.trim() != "asleep" {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended early");
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let mut rest = String::new();
    // The end of stderr means that every process that could write to it is gone, the sleeper too.
    stderr.read_to_string(&mut rest).unwrap();
    let ended = world.ended(child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(130), "{rest}");
    assert!(
        rest.contains("error: stopped while building component 'front'; nothing was deployed\n"),
        "{rest}"
    );
}
