//! What the journal says of runs, whole and broken off.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Ended, Server, World, closed_port};

struct Desk {
    world: World,
    home: String,
}

impl Desk {
    fn new() -> Self {
        let world = World::with_application();
        let home = world.path().join("home").to_str().unwrap().to_owned();
        Self { world, home }
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.world.run(arguments, &[("BOWLINE_HOME", &self.home)])
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.run(&[arguments, &["-o", "json"]].concat());
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    }

    fn folder(&self) -> std::path::PathBuf {
        Path::new(&self.home).join("state/journal")
    }

    /// All that is in the journal's files.
    fn text(&self) -> String {
        let files = fs::read_dir(self.folder()).unwrap();
        files
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
            .collect()
    }
}

/// The flags of a deploy that has to log in first.
fn deploy<'a>(hippo: &'a str, bindle: &'a str) -> Vec<&'a str> {
    let mut flags = vec!["deploy", "--hippo-url", hippo, "--bindle-server", bindle];
    flags.extend(["--hippo-username", "ann", "--hippo-password", "canary-1"]);
    flags
}

/// Reads a request to its end, and says nothing.
fn hearing() -> (Server, std::sync::mpsc::Receiver<()>) {
    let (heard, hears) = std::sync::mpsc::channel();
    let heard = std::sync::Mutex::new(heard);
    let server = Server::new(move |mut stream| {
        let mut request = Vec::new();
        let mut piece = [0; 8192];
        while let Ok(read) = stream.read(&mut piece) {
            request.extend_from_slice(&piece[..read]);
            if read == 0 {
                break;
            }
            if String::from_utf8_lossy(&request).contains("canary-1") {
                let _gone = heard.lock().unwrap().send(());
            }
        }
    });
    (server, hears)
}

#[test]
fn a_killed_run_tells_what_may_have_been_done() {
    let desk = Desk::new();
    let (hippo, heard) = hearing();
    let (hippo, bindle) = (hippo.url(), closed_port());
    let variables = [("BOWLINE_HOME", desk.home.as_str())];
    let mut child = desk
        .world
        .command(&deploy(&hippo, &bindle), &variables)
        .spawn()
        .unwrap();
    // The login has arrived, and has no answer yet.
    heard.recv_timeout(Duration::from_secs(60)).unwrap();
    let running = desk.json(&["journal", "show", "--last"]);
    assert_eq!(running["state"], "running");
    // SIGKILL: nothing can be written any more.
    child.kill().unwrap();
    let _killed = child.wait().unwrap();

    let shown = desk.json(&["journal", "show", "--last"]);
    assert_eq!(shown["state"], "broken-off");
    assert_eq!(shown["application"], "shop");
    assert_eq!(shown["done"], Value::Array(Vec::new()));
    let maybe = shown["may_have_been_done"].as_array().unwrap();
    assert_eq!(maybe.len(), 1, "{shown}");
    assert_eq!(maybe[0]["method"], "POST");
    assert_eq!(maybe[0]["url"], format!("{hippo}/api/auth-tokens"));
    assert_eq!(maybe[0]["secrets"], serde_json::json!(["hippo-password"]));
    assert_eq!(maybe[0]["status"], Value::Null);
    let text = desk.text();
    assert!(!text.contains("canary"), "{text}");

    let run = shown["run"].as_str().unwrap();
    let by_name = desk.run(&["journal", "show", &run[..13]]);
    assert!(
        by_name.stdout.contains("May have been done"),
        "{}",
        by_name.stdout
    );
    let list = desk.run(&["journal", "list"]);
    assert!(
        list.stdout.contains("broken off, 1 unclear"),
        "{}",
        list.stdout
    );
    let tail = desk.run(&["journal", "tail", "-o", "json"]);
    assert_eq!(tail.stdout, text);
    let tail = desk.run(&["journal", "tail"]);
    assert!(
        tail.stdout.contains(" target POST http://"),
        "{}",
        tail.stdout
    );
}

#[test]
fn nothing_is_no_number_of_runs() {
    let ended = Desk::new().run(&["journal", "list", "-n", "0"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    let said = "invalid value '0' for '--count <NUMBER>'";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
}

#[test]
fn what_never_left_was_not_done() {
    let desk = Desk::new();
    let (hippo, bindle) = (closed_port(), closed_port());
    let ended = desk.run(&deploy(&hippo, &bindle));
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    let shown = desk.json(&["journal", "show", "--last"]);
    assert_eq!(shown["state"], "failed");
    let not_done = shown["not_done"].as_array().unwrap();
    assert_eq!(not_done[0]["error"], "connection refused");
    assert_eq!(shown["may_have_been_done"], Value::Array(Vec::new()));
    assert!(shown["error"].as_str().unwrap().contains("can't reach"));
    assert!(!desk.text().contains("canary"));
}

#[test]
fn without_a_journal_nothing_leaves() {
    let desk = Desk::new();
    fs::create_dir_all(desk.folder().parent().unwrap()).unwrap();
    fs::write(desk.folder(), "in the way").unwrap();
    let (hippo, bindle) = (Server::silent(), Server::silent());
    let ended = desk.run(&deploy(&hippo.url(), &bindle.url()));
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("error: the journal can't be opened ([FOLDER]/home/state/journal)"),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .contains("hint: nothing is sent that is not written down first")
    );
    assert_eq!(hippo.connections() + bindle.connections(), 0);
}

#[cfg(unix)]
#[test]
fn a_journal_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    fs::create_dir_all(desk.folder()).unwrap();
    fs::set_permissions(desk.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    let (hippo, bindle) = (Server::silent(), Server::silent());
    let ended = desk.run(&deploy(&hippo.url(), &bindle.url()));
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("other users have access to it"),
        "{}",
        ended.stderr
    );
    assert_eq!(hippo.connections(), 0);
}

#[test]
fn an_empty_journal_is_told() {
    let desk = Desk::new();
    let list = desk.run(&["journal", "list"]);
    assert_eq!(
        (list.code, list.stdout.as_str()),
        (Some(0), "The journal is empty.\n")
    );
    let show = desk.run(&["journal", "show", "--last"]);
    assert_eq!(show.code, Some(6), "{}", show.stderr);
    let show = desk.run(&["journal", "show", "nonsense"]);
    assert_eq!(show.code, Some(6), "{}", show.stderr);
    assert_eq!(desk.run(&["journal", "show"]).code, Some(2));
}
