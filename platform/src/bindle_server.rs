//! The real Bindle server of the `bindle` crate, embedded: its store, its keys, its start and stop.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bindle::authn::always::AlwaysAuthenticate;
use bindle::authz::always::AlwaysAuthorize;
use bindle::search::StrictEngine;
use bindle::signature::{KeyEntry, KeyRing, PublicKey, SecretKeyFile};
use bindle::{SecretKeyEntry, SignatureRole, VerificationStrategy};
use tokio::task::JoinHandle;
use url::Url;

use crate::bindle_reader::BindleReader;
use crate::bindle_store::BindleStore;
use crate::data::{DataFolder, create_private_folder, write_private};

/// How long the server may take to answer its first request. It reads every stored invoice before.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long running uploads may take to end when the platform stops. What is cut off is swept at
/// the next start.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// How often a free port is looked for: between finding one and the server's taking it, another
/// program may have.
const PORT_ATTEMPTS: usize = 5;

/// A creator whose signed bindles the server accepts: `LABEL=BASE64`, the Ed25519 public key in
/// standard base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    label: String,
    key: String,
}

impl FromStr for TrustedKey {
    type Err = anyhow::Error;

    /// Reads `LABEL=BASE64`. Fails, saying why, when there is no label or the rest isn't a key.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        let Some((label, key)) = text.split_once('=') else {
            bail!("'{text}' has no '='; write LABEL=BASE64");
        };
        if label.is_empty() || label.chars().any(char::is_control) {
            bail!("'{text}' has no printable label before its '='");
        }
        let bytes = STANDARD
            .decode(key)
            .map_err(|error| anyhow!("the key isn't base64: {error}"))?;
        if bytes.len() != 32 || PublicKey::from_bytes(&bytes).is_err() {
            bail!("the key isn't the 32 bytes of an Ed25519 public key");
        }
        Ok(Self {
            label: label.to_owned(),
            key: key.to_owned(),
        })
    }
}

/// A running server.
pub(crate) struct BindleServer {
    url: Url,
    task: JoinHandle<anyhow::Result<()>>,
}

impl BindleServer {
    /// Starts the server on a store inside the data folder and waits until it answers.
    ///
    /// Fails when the port is taken, when the store can't be read, or when the server doesn't answer
    /// in time.
    pub(crate) async fn start(
        data: &DataFolder,
        listen: SocketAddr,
        trusted: &[TrustedKey],
    ) -> anyhow::Result<Self> {
        let folder = data.join("bindle");
        create_private_folder(&folder)
            .with_context(|| format!("can't create {}", folder.display()))?;
        let swept = sweep(&folder).with_context(|| format!("can't clean {}", folder.display()))?;
        if swept > 0 {
            tracing::info!(swept, "removed half-written uploads from the bindle store");
        }
        let host_key = host_key(&data.join("host-key.toml"))?;
        let keyring = keyring(&data.join("keyring.toml"), &host_key, trusted)?;
        let host_public = KeyEntry::try_from(&host_key)
            .context("the host key is damaged")?
            .key;

        for attempt in 1.. {
            let address = free_address(listen)
                .with_context(|| format!("can't listen for Bindle on {listen}"))?;
            match Self::start_at(&folder, address, &host_key, &host_public, keyring.clone()).await {
                Ok(server) => return Ok(server),
                Err(error) if listen.port() == 0 && attempt < PORT_ATTEMPTS => {
                    tracing::debug!(%error, %address, "the bindle server didn't get its port");
                }
                Err(error) => return Err(error),
            }
        }
        bail!("no port is free for the bindle server")
    }

