//! Paths at which components see files.

/// Why a path can't be one that a component sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathFault {
    /// Nothing, or nothing between two slashes.
    #[error("it has an empty part")]
    Empty,
    /// It starts with `/`, or with a drive letter.
    #[error("it is absolute")]
    Absolute,
    /// `.` or `..` is one of its parts.
    #[error("it has a `.` or `..` part")]
    Dots,
    /// A backslash, which some systems take for a separator.
    #[error("it has a backslash")]
    Backslash,
    /// NUL, a line end or another control character.
    #[error("it has a control character")]
    Control,
    /// A part is longer than file systems allow.
    #[error("it has a part of more than 255 bytes")]
    LongPart,
    /// The whole is longer than file systems allow.
    #[error("it has more than 1024 bytes")]
    Long,
    /// More folders inside each other than anybody needs.
    #[error("it has more than 64 parts")]
    Deep,
}

/// Checks a path at which a component sees a file: relative, parts joined by `/`, none of them `.` or `..`.
/// What passes can be joined to a folder without leaving it.
///
/// # Errors
/// What is wrong, see [`PathFault`].
pub fn check_guest_path(path: &str) -> Result<(), PathFault> {
    if path.len() > 1024 {
        return Err(PathFault::Long);
    }
    let drive = path.as_bytes().get(1) == Some(&b':')
        && path.starts_with(|first: char| first.is_ascii_alphabetic());
    if path.starts_with('/') || drive {
        return Err(PathFault::Absolute);
    }
    if path.contains('\\') {
        return Err(PathFault::Backslash);
    }
    if path.contains(char::is_control) {
        return Err(PathFault::Control);
    }
    let mut parts = 0;
    for part in path.split('/') {
        match part {
            "" => return Err(PathFault::Empty),
            "." | ".." => return Err(PathFault::Dots),
            part if part.len() > 255 => return Err(PathFault::LongPart),
            _ => parts += 1,
        }
    }
    if parts > 64 {
        return Err(PathFault::Deep);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_pass() {
        for path in ["a", "a/b.txt", ".well-known/x", "a..b", "ünï/ço dé", "..."] {
            assert_eq!(check_guest_path(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_do_not() {
        for (path, fault) in [
            ("", PathFault::Empty),
            ("a//b", PathFault::Empty),
            ("a/", PathFault::Empty),
            ("/etc/passwd", PathFault::Absolute),
            ("C:x", PathFault::Absolute),
            ("../x", PathFault::Dots),
            ("a/../../x", PathFault::Dots),
            ("a/./x", PathFault::Dots),
            ("a\\..\\x", PathFault::Backslash),
            ("a\0", PathFault::Control),
            ("a\u{1b}[2J", PathFault::Control),
        ] {
            assert_eq!(check_guest_path(path), Err(fault), "{path:?}");
        }
        assert_eq!(check_guest_path(&"x".repeat(256)), Err(PathFault::LongPart));
        assert_eq!(check_guest_path(&"x/".repeat(600)), Err(PathFault::Long));
        assert_eq!(
            check_guest_path(&format!("{}x", "x/".repeat(64))),
            Err(PathFault::Deep)
        );
    }
}
