//! Requests of a guest through the sandbox, and of reqwest without one.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bowline_app::Application;
use bowline_host::journal::{Journal, RunInfo, TargetNote};
use bowline_host::{
    Approval, Artifact, Engine, EngineOptions, Environment, HttpClient, HttpOptions, Limits,
    Session, Target,
};
use bowline_tests::command::Home;
use bowline_tests::platform::Platform;
use bowline_tests::sample::Sample;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::measure::{figure, heading, in_turn, median, ratio, time, timed};

const REQUESTS: u32 = 1000;
const TIMES: usize = 5;
/// How often the servers are started anew: the same code has other figures with each start.
const STARTS: u32 = 7;
/// As long as those that Hippo gives.
const TOKEN: &str =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJlLW9mLTMyLWJ5dGVzLWxpa2UtSE1BQy1TSEEyNTY";
/// About what the sandbox adds to a request.
const LATER: Duration = Duration::from_micros(10);

/// Which of the processors the servers and the client run on; all, if none is said.
///
/// Where the operating system places the threads, it decides anew all the time, and more depends on that than on the sandbox: whether the
/// thread that a request or an answer wakes is on the same processor, or on one that sleeps.
struct Placement {
    name: &'static str,
    servers: Option<usize>,
    client: Option<usize>,
}

impl Placement {
    fn is_chosen(&self) -> bool {
        self.client.is_some()
    }
}

const PLACEMENTS: [Placement; 3] = [
    Placement {
        name: "all on one processor",
        servers: Some(0),
        client: Some(0),
    },
    Placement {
        name: "a processor for the servers, one for the client",
        servers: Some(1),
        client: Some(0),
    },
    Placement {
        name: "wherever the system places them",
        servers: None,
        client: None,
    },
];

const SERVERS: [&str; 2] = [
    "bowline-local, its /healthz",
    "a server that does nothing but answer",
];

/// What was measured with one start of a server: medians.
struct Times {
    guest: Duration,
    reqwest: Duration,
    /// Of reqwest that is busy before each request, where the system places the threads.
    later: Option<Duration>,
    /// The guest's start and end.
    once: Duration,
}

pub fn run() {
    heading(&format!(
        "{REQUESTS} small GET requests on loopback, one after the other: mean of {STARTS} starts of the servers, median of {TIMES} for each"
    ));
    let everywhere = allowed();
    let engine = Engine::new(&EngineOptions::default()).expect("there is an engine");
    let artifact = Artifact::from_bytes(bowline_guest_artifacts::polls()).expect("it is a target");
    let target = Target::load(&engine, artifact).expect("the guest can be compiled");
    for placement in &PLACEMENTS {
        let starts = (0..STARTS).map(|_| measure(&target, placement, &everywhere));
        let starts: Option<Vec<_>> = starts.collect();
        keep_to(None, &everywhere);
        let Some(starts) = starts else {
            figure(&format!("{}: not on this machine", placement.name), "", "");
            continue;
        };
        for (index, server) in SERVERS.iter().enumerate() {
            figure(&format!("{server}; {}", placement.name), "", "");
            report(starts.iter().map(|times| &times[index]));
        }
    }
}

fn report<'a>(times: impl Iterator<Item = &'a Times> + Clone) {
    let mean = |time: fn(&Times) -> Duration| times.clone().map(time).sum::<Duration>() / STARTS;
    ratio(
        "a request of a guest",
        mean(|it| it.guest),
        "reqwest alone, same client",
        mean(|it| it.reqwest),
        "1.30 or less",
    );
    if let Some(later) = times.clone().map(|it| it.later).sum::<Option<Duration>>() {
        figure(
            "  reqwest that is busy for 10 µs before each, those not counted",
            time(later / STARTS),
            "",
        );
    }
    figure(
        "the guest's start and end, once",
        time(mean(|it| it.once)),
        "",
    );
}

/// Starts the servers, and asks both. Nothing if the threads can't be placed so.
fn measure(
    target: &Target,
    placement: &Placement,
    everywhere: &str,
) -> Option<[Times; SERVERS.len()]> {
    if !keep_to(placement.servers, everywhere) && placement.is_chosen() {
        return None;
    }
    let home = Home::new();
    let platform = Platform::start(home.path());
    let hippo = format!("{}/healthz", platform.setting("HIPPO_URL"));
    let bare = bare_server();
    keep_to(placement.client, everywhere);
    // As bowline's.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors.max(2))
        .enable_all()
        .build()
        .expect("a runtime can be made");
    Some([hippo, bare].map(|url| compare(&url, target, &runtime, placement)))
}

/// The processors that this process may run on, in the words of Linux (`0-3,8`); nothing on other systems.
fn allowed() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.unwrap_or_default().trim().to_owned()
}

