//! Limits by their names: setting them, and telling about them.

use std::fmt::Write as _;

use super::{Amount, AmountError, Limit, Limits};
use crate::text;

/// Why a limit can't be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// There is no limit of that name.
    #[error("there is no limit '{name}'{}", nearest.map(|nearest| format!("; did you mean '{nearest}'?")).unwrap_or_default())]
    Unknown {
        /// The name, cleaned and cut.
        name: String,
        /// The name of the limit that comes nearest, if one does.
        nearest: Option<&'static str>,
    },
    /// The value is no amount of what the limit bounds.
    #[error("the limit '{name}' can't be '{value}'")]
    Value {
        /// Name of the limit.
        name: &'static str,
        /// The value, cleaned and cut.
        value: String,
        /// What is expected instead.
        #[source]
        source: AmountError,
    },
    /// The value is beyond what makes sense.
    #[error("the limit '{name}' can't be {value}: it goes from {least} to {most}")]
    Bounds {
        /// Name of the limit.
        name: &'static str,
        /// The value.
        value: Amount,
        /// The smallest that it can be.
        least: Amount,
        /// The largest that it can be.
        most: Amount,
    },
}

impl Limits {
    /// Sets the limit of this name. A value is a number, a size with its unit (`64MiB`; without one, bytes), or a time with its
    /// unit (`30s`).
    ///
    /// # Errors
    /// [`LimitError`]; then nothing is changed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), LimitError> {
        let Some(limit) = Limit::find(name) else {
            return Err(LimitError::Unknown {
                name: text::line(name, 40),
                nearest: nearest(name),
            });
        };
        let amount = limit
            .default
            .read_alike(value)
            .map_err(|source| LimitError::Value {
                name: limit.name,
                value: text::line(value, 40),
                source,
            })?;
        if exact(amount) < exact(limit.least) || exact(amount) > exact(limit.most) {
            return Err(LimitError::Bounds {
                name: limit.name,
                value: amount,
                least: limit.least,
                most: limit.most,
            });
        }
        (limit.set)(self, amount);
        Ok(())
    }

    /// The limits that are not what they are by default, with their values.
    pub fn changed(&self) -> impl Iterator<Item = (&'static Limit, Amount)> {
        let values = Self::all().iter().map(|limit| (limit, limit.of(self)));
        values.filter(|(limit, value)| *value != limit.default)
    }
}

/// A number to compare amounts of one kind by.
fn exact(amount: Amount) -> u128 {
    match amount {
        Amount::Count(number) | Amount::Bytes(number) => number.into(),
        Amount::Time(time) => time.as_nanos(),
    }
}

fn nearest(name: &str) -> Option<&'static str> {
    // Comparing takes time in proportion to the length.
    let name: String = name.chars().take(40).collect();
    let alike = |limit: &&Limit| strsim::jaro_winkler(&name, limit.name);
    Limits::all()
        .iter()
        .max_by(|one, other| alike(one).total_cmp(&alike(other)))
        .filter(|best| alike(best) > 0.7)
        .map(|best| best.name)
}

/// All limits as a table in Markdown: name, default, what it bounds, and why it is that much.
pub fn documentation() -> String {
    let mut out = String::from(
        "| limit | default | from, to | what it bounds | why that much |\n| --- | --- | --- | --- | --- |\n",
    );
    for limit in Limits::all() {
        let (name, default, least, most) = (limit.name, limit.default, limit.least, limit.most);
        let (what, reason) = (limit.what(), limit.reason());
        // Writing to a string can't fail.
        let _ = writeln!(
            out,
            "| `{name}` | {default} | {least}, {most} | {what} | {reason} |"
        );
    }
    out
}
