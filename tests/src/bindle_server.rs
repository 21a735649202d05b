//! The reference Bindle server, run inside the test's process on a free port.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bindle::authn::always::AlwaysAuthenticate;
use bindle::authn::http_basic::HttpBasic;
use bindle::authz::always::AlwaysAuthorize;
use bindle::authz::anonymous_get::AnonymousGet;
use bindle::client::Client;
use bindle::client::tokens::NoToken;
use bindle::invoice::signature::{KeyEntry, KeyRing, SecretKeyEntry, SecretKeyFile};
use bindle::provider::file::FileProvider;
use bindle::search::StrictEngine;
use bindle::{SignatureRole, VerificationStrategy};

use crate::background::Background;

/// A running server with a file store; stopped, as if killed, when dropped.
pub struct BindleServer {
    // First, so that it ends before its folder goes.
    background: Option<Background>,
    address: SocketAddr,
    store: PathBuf,
    _folder: tempfile::TempDir,
    host: SecretKeyEntry,
    trusted: Vec<String>,
    users: Option<&'static str>,
}

impl BindleServer {
    /// Starts a server with an empty store that takes invoices signed with one
    /// of these public keys (base64).
    ///
    /// # Panics
    /// When the server does not come up.
    pub fn start(trusted: &[&str]) -> BindleServer {
        Self::start_with(trusted, None)
    }

    /// As [`BindleServer::start`], but writing needs a user of this `htpasswd` text
    /// (bcrypt, `$2y$`); anybody may read.
    ///
    /// # Panics
    /// When the server does not come up.
    pub fn start_with(trusted: &[&str], users: Option<&'static str>) -> BindleServer {
        let folder = tempfile::Builder::new()
            .prefix("bowline-bindle-")
            .tempdir()
            .expect("a temporary folder can be made");
        let mut server = BindleServer {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            store: folder.path().join("store"),
            _folder: folder,
            host: SecretKeyEntry::new("test host", vec![SignatureRole::Host]),
            trusted: trusted.iter().map(|&key| key.to_owned()).collect(),
            users,
            background: None,
        };
        server.run();
        server
    }

    /// The address to give to clients, `/v1` included.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder of its file store, with `invoices` and `parcels` below.
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// Stops it abruptly: connections break, requests under way are lost.
    pub fn kill(&mut self) {
        self.background = None;
    }

    /// Starts it again on the same store (and another port), trusting these keys from now on.
    ///
    /// # Panics
    /// When the server does not come up.
    pub fn restart(&mut self, trusted: &[&str]) {
        self.kill();
        self.trusted = trusted.iter().map(|&key| key.to_owned()).collect();
        self.run();
    }

    /// What its operator must do after an upload was cut: removes the folders
    /// of parcels that have no data. Says how many there were.
    ///
    /// # Panics
    /// When the store cannot be read or changed.
    pub fn sweep(&self) -> usize {
        let Ok(parcels) = std::fs::read_dir(self.store.join("parcels")) else {
            return 0;
        };
        let broken: Vec<_> = parcels
            .map(|entry| entry.expect("the store can be read").path())
            .filter(|folder| !folder.join("parcel.dat").exists())
            .collect();
        for folder in &broken {
            std::fs::remove_dir_all(folder).expect("the store can be changed");
        }
        broken.len()
    }

    /// Number of parcels that are stored whole.
    ///
    /// # Panics
    /// When the store cannot be read.
    pub fn parcels(&self) -> usize {
        std::fs::read_dir(self.store.join("parcels")).map_or(0, |parcels| {
            parcels
                .map(|entry| entry.expect("the store can be read").path())
                .filter(|folder| folder.join("parcel.dat").exists())
                .count()
        })
    }

    /// The `bindle` crate's own client, which verifies what it reads: every
    /// signature must be by the host or a trusted key.
    ///
    /// # Panics
    /// When the client cannot be made.
    pub fn reference_client(&self) -> Client<NoToken> {
        Client::new(&self.url(), NoToken, Arc::new(self.keyring()))
            .expect("the reference client can be made")
    }

    /// A `SecretKeyEntry` of the reference implementation, trusted as creator by nobody yet.
    pub fn foreign_key(label: &str) -> SecretKeyEntry {
        SecretKeyEntry::new(label, vec![SignatureRole::Creator])
    }

    fn keyring(&self) -> KeyRing {
        let host = KeyEntry::try_from(&self.host).expect("the host key is good");
        let creators = self.trusted.iter().map(|key| KeyEntry {
            label: "trusted".to_owned(),
            roles: vec![SignatureRole::Creator],
            key: key.clone(),
            label_signature: None,
        });
        KeyRing::new(std::iter::once(host).chain(creators).collect())
    }

    fn run(&mut self) {
        // The server tells no port, so one is looked for; another test may
        // take it in between, then the next one is tried.
        for _ in 0..20 {
            let address = TcpListener::bind("127.0.0.1:0")
                .and_then(|listener| listener.local_addr())
                .expect("a port is free");
            let background = Background::new(2);
            let task = background.runtime().spawn(serve(
                self.store.clone(),
                address,
                self.host.clone(),
                self.keyring(),
                self.users,
            ));
            let deadline = Instant::now() + Duration::from_secs(60);
            while !task.is_finished() && Instant::now() < deadline {
                if TcpStream::connect(address).is_ok() && !task.is_finished() {
                    self.address = address;
                    self.background = Some(background);
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        panic!("the Bindle server does not start");
    }
}

async fn serve(
    store: PathBuf,
    address: SocketAddr,
    host: SecretKeyEntry,
    keyring: KeyRing,
    users: Option<&'static str>,
) {
    std::fs::create_dir_all(&store).expect("the store can be made");
    let index = StrictEngine::default();
    let provider = FileProvider::new(&store, index.clone()).await;
    let keys = SecretKeyFile {
        key: vec![host],
        ..SecretKeyFile::default()
    };
    let strategy = VerificationStrategy::GreedyVerification;
    let served = match users {
        None => {
            bindle::server::server(
                provider,
                index,
                AlwaysAuthenticate,
                AlwaysAuthorize,
                address,
                None,
                keys,
                strategy,
                keyring,
            )
            .await
        }
        Some(users) => {
            let file = store.join("htpasswd");
            std::fs::write(&file, users).expect("the users can be written");
            let authn = HttpBasic::from_file(&file)
                .await
                .expect("the users can be read");
            bindle::server::server(
                provider,
                index,
                authn,
                AnonymousGet,
                address,
                None,
                keys,
                strategy,
                keyring,
            )
            .await
        }
    };
    drop(served);
}
