//! Text from elsewhere, made fit for a terminal.

/// `text` without what could move the cursor, change colours, or reorder what is shown: control characters other than
/// line breaks, and the Unicode marks that change the direction of writing.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|&c| c == '\n' || !(c.is_control() || reorders(c)))
        .collect()
}

/// [`plain`] text on one line.
#[must_use]
pub fn one_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Marks of the bidirectional algorithm (Unicode Standard Annex 9): harmless in prose, but able to show a URL or a
/// file name in another order than it has.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_reordering_marks_are_dropped() {
        assert_eq!(plain("a\u{1b}[31mb\u{7}\r\nc\td"), "a[31mb\nc d");
        assert_eq!(plain("gpj.\u{202e}exe"), "gpj.exe");
        assert_eq!(plain("Käse 🧀"), "Käse 🧀");
    }

    #[test]
    fn one_line_joins_lines() {
        assert_eq!(one_line("first\n  second\r\n"), "first second");
    }
}
