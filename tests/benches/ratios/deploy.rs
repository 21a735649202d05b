//! Deploying what is deployed already, and what the sandbox costs in it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bowline_app::Application;
use bowline_host::{
    Approval, Artifact, Engine, EngineOptions, Environment, HttpClient, Session, Target,
};
use bowline_tests::command::Home;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::platform::Platform;
use bowline_tests::programs::example;
use tokio::runtime::Runtime;
use url::Url;

use crate::child;
use crate::measure::{figure, heading, in_turn, median, ratio, time, timed};
use crate::native::{self, Native};

const TIMES: usize = 15;

pub fn run() {
    let folder = example("hello-rust");
    let home = Home::new();
    let platform = Platform::start(home.path());
    let deploy = |settings: &BTreeMap<String, String>| {
        let command = home
            .bowline(["deploy", "--from"])
            .arg(&folder)
            .envs(settings);
        let (ran, time) = timed(|| command.run());
        ran.success();
        time
    };

    heading("First deploy ever of examples/hello-rust");
    let first = deploy(platform.settings());
    figure(
        "the whole process, with compiling and uploading",
        time(first),
        "",
    );
    let compiling = (0..5).map(|_| timed(|| load(&EngineOptions::default())).1);
    figure(
        "compiling the Hippo component, median of 5",
        time(median(compiling.collect())),
        "under 1 s",
    );

    heading(&format!(
        "Deploying it again, unchanged, to a running bowline-local, median of {TIMES}"
    ));
    figure(
        "requests of `bowline deploy`, login and readiness included",
        requests(&platform, &deploy),
        "10 or less",
    );
    let (sandboxed, plain) = in_turn(
        TIMES,
        || deploy(platform.settings()),
        || native_process(&home, &platform, &folder),
    );
    ratio(
        "`bowline deploy`, the whole process",
        sandboxed,
        "a process that runs the target's plain Rust logic",
        plain,
        "",
    );
    within_one_process(&home, &platform, &folder);
    start_of_the_sandbox(&home);
}

/// Counts what goes through to the platform.
fn requests(platform: &Platform, deploy: &dyn Fn(&BTreeMap<String, String>) -> Duration) -> usize {
    let before = |name: &str| {
        let url: Url = platform.setting(name).parse().expect("it is a URL");
        let port = url.port().expect("it has a port of its own");
        let upstream = SocketAddr::from(([127, 0, 0, 1], port));
        let meddler = Meddler::start(Some(upstream), |_| Act::Forward);
        let url: Url = meddler.url().parse().expect("it is a URL");
        (meddler, url.port().expect("it has a port of its own"))
    };
    let (hippo, hippo_port) = before("HIPPO_URL");
    let (bindle, bindle_port) = before("BINDLE_SERVER_URL");
    let mut settings = platform.settings().clone();
    for (name, value) in [
        ("HIPPO_URL", format!("http://127.0.0.1:{hippo_port}")),
        ("HIPPO_APP_URL", format!("http://{{domain}}:{hippo_port}")),
        (
            "BINDLE_SERVER_URL",
            format!("http://127.0.0.1:{bindle_port}/v1"),
        ),
    ] {
        settings.insert(name.to_owned(), value);
    }
    deploy(&settings);
    let seen: Vec<_> = hippo.seen().into_iter().chain(bindle.seen()).collect();
    for request in &seen {
        println!("  {} {}", request.method, request.path);
    }
    seen.len()
}

fn native_process(home: &Home, platform: &Platform, folder: &Path) -> Duration {
    let folder = folder.to_str().expect("the path is text");
    let mut command = child::command(&["deploy", folder]);
    command
        .env_clear()
        .env("BOWLINE_HOME", home.path())
        .envs(platform.settings());
    let (output, time) = timed(|| command.output().expect("this program can start itself"));
    assert!(output.status.success(), "{output:?}");
    time
}

fn load(options: &EngineOptions) -> Target {
    let engine = Engine::new(options).expect("there is an engine");
    let artifact = Artifact::from_bytes(bowline_builtin::HIPPO).expect("it is a target");
    Target::load(&engine, artifact).expect("it can be loaded")
}

fn cached(home: &Home) -> EngineOptions {
    EngineOptions::with_cache(home.path().join("cache").join("compiled"))
}

/// The deploy alone, without process start and readiness; the target is loaded from the cache each time.
fn within_one_process(home: &Home, platform: &Platform, folder: &Path) {
    let runtime = Runtime::new().expect("a runtime can be made");
    let http = native::http_client();
    let application = Application::load(folder).expect("the application can be read");
    let application = Arc::new(application);
    let settings = native::settings(platform.settings());
    let client = |http: &HttpClient| {
        native::bindle_client(http, platform.setting("BINDLE_SERVER_URL"), home.path())
    };
    let sandboxed = || {
        let bindle = client(&http);
        let deploy = async {
            let target = load(&cached(home));
            let description = target.describe().await.expect("it is described");
            let approval = Approval::of(target.wants().await.expect("it is described"));
            let environment = settings
                .iter()
                .fold(Environment::new("default"), |all, (name, value)| {
                    all.with_setting(name.clone(), value.clone())
                });
            let session = Session::new(environment, http.clone())
                .granting(&description, &approval)
                .expect("the URL is good")
                .with_bindle(bindle);
            target
                .deploy_authenticated(Arc::clone(&application), &session)
                .await
                .expect("the deploy succeeds");
        };
        timed(|| runtime.block_on(deploy)).1
    };
    let plain = || {
        let bindle = client(&http);
        let native = Native::new(&runtime, &http, bindle, Arc::clone(&application));
        timed(|| native.deploy(&settings)).1
    };
    let (sandboxed, plain) = in_turn(TIMES, sandboxed, plain);
    ratio(
        "login, push and deploy in one process, sandbox made anew",
        sandboxed,
        "the target's plain Rust logic on the same client",
        plain,
        "",
    );
    figure(
        "  the sandbox adds",
        time(sandboxed.saturating_sub(plain)),
        "under 10 ms",
    );
}

/// What there is to do before a target does anything.
fn start_of_the_sandbox(home: &Home) {
    let runtime = Runtime::new().expect("a runtime can be made");
    let mut parts = [const { Vec::new() }; 5];
    for _ in 0..TIMES * 3 {
        let (engine, making) = timed(|| Engine::new(&cached(home)).expect("there is an engine"));
        let (artifact, checking) =
            timed(|| Artifact::from_bytes(bowline_builtin::HIPPO).expect("it is a target"));
        let (target, loading) =
            timed(|| Target::load(&engine, artifact).expect("it can be loaded"));
        let (described, describing) = timed(|| runtime.block_on(target.describe()));
        described.expect("it is described");
        let sum = making + checking + loading + describing;
        for (part, time) in parts
            .iter_mut()
            .zip([making, checking, loading, describing, sum])
        {
            part.push(time);
        }
    }
    let names = [
        "  engine",
        "  hash and check of the component's outline",
        "  cached machine code and linking",
        "  instance and `describe`",
        "the sandbox, from nothing to a described target",
    ];
    for (name, part) in names.into_iter().zip(parts) {
        let aim = if name.starts_with(' ') {
            ""
        } else {
            "under 10 ms"
        };
        figure(name, time(median(part)), aim);
    }
}
