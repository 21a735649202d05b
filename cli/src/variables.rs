//! The process's environment variables, read once.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// A copy of the environment variables that this run goes by. An empty one counts as not set, as SIP 001 and most
/// CI systems expect.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<OsString, OsString>);

impl Variables {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// These variables and no others.
    pub fn from_pairs<K: Into<OsString>, V: Into<OsString>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// The value of `name`, unless it is unset or empty.
    #[must_use]
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.0
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }
}

/// Values may be secrets: only names are shown.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_unset() {
        let variables = Variables::from_pairs([("A", ""), ("B", "b")]);
        assert_eq!(variables.os("A"), None);
        assert_eq!(variables.os("B"), Some(OsStr::new("b")));
        assert_eq!(variables.os("C"), None);
    }

    #[test]
    fn values_are_not_in_debug_output() {
        let variables = Variables::from_pairs([("HIPPO_TOKEN", "canary")]);
        assert_eq!(format!("{variables:?}"), r#"{"HIPPO_TOKEN"}"#);
    }
}
