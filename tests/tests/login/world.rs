//! What the tests have in common: a home, an application, a platform, and a line to it on which one can listen.

use std::fs;
use std::path::PathBuf;

use bowline_tests::command::{Bowline, Home, Ran};
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::sample::Sample;

/// Everything that a test needs.
pub struct World {
    pub home: Home,
    pub sample: Sample,
    pub platform: Platform,
    /// Stands before Hippo, and sees what is asked.
    pub line: Meddler,
}

impl World {
    pub fn new() -> World {
        let home = Home::new();
        let platform = Platform::start(home.path());
        World {
            sample: Sample::new(),
            line: Meddler::start(Some(platform.address("HIPPO_URL")), |_| Act::Forward),
            platform,
            home,
        }
    }

    /// `bowline` with the servers as variables, and nobody's login.
    pub fn bowline(&self, line: &[&str]) -> Bowline {
        self.home
            .bowline(line)
            .env(
                "BINDLE_SERVER_URL",
                self.platform.setting("BINDLE_SERVER_URL"),
            )
            .env("HIPPO_URL", self.line.origin())
    }

    /// `bowline plan` of the sample: it asks Hippo, and so needs a login.
    pub fn plan(&self, line: &[&str]) -> Bowline {
        let from = self.sample.path().to_str().unwrap();
        self.bowline(&[&["plan", "-f", from], line].concat())
    }

    pub fn user(&self) -> &str {
        self.platform.setting("HIPPO_USERNAME")
    }

    pub fn password(&self) -> &str {
        self.platform.setting("HIPPO_PASSWORD")
    }

    /// Logs in without a terminal, and keeps the login.
    pub fn log_in(&self) -> Ran {
        self.bowline(&["login"])
            .env("HIPPO_USERNAME", self.user())
            .env("HIPPO_PASSWORD", self.password())
            .run()
            .success()
    }

    /// A token of the platform's, that bowline doesn't keep.
    pub fn token(&self) -> String {
        let other = Home::new();
        other
            .bowline(["login"])
            .env("HIPPO_URL", self.platform.setting("HIPPO_URL"))
            .env("HIPPO_USERNAME", self.user())
            .env("HIPPO_PASSWORD", self.password())
            .run()
            .success();
        let text = fs::read_to_string(credentials(&other)).unwrap();
        let kept: toml::Table = text.parse().unwrap();
        kept["credential"][0]["secret"].as_str().unwrap().to_owned()
    }

    /// How often somebody logged in by way of the line.
    pub fn logins(&self) -> usize {
        let seen = self.line.seen();
        let is_login = |path: &str| path == "/api/auth-tokens";
        seen.iter().filter(|seen| is_login(&seen.path)).count()
    }

    /// The file of credentials, whose text a test may change.
    pub fn credentials(&self) -> PathBuf {
        credentials(&self.home)
    }

    /// The token that is kept for the default environment.
    pub fn kept(&self) -> Option<String> {
        let text = fs::read_to_string(self.credentials()).ok()?;
        let kept: toml::Table = text.parse().unwrap();
        let credentials = kept.get("credential")?.as_array()?;
        let login = credentials.iter().find(|it| it.get("setting").is_none())?;
        Some(login["secret"].as_str()?.to_owned())
    }

    /// Changes the kept login.
    pub fn meddle(&self, change: impl FnOnce(&mut toml::Table)) {
        let text = fs::read_to_string(self.credentials()).unwrap();
        let mut kept: toml::Table = text.parse().unwrap();
        let credentials = kept["credential"].as_array_mut().unwrap();
        change(credentials[0].as_table_mut().unwrap());
        fs::write(self.credentials(), kept.to_string()).unwrap();
    }
}

fn credentials(home: &Home) -> PathBuf {
    home.path().join("config/credentials/credentials.toml")
}
