use super::*;

fn setting(name: &str, kind: wit::SettingKind) -> wit::Setting {
    wit::Setting {
        name: name.to_owned(),
        variable: None,
        description: String::new(),
        kind,
        default_value: None,
        required: false,
        prompt: None,
        conflicts_with: Vec::new(),
        grants_network: false,
        belongs_to: None,
    }
}

fn description(settings: Vec<wit::Setting>) -> wit::Description {
    wit::Description {
        name: "hippo".to_owned(),
        version: "0.1.0".to_owned(),
        summary: "Deploys to Hippo".to_owned(),
        homepage: Some("https://hippo.test/docs".to_owned()),
        settings,
        network: vec!["https://api.test".to_owned()],
        triggers: vec!["http".to_owned()],
    }
}

fn good() -> wit::Description {
    let mut url = setting("hippo-url", wit::SettingKind::Url);
    url.variable = Some("HIPPO_URL".to_owned());
    url.grants_network = true;
    let mut token = setting("hippo-token", wit::SettingKind::Secret);
    token.belongs_to = Some("hippo-url".to_owned());
    token.conflicts_with = vec!["hippo-channel".to_owned()];
    let mut channel = setting(
        "hippo-channel",
        wit::SettingKind::Choice(vec!["a".to_owned(), "b".to_owned()]),
    );
    channel.default_value = Some("b".to_owned());
    description(vec![url, token, channel])
}

#[test]
fn a_good_description_is_taken_over() {
    let checked = Description::check(good()).unwrap();
    assert_eq!(checked.name, "hippo");
    assert_eq!(checked.version, Version::new(0, 1, 0));
    assert_eq!(checked.network[0].to_string(), "https://api.test");
    let token = checked.setting("hippo-token").unwrap();
    assert_eq!(token.belongs_to.as_deref(), Some("hippo-url"));
    assert_eq!(token.kind, SettingKind::Secret);
    assert_eq!(
        checked.setting("hippo-channel").unwrap().default.as_deref(),
        Some("b")
    );
    assert!(checked.setting("else").is_none());
}

#[test]
fn nonsense_is_refused() {
    type Spoil = fn(&mut wit::Description);
    let cases: &[(Spoil, &str)] = &[
        (|d| d.name = String::new(), "the target's name ''"),
        (
            |d| d.name = "Hippo\n".to_owned(),
            "the target's name 'Hippo'",
        ),
        (|d| d.name = "x".repeat(65), "the target's name"),
        (|d| d.version = "1".to_owned(), "its version '1'"),
        (
            |d| d.version = format!("1.0.0+{}", "x".repeat(100)),
            "its version is longer than 64 characters",
        ),
        (
            |d| d.network = vec![format!("https://{}", "x".repeat(2000))],
            "a rule for the network is longer than 2000 characters",
        ),
        (
            |d| d.summary = "\u{1b}[2J".to_owned(),
            "its summary holds control characters",
        ),
        (
            |d| d.summary = "x".repeat(1001),
            "its summary is longer than 1000 characters",
        ),
        (
            |d| d.homepage = Some("javascript:1".to_owned()),
            "its homepage",
        ),
        (
            |d| d.homepage = Some("https://a@b.test".to_owned()),
            "its homepage",
        ),
        (
            |d| d.network = vec!["api.test".to_owned()],
            "'api.test', which it wants of the network, can't be used",
        ),
        (
            |d| d.network = vec!["https://*.test".to_owned()],
            "'https://*.test', which it wants",
        ),
        (
            |d| d.network = vec!["https://a.test".to_owned(); 101],
            "it declares 101 rules for the network",
        ),
        (
            |d| d.triggers = vec!["HTTP".to_owned()],
            "the trigger kind 'HTTP'",
        ),
        (
            |d| d.settings = vec![setting("a", wit::SettingKind::Text); 101],
            "it declares 101 settings",
        ),
        (
            |d| {
                d.settings
                    .push(setting("hippo-url", wit::SettingKind::Text))
            },
            "the setting 'hippo-url' is",
        ),
        (
            |d| d.settings[0].name = "hippo--url".to_owned(),
            "the setting 'hippo--url' is no",
        ),
        (
            |d| d.settings[0].name = "-h".to_owned(),
            "the setting '-h' is no",
        ),
        (
            |d| d.settings[0].name = "hippo_url".to_owned(),
            "the setting 'hippo_url' is no",
        ),
        (
            |d| d.settings[0].variable = Some("PATH=x".to_owned()),
            "setting 'hippo-url': its variable",
        ),
        (
            |d| d.settings[0].default_value = Some("ftp://a".to_owned()),
            "setting 'hippo-url': its default",
        ),
        (
            |d| d.settings[0].prompt = Some("a\u{202e}b".to_owned()),
            "a setting's question holds",
        ),
        (
            |d| d.settings[0].belongs_to = Some("hippo-url".to_owned()),
            "setting 'hippo-url': only a secret",
        ),
        (
            |d| d.settings[1].grants_network = true,
            "setting 'hippo-token': only a setting of kind url",
        ),
        (
            |d| d.settings[1].default_value = Some("x".to_owned()),
            "setting 'hippo-token': a secret can't",
        ),
        (
            |d| d.settings[1].belongs_to = Some("nowhere".to_owned()),
            "setting 'hippo-token': it belongs to",
        ),
        (
            |d| d.settings[1].belongs_to = Some("hippo-channel".to_owned()),
            "setting 'hippo-token': it belongs to",
        ),
        (
            |d| d.settings[1].conflicts_with.push("nowhere".to_owned()),
            "setting 'hippo-token': it conflicts",
        ),
        (
            |d| d.settings[1].conflicts_with.push("hippo-token".to_owned()),
            "setting 'hippo-token': it conflicts",
        ),
        (
            |d| d.settings[2].kind = wit::SettingKind::Choice(Vec::new()),
            "setting 'hippo-channel': there is",
        ),
        (
            |d| d.settings[2].default_value = Some("c".to_owned()),
            "setting 'hippo-channel': its default",
        ),
    ];
    for (spoil, message) in cases {
        let mut spoilt = good();
        spoil(&mut spoilt);
        let error = Description::check(spoilt).expect_err(message).to_string();
        assert!(error.starts_with(message), "{error} instead of {message}");
        assert!(!error.chars().any(text::is_hostile), "{error:?}");
    }
}

