//! SIP 001's rules of authentication: every way to say who one is, and what comes of it.

use bowline_tests::command::Bowline;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::terminal::Terminal;

use crate::world::World;

/// How something is given.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Nothing,
    Flag,
    /// A flag whose value is the name of a file.
    File,
    Variable,
}

/// What comes of it.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// It goes on with what was given, after so many logins.
    Goes(usize),
    /// Refused before anything is sent, naming both.
    Conflict,
    /// There is nobody to ask for what is missing.
    Missing(&'static str),
}

use By::{File, Flag, Nothing, Variable};
use Outcome::{Conflict, Goes, Missing};

/// How token, username and password are given, without a terminal and without a kept login.
const RULES: &[(By, By, By, Outcome)] = &[
    (Flag, Nothing, Nothing, Goes(0)),
    (File, Nothing, Nothing, Goes(0)),
    (Variable, Nothing, Nothing, Goes(0)),
    (Nothing, Flag, Flag, Goes(1)),
    (Nothing, Flag, File, Goes(1)),
    (Nothing, Flag, Variable, Goes(1)),
    (Nothing, Variable, Flag, Goes(1)),
    (Nothing, Variable, Variable, Goes(1)),
    (Flag, Flag, Nothing, Conflict),
    (Flag, Variable, Nothing, Conflict),
    (Variable, Flag, Nothing, Conflict),
    (Variable, Variable, Nothing, Conflict),
    (Flag, Nothing, Flag, Conflict),
    (Flag, Nothing, Variable, Conflict),
    (Variable, Nothing, Flag, Conflict),
    (Variable, Nothing, File, Conflict),
    (Variable, Nothing, Variable, Conflict),
    (Flag, Flag, Flag, Conflict),
    (Variable, Variable, Variable, Conflict),
    (Nothing, Flag, Nothing, Missing("no hippo-password")),
    (Nothing, Variable, Nothing, Missing("no hippo-password")),
    (Nothing, Nothing, Flag, Missing("no hippo-username")),
    (
        Nothing,
        Nothing,
        Nothing,
        Missing("no hippo-username, no hippo-password"),
    ),
];

fn give(world: &World, command: Bowline, name: &str, by: By, value: &str) -> Bowline {
    let file = world.home.path().join(format!("{name}.txt"));
    match by {
        Nothing => command,
        Flag => command.arg(format!("--hippo-{name}={value}")),
        File => {
            std::fs::write(&file, format!("{value}\n")).unwrap();
            command.arg(format!("--hippo-{name}=@{}", file.display()))
        }
        Variable => command.env(&format!("HIPPO_{}", name.to_uppercase()), value),
    }
}

fn source(name: &str, by: By) -> String {
    match by {
        Variable => format!("the variable HIPPO_{}", name.to_uppercase()),
        _ => format!("the flag --hippo-{name}"),
    }
}

#[test]
fn every_way_to_say_who_one_is() {
    let world = World::new();
    let token = world.token();
    for row @ &(token_by, user_by, password_by, outcome) in RULES {
        let before = (world.logins(), world.line.seen().len());
        let command = give(&world, world.plan(&[]), "token", token_by, &token);
        let command = give(&world, command, "username", user_by, world.user());
        let command = give(&world, command, "password", password_by, world.password());
        let ran = command.run();
        eprintln!("{row:?}");
        let said = ran.stderr.clone();
        assert!(!said.contains(&token) && !said.contains(world.password()));
        match outcome {
            Goes(logins) => {
                ran.success();
                assert_eq!(world.logins() - before.0, logins);
                assert_eq!(world.kept(), None, "what a script gives is not kept");
            }
            Conflict => {
                let other = if user_by == Nothing {
                    source("password", password_by)
                } else {
                    source("username", user_by)
                };
                ran.fails(
                    2,
                    &["hippo-token and hippo-", &source("token", token_by), &other],
                );
                assert_eq!(world.line.seen().len(), before.1, "nothing was sent");
            }
            Missing(what) => {
                let flags = ["--hippo-username or HIPPO_USERNAME", "bowline login"];
                ran.fails(4, &[what, flags[0], flags[1]]);
                assert_eq!(world.logins(), before.0);
            }
        }
    }
    // From standard input, for each secret.
    for (flag, value) in [("token", token.as_str()), ("password", world.password())] {
        let command = world.plan(&[]).arg(format!("--hippo-{flag}-stdin"));
        let command = match flag {
            "token" => command,
            _ => command.arg(format!("--hippo-username={}", world.user())),
        };
        command.run_with(value.as_bytes()).success();
    }
    let both = ["--hippo-token-stdin", "--bindle-password-stdin"];
    world.plan(&both).run_with(b"x").fails(2, &both);
    world
        .plan(&["--hippo-token-stdin"])
        .run_with(b"")
        .fails(2, &["--hippo-token-stdin", "holds nothing"]);
}

