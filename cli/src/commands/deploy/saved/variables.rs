//! The values of the application's variables within a saved plan: enough to tell whether they are the same, and no more.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::application::variables::Values;
use crate::error::Error;
use crate::exit::Exit;
use crate::text;

/// Rounds of PBKDF2: what OWASP recommends for HMAC-SHA256 (Password Storage Cheat Sheet, 2023).
const ROUNDS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();
/// Bytes of the salt.
const SALT: usize = 16;
/// Bytes of what is derived: those of SHA-256.
const DERIVED: usize = 32;

/// The variables that had a value, with a key derived from all their values together.
///
/// The values may be secret, and the file goes to reviewers and build machines. So there is no digest of a value in it: whoever
/// wants to find one out by trying has to guess all of them at once, at the price of [`ROUNDS`] for each attempt, and anew
/// for each plan.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Variables {
    names: BTreeSet<String>,
    /// Base64.
    salt: String,
    /// Base64: PBKDF2-HMAC-SHA256 over the JSON of names and values.
    derived: String,
}

impl Variables {
    /// What stands for these values.
    ///
    /// # Errors
    /// [`Exit::Internal`] when the machine has no random numbers.
    pub(in super::super) fn of(values: &Values) -> Result<Self, Error> {
        if values.is_empty() {
            return Ok(Self::default());
        }
        let mut salt = [0; SALT];
        SystemRandom::new()
            .fill(&mut salt)
            .map_err(|_| Error::new(Exit::Internal, "the system gives no random numbers"))?;
        let mut derived = [0; DERIVED];
        pbkdf2::derive(
            PBKDF2_HMAC_SHA256,
            ROUNDS,
            &salt,
            &text(values)?,
            &mut derived,
        );
        Ok(Self {
            names: names(values),
            salt: STANDARD.encode(salt),
            derived: STANDARD.encode(derived),
        })
    }

    /// Whether no variable had a value.
    pub(super) fn is_none(&self) -> bool {
        self.names.is_empty()
    }

    /// What has moved, in words.
    ///
    /// # Errors
    /// [`Exit::Internal`] when the values can't be written down.
    pub(in super::super) fn moved(&self, now: &Values) -> Result<Vec<String>, Error> {
        let names_now = names(now);
        let listed = |names: Vec<&String>| {
            let names: Vec<String> = names.into_iter().map(|name| text::one_line(name)).collect();
            names.join(", ")
        };
        let mut moved = Vec::new();
        let gone: Vec<_> = self.names.difference(&names_now).collect();
        if !gone.is_empty() {
            moved.push(format!("variables that were given then: {}", listed(gone)));
        }
        let new: Vec<_> = names_now.difference(&self.names).collect();
        if !new.is_empty() {
            moved.push(format!("variables that are given now: {}", listed(new)));
        }
        if moved.is_empty() && !self.is_none() && !self.is_of(now)? {
            moved.push(format!(
                "the value of one of these variables, or of several: {}",
                listed(self.names.iter().collect())
            ));
        }
        Ok(moved)
    }

    fn is_of(&self, values: &Values) -> Result<bool, Error> {
        let (Ok(salt), Ok(derived)) = (STANDARD.decode(&self.salt), STANDARD.decode(&self.derived))
        else {
            return Ok(false);
        };
        // A file that somebody has shortened would say yes to more.
        if salt.len() != SALT || derived.len() != DERIVED {
            return Ok(false);
        }
        let same = pbkdf2::verify(PBKDF2_HMAC_SHA256, ROUNDS, &salt, &text(values)?, &derived);
        Ok(same.is_ok())
    }
}

fn names(values: &Values) -> BTreeSet<String> {
    values.iter().map(|it| it.name.clone()).collect()
}

/// One text for one set of names and values.
fn text(values: &Values) -> Result<Zeroizing<Vec<u8>>, Error> {
    let pairs: Vec<_> = values
        .iter()
        .map(|it| (it.name.as_str(), it.value.expose()))
        .collect();
    serde_json::to_vec(&pairs)
        .map(Zeroizing::new)
        .map_err(|error| Error::of(Exit::Internal, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::variables::tests::values;

    #[test]
    fn other_values_and_names_are_found_out() {
        let then = values(&[("api_key", "s3cret"), ("greeting", "hi")]);
        let saved = Variables::of(&then).unwrap();
        assert!(saved.moved(&then).unwrap().is_empty());
        assert_eq!(
            saved
                .moved(&values(&[("api_key", "s3cre7"), ("greeting", "hi")]))
                .unwrap(),
            ["the value of one of these variables, or of several: api_key, greeting"]
        );
        assert_eq!(
            saved
                .moved(&values(&[("greeting", "hi"), ("other", "")]))
                .unwrap(),
            [
                "variables that were given then: api_key",
                "variables that are given now: other"
            ]
        );
        assert_eq!(
            Variables::default().moved(&Values::default()).unwrap(),
            [""; 0]
        );
        assert_eq!(
            Variables::default().moved(&values(&[("a", "b")])).unwrap(),
            ["variables that are given now: a"]
        );
    }

    #[test]
    fn no_value_is_in_it_and_no_two_are_alike() {
        let values = values(&[("api_key", "s3cret")]);
        let [one, two] = [(); 2].map(|()| Variables::of(&values).unwrap());
        assert_ne!(one, two);
        let written = serde_json::to_string(&one).unwrap();
        assert!(
            written.contains("api_key") && !written.contains("s3cret"),
            "{written}"
        );
        for changed in [
            Variables {
                salt: String::new(),
                ..one.clone()
            },
            Variables {
                derived: String::new(),
                ..one.clone()
            },
            Variables {
                derived: "%".into(),
                ..one.clone()
            },
            Variables {
                derived: two.derived.clone(),
                ..one.clone()
            },
        ] {
            assert_eq!(changed.moved(&values).unwrap().len(), 1);
        }
    }
}
