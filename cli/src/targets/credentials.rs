//! The login for a registry, as `docker login` leaves it.

use std::io::Read as _;
use std::path::PathBuf;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::secrets::RegistryAuth;

use crate::error::Error;
use crate::exit::Exit;
use crate::variables::Variables;

/// The server under which Docker keeps the login for its own registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Bytes of a configuration; Docker's have a few kilobytes.
const MAX_CONFIG: u64 = 1 << 20;

/// The login for this registry (`host` or `host:port`) from Docker's `config.json`: what its `credHelpers`, `auths` or `credsStore`
/// say, in that order. Helpers are programs (`docker-credential-...`) and are run, so this blocks.
///
/// # Errors
/// A configuration that can't be read, a helper that fails, and an identity token, which needs an exchange that isn't built.
pub(super) fn find(registry: &str, variables: &Variables) -> Result<RegistryAuth, Error> {
    let Some(path) = config(variables).filter(|path| path.is_file()) else {
        return Ok(RegistryAuth::Anonymous);
    };
    let server = match registry {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB,
        other => other,
    };
    let trouble = |message: String| {
        Error::new(Exit::NotAuthenticated, message).hint(format!(
            "it is {} that says how to log in to {registry}",
            path.display()
        ))
    };
    let file = std::fs::File::open(&path)
        .map_err(|error| trouble("can't read Docker's configuration".to_owned()).cause(&error))?;
    match docker_credential::get_credential_from_reader(file.take(MAX_CONFIG), server) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(RegistryAuth::Basic(user, password))
        }
        Ok(DockerCredential::IdentityToken(_)) => Err(trouble(format!(
            "the login for {registry} is an identity token, which bowline can't exchange"
        ))
        .hint("log in with a user name and a token for reading: `docker login --username ...`")),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(RegistryAuth::Anonymous),
        Err(CredentialRetrievalError::HelperFailure { helper, stdout, .. }) => {
            // The words that Docker itself looks for.
            if stdout.contains("credentials not found in native keychain") {
                return Ok(RegistryAuth::Anonymous);
            }
            // What a helper writes may hold a secret.
            Err(trouble(format!(
                "the program {helper} fails to give the login for {registry}"
            )))
        }
        Err(CredentialRetrievalError::HelperCommunicationError) => Err(trouble(format!(
            "the program that keeps the login for {registry} can't be run"
        ))),
        Err(error) => Err(trouble(format!(
            "the login for {registry} can't be read: {error}"
        ))),
    }
}

fn config(variables: &Variables) -> Option<PathBuf> {
    let folder = match variables.os("DOCKER_CONFIG") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(variables.os("HOME")?).join(".docker"),
    };
    Some(folder.join("config.json"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn login(config: &str, registry: &str) -> Result<RegistryAuth, Error> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), config).unwrap();
        find(
            registry,
            &Variables::from_pairs([("DOCKER_CONFIG", folder.path())]),
        )
    }

    fn basic(user: &str, password: &str) -> RegistryAuth {
        RegistryAuth::Basic(user.to_owned(), password.to_owned())
    }

    #[test]
    fn logins_of_docker_are_used() {
        // "ann:canary" in base64.
        let config = r#"{"auths": {
            "registry.acme.test:5000": {"auth": "YW5uOmNhbmFyeQ=="},
            "https://index.docker.io/v1/": {"auth": "YW5uOmNhbmFyeQ=="}
        }}"#;
        for registry in ["registry.acme.test:5000", "docker.io"] {
            assert_eq!(login(config, registry).unwrap(), basic("ann", "canary"));
        }
        assert_eq!(
            login(config, "registry.acme.test").unwrap(),
            RegistryAuth::Anonymous
        );
    }

    #[test]
    fn without_a_configuration_nobody_logs_in() {
        assert_eq!(
            find("registry.acme.test", &Variables::default()).unwrap(),
            RegistryAuth::Anonymous
        );
        let home = tempfile::tempdir().unwrap();
        let variables = Variables::from_pairs([("HOME", home.path())]);
        assert_eq!(find("a.test", &variables).unwrap(), RegistryAuth::Anonymous);
        fs::create_dir(home.path().join(".docker")).unwrap();
        fs::write(
            home.path().join(".docker/config.json"),
            r#"{"auths": {"a.test": {"username": "ann", "password": "canary"}}}"#,
        )
        .unwrap();
        assert_eq!(find("a.test", &variables).unwrap(), basic("ann", "canary"));
    }

    #[test]
    fn what_can_not_be_used_is_said_without_secrets() {
        for (config, said) in [
            ("{", "can't be read"),
            (
                r#"{"auths": {"a.test": {"auth": "canary!"}}}"#,
                "can't be read",
            ),
            (
                r#"{"auths": {"a.test": {"identitytoken": "canary"}}}"#,
                "is an identity token",
            ),
            (
                r#"{"credHelpers": {"a.test": "no-such-helper-here"}}"#,
                "can't be run",
            ),
        ] {
            let error = login(config, "a.test").unwrap_err();
            assert_eq!(error.exit(), Exit::NotAuthenticated);
            assert!(error.message().contains(said), "{error:?}");
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
    }
}