/// `bowline plan` on a terminal.
fn on_a_terminal(world: &World, line: &[&str]) -> Terminal {
    Terminal::start(world.plan(line), 100)
}

#[test]
fn what_is_missing_is_asked_for_and_the_login_kept() {
    let world = World::new();
    let (user, password) = (
        format!("{}\r", world.user()),
        format!("{}\r", world.password()),
    );

    // Nothing at all: both, and for which server the password is.
    let mut terminal = on_a_terminal(&world, &[]);
    terminal
        .expect("Hippo user name (hippo-username)")
        .press(&user);
    let server = world.line.origin();
    terminal
        .expect(&format!("Hippo password (hippo-password for {server})"))
        .press(&password);
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(!seen.contains(world.password()), "it is not shown: {seen}");
    let kept = world.kept().unwrap();
    assert_eq!(world.logins(), 1);

    // The kept login: nobody is asked, on a terminal or not.
    let (code, seen) = on_a_terminal(&world, &[]).end();
    assert_eq!(code, Some(0), "{seen}");
    world.plan(&[]).run().success();
    assert_eq!((world.logins(), world.kept()), (1, Some(kept.clone())));

    // A username without a password asks for that, whatever is kept, and the new login is kept.
    let mut terminal = on_a_terminal(&world, &["--hippo-username", world.user()]);
    terminal.expect("Hippo password").press(&password);
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(!seen.contains("Hippo user name"), "{seen}");
    assert_eq!(world.logins(), 2);

    // What is given for one run goes before what is kept, and leaves it as it is.
    let kept = world.kept();
    world
        .plan(&[])
        .env("HIPPO_USERNAME", world.user())
        .env("HIPPO_PASSWORD", world.password())
        .run()
        .success();
    assert_eq!((world.logins(), world.kept()), (3, kept));
}

#[test]
fn a_kept_login_that_has_ended_is_renewed() {
    let world = World::new();
    world.log_in();
    let good = world.kept().unwrap();

    // Where there is nobody to ask it is said, and the login that is of no use is forgotten.
    let end = |world: &World| {
        world.meddle(|login| {
            login.insert("secret".into(), "e30.e30.canary".into());
        });
    };
    end(&world);
    let refused = world.plan(&[]).run().fails(
        4,
        &["no hippo-username, no hippo-password", "bowline login"],
    );
    assert!(!refused.stderr.contains("canary"));
    assert_eq!(world.kept(), None);

    // On a terminal it is asked for again, with the name of the last time.
    world.log_in();
    end(&world);
    let before = world.logins();
    let mut terminal = on_a_terminal(&world, &[]);
    terminal
        .expect("Hippo user name")
        .expect(world.user())
        .press("\r");
    terminal
        .expect("Hippo password")
        .press(&format!("{}\r", world.password()));
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    assert_eq!(world.logins() - before, 1);
    let renewed = world.kept().unwrap();
    assert!(renewed != good && renewed != "e30.e30.canary");
    world.plan(&[]).run().success();
}

#[test]
fn a_user_for_bindle_is_asked_for_a_password() {
    let world = World::new();
    let bindle = Meddler::start(Some(world.platform.address("BINDLE_SERVER_URL")), |_| {
        Act::Forward
    });
    let deploy = || {
        world
            .bowline(&["deploy", "--bindle-username=ann", "--readiness-timeout=0"])
            .arg("-f")
            .arg(world.sample.path())
            .env("HIPPO_TOKEN", world.token())
            .env("BINDLE_SERVER_URL", format!("{}/v1", bindle.origin()))
    };
    let question = format!("(bindle-password for {})", bindle.origin());
    let mut terminal = Terminal::start(deploy(), 100);
    terminal.expect(&question).press("p\u{e4}ss:word\r");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(!seen.contains("ss:word"), "it is not shown: {seen}");
    // RFC 7617: base64 of `ann:päss:word` in UTF-8.
    let basic = "Basic YW5uOnDDpHNzOndvcmQ=";
    let seen = bindle.seen();
    assert!(!seen.is_empty() && seen.iter().all(|it| it.headers.contains(basic)));

    // No answer, and nobody to give one.
    let mut terminal = Terminal::start(deploy(), 100);
    terminal.expect(&question).press("\r");
    let (code, said) = terminal.end();
    assert_eq!(code, Some(2), "{said}");
    deploy().run().fails(2, &["there is no password"]);
    assert_eq!(bindle.seen().len(), seen.len());
}

