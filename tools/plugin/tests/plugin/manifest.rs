//! The manifest against the rules of Spin's published schema (`json-schema/` in the repository of Spin's plugins) and of the
//! code that reads it (`crates/plugins/src/manifest.rs` and `manager.rs` of Spin).
//!
//! Where the two differ the reader counts: the schema of version 0.1 calls macOS `osx`, Spin and every plugin of its
//! catalogue call it `macos`.

use std::collections::BTreeSet;
use std::fs;

use flate2::read::GzDecoder;
use semver::{Version, VersionReq};
use serde_json::{Map, Value};

use crate::spin::{built, manifest, packer, succeed};

/// Words that Spin refuses as names of plugins, because they are its own.
const COMMANDS_OF_SPIN: [&str; 20] = [
    "add",
    "bindle",
    "build",
    "cloud",
    "deploy",
    "deps",
    "doctor",
    "external",
    "help",
    "login",
    "maintenance",
    "new",
    "oci",
    "plugin",
    "plugins",
    "registry",
    "templates",
    "trigger",
    "up",
    "watch",
];

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("it is an object")
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> &'a str {
    object
        .get(name)
        .unwrap_or_else(|| panic!("{name} is missing"))
        .as_str()
        .unwrap_or_else(|| panic!("{name} is not text"))
}

/// Every rule of the schema, and what Spin checks beyond it.
fn assert_spin_takes(manifest: &Value) {
    let manifest = object(manifest);
    let known = [
        "name",
        "description",
        "homepage",
        "version",
        "spinCompatibility",
        "license",
        "packages",
    ];
    for name in manifest.keys() {
        assert!(known.contains(&name.as_str()), "the schema knows no {name}");
    }
    let name = text(manifest, "name");
    assert_eq!(name, name.to_lowercase(), "Spin lower-cases names");
    assert!(!COMMANDS_OF_SPIN.contains(&name), "{name}");
    assert!(!text(manifest, "description").is_empty());
    assert!(text(manifest, "homepage").starts_with("https://"));
    Version::parse(text(manifest, "version")).expect("Spin compares versions by semver");
    assert_eq!(text(manifest, "license"), "Apache-2.0");
    assert_compatibility(text(manifest, "spinCompatibility"));

    let packages = manifest["packages"].as_array().expect("packages is a list");
    assert!(!packages.is_empty(), "at least one package");
    let mut machines = BTreeSet::new();
    for package in packages {
        let package = object(package);
        let names: BTreeSet<&str> = package.keys().map(String::as_str).collect();
        let known = BTreeSet::from(["arch", "os", "sha256", "url"]);
        assert_eq!(names, known, "these, and no others");
        let (os, arch) = (text(package, "os"), text(package, "arch"));
        assert!(["linux", "macos", "windows"].contains(&os), "{os}");
        assert!(["amd64", "aarch64"].contains(&arch), "{arch}");
        assert!(
            machines.insert((os, arch)),
            "{os} {arch} twice: Spin takes the first"
        );
        let url = url::Url::parse(text(package, "url")).expect("Spin parses it as a URL");
        assert!(["file", "https"].contains(&url.scheme()), "{url}");
        let sha256 = text(package, "sha256");
        assert!(
            sha256.len() == 64
                && sha256
                    .bytes()
                    .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
            "Spin compares it with lower-case hexadecimal digits: {sha256}"
        );
    }
}

/// The pattern of the schema: comparisons joined by `,`, each an operator and one to three numbers. Spin reads them as a semver
/// requirement.
fn assert_compatibility(requirement: &str) {
    for comparison in requirement.split(',').map(str::trim_start) {
        let version = comparison.trim_start_matches(['>', '<', '=', '~', '^']);
        assert!(comparison.len() - version.len() <= 2, "{comparison}");
        let numbers: Vec<&str> = version.split('.').collect();
        assert!((1..=3).contains(&numbers.len()), "{comparison}");
        for number in numbers {
            let plain = number.parse::<u64>().expect("it is a number");
            assert_eq!(plain.to_string(), number, "{comparison}");
        }
    }
    let requirement = VersionReq::parse(requirement).expect("Spin reads it by semver");
    for spin in ["2.0.0", "3.1.2", "4.0.0", "4.2.0"] {
        assert!(
            requirement.matches(&Version::parse(spin).unwrap()),
            "{spin}"
        );
    }
    assert!(!requirement.matches(&Version::parse("1.5.0").unwrap()));
}

