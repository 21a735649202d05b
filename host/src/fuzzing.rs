//! What has to hold for every input of the parts that nobody else can call: one function for each fuzz target.
//!
//! Each takes any bytes, and panics where something does not hold. They are public in fuzzing builds only (`make fuzz`, which
//! compiles with `--cfg fuzzing`); the tests here run them over the seeds.

use std::sync::Arc;

use bytes::Bytes;
use url::form_urlencoded;

use crate::error::SecretMisuse;
use crate::grant::Origin;
use crate::secrets::Secret;
use crate::secrets::redact::{Pattern, Patterns, Redactor};
use crate::secrets::vault::{Encoding, Home, PLACEHOLDER, Vault};

/// Stands for the placeholder, or the secret, in a text.
const HERE: u8 = 1;

/// A secret, a zero byte, and what a guest sends, with the byte 1 wherever it puts the placeholder.
///
/// Nothing but the placeholders changes. JSON stays JSON and a form a form, in which the secret stands where the placeholder stood.
/// Where the secret must not go, nothing is sent that holds its placeholder.
///
/// # Panics
/// When that does not hold.
pub fn swap(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let (secret, sent) = (parts.next().unwrap_or(b""), parts.next().unwrap_or(b""));
    let (Ok(secret), Ok(here), Ok(there)) = (
        std::str::from_utf8(secret),
        "https://here.test".parse::<Origin>(),
        "https://there.test".parse::<Origin>(),
    ) else {
        return;
    };
    // Nothing is not kept secret, and what stood around it would be read as one.
    if secret.is_empty() {
        return;
    }
    let mut vault = Vault::default();
    let placeholder = vault.placeholder(
        "secret",
        &Secret::new(secret),
        Home::Setting("url".to_owned(), Some(here.clone())),
    );
    assert_eq!(placeholder.len(), PLACEHOLDER);
    let has_any = sent.contains(&HERE);
    let with = |put: &str| {
        let pieces: Vec<&[u8]> = sent.split(|byte| *byte == HERE).collect();
        pieces.join(put.as_bytes())
    };
    let text = with(&placeholder);
    assert_eq!(vault.find(&text), has_any.then_some("secret"));

    let refused = vault.swap(&text, &there, Encoding::Plain, &mut Vec::new());
    assert_eq!(refused.is_err(), has_any);
    let swapped = |encoding| match vault.swap(&text, &here, encoding, &mut Vec::new()) {
        Ok(swapped) => {
            assert_eq!(swapped.is_some(), has_any);
            Some(swapped.unwrap_or_else(|| text.clone()))
        }
        Err(misuse) => {
            assert_eq!(misuse.reason, SecretMisuse::Escape);
            None
        }
    };
    assert_eq!(swapped(Encoding::Plain), Some(with(secret)));

    let meant = serde_json::from_slice::<serde_json::Value>(&text).ok();
    if let (Some(meant), Some(sent)) = (meant, swapped(Encoding::Json)) {
        // An object may have two keys that are the same only once the secret is in them.
        let is_key =
            |object: &serde_json::Map<_, _>| object.keys().any(|key| key.contains(&placeholder));
        if !any_object(&meant, &is_key) {
            let read = serde_json::from_slice(&sent).ok();
            assert_eq!(read, Some(put(meant, &placeholder, secret)));
        }
    }
    let form = |text: &[u8]| -> Vec<(String, String)> {
        form_urlencoded::parse(text).into_owned().collect()
    };
    if let Some(sent) = swapped(Encoding::Form) {
        let put = |text: String| text.replace(&placeholder, secret);
        let meant = form(&text).into_iter();
        let meant: Vec<_> = meant.map(|(key, value)| (put(key), put(value))).collect();
        assert_eq!(form(&sent), meant);
    }
}

