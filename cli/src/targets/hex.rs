//! Digests with the name of their algorithm before them, as registries, lock files and `--approve` write them.

use bowline_app::Digest;
use serde::{Deserialize as _, Deserializer, Serializer};

const PREFIX: &str = "sha256:";

/// `sha256:` and 64 lower-case hexadecimal digits.
#[must_use]
pub fn text(digest: &Digest) -> String {
    format!("{PREFIX}{digest}")
}

/// Reads what [`text`] writes. `None` when it is something else.
#[must_use]
pub fn parse(text: &str) -> Option<Digest> {
    text.strip_prefix(PREFIX)?.parse().ok()
}

pub fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&text(digest))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| {
        serde::de::Error::custom("it is not `sha256:` and 64 lower-case hexadecimal digits")
    })
}

/// The same for a digest that may be missing.
pub mod option {
    use super::{Deserializer, Digest, Serializer};

    pub fn serialize<S: Serializer>(
        digest: &Option<Digest>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match digest {
            Some(digest) => serializer.collect_str(&super::text(digest)),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Digest>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_algorithm_stands_before_it() {
        let digest = Digest::of(b"");
        assert_eq!(parse(&text(&digest)), Some(digest));
        let digits = digest.to_string();
        for other in [
            digits.clone(),
            format!("sha512:{digits}"),
            format!("sha256:{}", digits.to_uppercase()),
            format!("sha256:{digits}0"),
            String::new(),
        ] {
            assert_eq!(parse(&other), None, "{other}");
        }
    }
}
