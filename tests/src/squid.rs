//! A real HTTP proxy, Debian's `squid`, that knows names which nobody else knows.

use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// User of the proxy.
pub const USER: &str = "ann";

/// That user's password, which needs to be percent-encoded in a URL.
pub const PASSWORD: &str = "canary/proxy pass+word";

/// How long a start may take.
const START: Duration = Duration::from_secs(60);

/// How often another port is tried, should somebody have taken the one that was free.
const ATTEMPTS: usize = 5;

/// A proxy on a free port; stopped when dropped, with all that it has written.
pub struct Squid {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Squid {
    /// One that wants [`USER`] and [`PASSWORD`], and for which all of `names` are this machine.
    ///
    /// # Panics
    /// When it is not installed (`scripts/setup` does so) or does not start.
    pub fn start(names: &[&str]) -> Squid {
        for _ in 0..ATTEMPTS {
            if let Some(started) = Self::attempt(names) {
                return started;
            }
        }
        panic!("squid does not start: is it installed? `make setup` does so");
    }

    fn attempt(names: &[&str]) -> Option<Squid> {
        let folder = tempfile::Builder::new()
            .prefix("bowline-squid-")
            .tempdir()
            .expect("a temporary folder can be made");
        open_to_all(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        drop(listener);
        let within = |name: &str| folder.path().join(name);
        let mut hosts = String::new();
        for name in names {
            writeln!(hosts, "127.0.0.1 {name}").expect("a string takes anything");
        }
        fs::write(within("hosts"), hosts).expect("it can be written");
        // At the lowest cost: nothing here is worth a search.
        let password = bcrypt::hash(PASSWORD, 4).expect("it can be hashed");
        fs::write(within("users"), format!("{USER}:{password}\n")).expect("it can be written");
        fs::write(within("squid.conf"), configuration(folder.path(), port))
            .expect("it can be written");
        let process = Command::new(program())
            // A name of its own: instances with the same share memory.
            .args(["-N", "-n", &format!("bowline{port}"), "-f"])
            .arg(within("squid.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("squid is installed: `make setup` does so");
        let mut squid = Squid {
            process,
            port,
            folder,
        };
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(squid);
            }
            let ended = squid.process.try_wait().expect("it can be asked").is_some();
            if ended {
                return None;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    }

    /// Its address, without user and password.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its address as this user writes it into a variable.
    pub fn url_for(&self, user: &str, password: &str) -> String {
        let mut url = url::Url::parse(&self.url()).expect("it is a URL");
        url.set_username(user).expect("http has users");
        url.set_password(Some(password)).expect("http has users");
        // What `Url` leaves as it is, and some programs read as a space.
        url.to_string().replace('+', "%2B")
    }

    /// The requests that it has served or refused, one a line: method, URL or tunnel, status.
    pub fn served(&self) -> Vec<String> {
        fs::read_to_string(self.folder.path().join("access.log"))
            .unwrap_or_default()
            .lines()
            // Connections on which nothing was asked, as those that wait for the start are.
            .filter(|line| !line.starts_with("- error:"))
            .map(ToOwned::to_owned)
            .collect()
    }
}

impl Drop for Squid {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `/usr/sbin` is not in everybody's path.
fn program() -> PathBuf {
    let usual = Path::new("/usr/sbin/squid");
    if usual.exists() {
        usual.to_owned()
    } else {
        PathBuf::from("squid")
    }
}

fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "http_port 127.0.0.1:{port}\n\
         pid_filename {folder}/pid\n\
         hosts_file {folder}/hosts\n\
         dns_nameservers 127.0.0.1\n\
         auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/users\n\
         auth_param basic children 1 startup=1\n\
         auth_param basic realm a test\n\
         acl known proxy_auth REQUIRED\n\
         http_access allow known\n\
         http_access deny all\n\
         logformat short %rm %ru %>Hs\n\
         access_log stdio:{folder}/access.log short\n\
         cache_log {folder}/cache.log\n\
         cache deny all\n\
         cache_mem 8 MB\n\
         coredump_dir {folder}\n\
         pinger_enable off\n\
         visible_hostname localhost\n\
         shutdown_lifetime 0 seconds\n\
         via off\n"
    )
}

/// Started by root, squid works as a user of its own.
fn open_to_all(folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let all = fs::Permissions::from_mode(0o777);
        fs::set_permissions(folder, all).expect("the folder can be opened");
    }
    #[cfg(not(unix))]
    let _ = folder;
}
