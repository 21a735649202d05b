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
    Url::parse(url).is_ok_and(|url| grant.check(&url).is_ok())
}

#[test]
fn nothing_is_allowed_by_default() {
    assert!(!allowed(&Grant::none(), "https://example.com/"));
    assert!(!Grant::none().bindle());
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
        network: network.iter().map(|text| origin(text)).collect(),
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

#[test]
fn a_default_is_not_the_users_word() {
    let mut setting = url_setting("platform-url", true);
    setting.default = Some("https://cloud.example/api".into());
    let wants = description(vec![setting], &[]);
    let grant = |given, approved: &[&str]| {
        let approved = approved.iter().map(|text| text.parse().unwrap()).collect();
        Grant::new(&wants, |_| given, &approved).unwrap()
    };
    assert!(!allowed(&grant(None, &[]), "https://cloud.example/api"));
    assert!(allowed(
        &grant(None, &["https://cloud.example"]),
        "https://cloud.example/api"
    ));
    let given = grant(Some("https://mine.example"), &[]);
    assert!(allowed(&given, "https://mine.example/"));
    assert!(!allowed(&given, "https://cloud.example/api"));
}

#[test]
fn both_keys_are_needed() {
    let wants = description(
        vec![
            url_setting("platform-url", true),
            url_setting("icon-url", false),
        ],
        &["https://api.a.test", "https://api.b.test"],
    );
    let approved = ["https://api.b.test", "https://api.c.test"]
        .map(origin)
        .into();
    let values = |name: &str| match name {
        "platform-url" => Some("http://platform.test:5309/base/"),
        "icon-url" => Some("https://icons.test"),
        _ => None,
    };
    let grant = Grant::new(&wants, values, &approved).unwrap();
    let origins: Vec<_> = grant.origins().map(ToString::to_string).collect();
    assert_eq!(origins, ["http://platform.test:5309", "https://api.b.test"]);
    assert!(!grant.bindle());
    let refused = Grant::new(&wants, |_| Some("ftp://x"), &approved).unwrap_err();
    assert!(matches!(refused, GrantError::Setting { name, .. } if name == "platform-url"));
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
        if let Ok(url) = Url::parse(&text) && grant.check(&url).is_ok() {
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
}
