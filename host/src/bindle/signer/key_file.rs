//! The file that keeps the signing key, in the form of the reference
//! implementation's `SecretKeyFile`, so that other Bindle tools can read it:
//! `version = "1.0"` and a list of `[[key]]` with `label`, `keypair` (base64
//! of the 32 secret and 32 public bytes) and `roles`.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{CREATOR, Signer};

/// A key file has a few hundred bytes for each key.
const MAX_KEY_FILE: u64 = 64 * 1024;

/// Why the signing key could not be had. No message contains any of the file's text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file or its folder cannot be read or written.
    #[error("cannot {action} the signing key `{}`", .path.display())]
    Io {
        /// `read`, `create`.
        action: &'static str,
        /// The key file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Other users of the machine may read or write the file.
    #[error(
        "the signing key `{}` is open to other users (mode {mode:03o}): whoever could read it can sign as you, so move it away to get a new one; or, if you trust them, run chmod 600 on it",
        .path.display()
    )]
    Exposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file belongs to another user.
    #[error("the signing key `{}` belongs to another user (uid {owner}): use a key file of your own", .path.display())]
    ForeignOwner {
        /// The key file.
        path: PathBuf,
        /// The user id it belongs to.
        owner: u32,
    },
    /// It is not a key file, or only a part of one.
    #[error(
        "`{}` is not a usable Bindle key file ({reason}): move it away to get a new key, or put a good one in its place",
        .path.display()
    )]
    Malformed {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system gave no random numbers for a new key.
    #[error("no random numbers for a new signing key")]
    Random(#[source] getrandom::Error),
    /// The label cannot stand in a signature.
    #[error("a signing label must be 1 to 200 characters without control characters")]
    Label,
}

#[derive(Serialize, Deserialize)]
struct SecretKeyFile {
    version: String,
    key: Vec<SecretKeyEntry>,
}

#[derive(Serialize, Deserialize)]
struct SecretKeyEntry {
    label: String,
    keypair: String,
    roles: Vec<String>,
}

impl Drop for SecretKeyEntry {
    fn drop(&mut self) {
        self.keypair.zeroize();
    }
}

impl Signer {
    /// Reads the key kept in `path`, or makes one, under `label`, when there is no such file.
    ///
    /// The first key with the role `creator` is taken; an existing key keeps
    /// its own label. A new file has mode 0600, its folder, when it has to be
    /// made, 0700. Of several processes that start at once, one makes the key
    /// and all use it. Blocks for a few file operations.
    ///
    /// # Errors
    /// [`KeyFileError`]; an existing file is never changed.
    pub fn load_or_create(path: &Path, label: &str) -> Result<Self, KeyFileError> {
        if let Some(signer) = load(path)? {
            return Ok(signer);
        }
        check_label(label).ok_or(KeyFileError::Label)?;
        let signer = generate(label)?;
        let io_error = |source| KeyFileError::Io {
            action: "create",
            path: path.to_owned(),
            source,
        };
        match write_new(path, &signer) {
            Ok(()) => Ok(signer),
            // Another process was faster: its key is the one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                load(path)?.ok_or_else(|| io_error(error))
            }
            Err(error) => Err(io_error(error)),
        }
    }
}

fn check_label(label: &str) -> Option<()> {
    let good =
        !label.is_empty() && label.chars().count() <= 200 && !label.chars().any(char::is_control);
    good.then_some(())
}

fn generate(label: &str) -> Result<Signer, KeyFileError> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(secret.as_mut()).map_err(KeyFileError::Random)?;
    Ok(Signer {
        label: label.to_owned(),
        key: SigningKey::from_bytes(&secret),
    })
}

/// `None` when the file does not exist.
fn load(path: &Path) -> Result<Option<Signer>, KeyFileError> {
    let io_error = |source| KeyFileError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let malformed = |reason: String| KeyFileError::Malformed {
        path: path.to_owned(),
        reason,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(error)),
    };
    let metadata = file.metadata().map_err(io_error)?;
    if !metadata.is_file() {
        return Err(malformed("it is not a file".to_owned()));
    }
    check_private(path, &metadata)?;
    if metadata.len() > MAX_KEY_FILE {
        return Err(malformed("it is far too large".to_owned()));
    }
    let mut text = Zeroizing::new(String::with_capacity(metadata.len() as usize + 1));
    file.take(MAX_KEY_FILE)
        .read_to_string(&mut text)
        .map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => malformed("it is not text".to_owned()),
            _ => io_error(error),
        })?;
    // The parser's own message quotes the line, which may hold the secret.
    let keys: SecretKeyFile = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(0, |span| {
            let before = text.as_bytes().get(..span.start).unwrap_or_default();
            before.iter().filter(|byte| **byte == b'\n').count() + 1
        });
        malformed(format!(
            "it is truncated or something else, see line {line}"
        ))
    })?;
    let entry = keys
        .key
        .into_iter()
        .find(|entry| entry.roles.iter().any(|role| role == CREATOR))
        .ok_or_else(|| malformed("it has no key with the role `creator`".to_owned()))?;
    check_label(&entry.label)
        .ok_or_else(|| malformed("the creator key's label cannot be signed with".to_owned()))?;
    let key =
        decode(&entry.keypair).ok_or_else(|| malformed("the creator key is damaged".to_owned()))?;
    Ok(Some(Signer {
        label: entry.label.clone(),
        key,
    }))
}

