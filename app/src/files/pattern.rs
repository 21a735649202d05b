//! Globs, matched against paths relative to the application folder.

use glob::{MatchOptions, Pattern, PatternError};

/// A pattern of `files`: `*` and `?` stay within a folder, `**` crosses folders, and hidden files match like others.
#[derive(Debug)]
pub(super) struct FilesPattern {
    pattern: Pattern,
    /// The folder below which all matches lie; empty for the application folder.
    pub(super) base: String,
    /// How deep below `base` a match can lie.
    pub(super) depth: Option<usize>,
    /// Ends with `**`, which Spin lets match folders only.
    pub(super) folders_only: bool,
}

impl FilesPattern {
    /// Reads `text`, a path without `.` and `..` that may have glob characters.
    pub(super) fn new(text: &str) -> Result<Self, PatternError> {
        let parts: Vec<_> = text.split('/').collect();
        let literal = parts
            .iter()
            .take_while(|part| !is_glob(part))
            .count()
            .min(parts.len().saturating_sub(1));
        let crosses = parts.iter().any(|part| part.contains("**"));
        Ok(Self {
            pattern: Pattern::new(text)?,
            base: parts[..literal].join("/"),
            depth: (!crosses).then_some(parts.len() - literal),
            folders_only: parts.last() == Some(&"**"),
        })
    }

    /// Whether a file matches.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.pattern.matches_with(
            path,
            MatchOptions {
                case_sensitive: true,
                require_literal_separator: true,
                require_literal_leading_dot: false,
            },
        )
    }
}

/// Whether a path has characters that mean something in a glob.
pub(super) fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The patterns of `exclude_files`. As in Spin, their `*` crosses folders.
#[derive(Debug)]
pub(super) struct Excluded(Vec<Pattern>);

impl Excluded {
    pub(super) fn new(patterns: Vec<Pattern>) -> Self {
        Self(patterns)
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_in_its_folder_and_two_do_not() {
        let pattern = FilesPattern::new("static/*.txt").unwrap();
        assert!(pattern.matches("static/a.txt") && pattern.matches("static/.a.txt"));
        assert!(!pattern.matches("static/sub/a.txt"));
        assert_eq!((pattern.base.as_str(), pattern.depth), ("static", Some(1)));

        let pattern = FilesPattern::new("static/**/*").unwrap();
        assert!(pattern.matches("static/a") && pattern.matches("static/.hid/b/c"));
        assert!(!pattern.matches("other/a"));
        assert_eq!((pattern.base.as_str(), pattern.depth), ("static", None));
        assert!(!pattern.folders_only);

        assert!(FilesPattern::new("static/**").unwrap().folders_only);
        assert_eq!(FilesPattern::new("**/*.md").unwrap().base, "");
        assert!(FilesPattern::new("**/*.md").unwrap().matches("a.md"));
        assert_eq!(FilesPattern::new("a/b[12]/c").unwrap().depth, Some(2));
    }

    #[test]
    fn a_star_of_an_exclusion_crosses_folders() {
        let excluded = Excluded::new(vec![Pattern::new("static/*.txt").unwrap()]);
        assert!(excluded.matches("static/sub/deep.txt"));
        assert!(!excluded.matches("static/sub/deep.md"));
    }

    #[test]
    fn broken_patterns_are_refused() {
        assert!(FilesPattern::new("a[").is_err());
        assert!(FilesPattern::new("a***").is_err());
    }
}
