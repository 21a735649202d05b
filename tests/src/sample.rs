//! Small applications made up for a test, and a Bindle client to push them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bowline_app::{Application, BindleId, Bundle};
use bowline_host::bindle::{Client, ClientOptions, Event, Progress, Receipt, Signer, Timing};
use bowline_host::client::{HttpClient, HttpOptions};

/// A component without any code: enough for everything that does not run it. It exports what HTTP triggers call, that of Spin 1.x and that of
/// WASI 0.2, as instances that hold nothing.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0\
    \x05\x05\x02\x01\0\x01\0\
    \x0b\x44\x02\
    \0\x19fermyon:spin/inbound-http\x05\0\0\
    \0\x20wasi:http/incoming-handler@0.2.0\x05\x01\0";

/// An application in a folder of its own: one component, and the files below `static`.
pub struct Sample {
    folder: tempfile::TempDir,
}

impl Sample {
    /// An application without files.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    #[expect(clippy::new_without_default, reason = "making one touches the disk")]
    pub fn new() -> Sample {
        let folder = tempfile::Builder::new()
            .prefix("bowline-sample-")
            .tempdir()
            .expect("a temporary folder can be made");
        let manifest = r#"
spin_manifest_version = 2
[application]
name = "shop"
version = "1.0.0"
[[trigger.http]]
route = "/..."
component = "front"
[component.front]
source = "front.wasm"
files = [{ source = "static", destination = "/" }]
"#;
        std::fs::create_dir(folder.path().join("static")).expect("a folder can be made");
        std::fs::write(folder.path().join("spin.toml"), manifest).expect("a file can be written");
        std::fs::write(folder.path().join("front.wasm"), COMPONENT).expect("a file can be written");
        Sample { folder }
    }

    /// An application with these files.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn with(files: &[(&str, &[u8])]) -> Sample {
        let sample = Self::new();
        for (name, bytes) in files {
            sample.write(name, bytes);
        }
        sample
    }

    /// An application with `count` different files of `size` bytes each.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn filled(count: usize, size: usize) -> Sample {
        let sample = Self::new();
        for n in 0..count {
            let pattern = (n as u64).to_le_bytes();
            let bytes: Vec<u8> = pattern.iter().copied().cycle().take(size).collect();
            sample.write(&format!("{n:05}.bin"), &bytes);
        }
        sample
    }

    /// Writes a file below `static`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path().join("static").join(name), bytes)
            .expect("a file can be written");
    }

    /// Replaces a text in its manifest.
    ///
    /// # Panics
    /// When it is not there, or the manifest cannot be written.
    pub fn edit(&self, from: &str, to: &str) {
        let path = self.path().join("spin.toml");
        let manifest = std::fs::read_to_string(&path).expect("the manifest is there");
        assert!(manifest.contains(from), "no '{from}' in {manifest}");
        std::fs::write(path, manifest.replace(from, to)).expect("a file can be written");
    }

    /// Replaces the component by one that needs this interface of its host, and does nothing else.
    ///
    /// # Panics
    /// When the name has more than 120 characters, or the component cannot be written.
    pub fn needing(&self, interface: &str) {
        let length = u8::try_from(interface.len()).expect("one byte holds the length");
        assert!(length <= 120, "longer numbers have more bytes");
        // The component model's binary format: one type, an instance without exports; one import of that type.
        let mut wasm = COMPONENT.to_vec();
        wasm.extend([7, 3, 1, 0x42, 0]);
        wasm.extend([10, length + 5, 1, 0, length]);
        wasm.extend(interface.as_bytes());
        wasm.extend([5, 0]);
        std::fs::write(self.path().join("front.wasm"), wasm).expect("a file can be written");
    }

    /// The folder of the application.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Reads the application and packs it under this name and version.
    ///
    /// # Panics
    /// When it cannot be read or packed.
    pub fn bundle(&self, id: &str) -> Bundle {
        let application = Application::load(self.path()).expect("the application can be read");
        let id: BindleId = id.parse().expect("the id is good");
        Bundle::pack(&application, id).expect("the application can be packed")
    }
}

/// A signing key in a folder of its own.
///
/// # Panics
/// When it cannot be made.
pub fn signer() -> Signer {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    Signer::load_or_create(&folder.path().join("key.toml"), "tester").expect("a key can be made")
}

/// Waits that are short enough for tests, and long enough for a busy machine
/// where a test does not want them to pass.
pub fn quick() -> Timing {
    Timing {
        answer: Duration::from_secs(60),
        idle: Duration::from_secs(60),
        retries: 4,
        first_pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(50),
        conflict_pauses: vec![Duration::from_millis(20); 3],
    }
}

/// Options for a client of the server at `url` that signs and waits briefly.
///
/// # Panics
/// When the address is bad.
pub fn options(url: &str, signer: &Signer) -> ClientOptions {
    let mut options = ClientOptions::new(url.parse().expect("the address is good"));
    options.signer = Some(signer.clone());
    options.timing = quick();
    options
}

/// A client with these options.
///
/// # Panics
/// When no HTTP client can be made.
pub fn client(options: ClientOptions) -> Client {
    let mut http = HttpOptions::default();
    http.system_proxy = false;
    Client::new(
        &HttpClient::new(&http).expect("an HTTP client can be made"),
        options,
    )
}

/// Pushes without watching.
///
/// # Errors
/// As the push.
pub async fn push(
    client: &Client,
    bundle: &Bundle,
) -> Result<Receipt, bowline_host::bindle::Error> {
    client
        .push(bundle, Arc::new(bowline_host::bindle::Silent))
        .await
}

/// Keeps the events of a push, as text.
#[derive(Default)]
pub struct Events(Mutex<Vec<String>>);

impl Events {
    /// The events so far.
    pub fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many there were whose text begins so.
    pub fn count(&self, beginning: &str) -> usize {
        self.all()
            .iter()
            .filter(|event| event.starts_with(beginning))
            .count()
    }
}

impl Progress for Events {
    fn event(&self, event: Event<'_>) {
        let text = format!("{event:?}");
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(text);
    }
}