fn any_object(
    value: &serde_json::Value,
    found: &impl Fn(&serde_json::Map<String, serde_json::Value>) -> bool,
) -> bool {
    match value {
        serde_json::Value::Array(values) => values.iter().any(|value| any_object(value, found)),
        serde_json::Value::Object(object) => {
            found(object) || object.values().any(|value| any_object(value, found))
        }
        _ => false,
    }
}

/// The same with the secret in every text.
fn put(value: serde_json::Value, placeholder: &str, secret: &str) -> serde_json::Value {
    match value {
        serde_json::Value::String(text) => text.replace(placeholder, secret).into(),
        serde_json::Value::Array(values) => values
            .into_iter()
            .map(|value| put(value, placeholder, secret))
            .collect(),
        serde_json::Value::Object(object) => object
            .into_iter()
            .map(|(key, value)| (key, put(value, placeholder, secret)))
            .collect(),
        other => other,
    }
}

/// The size of the pieces that an answer comes in, a secret, a zero byte, and the answer, in which bytes below 4 stand for the
/// secret: as it is, in JSON, percent-encoded.
///
/// What a guest gets is as long as the answer, differs from it in `*` only, is the same however the answer is cut, and holds the
/// secret in no way of writing. No more is held back than could be the beginning of a secret.
///
/// # Panics
/// When that does not hold.
pub fn redact(input: &[u8]) {
    let Some((size, rest)) = input.split_first() else {
        return;
    };
    let mut parts = rest.splitn(2, |byte| *byte == 0);
    let (secret, answer) = (parts.next().unwrap_or(b""), parts.next().unwrap_or(b""));
    let Ok(secret) = std::str::from_utf8(secret) else {
        return;
    };
    let patterns: Patterns = Pattern::new(secret).map(Arc::new).into_iter().collect();
    if patterns.is_empty() {
        return;
    }
    let patterns = Arc::new(patterns);
    let quoted = serde_json::Value::from(secret).to_string();
    let json = &quoted[1..quoted.len() - 1];
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut text = Vec::new();
    for byte in answer {
        match byte {
            1 => text.extend_from_slice(secret.as_bytes()),
            2 => text.extend_from_slice(json.as_bytes()),
            3 => text.extend_from_slice(form.as_bytes()),
            _ => text.push(*byte),
        }
    }

    let seen = patterns.redact(&text);
    assert_eq!(seen.len(), text.len());
    for (seen, sent) in seen.iter().zip(&*text) {
        assert!(seen == sent || *seen == b'*');
    }
    // A secret with a star in it may be made up of what was struck out. One that is escaped is found where an escape that begins
    // before it doesn't swallow a part of it; no request has one there, see `swap`.
    if !secret.contains('*') {
        let begins = |text: &[u8]| text.iter().any(|byte| matches!(byte, b'\\' | b'%'));
        let is_clear = !begins(answer) && !begins(secret.as_bytes());
        for way in [secret, json, &form] {
            let mut windows = seen.windows(way.len());
            let found = (way == secret || is_clear) && windows.any(|part| part == way.as_bytes());
            assert!(!found, "{way:?} is in {:?}", String::from_utf8_lossy(&seen));
        }
    }

    let mut redactor = Redactor::new(Arc::clone(&patterns));
    let mut in_pieces = Vec::new();
    let mut taken = 0;
    for piece in text.chunks(usize::from(*size).max(1)) {
        taken += piece.len();
        in_pieces.extend_from_slice(&redactor.push(Bytes::copy_from_slice(piece)));
        // A byte is written in 6 at most, and 11 may be an escape that is not complete.
        assert!(taken - in_pieces.len() <= 6 * secret.len() + 11);
    }
    in_pieces.extend_from_slice(&redactor.finish());
    assert_eq!(in_pieces, *seen);
}

#[cfg(test)]
mod tests {
    use bowline_replay::replay;

    #[test]
    fn placeholders_are_swapped() {
        replay("swap", 20_000, super::swap);
    }

    #[test]
    fn answers_are_redacted() {
        replay("redact", 20_000, super::redact);
    }
}
