//! What Spin does with a plugin, as far as it can be done without Spin.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bowline_tests::programs;
use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

/// The packer's command line, writing below `out`. Compresses as little as it can: the programs of a development build are
/// large.
pub fn packer(programs: &Path, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline-plugin"));
    command
        .env_remove("PLUGIN_BASE_URL")
        .args(["--level", "1", "--programs"])
        .arg(programs)
        .arg("--out")
        .arg(out);
    command
}

/// The folder with the programs of this build.
pub fn built() -> PathBuf {
    let mut folder = programs::bowline();
    folder.pop();
    folder
}

/// Runs a command that has to succeed.
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("it can be started");
    assert!(
        output.status.success(),
        "{command:?}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The manifest that the packer wrote.
pub fn manifest(out: &Path) -> Value {
    let text = fs::read(out.join("bowline.json")).expect("the packer writes bowline.json");
    serde_json::from_slice(&text).expect("it is JSON")
}

/// A plugin installed into a folder of its own.
pub struct Installed {
    folder: tempfile::TempDir,
}

impl Installed {
    /// Packs the programs of this build and installs them in the steps of Spin's `PluginManager::install`: find the package
    /// of this machine, follow its `file:` URL, compare the SHA-256, unpack into a folder of the plugin's name.
    pub fn new() -> Installed {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let out = folder.path().join("out");
        succeed(&mut packer(&built(), &out));
        let manifest = manifest(&out);
        let package = &manifest["packages"][0];
        let url = Url::parse(package["url"].as_str().expect("it is text")).expect("it is a URL");
        let archive = url.to_file_path().expect("it names a file");
        let bytes = fs::read(&archive).expect("the archive is there");
        assert_eq!(package["sha256"], format!("{:x}", Sha256::digest(&bytes)));

        let installed = Installed { folder };
        let mut unpacked = tar::Archive::new(GzDecoder::new(&bytes[..]));
        unpacked.set_preserve_permissions(true);
        unpacked
            .unpack(installed.plugin_folder())
            .expect("it can be unpacked");
        // So that nothing of the build is found by accident.
        fs::remove_dir_all(&out).expect("it can be removed");
        installed
    }

    /// Where Spin unpacks the archive.
    pub fn plugin_folder(&self) -> PathBuf {
        self.folder.path().join("spin/plugins/bowline")
    }

    /// The program as `spin bowline` starts it: by its path, with the arguments after the plugin's name and with the variables
    /// of Spin 4. Spin leaves the user's other variables alone; here there are none.
    pub fn spin(&self, home: &Path) -> Command {
        let mut command = Command::new(self.plugin_folder().join("bowline"));
        command
            .env_clear()
            .env("BOWLINE_HOME", home)
            .env("SPIN_DEPLOY_PLUGIN", "bowline")
            .envs(VARIABLES.iter().copied())
            .stdin(Stdio::null());
        command
    }
}

/// What Spin tells its plugins (`get_env_vars_map` in `src/commands/external.rs` of Spin).
const VARIABLES: [(&str, &str); 12] = [
    ("SPIN_VERSION", "4.0.0"),
    ("SPIN_VERSION_MAJOR", "4"),
    ("SPIN_VERSION_MINOR", "0"),
    ("SPIN_VERSION_PATCH", "0"),
    ("SPIN_VERSION_PRE", ""),
    ("SPIN_COMMIT_SHA", "0123abc"),
    ("SPIN_COMMIT_DATE", "2026-09-01"),
    ("SPIN_BRANCH", "main"),
    ("SPIN_BUILD_DATE", "2026-09-01"),
    ("SPIN_TARGET_TRIPLE", "x86_64-unknown-linux-gnu"),
    ("SPIN_DEBUG", "false"),
    ("SPIN_BIN_PATH", "/nonexistent/spin"),
];
