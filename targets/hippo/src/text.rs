//! Words of a server, made fit for a terminal.

/// Makes one line of at most `limit` characters of a text from the network: no control characters, nothing that turns the
/// direction of writing or hides, no runs of blanks.
#[must_use]
pub fn clean(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let word = word.chars().filter(|c| !is_invisible(*c));
        let mut blank = length > 0;
        for c in word {
            if length >= limit {
                line.push('…');
                return line;
            }
            if std::mem::take(&mut blank) {
                line.push(' ');
                length += 1;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}

/// A number of bytes as people read it: `1.5 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.into_iter().find(|(_, bits)| bytes >> bits > 0);
    let Some((unit, bits)) = unit else {
        return format!("{bytes} B");
    };
    // In tenths, rounded down, without floating point.
    let tenths = (u128::from(bytes) * 10) >> bits;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// Marks of direction and of zero width, which can make a text look like another one.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_lose_their_escape() {
        assert_eq!(clean("\u{1b}[31mred\u{7}\r\n  again", 100), "[31mred again");
    }

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_600_000, "1.5 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(clean(&"x".repeat(50), 5), "xxxxx…");
    }

    #[test]
    fn direction_can_not_be_turned() {
        assert_eq!(clean("evil\u{202e}txt", 100), "eviltxt");
    }
}