    async fn start_at(
        folder: &Path,
        address: SocketAddr,
        host_key: &SecretKeyEntry,
        host_public: &str,
        keyring: KeyRing,
    ) -> anyhow::Result<Self> {
        let url = crate::platform::http_url(address)?.join("v1/")?;
        let index = StrictEngine::default();
        let store = BindleStore::open(folder, index.clone()).await;
        let keys = SecretKeyFile {
            key: vec![host_key.clone()],
            ..SecretKeyFile::default()
        };
        let task = tokio::spawn(bindle::server::server(
            store,
            index,
            AlwaysAuthenticate,
            AlwaysAuthorize,
            address,
            None,
            keys,
            VerificationStrategy::CreativeIntegrity,
            keyring,
        ));
        let mut server = Self { url, task };
        let reader = BindleReader::new(server.url());
        let started = Instant::now();
        loop {
            // Only this server can tell its own key, so another program on the port isn't mistaken
            // for it.
            match reader.host_keys().await {
                Ok(keys) if keys.iter().any(|key| key == host_public) => return Ok(server),
                Ok(_) => bail!("another bindle server is listening on {address}"),
                Err(_) if server.task.is_finished() => {
                    return Err(match (&mut server.task).await {
                        Ok(Err(error)) => {
                            error.context(format!("the bindle server can't listen on {address}"))
                        }
                        Ok(Ok(())) => anyhow!("the bindle server ended at once"),
                        Err(error) => anyhow!(error).context("the bindle server failed to start"),
                    });
                }
                Err(error) if started.elapsed() > START_LIMIT => {
                    return Err(error.context("the bindle server doesn't answer"));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// The server's base URL, ending in `/v1/`.
    pub(crate) fn url(&self) -> Url {
        self.url.clone()
    }

    /// Stops the server. On Ctrl-C it stops by itself once its uploads ended; they get a moment for
    /// that, and are cut otherwise.
    pub(crate) async fn stop(mut self, interrupted: bool) {
        if interrupted
            && tokio::time::timeout(STOP_LIMIT, &mut self.task)
                .await
                .is_ok()
        {
            return;
        }
        self.task.abort();
        // Waiting makes sure that the port is free again; the result says only that it was aborted.
        let _aborted = self.task.await;
    }
}

/// The server can't tell which port it was given, so the port has to be known beforehand. Also finds
/// out early, with a good message, that a port is taken.
fn free_address(listen: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(listen)?.local_addr()
}

/// Removes what cut uploads leave behind, and which the server would take for real for ever:
/// parcels without content, and part files. Returns how many things were removed.
fn sweep(store: &Path) -> io::Result<usize> {
    let mut removed = 0;
    for (folder, content) in [("parcels", "parcel.dat"), ("invoices", "invoice.toml")] {
        let entries = match fs::read_dir(store.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            if !path.is_dir() {
                continue;
            }
            if !path.join(content).is_file() {
                fs::remove_dir_all(&path)?;
                removed += 1;
                continue;
            }
            for file in fs::read_dir(&path)? {
                let file = file?.path();
                if file
                    .extension()
                    .is_some_and(|extension| extension == "part")
                {
                    fs::remove_file(&file)?;
                    removed += 1;
                }
            }
        }
    }
    Ok(removed)
}

/// The key with which the server signs what it accepts; made once.
fn host_key(path: &Path) -> anyhow::Result<SecretKeyEntry> {
    match fs::read_to_string(path) {
        Ok(text) => {
            // The parser's own message would quote the key.
            let file: SecretKeyFile = toml::from_str(&text)
                .map_err(|_| anyhow!("{} isn't a Bindle key file", path.display()))?;
            file.key
                .into_iter()
                .find(|key| key.roles.contains(&SignatureRole::Host))
                .with_context(|| format!("{} has no host key", path.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = SecretKeyEntry::new("bowline-local", vec![SignatureRole::Host]);
            let file = SecretKeyFile {
                key: vec![key.clone()],
                ..SecretKeyFile::default()
            };
            write_private(path, toml::to_string(&file)?.as_bytes())
                .with_context(|| format!("can't write {}", path.display()))?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}

/// The keys the server believes: its own, and every creator trusted in this run or an earlier one.
fn keyring(
    path: &Path,
    host_key: &SecretKeyEntry,
    trusted: &[TrustedKey],
) -> anyhow::Result<KeyRing> {
    let kept: KeyRing = match fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text)
            .with_context(|| format!("{} isn't a Bindle keyring", path.display()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => KeyRing::default(),
        Err(error) => {
            return Err(error).with_context(|| format!("can't read {}", path.display()));
        }
    };
    let host = KeyEntry::try_from(host_key).context("the host key is damaged")?;
    let mut entries: BTreeMap<String, KeyEntry> = kept
        .key
        .into_iter()
        .map(|entry| (entry.key.clone(), entry))
        .collect();
    for creator in trusted {
        entries.insert(
            creator.key.clone(),
            KeyEntry {
                label: creator.label.clone(),
                roles: vec![SignatureRole::Creator],
                key: creator.key.clone(),
                label_signature: None,
            },
        );
    }
    entries.insert(host.key.clone(), host);
    let ring = KeyRing::new(entries.into_values().collect());
    write_private(path, toml::to_string(&ring)?.as_bytes())
        .with_context(|| format!("can't write {}", path.display()))?;
    Ok(ring)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeping_keeps_whole_uploads_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path();
        let write = |path: &str| {
            let path = store.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        };
        write("parcels/whole/parcel.dat");
        write("parcels/restarted/parcel.dat");
        write("parcels/restarted/parcel.dat.part");
        write("parcels/cut/parcel.dat.part");
        fs::create_dir_all(store.join("parcels/empty")).unwrap();
        write("invoices/whole/invoice.toml");
        write("invoices/cut/invoice.toml.part");

        assert_eq!(sweep(store).unwrap(), 4);
        assert!(store.join("parcels/whole/parcel.dat").exists());
        assert!(store.join("parcels/restarted/parcel.dat").exists());
        assert!(store.join("invoices/whole/invoice.toml").exists());
        for gone in [
            "parcels/restarted/parcel.dat.part",
            "parcels/cut",
            "parcels/empty",
            "invoices/cut",
        ] {
            assert!(!store.join(gone).exists(), "{gone}");
        }
        assert_eq!(sweep(store).unwrap(), 0);
        assert_eq!(sweep(&store.join("absent")).unwrap(), 0);
    }

    #[test]
    fn trusted_keys_are_checked() {
        let host = SecretKeyEntry::new("someone", vec![SignatureRole::Creator]);
        let public = KeyEntry::try_from(&host).unwrap().key;
        let key: TrustedKey = format!("someone={public}").parse().unwrap();
        assert_eq!(key.label, "someone");
        assert_eq!(key.key, public);
        for wrong in [
            "",
            "label",
            "=AAAA",
            "label=?",
            "label=AAAA",
            &format!("a\nb={public}"),
        ] {
            assert!(wrong.parse::<TrustedKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn keyring_remembers_creators() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring.toml");
        let host = SecretKeyEntry::new("host", vec![SignatureRole::Host]);
        let public = |label: &str| {
            KeyEntry::try_from(&SecretKeyEntry::new(label, vec![SignatureRole::Creator]))
                .unwrap()
                .key
        };
        let (first, second) = (public("first"), public("second"));
        let trusted = |label: &str, key: &str| TrustedKey {
            label: label.into(),
            key: key.into(),
        };
        keyring(&path, &host, &[trusted("first", &first)]).unwrap();
        let ring = keyring(&path, &host, &[trusted("second", &second)]).unwrap();
        let mut labels: Vec<_> = ring.key.iter().map(|entry| entry.label.as_str()).collect();
        labels.sort_unstable();
        assert_eq!(labels, ["first", "host", "second"]);
    }
}
