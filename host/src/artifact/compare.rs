//! What is different in another version of a target.

use serde::Serialize;

use super::inspection::{Capability, Inspection, Producer};

/// How one component differs from another, as far as their sections tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// They are the same file.
    pub same: bool,
    /// What the contract version was and is, if it changed.
    pub contract: Option<Changed<Option<String>>>,
    /// What the size was and is, in bytes.
    pub size: Changed<u64>,
    /// Imports that came and went. Versions that can stand for each other, such as 0.2.9 and 0.2.12, are the same import.
    pub imports: Difference<String>,
    /// Exports that came and went, as for imports.
    pub exports: Difference<String>,
    /// What it can do newly, and no longer.
    pub capabilities: Difference<Capability>,
    /// Tools that came and went; another version is another tool.
    pub producers: Difference<Producer>,
    /// Custom sections that came and went, by name.
    pub sections: Difference<String>,
}

/// A value and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed<T> {
    /// In the first.
    pub before: T,
    /// In the second.
    pub after: T,
}

/// What only one of two has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference<T> {
    /// Only the second.
    pub added: Vec<T>,
    /// Only the first.
    pub removed: Vec<T>,
}

impl<T> Difference<T> {
    /// Neither has what the other hasn't.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl<T: Clone> Difference<T> {
    fn between(before: &[T], after: &[T]) -> Self
    where
        T: PartialEq,
    {
        Self::judged(before, after, T::eq)
    }

    fn judged(before: &[T], after: &[T], same: impl Fn(&T, &T) -> bool) -> Self {
        let only = |these: &[T], those: &[T]| -> Vec<T> {
            let new = |one: &&T| !those.iter().any(|other| same(one, other));
            these.iter().filter(new).cloned().collect()
        };
        Self {
            added: only(after, before),
            removed: only(before, after),
        }
    }
}

impl Inspection {
    /// What is different in `after`.
    pub fn compare(before: &Self, after: &Self) -> Comparison {
        let contract = (before.contract != after.contract).then(|| Changed {
            before: before.contract.clone(),
            after: after.contract.clone(),
        });
        let sections = |of: &Self| -> Vec<String> {
            let names = of.sections.iter().map(|section| section.name.clone());
            names.collect()
        };
        Comparison {
            same: before.digest == after.digest,
            contract,
            size: Changed {
                before: before.size,
                after: after.size,
            },
            imports: Difference::judged(&before.imported(), &after.imported(), is_same_interface),
            exports: Difference::judged(&before.exports, &after.exports, is_same_interface),
            capabilities: Difference::between(&before.capabilities, &after.capabilities),
            producers: Difference::between(&before.producers, &after.producers),
            sections: Difference::between(&sections(before), &sections(after)),
        }
    }

    fn imported(&self) -> Vec<String> {
        let all = &self.imports;
        [&all.contract, &all.wasi, &all.refused]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

impl Comparison {
    /// The second can do something that the first can't, with capabilities that there is something behind.
    pub fn asks_for_more(&self) -> bool {
        self.capabilities.added.iter().any(|new| new.is_lent())
    }
}

/// Whether both names stand for one interface in versions that can stand for each other, as the component model has it: from 1.0 on
/// those with the same first number, below with the same first two, and below 0.1 only the very same.
fn is_same_interface(one: &String, other: &String) -> bool {
    let track = |name: &str| -> Option<(String, u64, u64)> {
        let (interface, version) = name.rsplit_once('@')?;
        let version: semver::Version = version.parse().ok()?;
        let minor = match version.major {
            0 if version.minor > 0 => version.minor,
            0 => return None,
            _ => 0,
        };
        version
            .pre
            .is_empty()
            .then(|| (interface.to_owned(), version.major, minor))
    };
    one == other || track(one).is_some_and(|track_of| track(other) == Some(track_of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_on_one_track_are_one_interface() {
        let same = |one: &str, other: &str| is_same_interface(&one.to_owned(), &other.to_owned());
        for (one, other) in [
            ("wasi:io/poll@0.2.9", "wasi:io/poll@0.2.12"),
            ("a:b/c@1.0.0", "a:b/c@1.4.2"),
            ("a:b/c@0.0.1", "a:b/c@0.0.1"),
            ("run", "run"),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("wasi:io/poll@0.2.9", "wasi:io/poll@0.3.0"),
            ("wasi:io/poll@0.2.9", "wasi:io/streams@0.2.9"),
            ("a:b/c@1.0.0", "a:b/c@2.0.0"),
            ("a:b/c@0.0.1", "a:b/c@0.0.2"),
            ("a:b/c@0.2.0-rc.1", "a:b/c@0.2.0"),
            ("a:b/c@0.2.0-rc.1", "a:b/c@0.2.0-rc.2"),
            ("run", "stop"),
            ("a:b/c", "a:b/c@1.0.0"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }
}
