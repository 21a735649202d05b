use proptest::prelude::*;

use super::*;

fn origin(text: &str) -> Origin {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn grant(text: &str) -> Grant {
    Grant::none().with_origin(origin(text))
}

fn allowed(grant: &Grant, url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| grant.check("GET", &url).is_ok())
}

#[test]
fn nothing_is_allowed_by_default() {
    assert!(!allowed(&Grant::none(), "https://example.com/"));
    assert!(!Grant::none().bindle() && !Grant::none().login());
}

#[test]
fn spellings_of_one_origin_are_one() {
    let grant = grant("https://example.com");
    for url in [
        "https://example.com/",
        "https://example.com:443/a?b#c",
        "HTTPS://EXAMPLE.com./x",
        "https:\\\\example.com/x",
        "https://exam\nple.com/",
        "https://%65xample.com/",
    ] {
        assert!(allowed(&grant, url), "{url}");
    }
    assert_eq!(
        origin("http://[0:0:0:0:0:0:0:1]:80"),
        origin("http://[::1]")
    );
    assert_eq!(origin("http://0x7f.1"), origin("http://127.0.0.1"));
    assert_eq!(
        origin("https://bücher.example"),
        origin("https://xn--bcher-kva.example")
    );
}

#[test]
fn neighbours_are_not_granted() {
    let grant = grant("https://example.com");
    for url in [
        "http://example.com/",
        "https://example.com:444/",
        "https://example.com:80/",
        "https://example.com.evil.test/",
        "https://evil.test/example.com",
        "https://evil.test?example.com",
        "https://evil.test#example.com",
        "https://example.com@evil.test/",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://:pw@example.com/",
        "https://sub.example.com/",
        "https://example.com../",
        "https://examp1e.com/",
        "https://ехample.com/", // Cyrillic
        "https://example.com%2eevil.test/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "wss://example.com/",
        "data:text/plain,https://example.com",
    ] {
        assert!(!allowed(&grant, url), "{url}");
    }
}

#[test]
fn an_origin_ends_after_the_port() {
    for text in ["https://a.test/x", "https://a.test/?q", "https://a.test/#f"] {
        assert_eq!(
            text.parse::<Origin>(),
            Err(OriginError::NotOnlyOrigin),
            "{text}"
        );
    }
    assert!(matches!(
        "example.com".parse::<Origin>(),
        Err(OriginError::Syntax(_))
    ));
    assert!(matches!(
        "https://".parse::<Origin>(),
        Err(OriginError::Syntax(_))
    ));
    assert_eq!(
        "mailto:a@b".parse::<Origin>(),
        Err(OriginError::Scheme("mailto".to_owned()))
    );
    assert_eq!(
        origin("https://a.test:8443/").to_string(),
        "https://a.test:8443"
    );
    assert_eq!(origin("https://a.test:443/").to_string(), "https://a.test");
}

fn description(settings: Vec<crate::contract::Setting>, network: &[&str]) -> Description {
    Description {
        name: "t".to_owned(),
        version: semver::Version::new(0, 1, 0),
        summary: String::new(),
        homepage: None,
        settings,
        network: network.iter().map(|text| text.parse().unwrap()).collect(),
        triggers: Vec::new(),
    }
}

fn url_setting(name: &str, grants_network: bool) -> crate::contract::Setting {
    crate::contract::Setting {
        name: name.to_owned(),
        variable: None,
        description: String::new(),
        kind: crate::contract::SettingKind::Url,
        default: None,
        required: false,
        prompt: None,
        conflicts_with: Vec::new(),
        grants_network,
        belongs_to: None,
    }
}

fn approved(network: &[&str], settings: &[(&str, WantedSetting)]) -> Approval {
    let settings = settings
        .iter()
        .map(|(name, setting)| (name.to_string(), setting.clone()));
    Approval::of(Wants {
        network: network.iter().map(|text| text.parse().unwrap()).collect(),
        settings: settings.collect(),
        ..Wants::default()
    })
}

fn server(default: Option<&str>) -> WantedSetting {
    WantedSetting {
        opens_network: true,
        default_server: default.map(origin),
        ..WantedSetting::default()
    }
}

fn reach(grant: &Grant, url: &str) -> Option<Reach> {
    let url = Url::parse(url).unwrap();
    grant.check("GET", &url).ok().map(|allowed| allowed.reach)
}

