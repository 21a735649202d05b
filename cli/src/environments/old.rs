//! Logins that the tools before bowline left: `spin login` for a Hippo server, one JSON file for each environment.

use std::fs;
use std::path::{Path, PathBuf};

use bowline_host::Secret;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::DEFAULT;
use crate::error::Error;
use crate::exit::Exit;
use crate::files;
use crate::settings::host;
use crate::targets::Name;

/// The file of the environment that has no name with those tools.
const UNNAMED: &str = "config";

/// The setting of the built-in target that names the server of such a login.
pub const URL_SETTING: &str = "hippo-url";

/// A login, read from its file.
#[derive(Clone, Debug)]
pub struct OldLogin {
    /// Its file.
    pub path: PathBuf,
    /// URL of the Hippo server.
    pub url: String,
    /// URL of the Bindle server.
    pub bindle_url: Option<String>,
    /// User to push as.
    pub bindle_username: Option<String>,
    /// That user's password.
    pub bindle_password: Option<Secret>,
    /// The login was made without looking at certificates.
    pub insecure: bool,
    /// Hippo's token.
    pub token: Secret,
    /// When it ends, in seconds since the Unix epoch, if that can be read.
    pub expires_at: Option<u64>,
}

/// The file's form. What else is in it is those tools' own business.
#[derive(Deserialize)]
struct File {
    url: String,
    #[serde(default)]
    bindle_url: Option<String>,
    #[serde(default)]
    bindle_username: Option<String>,
    #[serde(default)]
    bindle_password: Option<String>,
    #[serde(default)]
    danger_accept_invalid_certs: bool,
    token: String,
    #[serde(default)]
    expiration: Option<String>,
    /// Logins for a cloud, which is no Hippo server, have one.
    #[serde(default)]
    refresh_token: Option<String>,
}

impl OldLogin {
    /// What it says of settings, by name; no secrets.
    pub fn settings(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let optional = [
            (host::BINDLE_SERVER, self.bindle_url.as_deref()),
            (host::BINDLE_USERNAME, self.bindle_username.as_deref()),
        ];
        let given = optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        std::iter::once((URL_SETTING, self.url.as_str())).chain(given)
    }
}

/// Reads the login for this environment, whose name was checked, from the folder of the old tools. `None` when there is none, or it
/// is for something else than a Hippo server. A file that others can read is closed to them.
///
/// # Errors
/// When it can't be read, or is no login; its content is not repeated.
pub fn read(folder: &Path, environment: &str) -> Result<Option<OldLogin>, Error> {
    let stem = match environment {
        DEFAULT => UNNAMED,
        // That file is the default environment's.
        UNNAMED => return Ok(None),
        other => other,
    };
    let path = folder.join(format!("{stem}.json"));
    files::guard(&path)?;
    let Some(text) = files::read_text(&path)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let file: File = serde_json::from_str(&text).map_err(|error| {
        Error::new(
            Exit::Usage,
            format!(
                "{} is no login as `spin login` leaves one: line {}, column {}",
                path.display(),
                error.line(),
                error.column()
            ),
        )
        .hint("bowline leaves it as it is; move it away, and log in with `bowline login`")
    })?;
    if file.refresh_token.is_some_and(|token| !token.is_empty()) {
        tracing::debug!(path = %path.display(), "this login is not for a Hippo server");
        return Ok(None);
    }
    let expires_at = file
        .expiration
        .and_then(|text| OffsetDateTime::parse(text.trim(), &Rfc3339).ok())
        .and_then(|time| u64::try_from(time.unix_timestamp()).ok());
    let given = |text: &String| !text.is_empty();
    Ok(Some(OldLogin {
        url: file.url,
        bindle_url: file.bindle_url.filter(given),
        bindle_username: file.bindle_username.filter(given),
        bindle_password: file.bindle_password.filter(given).map(Secret::new),
        insecure: file.danger_accept_invalid_certs,
        token: Secret::new(file.token),
        expires_at,
        path,
    }))
}

/// The environments for which the old tools left a login.
#[must_use]
pub fn environments(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let stem = name.to_str()?.strip_suffix(".json")?.to_owned();
            (stem != UNNAMED && Name::has_form(&stem)).then_some(stem)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(text: &str) -> Result<Option<OldLogin>, Error> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), text).unwrap();
        read(folder.path(), DEFAULT)
    }

    #[test]
    fn the_form_of_the_old_tools_is_read() {
        let login = login(
            r#"{"url":"http://hippo.test","bindle_url":"http://bindle.test/v1","bindle_username":null,"bindle_password":"",
                "danger_accept_invalid_certs":true,"token":"canary","expiration":"2023-03-08T23:01:02Z","more":1}"#,
        )
        .unwrap()
        .unwrap();
        assert_eq!(login.url, "http://hippo.test");
        assert_eq!(login.bindle_url.as_deref(), Some("http://bindle.test/v1"));
        assert_eq!(login.expires_at, Some(1_678_316_462));
        assert_eq!(login.token.expose(), "canary");
        assert!(login.insecure && login.bindle_username.is_none());
        assert!(login.bindle_password.is_none());
        assert!(!format!("{login:?}").contains("canary"));
    }

    #[test]
    fn what_is_none_is_said_without_its_content() {
        for text in [
            "",
            "{",
            r#"{"url":"http://a","token":["canary"]}"#,
            r#"{"token":"canary"}"#,
            "\"canary\"",
        ] {
            let error = login(text).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage, "{text}");
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
        let cloud = r#"{"url":"https://cloud.test","token":"t","refresh_token":"r"}"#;
        assert!(login(cloud).unwrap().is_none());
    }

    #[test]
    fn each_environment_has_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{"url":"http://a","token":"t"}"#;
        for name in ["config.json", "staging.json", "No Name.json", "notes.txt"] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(environments(folder.path()), ["staging"]);
        assert!(read(folder.path(), "staging").unwrap().is_some());
        assert!(read(folder.path(), "other").unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_closed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        fs::write(&path, r#"{"url":"http://a","token":"t"}"#).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        read(folder.path(), DEFAULT).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
