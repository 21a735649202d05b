//! Which imports of a component a dependency satisfies, by Spin's rules.

use semver::Version;

/// The key of a dependency in the manifest.
///
/// A name without `:` is that of one import (a function or an unnamed interface), and matches no other. A package matches all imports of
/// interfaces of that package; with an interface or a version it matches only those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DependencyName {
    Plain(String),
    Package {
        package: String,
        interface: Option<String>,
        version: Option<Version>,
    },
}

impl DependencyName {
    /// Reads `greet`, `acme:greeter`, `acme:greeter/hello`, `acme:greeter/hello@1.0.0` or `acme:greeter@1.0.0`. `None` if it is nothing
    /// of that.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(Version::parse(version).ok()?)),
            None => (text, None),
        };
        if !name.contains(':') {
            let is_plain = version.is_none() && is_label(name);
            return is_plain.then(|| Self::Plain(name.to_owned()));
        }
        let (package, interface) = match name.split_once('/') {
            Some((package, interface)) => (package, Some(interface)),
            None => (name, None),
        };
        let (namespace, rest) = package.split_once(':')?;
        let all_labels = is_label(namespace) && is_label(rest) && interface.is_none_or(is_label);
        all_labels.then(|| Self::Package {
            package: package.to_owned(),
            interface: interface.map(ToOwned::to_owned),
            version,
        })
    }

    /// Whether it satisfies the import of this name.
    pub(crate) fn matches(&self, import: &str) -> bool {
        match (self, Self::parse(import)) {
            (Self::Plain(name), _) => name == import,
            (
                Self::Package {
                    package,
                    interface,
                    version,
                },
                Some(Self::Package {
                    package: imported,
                    interface: Some(part),
                    version: needed,
                }),
            ) => {
                *package == imported
                    && interface.as_ref().is_none_or(|wanted| *wanted == part)
                    && version
                        .as_ref()
                        .is_none_or(|wanted| needed.as_ref() == Some(wanted))
            }
            _ => false,
        }
    }
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '-')
}

/// The export that satisfies an import of this name: the one of the same name, or of a version that is compatible by the rule of
/// semantic versions.
pub(crate) fn export_for<'e>(
    import: &str,
    exports: impl Iterator<Item = &'e String> + Clone,
) -> Option<&'e String> {
    exports
        .clone()
        .find(|name| *name == import)
        .or_else(|| exports.into_iter().find(|name| is_compatible(name, import)))
}

fn is_compatible(offered: &str, wanted: &str) -> bool {
    let (Some((name, offered)), Some((other, wanted))) =
        (offered.split_once('@'), wanted.split_once('@'))
    else {
        return false;
    };
    let (Ok(offered), Ok(wanted)) = (Version::parse(offered), Version::parse(wanted)) else {
        return false;
    };
    let line = |version: &Version| match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    };
    name == other
        && offered.pre.is_empty()
        && wanted.pre.is_empty()
        && line(&offered) == line(&wanted)
        && offered >= wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_satisfies_its_imports_and_no_others() {
        for (name, import, expected) in [
            ("acme:greeter", "acme:greeter/hello@1.0.0", true),
            ("acme:greeter", "acme:greeter/hello", true),
            ("acme:greeter", "acme:greeters/hello", false),
            ("acme:greeter@1.0.0", "acme:greeter/hello@1.0.0", true),
            ("acme:greeter@1.0.0", "acme:greeter/hello@1.0.1", false),
            ("acme:greeter@1.0.0", "acme:greeter/hello", false),
            ("acme:greeter/hello", "acme:greeter/hello@1.0.0", true),
            ("acme:greeter/hello", "acme:greeter/hello-2@1.0.0", false),
            ("acme:greeter/hello@1.0.0", "acme:greeter/hello@1.0.0", true),
            ("greet", "greet", true),
            ("greet", "acme:greet/greet", false),
            ("acme:greeter", "acme-greeter", false),
        ] {
            let name = DependencyName::parse(name).unwrap();
            assert_eq!(name.matches(import), expected, "{name:?} {import}");
        }
    }

    #[test]
    fn nonsense_is_no_name() {
        for text in [
            "",
            ":",
            "a:",
            ":b",
            "a:b/",
            "a:b@",
            "a:b@1",
            "a@1.0.0",
            "a b",
            "a:b/c/d",
            "a:b:c",
            "a:b\u{1b}",
        ] {
            assert_eq!(DependencyName::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_later_compatible_export_serves_too() {
        let exports = ["a:b/c@1.2.0".to_owned(), "a:b/d@0.1.5".to_owned()];
        for (import, found) in [
            ("a:b/c@1.2.0", Some("a:b/c@1.2.0")),
            ("a:b/c@1.1.0", Some("a:b/c@1.2.0")),
            ("a:b/c@1.3.0", None),
            ("a:b/c@2.0.0", None),
            ("a:b/d@0.1.0", Some("a:b/d@0.1.5")),
            ("a:b/d@0.2.0", None),
            ("a:b/c", None),
        ] {
            let chosen = export_for(import, exports.iter());
            assert_eq!(chosen.map(String::as_str), found, "{import}");
        }
    }
}
