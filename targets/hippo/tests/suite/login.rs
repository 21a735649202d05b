//! Logging in.

use bowline_hippo::auth::authenticate;
use bowline_target::{Credential, Failure};
use http::Method;

use crate::fake::{Fault, Hippo};

fn log_in(hippo: &Hippo, settings: &[(&str, &str)]) -> Result<Credential, Failure> {
    authenticate(hippo, |name| {
        let given = settings
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned());
        Ok(given.or_else(|| (name == "hippo-url").then(|| "http://hippo".into())))
    })
}

const BOB: [(&str, &str); 2] = [("hippo-username", "bob"), ("hippo-password", "pass")];

#[test]
fn a_password_becomes_a_token_for_that_server_alone() {
    let credential = log_in(&Hippo::default(), &BOB).unwrap();
    assert_eq!(credential.secret, "jwt");
    assert_eq!(credential.expires_at, Some(1_678_316_462));
    assert_eq!(credential.belongs_to.as_deref(), Some("hippo-url"));
}

#[test]
fn a_wrong_password_is_told_in_hippos_words() {
    let refused = log_in(
        &Hippo::default(),
        &[("hippo-username", "bob"), ("hippo-password", "no")],
    );
    let Err(Failure::Unauthenticated(message)) = refused else {
        panic!()
    };
    assert_eq!(
        message,
        "Hippo refuses the login: Credentials are not valid"
    );
}

#[test]
fn a_name_or_password_that_is_missing_is_told_by_its_setting() {
    for (given, missing) in [
        (&BOB[..1], "no hippo-password for a new one"),
        (&BOB[1..], "no hippo-username for a new one"),
        (&[], "no hippo-username, no hippo-password for a new one"),
    ] {
        let hippo = Hippo::default();
        let refused = log_in(&hippo, given);
        assert!(
            matches!(&refused, Err(Failure::Unauthenticated(text)) if text.ends_with(missing)),
            "{refused:?}"
        );
        assert!(hippo.seen().is_empty());
    }
}

#[test]
fn a_token_that_was_refused_is_not_replaced_by_a_login() {
    let hippo = Hippo::default();
    let refused = log_in(&hippo, &[("hippo-token", "old")]);
    assert!(matches!(refused, Err(Failure::Unauthenticated(text)) if text.contains("hippo-token")));
    assert!(hippo.seen().is_empty());
}

#[test]
fn a_token_without_a_readable_end_is_used_until_it_is_refused() {
    let hippo = Hippo::default();
    hippo.breaks(
        Method::POST,
        "/api/auth-tokens",
        Fault::Answer(200, r#"{"token":"jwt","expiration":"soon"}"#),
    );
    assert_eq!(log_in(&hippo, &BOB).unwrap().expires_at, None);
}

#[test]
fn odd_answers_are_no_tokens() {
    for body in ["<html>", "{}", r#"{"token":""}"#, ""] {
        let hippo = Hippo::default();
        hippo.breaks(Method::POST, "/api/auth-tokens", Fault::Answer(200, body));
        assert!(
            matches!(log_in(&hippo, &BOB), Err(Failure::Unexpected(_))),
            "{body}"
        );
    }
}

#[test]
fn a_server_in_trouble_is_no_wrong_password() {
    let hippo = Hippo::default();
    hippo.breaks(Method::POST, "/api/auth-tokens", Fault::Answer(500, ""));
    assert!(matches!(log_in(&hippo, &BOB), Err(Failure::Unavailable(_))));
}
