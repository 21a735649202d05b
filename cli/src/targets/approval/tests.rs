use super::*;

fn wants(network: &[&str], bindle: bool) -> Wants {
    let mut wants = Wants::default();
    wants.bindle = bindle;
    wants.network = network.iter().map(|rule| rule.parse().unwrap()).collect();
    wants
}

fn say(line: &str) -> Say {
    try_say(line).unwrap()
}

fn try_say(line: &str) -> Result<Say, Error> {
    let line = format!("bowline deploy --no-input {line}");
    let matches = crate::command::command(None)
        .try_get_matches_from(line.split_whitespace())
        .unwrap();
    let matches = matches.subcommand_matches("deploy").unwrap();
    let environment = matches.get_one::<String>("environment-name");
    let environment = environment.map_or("default", String::as_str);
    Say::read(matches, environment, &Variables::default())
}

fn acme(wants: &Wants) -> Asking<'_> {
    Asking {
        name: "acme",
        own_name: "acme",
        version: "1.0.0",
        digest: Digest::of(b"acme"),
        wants,
    }
}

const API: &str = "GET https://api.acme.test/v1/";

#[test]
fn what_was_approved_is_approved() {
    let wants = wants(&[API], false);
    let stored =
        Approval::of(self::wants(&["https://api.acme.test"], true)).with_limit("memory", "64MiB");
    let given = decide(&acme(&wants), &say(""), Some(&stored), None).unwrap();
    assert_eq!((given.basis, &given.approval), (Basis::Stored, &stored));
    assert_eq!(given.environment, "default");
}

#[test]
fn without_anybody_to_ask_it_is_refused_with_what_it_asks_for() {
    let wants = wants(&[API], true);
    let error = decide(&acme(&wants), &say("-e staging"), None, None).unwrap_err();
    assert_eq!(error.exit(), Exit::NotApproved);
    assert_eq!(
        error.message(),
        "the target 'acme' 1.0.0 is not approved in the environment 'staging'"
    );
    let lines = error.lines().unwrap();
    assert!(
        lines.contains("- push the application to your Bindle server")
            && lines.contains(
                "- send GET requests to https://api.acme.test, paths from /v1/ downwards"
            ),
        "{lines}"
    );
    let digest = Digest::of(b"acme");
    assert!(
        error
            .hints()
            .last()
            .unwrap()
            .ends_with(&format!("`--approve sha256:{digest}`")),
        "{:?}",
        error.hints()
    );
}

#[test]
fn a_login_is_asked_for_by_the_name_that_it_is_kept_by() {
    let mut wants = wants(&[], false);
    wants.login = true;
    let asking = Asking {
        own_name: "other",
        ..acme(&wants)
    };
    let said = "- log in to its platform, or use the login that is kept for 'other', and put what";
    let error = decide(&asking, &say(""), None, None).unwrap_err();
    assert!(error.lines().unwrap().contains(said), "{error:?}");
    let question = question(&asking, None, &Approval::of(wants.clone()));
    assert!(question.contains(said), "{question}");
}

#[test]
fn only_what_goes_beyond_is_shown() {
    let wants = wants(&[API], true);
    let stored = Approval::of(self::wants(&[API], false));
    let error = decide(&acme(&wants), &say(""), Some(&stored), None).unwrap_err();
    assert_eq!(
        error.message(),
        "the target 'acme' 1.0.0 asks for more than was approved in the environment 'default'"
    );
    assert!(!error.lines().unwrap().contains("api.acme.test"));
}

#[test]
fn a_digest_on_the_command_line_approves_that_target_only() {
    let wants = wants(&[API], false);
    let right = format!("--approve sha256:{}", Digest::of(b"acme"));
    let given = decide(&acme(&wants), &say(&right), None, None).unwrap();
    assert_eq!(given.basis, Basis::CommandLine);
    assert_eq!(given.approval, Approval::of(wants.clone()));
    let wrong = format!("--approve sha256:{}", Digest::of(b"other"));
    let error = decide(&acme(&wants), &say(&wrong), None, None).unwrap_err();
    assert_eq!(error.exit(), Exit::NotApproved);
    assert_eq!(error.hints()[0], "the digests of --approve are others");
}

