//! What the tests have in common: a home, an application, a server to deploy to, and targets as files.

use std::fs;
use std::path::{Path, PathBuf};

use bowline_app::Digest;
use bowline_tests::command::{Bowline, Home, Ran};
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::sample::Sample;
use serde_json::Value;

/// Everything that a test needs.
pub struct World {
    pub home: Home,
    pub sample: Sample,
    pub server: Meddler,
}

impl World {
    pub fn new() -> World {
        World {
            home: Home::new(),
            sample: Sample::new(),
            server: Meddler::start(None, |_| Act::answer(200, "text/plain", "ok")),
        }
    }

    /// Writes a target into the home.
    pub fn file(&self, name: &str, target: &[u8]) -> PathBuf {
        let path = self.home.path().join(name);
        fs::write(&path, target).unwrap();
        path
    }

    /// `bowline target <line>`.
    pub fn target(&self, line: &[&str]) -> Bowline {
        self.home.bowline(["target"].iter().chain(line))
    }

    /// `bowline target add <source>`, approved by the digest of what is expected there.
    pub fn add(&self, source: &str, target: &[u8]) -> Bowline {
        self.target(&["add", source, "--approve", &digest(target)])
    }

    /// Installs a file, approved.
    pub fn install(&self, target: &[u8]) -> Ran {
        let file = self.file("installed.wasm", target);
        self.add(file.to_str().unwrap(), target).run().success()
    }

    /// Approves what is installed in another environment, too.
    pub fn approve_in(&self, environment: &str, target: &[u8]) {
        let file = self.home.path().join("installed.wasm");
        self.add(file.to_str().unwrap(), target)
            .arg(format!("-e={environment}"))
            .run()
            .success();
    }

    /// `bowline deploy` with a target that sends requests to the server.
    pub fn deploy(&self, target: &str) -> Bowline {
        self.home
            .deploy(self.sample.path())
            .arg("--target")
            .arg(target)
            .env("GUEST_SERVER_URL", self.server.origin())
    }

    /// What `bowline target list` says of one target.
    pub fn listed(&self, name: &str) -> Option<Value> {
        let listed = self.target(&["list", "-o", "json"]).run().success();
        let listed = listed.json("target list");
        let targets = listed["targets"].as_array().unwrap();
        targets
            .iter()
            .find(|target| target["name"] == name)
            .cloned()
    }

    /// The approvals that are kept.
    pub fn approvals(&self) -> PathBuf {
        self.home.path().join("config/approvals.toml")
    }

    pub fn lock(&self) -> PathBuf {
        self.sample.path().join("bowline.lock")
    }

    pub fn application(&self) -> &Path {
        self.sample.path()
    }
}

/// A deploy by the guest `asks`, to the world's server.
pub fn asking(deploy: Bowline, world: &World) -> Bowline {
    deploy
        .arg("--method=GET")
        .arg(format!("--url={}", world.server.origin()))
}

pub fn digest(target: &[u8]) -> String {
    format!("sha256:{}", Digest::of(target))
}

/// The same target as a file of more than 64 MiB: with a custom section that nobody looks at.
pub fn large_build(target: &[u8]) -> Vec<u8> {
    let mut large = target.to_vec();
    // Its kind, its size, and that many zeros, of which the first is the length of its name.
    large.extend_from_slice(b"\0\x80\x80\x80\x20");
    large.resize(large.len() + (64 << 20), 0);
    large
}

/// The same target as another file: with a custom section that nobody looks at.
pub fn another_build(target: &[u8]) -> Vec<u8> {
    let mut other = target.to_vec();
    other.extend_from_slice(b"\0\x06\x05build");
    other
}