#[test]
fn values_are_checked_by_kind() {
    let choice = SettingKind::Choice(vec!["a".to_owned(), "b".to_owned()]);
    assert!(choice.check("a").is_ok());
    assert_eq!(choice.check("c").unwrap_err(), "one of a, b is expected");
    assert!(SettingKind::Integer.check("-5").is_ok());
    assert!(SettingKind::Integer.check("5.0").is_err());
    assert!(SettingKind::Boolean.check("yes").is_err());
    assert!(SettingKind::Url.check("https://a.test/base").is_ok());
    assert!(SettingKind::Url.check("https://u:p@a.test").is_err());
}

fn deployment() -> wit::Deployment {
    wit::Deployment {
        id: "7".to_owned(),
        application: "app".to_owned(),
        revision: "1.0.0+q1".to_owned(),
        url: Some("http://app.localhost:5309".to_owned()),
        ready_when: Some(wit::Readiness {
            path: "/.well-known/spin/info".to_owned(),
            expected: Some(("/bindle_version".to_owned(), "1.0.0+q1".to_owned())),
        }),
    }
}

#[test]
fn a_deployment_is_judged_too() {
    let checked = Deployment::check(deployment()).unwrap();
    assert_eq!(checked.url.unwrap().as_str(), "http://app.localhost:5309/");
    type Spoil = fn(&mut wit::Deployment);
    let cases: &[(Spoil, &str)] = &[
        (
            |d| d.id = "a\nb".to_owned(),
            "the deployment's id holds control characters",
        ),
        (|d| d.revision = "x".repeat(201), "the revision is longer"),
        (
            |d| d.url = Some("file:///etc/passwd".to_owned()),
            "'file:///etc/passwd' is no http",
        ),
        (
            |d| d.url = Some("https://bank.test@evil.test".to_owned()),
            "'https://bank.test@evil.test' is",
        ),
        (
            |d| d.ready_when.as_mut().unwrap().path = "//evil.test/".to_owned(),
            "the path that shows",
        ),
        (
            |d| d.ready_when.as_mut().unwrap().path = "/\\evil.test/".to_owned(),
            "the path that shows",
        ),
        (
            |d| d.ready_when.as_mut().unwrap().expected = Some(("a".to_owned(), String::new())),
            "the pointer that shows readiness is no JSON pointer",
        ),
    ];
    for (spoil, message) in cases {
        let mut spoilt = deployment();
        spoil(&mut spoilt);
        let error = Deployment::check(spoilt).expect_err(message);
        assert!(error.starts_with(message), "{error} instead of {message}");
    }
}

#[test]
fn a_credential_is_never_shown() {
    let description = Description::check(good()).unwrap();
    let credential = |secret: &str, belongs_to: Option<&str>| authentication::Credential {
        secret: secret.to_owned(),
        expires_at: Some(1),
        belongs_to: belongs_to.map(str::to_owned),
    };
    let taken = Credential::check(credential("t0k", Some("hippo-url")), &description).unwrap();
    assert_eq!(taken.secret.expose(), "t0k");
    for given in [
        credential("", None),
        credential("hidden\r\nX: y", None),
        credential(&"hidden".repeat(2000), None),
        credential("hidden", Some("hippo-token")),
        credential("hidden", Some("nowhere")),
    ] {
        let error = Credential::check(given, &description).unwrap_err();
        assert!(!error.contains("hidden"), "{error}");
    }
}
