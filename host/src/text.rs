//! Makes text of guests and servers fit for a terminal and for one line of a message.

/// Whether a character must not reach a terminal: controls, line separators, those that change the direction of what follows, and
/// those that can't be seen (Unicode's property `Default_Ignorable_Code_Point`, but for the selectors `U+FE00` to `U+FE0F`, which
/// choose how emoji look).
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// One clean line of at most `max` characters: hostile characters are dropped, runs of white space (line breaks too) become one
/// blank, and what is too long ends in `…`.
pub fn line(text: &str, max: usize) -> String {
    if text.len() <= max && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut count = 0;
    let mut blank = false;
    for c in text.chars() {
        if c.is_whitespace() {
            blank = count > 0;
            continue;
        }
        if is_hostile(c) {
            continue;
        }
        let needed = usize::from(blank) + 1;
        if count + needed > max {
            out.push('…');
            return out;
        }
        if std::mem::take(&mut blank) {
            out.push(' ');
        }
        out.push(c);
        count += needed;
    }
    out
}

/// Clean text of several lines: line breaks and tabs (as blanks) survive, at most `lines` lines of at most `max` characters each.
pub fn block(text: &str, lines: usize, max: usize) -> String {
    let mut out = String::new();
    for (index, raw) in text.lines().enumerate() {
        if index == lines {
            out.push_str("\n…");
            break;
        }
        if index > 0 {
            out.push('\n');
        }
        let clean: String = raw
            .chars()
            .map(|c| if c == '\t' { ' ' } else { c })
            .filter(|c| !is_hostile(*c))
            .collect();
        let mut chars = clean.trim_end().chars();
        out.extend(chars.by_ref().take(max));
        if chars.next().is_some() {
            out.push('…');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_lose_their_teeth() {
        assert_eq!(line("\u{1b}[31mred\u{1b}[0m\u{7}", 80), "[31mred[0m");
        assert_eq!(line(" a \r\n\t b ", 80), "a b");
        assert_eq!(line("abc\u{202e}def", 80), "abcdef");
        assert_eq!(
            line("a\u{200d}\u{3164}\u{1160}\u{e0100}\u{34f}b\u{9b}2J", 80),
            "ab2J"
        );
        assert_eq!(line("done ✔\u{fe0f}", 80), "done ✔\u{fe0f}");
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(line("abc", 3), "abc");
        assert_eq!(block("one\r\n\ttwo\u{1b}\nthree", 2, 80), "one\n two\n…");
    }

    proptest! {
        #[test]
        fn a_line_is_one_clean_line(text in any::<String>(), max in 0usize..100) {
            let clean = line(&text, max);
            prop_assert!(!clean.chars().any(is_hostile));
            prop_assert!(clean.chars().count() <= max + 1);
            prop_assert_eq!(line(&clean, max + 1), clean.clone());
        }

        #[test]
        fn a_block_keeps_only_line_breaks(text in any::<String>()) {
            let clean = block(&text, 5, 20);
            prop_assert!(!clean.chars().any(|c| c != '\n' && is_hostile(c)));
            prop_assert!(clean.lines().count() <= 6);
        }
    }
}