/// Has this thread, and the threads and processes that it starts from now on, run on that one of these processors, or on all of them. `false`
/// if there is none, or no `taskset` (of util-linux).
fn keep_to(processor: Option<usize>, everywhere: &str) -> bool {
    let numbers = everywhere.split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse::<usize>().ok()?..=last.parse().ok()?)
    });
    let list = match processor {
        None if everywhere.is_empty() => return true,
        None => Some(everywhere.to_owned()),
        Some(index) => numbers
            .flatten()
            .nth(index)
            .map(|number| number.to_string()),
    };
    let Some(list) = list else {
        return false;
    };
    let thread = std::process::id().to_string();
    Command::new("taskset")
        .args(["--pid", "--cpu-list", &list, &thread])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn compare(url: &str, target: &Target, runtime: &Runtime, placement: &Placement) -> Times {
    let mut options = HttpOptions::default();
    options.system_proxy = false;
    let http = HttpClient::new(&options).expect("an HTTP client can be made");
    let application =
        Arc::new(Application::load(Sample::new().path()).expect("the application can be read"));
    // As in bowline: with the journal on, on the disk that builds are on, for `/tmp` may be in memory.
    let folder = tempfile::Builder::new()
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder can be made");
    let journal = Journal::open(folder.path().join("journal")).expect("the journal can be made");
    let recorder = journal.begin(run_info(target)).expect("a run can begin");
    let recorded = http.recorded(&recorder);
    let session = |times: u32| {
        let environment = Environment::new("default")
            .with_setting("server-url", url.to_owned())
            .with_setting("times", times.to_string())
            .with_setting("token", TOKEN.to_owned());
        let description = runtime
            .block_on(target.describe())
            .expect("it is described");
        let wants = runtime.block_on(target.wants());
        let approval = Approval::of(wants.expect("it is described"));
        let mut limits = Limits::default();
        limits.requests = REQUESTS;
        Session::new(environment, recorded.clone())
            .granting(&description, &approval)
            .expect("the URL is good")
            .with_limits(limits)
    };
    let (once, often) = (session(0), session(REQUESTS));
    // Both as bowline does it: among the runtime's tasks.
    let deploy = |session: &Session| {
        let (target, application) = (target.clone(), Arc::clone(&application));
        let session = session.clone();
        let work = async move { target.deploy(application, &session).await };
        let (done, time) = timed(|| runtime.block_on(runtime.spawn(work)));
        done.expect("nothing panics")
            .expect("the guest gets its answers");
        time
    };
    let direct = |pause: Duration| {
        let requests = send(http.reqwest().clone(), url.to_owned(), pause);
        let (done, time) = timed(|| runtime.block_on(runtime.spawn(requests)));
        done.expect("nothing panics");
        time
    };
    let reqwest = || direct(Duration::ZERO);
    reqwest();
    deploy(&often);
    let (guest, reqwest) = in_turn(TIMES, || deploy(&often), reqwest);
    let once = median((0..TIMES).map(|_| deploy(&once)).collect());
    let later = || (direct(LATER) / REQUESTS).saturating_sub(LATER);
    let later = (!placement.is_chosen()).then(|| median((0..TIMES).map(|_| later()).collect()));
    Times {
        guest: guest.saturating_sub(once) / REQUESTS,
        reqwest: reqwest / REQUESTS,
        later,
        once,
    }
}

async fn send(http: reqwest::Client, url: String, pause: Duration) {
    for _ in 0..REQUESTS {
        let start = Instant::now();
        while start.elapsed() < pause {
            std::hint::spin_loop();
        }
        let request = http.get(&url).bearer_auth(TOKEN);
        let answer = request.send().await.expect("it answers");
        answer.bytes().await.expect("the body arrives");
    }
}

fn run_info(target: &Target) -> RunInfo {
    RunInfo {
        operation: "deploy".to_owned(),
        environment: "default".to_owned(),
        target: TargetNote {
            name: "polls".to_owned(),
            version: "0.1.0".to_owned(),
            digest: *target.digest(),
        },
        program: "ratios".to_owned(),
    }
}

/// Answers each request with the same few bytes, as soon as its header has come.
fn bare_server() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener
        .set_nonblocking(true)
        .expect("the socket can be set up");
    let address = listener.local_addr().expect("the socket is bound");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("the socket can be used");
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(answer(client));
            }
        });
    });
    format!("http://{address}/")
}

async fn answer(mut client: TcpStream) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut head = Vec::new();
    while client.read_buf(&mut head).await? > 0 {
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            let answer =
                b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello";
            client.write_all(answer).await?;
        }
    }
    Ok(())
}