#[test]
fn a_clock_that_is_wrong_does_not_matter() {
    let world = World::new();
    world.log_in();
    let before = world.logins();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64;
    // An hour fast: the login seems to have ended, and is good.
    world.meddle(|login| {
        login.insert("expires-at".into(), (now - 1800).into());
    });
    let asked = world.bowline(&["whoami", "-o", "json"]).run().exit(4);
    assert_eq!(asked.json("whoami")["seems_expired"], true);
    world.plan(&[]).run().success();
    assert_eq!(world.logins(), before);
    // An hour slow: it seems good, and is refused.
    world.meddle(|login| {
        login.insert("expires-at".into(), (now + 3600).into());
        login.insert("secret".into(), "e30.e30.e30".into());
    });
    world.bowline(&["whoami"]).run().success();
    let mut terminal = on_a_terminal(&world, &[]);
    terminal.expect("Hippo user name").press("\r");
    terminal
        .expect("Hippo password")
        .press(&format!("{}\r", world.password()));
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
}

#[test]
fn questions_can_be_left() {
    let world = World::new();
    // Enter alone answers nothing.
    let mut terminal = on_a_terminal(&world, &["--hippo-username", world.user()]);
    terminal.expect("Hippo password").press("\r");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(4), "{seen}");
    assert!(seen.contains("no hippo-password"), "{seen}");
    // Ctrl-C ends it at once, and what is typed after that can be seen again.
    let command = world.plan(&["--hippo-username", world.user()]).command();
    let words: Vec<_> = command
        .get_args()
        .map(|word| word.to_str().unwrap())
        .collect();
    let line = format!(
        "trap : INT; {} {}; echo \"code $?\"; stty -a | grep -o -- '-*echo '",
        command.get_program().display(),
        words.join(" ")
    );
    let shell = world.plan(&[]).instead("sh", &["-c", &line]);
    let mut terminal = Terminal::start(shell, 100);
    terminal.expect("Hippo password").press("abc\u{3}");
    terminal.expect("code 130");
    let (_, seen) = terminal.end();
    let after = seen.split("code 130").nth(1).unwrap();
    assert_eq!(after.trim(), "echo", "{seen}");
    assert!(!seen.contains("abc"), "{seen}");
    // `--no-input` and CI: nobody is there, terminal or not.
    for (line, ci) in [(&["--no-input"][..], None), (&[], Some("true"))] {
        let command = world.plan(line);
        let command = match ci {
            Some(ci) => command.env("CI", ci),
            None => command,
        };
        let (code, seen) = Terminal::start(command, 40).end();
        assert_eq!(code, Some(4), "{seen}");
        assert!(
            seen.contains("no hippo-username, no hippo-password"),
            "{seen}"
        );
    }
}

#[test]
fn a_closed_input_is_nobody() {
    let world = World::new();
    for (line, code, words) in [
        (&[][..], 4, "no hippo-username, no hippo-password"),
        (&["--hippo-token-stdin"], 2, "holds nothing"),
    ] {
        let command = world.plan(line).command();
        let words_of = command.get_args().map(|word| word.to_str().unwrap());
        let words_of: Vec<_> = words_of.collect();
        let program = command.get_program().display();
        let line = format!("exec {program} {} <&-", words_of.join(" "));
        let shell = world.plan(&[]).instead("sh", &["-c", &line]);
        shell
            .env("PATH", "/usr/bin:/bin")
            .run()
            .fails(code, &[words]);
    }
}

#[test]
fn a_server_that_is_missing_is_asked_for_and_checked() {
    let world = World::new();
    let login = world
        .home
        .bowline(["login"])
        .env("HIPPO_USERNAME", world.user())
        .env("HIPPO_PASSWORD", world.password());
    let mut terminal = Terminal::start(login, 40);
    terminal
        .expect("URL of the Hippo server")
        .press("hippo.test\r");
    terminal.expect("is not a URL");
    terminal
        .expect("URL of the Hippo server")
        .press(&format!("{}\r", world.line.origin()));
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    // It is kept: the next command needs no variable.
    let who = world.home.bowline(["whoami"]).run().success().stdout;
    assert!(
        who.contains(&world.line.origin()) && who.contains(world.user()),
        "{who}"
    );
}

#[test]
fn a_narrow_terminal_shows_one_thing_below_the_other() {
    let world = World::new();
    let (code, seen) = Terminal::start(world.bowline(&["settings"]), 40).end();
    assert_eq!(code, Some(0), "{seen}");
    let lines: Vec<&str> = seen.lines().map(str::trim_end).collect();
    let at = lines.iter().position(|line| line.contains("hippo-channel"));
    let at = at.unwrap();
    assert_eq!(lines[at + 1..at + 3], ["  spin-deploy", "  the default"]);
    let (_, seen) = Terminal::start(world.bowline(&["deploy", "--help"]), 40).end();
    // Only examples, which are there to be copied, are longer than the terminal is wide.
    for line in seen.lines().filter(|line| !line.contains("bowline")) {
        let mut shown = 0;
        let mut in_style = false;
        for character in line.trim_end().chars() {
            match character {
                '\u{1b}' => in_style = true,
                'm' if in_style => in_style = false,
                _ if in_style => {}
                _ => shown += 1,
            }
        }
        assert!(shown <= 80, "{shown}: {line}");
    }
}