#[test]
fn a_default_is_not_the_users_word() {
    let mut setting = url_setting("platform-url", true);
    setting.default = Some("https://cloud.example/api".into());
    let wants = description(vec![setting], &[]);
    let cloud = server(Some("https://cloud.example"));
    let grant = |given, approval: &Approval| Grant::new(&wants, |_| given, approval).unwrap();
    let whole = approved(&[], &[("platform-url", cloud)]);
    let narrow = approved(&[], &[("platform-url", server(None))]);
    for (given, approval) in [(None, &narrow), (Some("https://mine.example"), &narrow)] {
        assert_eq!(grant(given, approval), Grant::none(), "{given:?}");
    }
    assert_eq!(
        reach(&grant(None, &whole), "https://cloud.example/api"),
        Some(Reach::PublicOnly)
    );
    let given = grant(Some("https://mine.example"), &whole);
    assert_eq!(
        reach(&given, "https://mine.example/"),
        Some(Reach::Anywhere)
    );
    assert!(!allowed(&given, "https://cloud.example/api"));
}

#[test]
fn both_keys_are_needed() {
    let wants = description(
        vec![
            url_setting("platform-url", true),
            url_setting("icon-url", false),
            url_setting("late-url", false),
        ],
        &[
            "https://api.a.test",
            "https://api.b.test",
            "GET https://api.d.test/v1/x",
        ],
    );
    let approval = approved(
        &[
            "https://api.b.test",
            "https://api.c.test",
            "GET,HEAD https://api.d.test/v1",
        ],
        &[
            ("platform-url", server(None)),
            ("icon-url", WantedSetting::default()),
        ],
    );
    let values = |name: &str| match name {
        "platform-url" => Some("http://platform.test:5309/base/"),
        "icon-url" => Some("https://icons.test"),
        _ => None,
    };
    let grant = Grant::new(&wants, values, &approval).unwrap();
    let rules: Vec<_> = grant
        .rules()
        .map(|(rule, reach)| format!("{rule} {reach:?}"))
        .collect();
    assert_eq!(
        rules,
        [
            "http://platform.test:5309 Anywhere",
            "https://api.b.test PublicOnly",
            "GET https://api.d.test/v1/x PublicOnly",
        ]
    );
    assert!(!grant.bindle() && !grant.login());
    assert!(grant.reads("platform-url") && grant.reads("icon-url") && !grant.reads("late-url"));
    let refused = Grant::new(&wants, |_| Some("ftp://x"), &approval).unwrap_err();
    assert!(matches!(refused, GrantError::Setting { name, .. } if name == "platform-url"));
}

#[test]
fn private_addresses_have_a_key_of_their_own() {
    let wants = description(Vec::new(), &["https://a.test", "https://b.test"]);
    let approval = approved(&["https://a.test", "https://b.test"], &[])
        .with_private(origin("https://b.test"))
        .with_private(origin("https://c.test"));
    let grant = Grant::new(&wants, |_| None, &approval).unwrap();
    assert_eq!(reach(&grant, "https://a.test"), Some(Reach::PublicOnly));
    assert_eq!(reach(&grant, "https://b.test"), Some(Reach::PrivateToo));
    assert_eq!(reach(&grant, "https://c.test"), None);
    let named = grant.with_origin(origin("https://b.test"));
    assert_eq!(reach(&named, "https://b.test"), Some(Reach::Anywhere));
}

