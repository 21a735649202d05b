//! What a target used of what it may use.

use std::fmt::Write as _;

use bowline_host::Usage;
use bowline_host::limits::Amount;

use super::{STRONG, size};
use crate::text;

/// A small table, without line end: what was used, beside the limit. What wasn't used at all is left out.
#[must_use]
pub fn table(usage: &Usage) -> String {
    let used = || {
        usage
            .figures
            .iter()
            .filter(|figure| figure.used.number() > 0)
    };
    let rows: Vec<_> = used()
        .map(|figure| (figure.limit, amount(figure.used), figure.most.to_string()))
        .collect();
    let widest = |of: fn(&(&'static str, String, String)) -> usize| {
        rows.iter().map(of).max().unwrap_or_default()
    };
    let (names, amounts) = (widest(|row| row.0.len()), widest(|row| row.1.len()));
    let mut out = format!(
        "{STRONG}'{}' used in {}{STRONG:#}",
        text::one_line(&usage.target),
        usage.operation
    );
    for (name, amount, most) in &rows {
        // Writing to a string can't fail.
        let _ = write!(out, "\n  {name:<names$}  {amount:>amounts$} of {most}");
    }
    out
}

/// Short: what was used is seldom a round number.
fn amount(amount: Amount) -> String {
    match amount {
        Amount::Bytes(bytes) => size(bytes),
        Amount::Time(time) if time.as_secs() < 10 => format!("{} ms", time.as_millis()),
        Amount::Time(time) => format!("{} s", time.as_secs()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        use std::time::Duration;
        for (used, text) in [
            (Amount::Count(3), "3"),
            (Amount::Bytes(1_572_864), "1.50 MiB"),
            (Amount::Time(Duration::from_micros(1_500)), "1 ms"),
            (Amount::Time(Duration::from_millis(61_500)), "61 s"),
        ] {
            assert_eq!(amount(used), text);
        }
    }
}
