//! What the user said yes to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Origin, Reach, Wants};

/// What the user allows one target, known by its digest, in one environment. The default allows nothing.
///
/// This is what a store of approvals and a lock file hold; `deny_unknown_fields` keeps one that was written by a later version, or
/// edited by hand, from being taken for less than it says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Approval {
    /// What the target asked for when it was approved.
    pub wants: Wants,
    /// Origins that the target declares itself and that may be at private addresses all the same.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub private: BTreeSet<Origin>,
    /// Values of limits by their names, e.g. `memory` and `64MiB`, instead of the defaults.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, String>,
}

impl Approval {
    /// Allows all of this, declared origins at public addresses only, with the default limits.
    #[must_use]
    pub fn of(wants: Wants) -> Self {
        Self {
            wants,
            ..Self::default()
        }
    }

    /// Allows a declared origin to be at a private address.
    #[must_use]
    pub fn with_private(mut self, origin: Origin) -> Self {
        self.private.insert(origin);
        self
    }

    /// Sets a limit by its name.
    #[must_use]
    pub fn with_limit(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.limits.insert(name.into(), value.into());
        self
    }

    /// Where an origin may be that the target declares.
    pub(super) fn reach(&self, origin: &Origin) -> Reach {
        if self.private.contains(origin) {
            Reach::PrivateToo
        } else {
            Reach::PublicOnly
        }
    }
}
