use std::fs;
use std::time::Duration;

use proptest::prelude::*;
use reqwest::Request as HttpRequest;

use super::*;
use crate::error::{Denial, Operation};

fn info() -> RunInfo {
    RunInfo {
        operation: "deploy".into(),
        environment: "default".into(),
        target: TargetNote {
            name: "guest".into(),
            version: "1.0.0".into(),
            digest: bowline_app::Digest::of(b"guest"),
        },
        program: "test 1".into(),
    }
}

fn request(method: &str, body: &'static str) -> HttpRequest {
    let method = http::Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = HttpRequest::new(method, "https://a.test/apps?name=x".parse().unwrap());
    *request.body_mut() = (!body.is_empty()).then(|| body.into());
    request
}

#[tokio::test]
async fn a_run_is_read_back_as_it_went() {
    let home = tempfile::tempdir().unwrap();
    let journal = Journal::open(home.path().join("journal")).unwrap();
    let recorder = journal.begin(info()).unwrap();
    let note = |secret: &str| Note {
        during: Some(Operation::Deploy),
        secrets: vec![secret.to_owned()],
        ..Note::default()
    };
    let by = By::Target;
    let mut answered = recorder
        .request(by, &request("POST", "{}"), note("token"))
        .await
        .unwrap();
    answered.status(201);
    answered.data(b"he");
    answered.data(b"llo");
    answered.complete();
    let mut refused = recorder
        .request(by, &request("PUT", ""), Note::default())
        .await
        .unwrap();
    refused.failed("connection refused", true);
    recorder.denied(Operation::Deploy, &Denial::Bindle);
    let lost = request("POST", "x");
    let open = recorder.request(By::Bindle, &lost, Note::default());
    let open = open.await.unwrap();
    let question = request("GET", "");
    let asked = recorder.request(By::Host, &question, Note::default());
    drop(asked.await.unwrap());

    let log = journal.read(recorder.run()).unwrap();
    assert!(log.live && !log.is_broken_off() && log.end.is_none());
    assert_eq!(log.start.as_ref().unwrap().target, info().target);
    let fates: Vec<Fate> = log.effects.iter().map(Effect::fate).collect();
    use Fate::{Asked, Done, MaybeDone, NeverSent};
    assert_eq!(fates, [Done, NeverSent, MaybeDone, Asked]);
    let Effect {
        request, answer, ..
    } = &log.effects[0];
    assert_eq!(request.url, "https://a.test/apps?name=*");
    assert_eq!(request.body, Some(Content::of(b"{}")));
    assert_eq!(request.secrets, ["token"]);
    let answer = answer.as_ref().unwrap();
    assert_eq!((answer.status, answer.complete), (Some(201), true));
    assert_eq!(answer.body, Some(Content::of(b"hello")));
    assert_eq!(log.denied[0].what, Denial::Bindle.to_string());
    assert_eq!(log.effects[2].answer, None);

    drop(open);
    recorder
        .end(Outcome::Failed, Some("it\u{1b}[31m broke"))
        .unwrap();
    let run = recorder.run();
    drop(recorder);
    let log = journal.read(run).unwrap();
    assert_eq!(log.end.unwrap().error.unwrap(), "it[31m broke");
    assert!(!log.live);
    assert_eq!(log.damage, Damage::default());
    assert_eq!(log.effects[2].fate(), MaybeDone);
}

