//! Running the program, and the world around it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tempfile::TempDir;

/// A component with nothing in it.
pub const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// A core module with nothing in it.
pub const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Settings that are all right, for servers that nobody asks.
pub const SERVERS: &[(&str, &str)] = &[
    ("BINDLE_SERVER_URL", "http://127.0.0.1:9/v1"),
    ("HIPPO_URL", "http://127.0.0.1:9"),
];

/// A component without code that imports and exports interfaces of these names, with nothing in them.
pub fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let mut bytes = EMPTY_COMPONENT.to_vec();
    let mut section = |id: u8, content: Vec<u8>| {
        let (low, high) = (content.len() & 0x7f, content.len() >> 7);
        assert!(high < 0x80, "two bytes hold the size");
        bytes.extend([
            id,
            0x80 | u8::try_from(low).unwrap(),
            u8::try_from(high).unwrap(),
        ]);
        bytes.extend(content);
    };
    let count = |names: &[&str]| vec![u8::try_from(names.len()).unwrap()];
    let name = |name: &str| {
        let mut bytes = vec![0, u8::try_from(name.len()).unwrap()];
        bytes.extend(name.as_bytes());
        bytes
    };
    // The type of an instance without exports; imports of that type; instances of no exports, and exports of those.
    section(7, vec![1, 0x42, 0]);
    let mut content = count(imports);
    for import in imports {
        content.extend(name(import));
        content.extend([5, 0]);
    }
    section(10, content);
    let mut content = count(exports);
    exports.iter().for_each(|_| content.extend([1, 0]));
    section(5, content);
    let mut content = count(exports);
    for (index, export) in exports.iter().enumerate() {
        content.extend(name(export));
        content.extend([5, u8::try_from(imports.len() + index).unwrap(), 0]);
    }
    section(11, content);
    bytes
}

/// What an HTTP trigger calls in Spin 1.x, and in WASI 0.2.
pub const HANDLERS: &[&str] = &[
    "fermyon:spin/inbound-http",
    "wasi:http/incoming-handler@0.2.0",
];

/// A folder to run in.
pub struct World {
    folder: TempDir,
}

/// How a run ended.
#[must_use]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    /// An empty folder.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A folder with a small application in it.
    pub fn with_application() -> Self {
        let world = Self::new();
        world.write(
            "spin.toml",
            "spin_manifest_version = 2\n\
             [application]\n\
             name = \"shop\"\n\
             version = \"1.2.0\"\n\
             [[trigger.http]]\n\
             route = \"/...\"\n\
             component = \"front\"\n\
             [component.front]\n\
             source = \"front.wasm\"\n",
        );
        world.write("front.wasm", component(&[], HANDLERS));
        world
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The program with these arguments, to be run in this folder. Of the variables of this process it sees none. All tests
    /// share compiled code, which depends on nothing but the target's digest.
    pub fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env(
                "BOWLINE_HOME",
                concat!(env!("CARGO_TARGET_TMPDIR"), "/bowline-home"),
            )
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        self.ended(self.command(arguments, variables).output().unwrap())
    }

    /// What the program left, with the folder's own name taken out.
    pub fn ended(&self, output: Output) -> Ended {
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            let folder = self.path().canonicalize().unwrap();
            text.replace(folder.to_str().unwrap(), "[FOLDER]")
                .replace(self.path().to_str().unwrap(), "[FOLDER]")
        };
        Ended {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// A server on the loopback address that answers every request in the same way. It ends with the test's process.
pub struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Answers with this body, whatever is asked.
    pub fn answering(media_type: &str, body: &str) -> Self {
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        Self::new(move |mut stream| {
            let mut request = [0; 8192];
            // A client that has gone away needs no answer.
            if stream.read(&mut request).is_ok_and(|read| read > 0) {
                let _gone = stream.write_all(answer.as_bytes());
            }
        })
    }

    /// Takes connections and says nothing.
    pub fn silent() -> Self {
        Self::new(|mut stream| {
            let mut request = [0; 8192];
            while stream.read(&mut request).is_ok_and(|read| read > 0) {}
        })
    }

    pub fn new(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (serve, counter) = (Arc::new(serve), Arc::clone(&connections));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(stream));
            }
        });
        Self {
            address,
            connections,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same with TLS, for a server whose certificate is for `localhost`.
    pub fn secure_url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// An address at which nothing listens.
pub fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