#[test]
fn spin_takes_the_manifest_and_what_it_names() {
    let out = tempfile::tempdir().unwrap();
    let told = succeed(&mut packer(&built(), out.path()));
    let manifest = manifest(out.path());
    assert_spin_takes(&manifest);
    assert_eq!(manifest["name"], "bowline");
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    // Spin picks the package by the names that Rust has for this machine.
    let package = &manifest["packages"][0];
    assert_eq!(package["os"], std::env::consts::OS);
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        other => other,
    };
    assert_eq!(package["arch"], arch);

    let url = url::Url::parse(package["url"].as_str().unwrap()).unwrap();
    let archive = url.to_file_path().unwrap();
    let name = format!(
        "bowline-{}-{}-{arch}.tar.gz",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS
    );
    assert_eq!(archive.file_name().unwrap(), name.as_str());
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("spin plugins install --file"), "{told}");

    // The archive's root holds the program of the plugin's name, and what it needs beside itself.
    let suffix = std::env::consts::EXE_SUFFIX;
    let bytes = fs::read(archive).unwrap();
    let mut archive = tar::Archive::new(GzDecoder::new(&bytes[..]));
    let entries: Vec<(String, u32)> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            (path, entry.header().mode().unwrap())
        })
        .collect();
    assert_eq!(
        entries,
        [
            ("LICENSE".to_owned(), 0o644),
            (format!("bowline{suffix}"), 0o755),
            (format!("bowline-local{suffix}"), 0o755),
        ]
    );
}

#[test]
fn a_release_lists_the_archives_of_all_machines_below_its_url() {
    let out = tempfile::tempdir().unwrap();
    let programs = programs(out.path());
    let mut packer = packer(&programs, out.path());
    packer.env("PLUGIN_BASE_URL", "https://example.com/releases/v1");
    // The packer of another machine wrote this.
    let other = out.path().join("other.json");
    succeed(&mut packer);
    let own = manifest(out.path());
    let mut elsewhere = own.clone();
    let os = if cfg!(windows) { "linux" } else { "windows" };
    elsewhere["packages"][0]["os"] = os.into();
    fs::write(&other, elsewhere.to_string()).unwrap();

    succeed(packer.arg("--with").arg(&other));
    let merged = manifest(out.path());
    assert_spin_takes(&merged);
    let packages = merged["packages"].as_array().unwrap();
    assert_eq!(packages.len(), 2);
    for package in [&own["packages"][0], &elsewhere["packages"][0]] {
        assert!(packages.contains(package), "{merged:#}");
        let url = package["url"].as_str().unwrap();
        assert!(
            url.starts_with("https://example.com/releases/v1/bowline-"),
            "{url}"
        );
    }
}

#[test]
fn packing_twice_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let programs = programs(folder.path());
    let packed: Vec<Value> = ["a", "b"]
        .iter()
        .map(|name| {
            let out = folder.path().join(name);
            succeed(&mut packer(&programs, &out));
            // Another time, another mode: neither may show.
            let program = programs.join(format!("bowline{}", std::env::consts::EXE_SUFFIX));
            fs::rename(&program, programs.join("old")).unwrap();
            fs::write(&program, fs::read(programs.join("old")).unwrap()).unwrap();
            manifest(&out)["packages"][0]["sha256"].clone()
        })
        .collect();
    assert_eq!(packed[0], packed[1]);
}

#[test]
fn a_program_that_was_not_built_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = packer(folder.path(), &out).output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("make plugin") && told.contains("bowline"),
        "{told}"
    );
    assert!(!out.exists(), "something was written");
}

/// A folder with small files for programs.
fn programs(folder: &std::path::Path) -> std::path::PathBuf {
    let programs = folder.join("programs");
    fs::create_dir(&programs).unwrap();
    for name in ["bowline", "bowline-local"] {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        fs::write(programs.join(file), name.repeat(1000)).unwrap();
    }
    programs
}