/// What a server made of a request, and not what it is called, tells whether it may have been done.
#[tokio::test]
async fn a_look_that_may_be_more_and_an_answer_that_points_elsewhere_leave_it_open() {
    let home = tempfile::tempdir().unwrap();
    let journal = Journal::open(home.path().join("journal")).unwrap();
    let recorder = journal.begin(info()).unwrap();
    let mut disguised = request("GET", "");
    let headers = disguised.headers_mut();
    headers.insert("x-http-method-override", "DELETE".parse().unwrap());
    for (request, status) in [
        (disguised, 200),
        (request("GET", ""), 302),
        (request("POST", ""), 299),
        (request("POST", ""), 308),
        (request("POST", ""), 499),
        (request("POST", ""), 500),
    ] {
        let receipt = recorder.request(By::Target, &request, Note::default());
        let mut receipt = receipt.await.unwrap();
        receipt.status(status);
        receipt.complete();
    }
    let log = journal.read(recorder.run()).unwrap();
    let fates: Vec<Fate> = log.effects.iter().map(Effect::fate).collect();
    use Fate::{Asked, Done, MaybeDone, Refused};
    assert_eq!(fates, [Done, Asked, Done, MaybeDone, Refused, MaybeDone]);
    let overridden = &log.effects[0].request.overridden_by;
    assert_eq!(overridden.as_deref(), Some("x-http-method-override"));
}

/// What can't be written down doesn't leave, and nothing after it.
#[tokio::test]
async fn without_its_line_nothing_leaves() {
    let home = tempfile::tempdir().unwrap();
    let journal = Journal::open(home.path().join("journal")).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url: url::Url = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    for method in ["GET", "POST"] {
        let mut recorder = journal.begin(info()).unwrap();
        // Which takes nothing more, as if the disk was full.
        let closed = fs::File::open(recorder.path()).unwrap();
        recorder.write_to(closed);
        let client = crate::HttpClient::new(&crate::HttpOptions::default()).unwrap();
        let client = client.recorded(&recorder);
        for _ in 0..2 {
            let method = http::Method::from_bytes(method.as_bytes()).unwrap();
            let pool = client
                .pool(crate::grant::Reach::Anywhere, &url, false)
                .await
                .unwrap();
            let request = HttpRequest::new(method, url.clone());
            let refused = client.execute(pool, request, Note::default()).await;
            let refused = refused.err().unwrap().to_string();
            assert!(refused.contains("journal"), "{refused}");
        }
    }
    assert!(listener.accept().is_err(), "nobody came");
}

/// What may change something doesn't leave before its line is on the disk.
#[cfg(unix)]
#[tokio::test]
async fn what_can_not_be_synced_does_not_leave() {
    let home = tempfile::tempdir().unwrap();
    let journal = Journal::open(home.path().join("journal")).unwrap();
    for (method, leaves) in [("POST", false), ("DELETE", false), ("GET", true)] {
        let mut recorder = journal.begin(info()).unwrap();
        // A pipe takes lines, but can't bring them to a disk.
        let (_reader, writer) = io::pipe().unwrap();
        recorder.write_to(std::os::fd::OwnedFd::from(writer).into());
        let request = request(method, "");
        let recorded = recorder.request(By::Target, &request, Note::default());
        assert_eq!(recorded.await.is_ok(), leaves, "{method}");
    }
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("a/journal");
    let recorder = Journal::open(&folder).unwrap().begin(info()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(recorder.path())), (0o700, 0o600));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let error = Journal::open(&folder).unwrap_err();
    assert!(error.to_string().contains("other users"), "{error}");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_folder_that_is_a_file_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal");
    fs::write(&path, "").unwrap();
    let error = Journal::open(&path).unwrap_err();
    assert_eq!(error.path(), path);
}

#[test]
fn old_runs_go_and_those_that_run_stay() {
    let home = tempfile::tempdir().unwrap();
    let journal = Journal::open(home.path().join("journal")).unwrap();
    let running = journal.begin(info()).unwrap();
    let mut ended = Vec::new();
    for _ in 0..4 {
        // Names of the same millisecond are in no order.
        std::thread::sleep(Duration::from_millis(2));
        ended.push(journal.begin(info()).unwrap().run());
    }
    fs::write(journal.folder().join("notes.txt"), "mine").unwrap();
    folder::prune(journal.folder(), 3, u64::MAX).unwrap();
    assert_eq!(journal.runs().unwrap(), [ended[3], ended[2], running.run()]);
    folder::prune(journal.folder(), 10, 1).unwrap();
    assert_eq!(journal.runs().unwrap(), [running.run()]);
    assert!(journal.folder().join("notes.txt").exists());
}

