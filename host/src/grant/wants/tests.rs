use proptest::prelude::*;

use super::*;

fn wants(change: impl FnOnce(&mut Wants)) -> Wants {
    let mut wants = Wants::default();
    change(&mut wants);
    wants
}

fn with_setting(name: &str, change: impl FnOnce(&mut WantedSetting)) -> Wants {
    let mut setting = WantedSetting::default();
    change(&mut setting);
    wants(|wants| {
        wants.settings.insert(name.to_owned(), setting);
    })
}

fn network(rules: &[&str]) -> Wants {
    wants(|wants| wants.network = rules.iter().map(|rule| rule.parse().unwrap()).collect())
}

fn secret(belongs_to: Option<&str>) -> Wants {
    with_setting("token", |setting| {
        setting.secret = true;
        setting.variable = Some("ACME_TOKEN".to_owned());
        setting.belongs_to = belongs_to.map(str::to_owned);
    })
}

#[test]
fn everything_is_said_in_words() {
    let mut all = network(&["https://api.test", "GET,HEAD https://api.test/v1/"]);
    all.bindle = true;
    all.login = true;
    all.triggers = ["http".to_owned(), ANY.to_owned()].into();
    for other in [
        secret(Some("url")),
        with_setting("key", |setting| setting.secret = true),
        with_setting("region", |setting| {
            setting.variable = Some("ACME_REGION".to_owned())
        }),
        with_setting("url", |setting| {
            setting.opens_network = true;
            setting.default_server = Some("https://cloud.test".parse().unwrap());
        }),
        with_setting("bad\u{1b}[2J\nname", |_| ()),
    ] {
        all.settings.extend(other.settings);
    }
    let said: Vec<String> = all.all().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "push the application to your Bindle server, signed with your key, and ask what is there",
            "log in to its platform, and put what proves the login into later requests",
            "send any request to https://api.test",
            "send GET, HEAD requests to https://api.test, paths from /v1/ downwards",
            "send any request to the server that you name with --url, or to https://cloud.test if you name none",
            "use your secret --key in requests to every server that it may reach",
            "use your secret --token or ACME_TOKEN in requests to the server of --url only",
            "read --bad[2J name",
            "read --region or ACME_REGION",
            "deploy applications with triggers of any kind",
            "deploy applications with triggers of the kind 'http'",
        ]
    );
}

/// Whether one who approved the first has to be asked for the second.
#[track_caller]
fn asks(approved: &Wants, next: &Wants, expected: bool) {
    let beyond = next.beyond(approved);
    assert_eq!(
        !beyond.is_empty(),
        expected,
        "{approved:?} to {next:?}: {beyond:?}"
    );
}

#[test]
fn upgrades_never_widen() {
    let none = Wants::default();
    for more in [
        wants(|wants| wants.bindle = true),
        wants(|wants| wants.login = true),
        wants(|wants| wants.triggers = [ANY.to_owned()].into()),
        network(&["https://a.test"]),
        secret(None),
        with_setting("region", |_| ()),
    ] {
        asks(&none, &more, true);
        asks(&more, &none, false);
        asks(&more, &more, false);
    }
    let (whole, part) = (
        network(&["https://a.test"]),
        network(&["GET https://a.test/v1"]),
    );
    asks(&whole, &part, false);
    asks(&part, &whole, true);
    asks(&part, &network(&["GET https://a.test/v1/x"]), false);
    asks(&part, &network(&["GET https://a.test/v10"]), true);
    asks(&part, &network(&["GET,POST https://a.test/v1"]), true);
    asks(&whole, &network(&["http://a.test"]), true);
    asks(&whole, &network(&["https://a.test:8443"]), true);

    let kinds = |kinds: &[&str]| {
        wants(|wants| wants.triggers = kinds.iter().map(|&kind| kind.to_owned()).collect())
    };
    asks(&kinds(&["http"]), &kinds(&["http", "redis"]), true);
    asks(&kinds(&["http"]), &kinds(&[ANY]), true);
    asks(&kinds(&[ANY]), &kinds(&["http", "redis"]), false);
}

#[test]
fn a_secret_stays_one_and_goes_nowhere_else() {
    asks(&secret(Some("url")), &secret(None), true);
    asks(&secret(Some("url")), &secret(Some("other-url")), true);
    asks(&secret(None), &secret(Some("url")), false);
    let clear = with_setting("token", |setting| {
        setting.variable = Some("ACME_TOKEN".to_owned())
    });
    asks(&secret(Some("url")), &clear, true);
    asks(&secret(None), &clear, true);
    asks(&clear, &secret(Some("url")), false);
}

