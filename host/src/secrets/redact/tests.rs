use proptest::prelude::*;

use super::*;

fn patterns(secrets: &[&str]) -> Arc<Patterns> {
    let patterns = secrets.iter().filter_map(|secret| Pattern::new(secret));
    Arc::new(patterns.map(Arc::new).collect())
}

fn redact(secrets: &[&str], text: &str) -> String {
    String::from_utf8(patterns(secrets).redact(text.as_bytes()).into_owned()).unwrap()
}

fn in_pieces(secrets: &[&str], text: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut redactor = Redactor::new(patterns(secrets));
    let mut out = Vec::new();
    let mut rest = text;
    for size in sizes.iter().cycle().take(text.len() + 1) {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        out.extend_from_slice(&redactor.push(Bytes::copy_from_slice(piece)));
        rest = after;
    }
    out.extend_from_slice(&redactor.push(Bytes::copy_from_slice(rest)));
    out.extend_from_slice(&redactor.finish());
    out
}

#[test]
fn every_way_of_writing_is_found() {
    let secret = "p/a+s \"w\\örd\u{1f511}";
    let json = serde_json::Value::from(secret).to_string();
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    for text in [
        secret,
        &json[1..json.len() - 1],
        r#"p\/a\u002Bs\u0020\"w\\\u00f6rd\uD83D\uDD11"#,
        r#"p\/a+s \u0022w\u005c\u00F6rd\ud83d\udd11"#,
        &form,
        "p%2fa%2bs%20%22w%5c%c3%b6rd%f0%9f%94%91",
        "p/a%2Bs%20\"w\\%C3%B6rd%F0%9F%94%91",
        "%70%2f%61%2b%73%20%22%77%5c%c3%b6%72%64%f0%9f%94%91",
    ] {
        let around = format!("[\"x{text}\", \"{text}{text}\"]");
        let expected = around.replace(text, &"*".repeat(text.len()));
        assert_eq!(redact(&[secret], &around), expected, "{text}");
    }
}

/// Escapes may begin anywhere in a secret, also those for the characters that begin escapes.
#[test]
fn secrets_are_found_from_their_first_escape_on() {
    for (secret, text) in [
        ("secret", "s\\u0065cret"),
        ("secret", "sec%72et"),
        ("a%bcd", "a%25bcd"),
        ("a%bcd", "a%bcd"),
        ("a+bcd", "a%2bbcd"),
        ("a\\bcd", "a\\\\bcd"),
    ] {
        assert_eq!(redact(&[secret], text), "*".repeat(text.len()), "{text}");
    }
}

#[test]
fn only_whole_secrets_are_taken_out() {
    for text in [
        "",
        "secre",
        "secre t",
        "sesecre",
        "\\",
        "\\u00",
        "%7",
        "100%",
        "a+b",
        "\\ud83d",
        "\\ud83d\\u0041",
        "\\x",
    ] {
        assert_eq!(redact(&["secret"], text), text);
    }
    assert_eq!(
        redact(&["secret"], "sesecrets \\secret %secret \\u00secret"),
        "se******s \\****** %****** \\u00******"
    );
    assert_eq!(redact(&["abc"], "abc"), "abc", "too short to be looked for");
    assert_eq!(redact(&[], "secret"), "secret");
}

#[test]
fn secrets_may_overlap() {
    assert_eq!(redact(&["abab"], "xababab"), "x******");
    assert_eq!(
        redact(&["abcdef", "cdefgh", "bcde"], "abcdefghi abcdx xbcdex"),
        "********i abcdx x****x"
    );
    assert_eq!(redact(&["aaaa"], &"a".repeat(50)), "*".repeat(50));
}

#[test]
fn what_cannot_be_a_secret_is_not_held_back() {
    let mut redactor = Redactor::new(patterns(&["secret"]));
    assert_eq!(
        &redactor.push(Bytes::from_static(b"hello se"))[..],
        b"hello "
    );
    assert_eq!(&redactor.push(Bytes::from_static(b"cre"))[..], b"");
    assert_eq!(&redactor.push(Bytes::from_static(b"ss"))[..], b"secres");
    assert_eq!(
        &redactor.push(Bytes::from_static(b"ecret!"))[..],
        b"******!"
    );
    assert_eq!(&redactor.push(Bytes::from_static(b"\\u0073ecre"))[..], b"");
    assert_eq!(&redactor.finish()[..], b"\\u0073ecre");
}

#[test]
fn time_grows_with_the_answer_only() {
    // Looked for in the simple way, this would be a thousand million comparisons for each way of writing.
    let secret = "a".repeat(8_000);
    let answer = format!("{}b", "a".repeat(7_999)).repeat(20);
    assert_eq!(redact(&[&secret], &answer), answer);
}

/// Texts in which the secrets are likely, in all ways of writing, and nearly.
fn answer() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "aab+",
        "aab%2B",
        "aab%2b",
        "a\\u0061b+",
        "a%61b%2B",
        "a",
        "aa",
        "b",
        "+",
        "%",
        "%2",
        "\\",
        "\\u",
        "\\u0061",
        "\\\\",
        "\\/",
        " ",
        "x\"y/z",
        "x\\\"y\\/z",
        "x%22y%2Fz",
        "x%22y/z",
        "x",
        "\"",
        "y",
        "/",
        "z",
        "%22",
        "ö€",
        "\\u00f6\\u20AC",
        "\\ud83d",
    ]);
    prop::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
}

const SECRETS: [&str; 4] = ["aab+", "x\"y/z", "abaa", "ö€"];

proptest! {
    /// However an answer arrives, the same comes out of it, as long as it was.
    #[test]
    fn pieces_make_no_difference(text in answer(), sizes in prop::collection::vec(1_usize..7, 1..6)) {
        let whole = patterns(&SECRETS).redact(text.as_bytes()).into_owned();
        prop_assert_eq!(whole.len(), text.len());
        prop_assert_eq!(in_pieces(&SECRETS, text.as_bytes(), &sizes), whole);
    }

    /// What comes out holds no secret in any way of writing, and differs from the answer by stars only.
    #[test]
    fn no_secret_survives(text in answer()) {
        let out = redact(&SECRETS, &text);
        for secret in SECRETS {
            prop_assert!(!out.contains(secret), "{text} {out}");
            let form: Vec<u8> = url::form_urlencoded::parse(format!("={}", out.replace('&', "%26")).as_bytes())
                .flat_map(|(_, value)| value.into_owned().into_bytes())
                .collect();
            prop_assert!(!String::from_utf8_lossy(&form).contains(secret), "{text} {out}");
            if let Ok(json) = serde_json::from_str::<String>(&format!("\"{out}\"")) {
                prop_assert!(!json.contains(secret), "{text} {out}");
            }
        }
        prop_assert!(out.bytes().zip(text.bytes()).all(|(out, text)| out == text || out == b'*'));
    }

    #[test]
    fn any_secret_is_found_anywhere(secret in "\\PC{4,20}", before in "\\PC{0,9}", after in "\\PC{0,9}", size in 1_usize..9) {
        let json = serde_json::Value::from(secret.as_str()).to_string();
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for written in [secret.as_str(), &json[1..json.len() - 1], form.as_str()] {
            let text = format!("{before} {written} {after}");
            let out = in_pieces(&[&secret], text.as_bytes(), &[size]);
            let middle = &out[before.len() + 1..][..written.len()];
            prop_assert!(middle.iter().all(|byte| *byte == b'*'), "{text} {:?}", String::from_utf8_lossy(&out));
        }
    }
}