#[test]
fn each_new_run_takes_the_place_of_an_old_one() {
    let home = tempfile::tempdir().unwrap();
    let journal = Journal::open(home.path().join("journal")).unwrap();
    for _ in 0..MAX_RUNS + 10 {
        fs::write(journal.path(RunId::new()), "x").unwrap();
    }
    let new = journal.begin(info()).unwrap();
    assert_eq!(journal.runs().unwrap().len(), MAX_RUNS);
    assert!(journal.path(new.run()).exists());
}

/// As several programs do that begin at the same time.
#[test]
fn old_runs_can_be_removed_by_several_at_once() {
    let home = tempfile::tempdir().unwrap();
    for _ in 0..500 {
        fs::write(home.path().join(RunId::new().file_name()), "x").unwrap();
    }
    std::thread::scope(|scope| {
        let prune = || folder::prune(home.path(), 0, 0);
        let all: Vec<_> = (0..4).map(|_| scope.spawn(prune)).collect();
        for one in all {
            one.join().unwrap().unwrap();
        }
    });
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_folder_has_no_runs() {
    let home = tempfile::tempdir().unwrap();
    let journal = Journal::at(home.path().join("journal"));
    assert!(journal.runs().unwrap().is_empty());
    let error = journal.read(RunId::new()).unwrap_err();
    assert!(matches!(error, ReadError::NoRun(_)));
}

#[test]
fn a_torn_end_and_foreign_lines_leave_the_rest() {
    let home = tempfile::tempdir().unwrap();
    let journal = Journal::open(home.path().join("journal")).unwrap();
    let run = journal.begin(info()).unwrap().run();
    let mut text = fs::read(journal.path(run)).unwrap();
    text.extend_from_slice(b"{\"line\":\"denied\",\"at\":1,\"what\":\"x\",\"new\":1}\n");
    text.extend_from_slice(b"nonsense\n{\"line\":\"answer\",\"at\":1,\"n\":7,\"took\":1}\n");
    text.extend_from_slice(&vec![b'x'; 200 << 10]);
    text.extend_from_slice(b"\n{\"line\":\"denied\",\"at\":1,\"what\":\"y\"}\n{\"line\":\"req");
    fs::write(journal.path(run), &text).unwrap();
    let log = journal.read(run).unwrap();
    let denied: Vec<&str> = log
        .denied
        .iter()
        .map(|denied| denied.what.as_str())
        .collect();
    assert_eq!(denied, ["x", "y"]);
    assert!(log.start.is_some() && log.is_broken_off());
    assert_eq!((log.damage.unreadable, log.damage.torn), (3, true));
}

#[test]
fn runs_are_named_by_their_time() {
    let run = RunId::new();
    assert!(run::now() - run.began() < 60_000);
    assert_eq!(run.to_string().parse(), Ok(run));
    assert_eq!(run.to_string().as_bytes()[14], b'7');
    assert!("x".parse::<RunId>().is_err());
    assert_eq!(
        RunId::of_file(run.to_string().to_uppercase().as_ref()),
        None
    );
}

proptest! {
    /// Whatever is in a file, reading it ends, and finds what is whole.
    #[test]
    fn reading_survives_everything(mut bytes in proptest::collection::vec(any::<u8>(), 0..2000), at in 0usize..2000) {
        let line = b"\n{\"line\":\"denied\",\"at\":1,\"what\":\"x\"}\n";
        let at = at.min(bytes.len());
        bytes.splice(at..at, line.iter().copied());
        let log = RunLog::read(RunId::new(), bytes.as_slice()).unwrap();
        prop_assert!(log.denied.iter().any(|denied| denied.what == "x"));
    }
}