#[test]
fn a_setting_reads_no_other_variable_and_opens_no_other_server() {
    let region = |variable: Option<&str>| {
        with_setting("region", |setting| {
            setting.variable = variable.map(str::to_owned)
        })
    };
    asks(
        &region(Some("ACME_REGION")),
        &region(Some("ACME_TOKEN")),
        true,
    );
    asks(&region(None), &region(Some("ACME_TOKEN")), true);
    asks(&region(Some("ACME_REGION")), &region(None), false);

    let server = |opens_network, default: Option<&str>| {
        with_setting("url", |setting| {
            setting.opens_network = opens_network;
            setting.default_server = default.map(|origin| origin.parse().unwrap());
        })
    };
    asks(&server(false, None), &server(true, None), true);
    asks(&server(true, None), &server(false, None), false);
    asks(
        &server(true, None),
        &server(true, Some("https://a.test")),
        true,
    );
    asks(
        &server(true, Some("https://a.test")),
        &server(true, Some("https://b.test")),
        true,
    );
    asks(
        &server(true, Some("https://a.test")),
        &server(true, None),
        false,
    );
    let mut declared = server(true, None);
    declared.network = network(&["https://a.test"]).network;
    asks(&declared, &server(true, Some("https://a.test")), false);
}

#[test]
fn what_was_written_reads_back() {
    let mut all = network(&["GET https://api.test/v1/"]);
    all.bindle = true;
    all.settings = secret(Some("url")).settings;
    let approval = crate::grant::Approval::of(all)
        .with_private("https://api.test".parse().unwrap())
        .with_limit("memory", "64MiB");
    let text = toml::to_string(&approval).unwrap();
    assert_eq!(
        toml::from_str::<crate::grant::Approval>(&text).unwrap(),
        approval
    );
    assert_eq!(
        text,
        r#"private = ["https://api.test"]

[wants]
bindle = true
login = false
network = ["GET https://api.test/v1/"]

[wants.settings.token]
variable = "ACME_TOKEN"
secret = true
belongs-to = "url"

[limits]
memory = "64MiB"
"#
    );
    for changed in ["belongs_to", "origins"] {
        let text = text.replace("belongs-to", changed);
        assert!(
            toml::from_str::<crate::grant::Approval>(&text).is_err(),
            "{changed}"
        );
    }
    let text = text.replace("/v1/", "/v1/../");
    assert!(toml::from_str::<crate::grant::Approval>(&text).is_err());
}

fn any_wants() -> impl Strategy<Value = Wants> {
    let names = || prop::sample::select(vec!["a", "b"]);
    let server = prop::option::of(prop::sample::select(vec![
        "https://a.test",
        "https://b.test",
    ]));
    let setting = (
        prop::option::of(names()),
        any::<bool>(),
        prop::option::of(names()),
        any::<bool>(),
        server,
    )
        .prop_map(
            |(variable, secret, belongs_to, opens_network, server)| WantedSetting {
                variable: variable.map(str::to_owned),
                secret,
                belongs_to: belongs_to.map(str::to_owned),
                opens_network,
                default_server: server.map(|origin| origin.parse().unwrap()),
            },
        );
    let rules = prop::sample::select(vec![
        "https://a.test",
        "GET https://a.test",
        "https://a.test/v1",
        "GET https://b.test/v1/",
    ]);
    (
        any::<(bool, bool)>(),
        prop::collection::btree_set(prop::sample::select(vec!["*", "http"]), 0..3),
        prop::collection::btree_set(rules, 0..3),
        prop::collection::btree_map(names(), setting, 0..3),
    )
        .prop_map(|((bindle, login), triggers, network, settings)| Wants {
            bindle,
            login,
            triggers: triggers.into_iter().map(str::to_owned).collect(),
            network: network
                .into_iter()
                .map(|rule| rule.parse().unwrap())
                .collect(),
            settings: settings
                .into_iter()
                .map(|(name, setting)| (name.to_owned(), setting))
                .collect(),
        })
}

proptest! {
    /// Two steps that ask for nothing come to one that asks for nothing: no chain of upgrades widens a grant.
    #[test]
    fn small_steps_lead_nowhere(a in any_wants(), b in any_wants(), c in any_wants()) {
        prop_assert!(a.beyond(&a).is_empty());
        prop_assert!(Wants::default().beyond(&a).is_empty());
        if b.beyond(&a).is_empty() && c.beyond(&b).is_empty() {
            prop_assert_eq!(c.beyond(&a), []);
        }
        prop_assert_eq!(serde_json::from_str::<Wants>(&serde_json::to_string(&c).unwrap()).unwrap(), c);
    }
}