fn decode(keypair: &str) -> Option<SigningKey> {
    let bytes = Zeroizing::new(STANDARD.decode(keypair).ok()?);
    let bytes: &[u8; 64] = bytes.as_slice().try_into().ok()?;
    SigningKey::from_keypair_bytes(bytes).ok()
}

#[cfg(unix)]
fn check_private(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyFileError> {
    use std::os::unix::fs::MetadataExt as _;

    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let owner = metadata.uid();
    if owner != rustix::process::geteuid().as_raw() {
        return Err(KeyFileError::ForeignOwner {
            path: path.to_owned(),
            owner,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_path: &Path, _metadata: &fs::Metadata) -> Result<(), KeyFileError> {
    Ok(())
}

/// Writes a whole key file under its final name in one step, and only if nothing has that name yet.
fn write_new(path: &Path, signer: &Signer) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)?;

    let keypair = Zeroizing::new(signer.key.to_keypair_bytes());
    let contents = SecretKeyFile {
        version: "1.0".to_owned(),
        key: vec![SecretKeyEntry {
            label: signer.label.clone(),
            keypair: STANDARD.encode(keypair.as_slice()),
            roles: vec![CREATOR.to_owned()],
        }],
    };
    let text = Zeroizing::new(toml::to_string(&contents).map_err(io::Error::other)?);
    // Created with mode 0600 on Unix.
    let mut file = tempfile::Builder::new()
        .prefix(".key-")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn key_is_made_once_and_read_back() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("keys/signing.toml");
        let first = Signer::load_or_create(&path, "ann@host").unwrap();
        let second = Signer::load_or_create(&path, "other").unwrap();
        assert_eq!(first.public_key(), second.public_key());
        assert_eq!(second.label(), "ann@host");
        assert_eq!(STANDARD.decode(first.public_key()).unwrap().len(), 32);
        let text = fs::read_to_string(&path).unwrap();
        let secret = text.split('"').find(|part| part.len() == 88).unwrap();
        assert!(!format!("{first:?}").contains(&secret[..40]));
    }

    #[cfg(unix)]
    #[test]
    fn file_and_folder_are_private() {
        use std::os::unix::fs::PermissionsExt as _;

        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("keys/signing.toml");
        Signer::load_or_create(&path, "ann").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = Signer::load_or_create(&path, "ann").unwrap_err();
        assert!(matches!(error, KeyFileError::Exposed { mode: 0o644, .. }));
    }

    #[test]
    fn many_at_once_agree_on_one_key() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("keys/signing.toml");
        let start = Barrier::new(8);
        let keys: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|n| {
                    let (path, start) = (&path, &start);
                    scope.spawn(move || {
                        start.wait();
                        Signer::load_or_create(path, &format!("p{n}"))
                            .unwrap()
                            .public_key()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn damaged_files_are_refused_untouched_and_unquoted() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("signing.toml");
        Signer::load_or_create(&path, "ann").unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let host_only = whole.replace("creator", "host");
        let secret = whole.split('"').find(|part| part.len() == 88).unwrap();
        let half_secret = whole.replace(secret, &secret[..40]);
        for text in [
            &whole[..whole.len() / 2],
            "",
            "hello",
            &host_only,
            &half_secret,
        ] {
            fs::write(&path, text).unwrap();
            let error = Signer::load_or_create(&path, "ann").unwrap_err();
            assert!(matches!(error, KeyFileError::Malformed { .. }), "{error:?}");
            assert!(!format!("{error} {error:?}").contains(&secret[..20]));
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn label_that_would_change_the_cleartext_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("signing.toml");
        for label in ["", "a\nb"] {
            assert!(matches!(
                Signer::load_or_create(&path, label),
                Err(KeyFileError::Label)
            ));
        }
        assert!(!path.exists());
    }
}
