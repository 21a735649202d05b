//! What an operation used of what it may use.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::Operation;
use crate::limits::{Amount, Limit, Limits};

/// What one operation of a target has used, beside its limits. There is one for each operation that was lent something, however it
/// ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// Name of the target.
    pub target: String,
    /// The operation.
    pub operation: Operation,
    /// What was used, in the order of [`Limits::all`].
    pub figures: Vec<Figure>,
}

/// What was used of one limit. As JSON, amounts are numbers of what `unit` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figure {
    /// Name of the limit.
    pub limit: &'static str,
    /// How much was used; where it can go down as well, the most at any time.
    pub used: Amount,
    /// How much there was.
    pub most: Amount,
}

impl Usage {
    /// Puts figures, by the names of their limits, into order beside those limits.
    pub(crate) fn new(
        target: &str,
        operation: Operation,
        limits: &Limits,
        figures: &[(&'static str, Amount)],
    ) -> Self {
        let find = |limit: &Limit| figures.iter().find(|(name, _)| *name == limit.name);
        let figures = Limits::all()
            .iter()
            .filter_map(|limit| {
                let (name, used) = find(limit)?;
                Some(Figure {
                    limit: name,
                    used: *used,
                    most: limit.of(limits),
                })
            })
            .collect();
        Self {
            target: target.to_owned(),
            operation,
            figures,
        }
    }

    /// What was used of the limit with this name, if it is one that operations use.
    pub fn of(&self, limit: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.limit == limit)
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut out = serializer.serialize_struct("Figure", 4)?;
        out.serialize_field("limit", self.limit)?;
        out.serialize_field("used", &self.used)?;
        out.serialize_field("most", &self.most)?;
        out.serialize_field("unit", self.most.unit())?;
        out.end()
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of {}", self.limit, self.used, self.most)
    }
}
