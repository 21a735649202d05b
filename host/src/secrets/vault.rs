//! Swaps placeholders for the secrets behind them.
//!
//! A placeholder is `bowline-secret-` and 32 hexadecimal digits, drawn for each operation. All its characters stand for themselves in
//! headers, URLs, JSON and forms, so that no encoder changes it, and a guest can't guess another's.

use std::sync::{Arc, OnceLock};

use uuid::Uuid;

use super::Secret;
use super::redact::{Pattern, Patterns};
use crate::error::SecretMisuse;
use crate::grant::Origin;

const PREFIX: &[u8] = b"bowline-secret-";

/// Bytes of a placeholder.
pub(crate) const PLACEHOLDER: usize = PREFIX.len() + 32;

/// Where a secret may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Home {
    /// To every origin that is granted to the target.
    Granted,
    /// To the server of this setting alone, as far as it is known.
    Setting(String, Option<Origin>),
    /// To these, of the servers that settings name.
    Servers(Vec<Origin>),
}

impl Home {
    fn is_at(&self, origin: &Origin) -> bool {
        match self {
            Self::Granted => true,
            Self::Setting(_, home) => home.as_ref() == Some(origin),
            Self::Servers(homes) => homes.contains(origin),
        }
    }
}

/// Around what a secret is put, and thus how it has to be written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Between the quotes of a JSON string.
    Json,
    /// Into a value of an `application/x-www-form-urlencoded` body.
    Form,
    /// As it is.
    Plain,
}

impl Encoding {
    /// Whether this text ends in the middle of an escape, so that what follows would be read as a part of it.
    fn is_escape_begun(self, text: &[u8]) -> bool {
        match self {
            Self::Plain => false,
            Self::Form => match text {
                [.., b'%'] => true,
                [.., b'%', digit] => digit.is_ascii_hexdigit(),
                _ => false,
            },
            Self::Json => {
                let digits = text.iter().rev().take(3);
                let digits = digits.take_while(|byte| byte.is_ascii_hexdigit()).count();
                let is_open = |text: &[u8]| {
                    let slashes = text.iter().rev().take_while(|byte| **byte == b'\\');
                    slashes.count() % 2 == 1
                };
                let before = |count: usize| text[..text.len() - count].strip_suffix(b"u");
                is_open(text) || (0..=digits).any(|count| before(count).is_some_and(is_open))
            }
        }
    }
}

/// A secret on its way to where it must not go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misuse {
    /// Name of the secret.
    pub(crate) name: String,
    pub(crate) reason: SecretMisuse,
}

/// The secrets of an operation. Each has a placeholder, whether its guest has asked for it or not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vault {
    entries: Vec<Entry>,
    /// Made when it is asked for.
    patterns: OnceLock<Arc<Patterns>>,
}

#[derive(Debug, Clone)]
struct Entry {
    name: String,
    placeholder: String,
    secret: Secret,
    pattern: Option<Arc<Pattern>>,
    home: Home,
}

impl Vault {
    /// The placeholder of a secret, the same for each call with the same name.
    pub(crate) fn placeholder(&mut self, name: &str, secret: &Secret, home: Home) -> String {
        if let Some(entry) = self.entries.iter().find(|entry| entry.name == name) {
            return entry.placeholder.clone();
        }
        let placeholder = format!(
            "{}{}",
            String::from_utf8_lossy(PREFIX),
            Uuid::new_v4().simple()
        );
        self.patterns = OnceLock::new();
        self.entries.push(Entry {
            name: name.to_owned(),
            placeholder: placeholder.clone(),
            secret: secret.clone(),
            pattern: Pattern::new(secret.expose()).map(Arc::new),
            home,
        });
        placeholder
    }

    /// The user has given a setting its value, or another one than it had by itself: from now on, secrets that belong to its server may go
    /// there, and nowhere else.
    pub(crate) fn settle(&mut self, setting: &str, origin: &Origin) {
        for entry in &mut self.entries {
            if let Home::Setting(name, home) = &mut entry.home
                && name == setting
            {
                *home = Some(origin.clone());
            }
        }
    }

    /// The servers that settings name are these from now on, and no others.
    pub(crate) fn serve(&mut self, servers: &[Origin]) {
        for entry in &mut self.entries {
            if let Home::Servers(homes) = &mut entry.home {
                *homes = servers.to_vec();
            }
        }
    }