#[test]
fn what_was_allowed_besides_goes_along_and_is_shown() {
    let wants = wants(&[API], true);
    let api: Origin = "https://api.acme.test".parse().unwrap();
    let stored = Approval::of(self::wants(&[API, "https://old.acme.test"], false))
        .with_private(api.clone())
        .with_private("https://old.acme.test".parse().unwrap())
        .with_limit("memory", "64MiB");
    let expected = Approval::of(wants.clone())
        .with_private(api)
        .with_limit("memory", "64MiB");
    let approve = format!("--approve sha256:{}", Digest::of(b"acme"));
    let given = decide(&acme(&wants), &say(&approve), Some(&stored), None).unwrap();
    assert_eq!(
        (given.basis, &given.approval),
        (Basis::CommandLine, &expected)
    );
    let asked = question(&acme(&wants), Some(&stored), &expected);
    assert!(
        asked.contains(
            "and you let it reach https://api.acme.test at a private address.\nand you gave it other limits: memory=64MiB.\n"
        ),
        "{asked}"
    );
}

#[test]
fn a_lock_file_counts_only_when_somebody_says_so() {
    let wants = wants(&[API], false);
    let locked = Approval::of(wants.clone());
    let error = decide(&acme(&wants), &say(""), None, Some(&locked)).unwrap_err();
    assert_eq!(error.exit(), Exit::NotApproved);
    assert!(
        error.hints()[0].contains("`--yes` or `--locked`"),
        "{error:?}"
    );
    for flag in ["--yes", "-y", "--locked"] {
        let given = decide(&acme(&wants), &say(flag), None, Some(&locked)).unwrap();
        assert_eq!(given.basis, Basis::Locked, "{flag}");
    }
}

#[test]
fn yes_approves_no_more_than_the_lock_file_holds() {
    let wants = wants(&[API], true);
    let narrow = Approval::of(self::wants(&[API], false));
    for locked in [None, Some(&narrow)] {
        let error = decide(&acme(&wants), &say("--yes"), None, locked).unwrap_err();
        assert_eq!(error.exit(), Exit::NotApproved);
        assert!(
            error.hints()[0].contains("--yes approves nothing"),
            "{error:?}"
        );
    }
}

#[test]
fn locked_counts_nothing_but_the_lock_file() {
    let wants = wants(&[API], false);
    let stored = Approval::of(wants.clone());
    let flag = format!("--locked --approve sha256:{}", Digest::of(b"acme"));
    let error = decide(&acme(&wants), &say(&flag), Some(&stored), None).unwrap_err();
    assert_eq!(error.exit(), Exit::NotApproved);
    assert!(
        error.hints()[0].contains("--locked counts what bowline.lock approves"),
        "{error:?}"
    );
}

#[test]
fn a_private_address_is_allowed_for_declared_origins_only() {
    let wants = wants(&[API], false);
    let stored = Approval::of(wants.clone());
    let allowed = say("--allow-private https://api.acme.test:443/");
    let given = decide(&acme(&wants), &allowed, Some(&stored), None).unwrap();
    let origin: Origin = "https://api.acme.test".parse().unwrap();
    assert_eq!(given.approval.private, [origin].into());
    let error = decide(
        &acme(&wants),
        &say("--allow-private https://other.test"),
        Some(&stored),
        None,
    )
    .unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
    assert_eq!(
        error.message(),
        "--allow-private https://other.test has no effect: the target 'acme' does not declare that origin"
    );
    assert_eq!(error.hints()[0], "it declares https://api.acme.test");
}

#[test]
fn values_that_are_none_are_usage() {
    for line in [
        "--approve acme".to_owned(),
        format!("--approve {}", Digest::of(b"acme")),
        "--allow-private api.acme.test".to_owned(),
        "--allow-private https://api.acme.test/path".to_owned(),
    ] {
        assert_eq!(try_say(&line).unwrap_err().exit(), Exit::Usage, "{line}");
    }
}

#[test]
fn the_built_in_target_needs_nobodys_word() {
    let wants = wants(&[API], true);
    let given = Given::built_in(&acme(&wants), &say("-e live"));
    assert_eq!(given.basis, Basis::BuiltIn);
    assert_eq!(given.approval, Approval::of(wants.clone()));
    assert_eq!(given.environment(), "live");
}