#[test]
fn methods_and_paths() {
    let rule = |text: &str| text.parse::<Rule>().unwrap();
    let grant = Grant::none()
        .with_rule(rule("GET,HEAD https://a.test/v1/"), Reach::PublicOnly)
        .with_rule(rule("POST https://a.test/v1/apps"), Reach::PublicOnly)
        .with_rule(rule("https://b.test"), Reach::Anywhere);
    let check = |method: &str, url: &str| {
        let url = Url::parse(url).unwrap();
        match grant.check(method, &url) {
            Ok(allowed) => format!("yes {}", allowed.whole),
            Err(Refusal::Method(_)) => "method".to_owned(),
            Err(Refusal::Path(_)) => "path".to_owned(),
            Err(other) => other.to_string(),
        }
    };
    for (method, url, expected) in [
        ("GET", "https://a.test/v1/", "yes false"),
        ("GET", "https://a.test/v1/apps?x=/../y", "yes false"),
        ("HEAD", "https://a.test/v1/a%20b/c;d=e", "yes false"),
        ("GET", "https://a.test/v1/x/../apps", "yes false"),
        ("POST", "https://a.test/v1/apps", "yes false"),
        ("POST", "https://a.test/v1/apps/1", "yes false"),
        ("POST", "https://a.test/v1/apps2", "path"),
        ("POST", "https://a.test/v1/", "path"),
        ("GET", "https://a.test/", "path"),
        ("GET", "https://a.test/v1", "path"),
        ("GET", "https://a.test/v10/", "path"),
        ("GET", "https://a.test/V1/", "path"),
        ("GET", "https://a.test/v1/../admin", "path"),
        ("GET", "https://a.test/v1/%2e%2e/admin", "path"),
        ("GET", "https://a.test/v1/.%2E/admin", "path"),
        ("GET", "https://a.test/v1/%252e%252e/admin", "path"),
        ("GET", "https://a.test/v1/%25252e%25252e/admin", "path"),
        ("GET", "https://a.test/v1/x%2f..%2f..%2fadmin", "path"),
        ("GET", "https://a.test/v1/x%252fy", "path"),
        ("GET", "https://a.test/v1/..%5c..%5cadmin", "path"),
        ("GET", "https://a.test/v1\\..\\admin", "path"),
        ("GET", "https://a.test/v1/..;/admin", "path"),
        ("GET", "https://a.test/v1/..;x=1/admin", "path"),
        ("GET", "https://a.test/v1/%2e%2e%3b/admin", "path"),
        ("GET", "https://a.test/v1/;/admin", "path"),
        ("GET", "https://a.test/v1//admin", "path"),
        ("GET", "https://a.test//v1/admin", "path"),
        ("GET", "https://a.test/v1/x%00", "path"),
        ("GET", "https://a.test/v1/x%0d%0ay", "path"),
        ("GET", "https://a.test/v1/%c0%ae%c0%ae/admin", "path"),
        ("DELETE", "https://a.test/v1/apps", "method"),
        ("get", "https://a.test/v1/", "method"),
        ("PATCH", "https://b.test//x/..;/y%2f", "yes true"),
        ("TRACE", "https://b.test/", "method"),
        ("connect", "https://b.test/", "method"),
        ("GET", "https://c.test/", "https://c.test is not granted"),
    ] {
        assert_eq!(check(method, url), expected, "{method} {url}");
    }
}

#[test]
fn rules_are_read_in_one_way_only() {
    for (text, expected) in [
        ("https://a.test", "https://a.test"),
        ("https://a.test/", "https://a.test"),
        ("HTTPS://A.TEST.:443/v1", "https://a.test/v1"),
        (
            "HEAD,GET,GET http://a.test:80/v1/",
            "GET,HEAD http://a.test/v1/",
        ),
        (
            "M-SEARCH http://[0:0::1]:8080",
            "M-SEARCH http://[::1]:8080",
        ),
        (
            "https://b\u{fc}cher.example/\u{fc}",
            "https://xn--bcher-kva.example/%C3%BC",
        ),
        ("http://0x7f.1", "http://127.0.0.1"),
    ] {
        let rule: Rule = text.parse().unwrap();
        assert_eq!(rule.to_string(), expected);
        assert_eq!(expected.parse(), Ok(rule));
    }
    use RuleError as E;
    let is = |text: &str, expected: fn(&E) -> bool| {
        let error = text.parse::<Rule>().unwrap_err();
        assert!(expected(&error), "{text}: {error:?}");
    };
    for text in [
        "GET  https://a.test",
        "GET https://a.test/ x",
        "https://a.t\nest",
        "\u{202e}https://a.test",
    ] {
        is(text, |error| *error == E::Text);
    }
    is("https:\\\\a.test", |error| *error == E::Text);
    is("https:a.test", |error| *error == E::Form);
    for text in [
        "a.test",
        "",
        "GET ",
        "//a.test",
        "ftp://a.test",
        "https://me@a.test",
        "https://.",
        "file:///x",
    ] {
        is(text, |error| matches!(error, E::Origin(_)));
    }
    for text in [
        "get https://a.test",
        " https://a.test",
        "GET, https://a.test",
        "TRACE https://a.test",
        "GET,CONNECT https://a.test",
        "* https://a.test",
    ] {
        is(text, |error| *error == E::Methods);
    }
    for text in ["https://a.test?x", "https://a.test/#", "https://a.test/v1?"] {
        is(text, |error| *error == E::Query);
    }
    for text in [
        "https://a.test/v1/../v2",
        "https://a.test/./v1",
        "https://a.test//v1",
        "https://a.test/v1/%2e%2e",
        "https://a.test/a%2fb",
        "https://a.test/..;/b",
    ] {
        is(text, |error| *error == E::Path);
    }
    is("https://*.a.test", |error| *error == E::Wildcard);
}

