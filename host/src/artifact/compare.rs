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
    /// Imports that came and went.
    pub imports: Difference<String>,
    /// Exports that came and went.
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

impl<T: Clone + PartialEq> Difference<T> {
    fn between(before: &[T], after: &[T]) -> Self {
        let only = |these: &[T], those: &[T]| -> Vec<T> {
            let these = these.iter().filter(|one| !those.contains(one));
            these.cloned().collect()
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
            imports: Difference::between(&before.imported(), &after.imported()),
            exports: Difference::between(&before.exports, &after.exports),
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