    /// How many secrets there are. None is ever taken out.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What to look for in answers: every secret. Nothing if there is none.
    pub(crate) fn patterns(&self) -> Option<&Arc<Patterns>> {
        let all = || {
            let patterns = self.entries.iter().filter_map(|it| it.pattern.clone());
            Arc::new(patterns.collect::<Patterns>())
        };
        let patterns = self.patterns.get_or_init(all);
        (!patterns.is_empty()).then_some(patterns)
    }

    /// Whether any of the secrets may go there.
    pub(crate) fn may_go_to(&self, origin: &Origin) -> bool {
        self.entries.iter().any(|entry| entry.home.is_at(origin))
    }

    /// The name of a secret whose placeholder is in there.
    pub(crate) fn find<'a>(&'a self, text: &'a [u8]) -> Option<&'a str> {
        self.occurrences(text)
            .next()
            .map(|(_, entry)| entry.name.as_str())
    }

    /// Puts secrets in for their placeholders, and adds their names to `names`, each once. `None` when there are none in it.
    pub(crate) fn swap(
        &self,
        text: &[u8],
        to: &Origin,
        encoding: Encoding,
        names: &mut Vec<String>,
    ) -> Result<Option<Vec<u8>>, Misuse> {
        let mut out: Option<Vec<u8>> = None;
        let mut done = 0;
        for (at, entry) in self.occurrences(text) {
            if !entry.home.is_at(to) {
                return Err(Misuse {
                    name: entry.name.clone(),
                    reason: SecretMisuse::Origin,
                });
            }
            if encoding.is_escape_begun(&text[..at]) {
                return Err(Misuse {
                    name: entry.name.clone(),
                    reason: SecretMisuse::Escape,
                });
            }
            let out = out.get_or_insert_with(|| Vec::with_capacity(text.len()));
            out.extend_from_slice(&text[done..at]);
            write(out, entry.secret.expose(), encoding);
            done = at + PLACEHOLDER;
            if !names.contains(&entry.name) {
                names.push(entry.name.clone());
            }
        }
        if let Some(out) = &mut out {
            out.extend_from_slice(&text[done..]);
        }
        Ok(out)
    }

    fn occurrences<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (usize, &'a Entry)> {
        let last = if self.entries.is_empty() {
            0
        } else {
            (text.len() + 1).saturating_sub(PLACEHOLDER)
        };
        let mut at = 0;
        std::iter::from_fn(move || {
            while at < last {
                let here = at;
                at += 1;
                if text[here] != PREFIX[0] || !text[here..].starts_with(PREFIX) {
                    continue;
                }
                let candidate = &text[here..here + PLACEHOLDER];
                if let Some(entry) = self
                    .entries
                    .iter()
                    .find(|entry| entry.placeholder.as_bytes() == candidate)
                {
                    at = here + PLACEHOLDER;
                    return Some((here, entry));
                }
            }
            None
        })
    }
}

