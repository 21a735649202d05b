//! A local platform of one's own: the real `bowline-local` program on free ports.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use url::Url;

use crate::programs;

/// How long a start may take before the test gives up. Generous: on a busy
/// machine the first start waits for the disk.
const START: Duration = Duration::from_secs(60);

/// A running platform; stopped, and its data removed, when dropped.
pub struct Platform {
    child: Child,
    data: PathBuf,
    settings: BTreeMap<String, String>,
}

impl Platform {
    /// Starts the platform for one home folder, by way of `bowline local up`,
    /// as a user would: the signing key of that home is trusted.
    ///
    /// # Panics
    /// When the platform does not come up; its log is in the message.
    pub fn start(home: &Path) -> Platform {
        let data = home.join("platform");
        let log = home.join("platform.log");
        let env_file = home.join("platform.env");
        let _ = std::fs::remove_file(&env_file);
        let output = std::fs::File::create(&log).expect("the log can be created");
        let mut child = Command::new(programs::bowline())
            .env_clear()
            .env("BOWLINE_HOME", home)
            .args(["local", "up", "--data"])
            .arg(&data)
            .args(["--listen", "127.0.0.1:0", "--bindle-listen", "127.0.0.1:0"])
            .arg("--env-file")
            .arg(&env_file)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the log can be shared"))
            .stderr(output)
            .spawn()
            .expect("bowline can be started");
        let deadline = Instant::now() + START;
        while !env_file.exists() {
            let stopped = child
                .try_wait()
                .expect("the platform can be asked")
                .is_some();
            if stopped || Instant::now() > deadline {
                let _ = child.kill();
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                panic!("the platform did not start; its log:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let settings = exports(&std::fs::read_to_string(&env_file).expect("it was written"));
        Platform {
            child,
            data,
            settings,
        }
    }

    /// What the platform's environment file exports, by name.
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.settings
    }

    /// One exported value, e.g. `HIPPO_URL`.
    ///
    /// # Panics
    /// When the environment file does not export it.
    pub fn setting(&self, name: &str) -> &str {
        self.settings
            .get(name)
            .unwrap_or_else(|| panic!("the environment file exports no {name}"))
    }

    /// Where the server listens that one exported URL names.
    ///
    /// # Panics
    /// When the environment file does not export it, or not as a URL.
    pub fn address(&self, name: &str) -> SocketAddr {
        let url = Url::parse(self.setting(name)).expect("it is a URL");
        url.socket_addrs(|| None).expect("it is loopback")[0]
    }

    /// Where the platform keeps its data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Ends it as a power cut would, without any clean-up of its own.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // SIGTERM reaches the platform through `bowline local up`; killing
        // that one alone would leave its child behind.
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads `export NAME='value'` lines.
fn exports(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("export "))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| {
            let value = value.trim().trim_matches(['\'', '"']);
            (name.to_owned(), value.to_owned())
        })
        .collect()
}