/// Parts of paths that servers read in different ways.
fn tricky_path() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "v1", "v10", "V1", "admin", "/", "/", "/", "//", ".", "..", "%2e", "%2E%2e", "%252e",
        "%2f", "%5c", "\\", ";", "..;", "%3b", "%00", "%", "%25", "%c0%ae", "a", "?", "#", "@",
        "%76", "1",
    ]);
    prop::collection::vec(part, 0..10).prop_map(|parts| parts.concat())
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let methods = prop::sample::select(vec!["", "GET ", "HEAD,GET ", "POST "]);
    let host = prop::sample::select(vec![
        "https://a.test",
        "http://a.test",
        "https://b.test:8443",
    ]);
    let path = prop::sample::select(vec!["", "/v1", "/v1/", "/v1/apps", "/v1/apps/", "/v2"]);
    (methods, host, path)
        .prop_map(|(methods, host, path)| format!("{methods}{host}{path}").parse().unwrap())
}

/// What a careless server makes of a path: decodes until nothing changes, takes `\` for `/`, drops parameters and empty segments,
/// then resolves dots.
fn careless(path: &str) -> Vec<String> {
    let mut bytes = path.as_bytes().to_vec();
    loop {
        let decoded: Vec<u8> = percent_encoding::percent_decode(&bytes).collect();
        if decoded == bytes {
            break;
        }
        bytes = decoded;
    }
    let text = String::from_utf8_lossy(&bytes).replace('\\', "/");
    let mut out: Vec<String> = Vec::new();
    for segment in text.split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            name => out.push(name.to_owned()),
        }
    }
    out
}

proptest! {
    /// Whatever is allowed has, in the URL that is really sent, the granted host and port.
    #[test]
    fn only_the_granted_host_is_reached(
        before in "[a-z0-9.:@/\\\\%#?-]{0,12}",
        after in "[a-z0-9.:@/\\\\%#?\u{430}-]{0,12}",
    ) {
        let grant = grant("https://example.com");
        let text = format!("https://{before}example.com{after}");
        if let Ok(url) = Url::parse(&text) && grant.check("GET", &url).is_ok() {
            let host = url.host_str().unwrap_or_default();
            prop_assert_eq!(host.trim_end_matches('.'), "example.com");
            prop_assert_eq!(url.port_or_known_default(), Some(443));
            prop_assert_eq!(url.scheme(), "https");
            prop_assert_eq!(url.username(), "");
        }
    }

    #[test]
    fn display_reads_back(text in "https?://[a-zA-Z0-9.\\[\\]:\u{e4}-]{1,20}") {
        if let Ok(origin) = text.parse::<Origin>() {
            prop_assert_eq!(origin.to_string().parse::<Origin>(), Ok(origin));
        }
    }

    #[test]
    fn rules_read_back(text in "([A-Z]{1,5}(,[A-Z]{1,5})?( )?)?https?://[a-zA-Z0-9.:%*-]{1,12}[/a-z.;%0-9]{0,12}") {
        if let Ok(rule) = text.parse::<Rule>() {
            prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule.clone()));
            let json = serde_json::to_string(&rule).unwrap();
            prop_assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
        }
    }

    /// Whatever a server makes of a path that is allowed, it is below the prefix.
    #[test]
    fn no_server_leaves_the_prefix(path in tricky_path()) {
        let rule: Rule = "https://a.test/v1/".parse().unwrap();
        let grant = Grant::none().with_rule(rule, Reach::PublicOnly);
        if let Ok(url) = Url::parse(&format!("https://a.test/{path}")) && grant.check("GET", &url).is_ok() {
            let read = careless(url.path());
            prop_assert_eq!(read.first().map(String::as_str), Some("v1"), "{}", url);
        }
    }

    /// A rule that covers another allows whatever that one allows.
    #[test]
    fn covering_is_no_less_than_allowing(
        wide in any_rule(), narrow in any_rule(), path in tricky_path(),
        method in prop::sample::select(vec!["GET", "HEAD", "POST", "PUT"]),
    ) {
        let url = Url::parse(&format!("{}/{path}", narrow.origin())).unwrap();
        let allows = |rule: &Rule| Grant::none().with_rule(rule.clone(), Reach::Anywhere).check(method, &url).is_ok();
        if wide.covers(&narrow) && allows(&narrow) {
            prop_assert!(allows(&wide), "{} {} {}", wide, narrow, url);
        }
        prop_assert!(wide.covers(&wide));
    }
}
