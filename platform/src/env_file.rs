//! The environment file: what a shell needs to deploy to this platform.

use std::io;
use std::path::Path;

use url::Url;

use crate::data::write_private;

/// What goes into the file.
pub(crate) struct Settings<'a> {
    pub(crate) hippo_url: &'a Url,
    pub(crate) username: &'a str,
    pub(crate) password: &'a str,
    pub(crate) bindle_url: &'a Url,
}

impl Settings<'_> {
    /// Writes the file whole, readable by its owner only.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        write_private(path, self.render().as_bytes())
    }

    fn render(&self) -> String {
        // Hippo knows its domains but not the port behind which they answer.
        let port = self.hippo_url.port_or_known_default().unwrap_or(80);
        let application_url = format!("http://{{domain}}:{port}");
        let mut text =
            String::from("# Written by bowline-local when it was ready. Holds a password.\n");
        for (name, value) in [
            ("HIPPO_URL", trimmed(self.hippo_url)),
            ("HIPPO_USERNAME", self.username),
            ("HIPPO_PASSWORD", self.password),
            ("HIPPO_APP_URL", &application_url),
            ("HIPPO_ENGINE", "bowline"),
            ("BINDLE_SERVER_URL", trimmed(self.bindle_url)),
        ] {
            text.push_str(&format!("export {name}={}\n", quote(value)));
        }
        text
    }
}

/// The password that an earlier run wrote for this account, if the file still has it.
pub(crate) fn password_of(path: &Path, username: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let value = |name: &str| {
        text.lines()
            .find_map(|line| {
                line.strip_prefix("export ")?
                    .strip_prefix(name)?
                    .strip_prefix('=')
            })
            .and_then(unquote)
    };
    (value("HIPPO_USERNAME").as_deref() == Some(username))
        .then(|| value("HIPPO_PASSWORD"))
        .flatten()
}

/// URLs are written without the slash that an empty path gets, as people write them.
fn trimmed(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// In single quotes a shell changes nothing; a quote itself has to leave them.
pub(crate) fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

fn unquote(value: &str) -> Option<String> {
    let inner = value.trim_end().strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace(r"'\''", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_survives_a_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        let hippo_url = Url::parse("http://127.0.0.1:5309").unwrap();
        let bindle_url = Url::parse("http://127.0.0.1:8080/v1/").unwrap();
        let settings = Settings {
            hippo_url: &hippo_url,
            username: "admin",
            password: "it's",
            bindle_url: &bindle_url,
        };
        settings.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("export HIPPO_URL='http://127.0.0.1:5309'\n"),
            "{text}"
        );
        assert!(
            text.contains("export HIPPO_APP_URL='http://{domain}:5309'\n"),
            "{text}"
        );
        assert!(
            text.contains("export BINDLE_SERVER_URL='http://127.0.0.1:8080/v1'\n"),
            "{text}"
        );
        assert_eq!(password_of(&path, "admin").as_deref(), Some("it's"));
        assert_eq!(password_of(&path, "other"), None);
        assert_eq!(password_of(&folder.path().join("absent"), "admin"), None);
    }
}
