//! Domains: which are valid, and which one a channel gets that asks for none.

/// `^([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}$`, with .NET's `$`.
pub(crate) fn is_domain(text: &str) -> bool {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let Some((labels, top)) = text.rsplit_once('.') else {
        return false;
    };
    top.len() >= 2
        && top.bytes().all(|byte| byte.is_ascii_lowercase())
        && labels.split('.').all(is_label)
}

/// Runs of lower-case letters and digits, joined by single hyphens.
fn is_label(label: &str) -> bool {
    let is_run = |run: &str| {
        !run.is_empty()
            && run
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    label.split('-').all(is_run)
}

/// The domain of a channel that asks for none: the app's name, and before it the channel's unless it
/// is the app's first. It isn't checked for being valid or free.
pub(crate) fn default_domain(app: &str, channel: &str, is_first: bool, platform: &str) -> String {
    let name = if is_first {
        app.to_owned()
    } else {
        format!("{channel}-{app}")
    };
    format!("{name}.{platform}")
        .replace('_', "-")
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_domains() {
        for valid in [
            "hello.localhost",
            "a-b.c.io",
            "1.example.com",
            "hello.localhost\n",
        ] {
            assert!(is_domain(valid), "{valid:?}");
        }
        for invalid in [
            "",
            "localhost",
            ".localhost",
            "Hello.localhost",
            "-a.localhost",
            "a-.localhost",
            "a--b.localhost",
            "a_b.localhost",
            "a.b",
            "a.l0calhost",
            "a..localhost",
            "a b.localhost",
        ] {
            assert!(!is_domain(invalid), "{invalid:?}");
        }
    }

    #[test]
    fn default_domains() {
        let domain = |app, channel, is_first| default_domain(app, channel, is_first, "localhost");
        assert_eq!(domain("hello", "spin-deploy", true), "hello.localhost");
        assert_eq!(domain("hello", "Staging", false), "staging-hello.localhost");
        assert_eq!(domain("Foo_Bar", "x", true), "foo-bar.localhost");
        // Hippo makes domains that it later refuses.
        assert_eq!(domain("_a", "x", true), "-a.localhost");
        assert!(!is_domain(&domain("_a", "x", true)));
    }
}
