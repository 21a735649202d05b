//! Text from elsewhere, made fit for a terminal.

use bowline_host::text::is_hostile;

/// `text` without what could move the cursor, change colours, or hide or reorder what is shown. Line breaks stay.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|&c| c == '\n' || !is_hostile(c))
        .collect()
}

/// [`plain`] text on one line.
#[must_use]
pub fn one_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A value that is wrong, as the end of a message: `: 'value'`. Nothing of one that may hold a password, as a URL does with an `@`.
#[must_use]
pub fn quoted(text: &str) -> String {
    if text.contains('@') {
        String::new()
    } else {
        format!(": '{}'", one_line(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_reordering_marks_are_dropped() {
        assert_eq!(plain("a\u{1b}[31mb\u{7}\r\nc\td"), "a[31mb\nc d");
        assert_eq!(plain("gpj.\u{202e}exe"), "gpj.exe");
        assert_eq!(plain("pay\u{200b}pal \u{e0041}"), "paypal ");
        assert_eq!(plain("Käse 🧀"), "Käse 🧀");
    }

    #[test]
    fn one_line_joins_lines() {
        assert_eq!(one_line("first\n  second\r\n"), "first second");
    }
}