fn write(out: &mut Vec<u8>, secret: &str, encoding: Encoding) {
    match encoding {
        Encoding::Plain => out.extend_from_slice(secret.as_bytes()),
        Encoding::Form => {
            out.extend(url::form_urlencoded::byte_serialize(secret.as_bytes()).flat_map(str::bytes))
        }
        Encoding::Json => {
            let quoted = serde_json::Value::from(secret).to_string();
            out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    fn vault(value: &str, home: Home) -> (Vault, String) {
        let mut vault = Vault::default();
        let placeholder = vault.placeholder("token", &Secret::new(value), home);
        assert_eq!(placeholder.len(), PLACEHOLDER);
        (vault, placeholder)
    }

    #[test]
    fn a_secret_goes_home_only() {
        let (home, other) = (origin("https://a.test"), origin("https://b.test"));
        let (vault, placeholder) = vault("s3cret", Home::Setting("url".into(), Some(home.clone())));
        let header = format!("Bearer {placeholder}");
        assert_eq!(
            vault
                .swap(header.as_bytes(), &home, Encoding::Plain, &mut Vec::new())
                .unwrap()
                .unwrap(),
            b"Bearer s3cret"
        );
        let misuse = vault
            .swap(header.as_bytes(), &other, Encoding::Plain, &mut Vec::new())
            .unwrap_err();
        assert_eq!(
            misuse,
            Misuse {
                name: "token".to_owned(),
                reason: SecretMisuse::Origin
            }
        );
        assert_eq!(
            vault
                .swap(b"Bearer else", &other, Encoding::Plain, &mut Vec::new())
                .unwrap(),
            None
        );
        assert_eq!(vault.find(header.as_bytes()), Some("token"));
        assert_eq!(
            vault.find(b"bowline-secret-00000000000000000000000000000000"),
            None
        );
    }

    #[test]
    fn a_secret_without_a_home_goes_nowhere_until_it_has_one() {
        let to = origin("https://a.test");
        let (mut vault, placeholder) = vault("s", Home::Setting("url".into(), None));
        let goes = |vault: &Vault, to: &Origin| {
            let swapped = vault.swap(placeholder.as_bytes(), to, Encoding::Plain, &mut Vec::new());
            swapped.is_ok()
        };
        assert!(!goes(&vault, &to));
        vault.settle("other-url", &to);
        assert!(!goes(&vault, &to));
        vault.settle("url", &to);
        assert!(goes(&vault, &to));
        // As where the user answers with another server than the one that the target has by itself.
        let answered = origin("https://b.test");
        vault.settle("url", &answered);
        assert!(goes(&vault, &answered) && !goes(&vault, &to));
    }

    #[test]
    fn a_secret_goes_to_the_servers_of_settings() {
        let [a, b, c] = ["https://a.test", "https://b.test", "https://c.test"].map(origin);
        let (mut vault, placeholder) = vault("s3cret", Home::Servers(vec![a.clone()]));
        let goes = |vault: &Vault, to: &Origin| {
            let swapped = vault.swap(placeholder.as_bytes(), to, Encoding::Json, &mut Vec::new());
            assert_eq!(swapped.is_ok(), vault.may_go_to(to));
            swapped.is_ok()
        };
        assert!(goes(&vault, &a) && !goes(&vault, &b));
        vault.serve(&[b.clone(), c.clone()]);
        assert!(!goes(&vault, &a) && goes(&vault, &b) && goes(&vault, &c));
    }

    #[test]
    fn no_escape_swallows_the_beginning_of_a_secret() {
        let to = origin("https://a.test");
        let (vault, placeholder) = vault("41b", Home::Granted);
        let is_sent = |before: &str, encoding| {
            let text = format!("{before}{placeholder}");
            vault
                .swap(text.as_bytes(), &to, encoding, &mut Vec::new())
                .is_ok()
        };
        for (before, form, json) in [
            ("%", false, true),
            ("%4", false, true),
            ("%41", true, true),
            ("%%4", false, true),
            ("4", true, true),
            ("\\", true, false),
            ("\\\\", true, true),
            ("\\u", true, false),
            ("\\u0", true, false),
            ("\\u00a", true, false),
            ("\\u00ab", true, true),
            ("\\\\u00a", true, true),
            ("\\\\\\u00a", true, false),
            ("u00a", true, true),
            ("", true, true),
        ] {
            assert_eq!(is_sent(before, Encoding::Form), form, "{before}");
            assert_eq!(is_sent(before, Encoding::Json), json, "{before}");
            assert!(is_sent(before, Encoding::Plain), "{before}");
        }
    }

    #[test]
    fn placeholders_differ_by_operation_and_stay_the_same_within() {
        let (mut first, placeholder) = vault("s", Home::Granted);
        assert_eq!(
            first.placeholder("token", &Secret::new("s"), Home::Granted),
            placeholder
        );
        assert_ne!(vault("s", Home::Granted).1, placeholder);
    }

    proptest! {
        #[test]
        fn json_and_forms_hold_the_very_secret(value in any::<String>(), before in "[a-z bo]{0,9}") {
            let to = origin("https://a.test");
            let (vault, placeholder) = vault(&value, Home::Granted);
            let json = serde_json::json!({ "a": [format!("{before}{placeholder}{placeholder}")] }).to_string();
            let swapped = vault.swap(json.as_bytes(), &to, Encoding::Json, &mut Vec::new()).unwrap().unwrap();
            let read: serde_json::Value = serde_json::from_slice(&swapped).unwrap();
            prop_assert_eq!(read["a"][0].as_str().unwrap(), format!("{before}{value}{value}"));
            let form = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("user", &before)
                .append_pair("password", &placeholder)
                .finish();
            let swapped = vault.swap(form.as_bytes(), &to, Encoding::Form, &mut Vec::new()).unwrap().unwrap();
            let read: Vec<_> = url::form_urlencoded::parse(&swapped).into_owned().collect();
            prop_assert_eq!(&read[0].1, &before);
            prop_assert_eq!(&read[1].1, &value);
        }
    }
}
