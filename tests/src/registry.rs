//! A real registry of OCI artifacts, Debian's `docker-registry`, and somebody who publishes targets to it.

use std::io::BufReader;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

/// Media type of the configuration of a published component.
pub const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";

/// Media type of a published component.
pub const LAYER_TYPE: &str = "application/wasm";

/// User of a registry that wants a login.
pub const USER: &str = "ann";

/// That user's password.
pub const PASSWORD: &str = "canary-password";

/// A registry on a free port; stopped when dropped, with all that it holds.
pub struct Registry {
    process: Child,
    address: String,
    auth: RegistryAuth,
    _folder: tempfile::TempDir,
}

impl Registry {
    /// One that everybody may use.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start() -> Registry {
        Self::launch(false)
    }

    /// One that wants [`USER`] and [`PASSWORD`].
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn with_login() -> Registry {
        Self::launch(true)
    }

    fn launch(login: bool) -> Registry {
        let folder = tempfile::Builder::new()
            .prefix("bowline-registry-")
            .tempdir()
            .expect("a temporary folder can be made");
        let mut config = format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:0\n",
            folder.path().join("data").display()
        );
        if login {
            let file = folder.path().join("htpasswd");
            let hash = bcrypt::hash(PASSWORD, 4).expect("the password can be hashed");
            std::fs::write(&file, format!("{USER}:{hash}\n")).expect("a file can be written");
            config.push_str(&format!(
                "auth:\n  htpasswd:\n    realm: test\n    path: {}\n",
                file.display()
            ));
        }
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config).expect("a file can be written");
        let mut process = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker-registry is installed: `make setup`");
        let mut said = BufReader::new(process.stderr.take().expect("it is piped"));
        let address = listening(&mut said);
        // It says something of each request, and must not wait for somebody to read it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let auth = if login {
            RegistryAuth::Basic(USER.to_owned(), PASSWORD.to_owned())
        } else {
            RegistryAuth::Anonymous
        };
        Registry {
            process,
            address,
            auth,
            _folder: folder,
        }
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A reference to an artifact in it: `oci://127.0.0.1:1234/acme/target:1.0`.
    pub fn reference(&self, name: &str) -> String {
        format!("oci://{}/{name}", self.address)
    }

    /// Publishes a component as `wkg oci push` does. `name` is repository and tag.
    ///
    /// # Panics
    /// When the registry refuses it.
    pub fn publish(&self, name: &str, component: &[u8]) {
        self.push(name, &[(component, LAYER_TYPE)], CONFIG_TYPE);
    }

    /// Publishes a component as a package, as `wkg publish` does: `name` is `namespace/name`, the version is the tag, and the
    /// configuration says what `wkg` looks for.
    ///
    /// # Panics
    /// When the registry refuses it.
    pub fn publish_package(&self, name: &str, version: &str, component: &[u8]) {
        let digest = format!("sha256:{}", bowline_app::Digest::of(component));
        let config = serde_json::json!({
            "created": "2026-01-01T00:00:00Z",
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [digest],
            "component": { "exports": [], "imports": [] },
        });
        self.send(
            &format!("{name}:{version}"),
            &[(component, LAYER_TYPE)],
            Config::new(config.to_string(), CONFIG_TYPE.to_owned(), None),
        );
    }

    /// Publishes layers with their media types, and a configuration of this one.
    ///
    /// # Panics
    /// When the registry refuses it.
    pub fn push(&self, name: &str, layers: &[(&[u8], &str)], config_type: &str) {
        let config = Config::new(&b"{}"[..], config_type.to_owned(), None);
        self.send(name, layers, config);
    }

    fn send(&self, name: &str, layers: &[(&[u8], &str)], config: Config) {
        // It fails only when there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::new(ClientConfig {
            protocol: ClientProtocol::Http,
            ..ClientConfig::default()
        });
        let reference: Reference = format!("{}/{name}", self.address)
            .parse()
            .expect("it is a reference");
        let layers: Vec<ImageLayer> = layers
            .iter()
            .map(|(bytes, kind)| ImageLayer::new(bytes.to_vec(), (*kind).to_owned(), None))
            .collect();
        // `wkg` takes manifests only that say what they are.
        let manifest = OciImageManifest {
            media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
            ..OciImageManifest::build(&layers, &config, None)
        };
        let pushed = client.push(&reference, &layers, config, &self.auth, Some(manifest));
        // The test may run on a runtime, which takes no other one on its thread.
        let push = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be made")
                .block_on(pushed)
                .expect("the registry takes it")
        };
        std::thread::scope(|scope| scope.spawn(push).join()).expect("it was pushed");
    }
}

/// The address that it says it listens at.
fn listening(said: &mut impl std::io::BufRead) -> String {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        let read = said.read_line(&mut line).expect("it writes text");
        assert!(read > 0, "the registry did not start:\n{all}");
        if let Some((_, rest)) = line.split_once("listening on ") {
            let address = rest.split(['"', ' ', '\n']).next().unwrap_or_default();
            return address.to_owned();
        }
        all.push_str(&line);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The manifest of a component of this digest and size, as `wkg` writes it, for registries that are made up.
///
/// # Panics
/// Never, as it can be written as JSON.
pub fn manifest(digest: &str, size: i64) -> String {
    let descriptor = |media_type: &str, digest: &str, size| OciDescriptor {
        media_type: media_type.to_owned(),
        digest: digest.to_owned(),
        size,
        ..OciDescriptor::default()
    };
    let empty = format!("sha256:{}", bowline_app::Digest::of(b"{}"));
    let manifest = OciImageManifest {
        media_type: Some("application/vnd.oci.image.manifest.v1+json".to_owned()),
        config: descriptor(CONFIG_TYPE, &empty, 2),
        layers: vec![descriptor(LAYER_TYPE, digest, size)],
        ..OciImageManifest::default()
    };
    serde_json::to_string(&manifest).expect("it has a JSON form")
}

/// Logs somebody in to a registry, as `docker login` does: writes `config.json` into `folder`.
///
/// # Panics
/// When it cannot be written.
pub fn log_in(folder: &Path, registry: &Registry, password: &str) {
    let config = serde_json::json!({
        "auths": { registry.address(): { "username": USER, "password": password } }
    });
    std::fs::write(folder.join("config.json"), config.to_string()).expect("it can be written");
}
