//! Which names are possible, and which known name somebody may have meant.

use crate::bindle_id;

/// Hippo keeps application names of at most this many characters.
const LONGEST_APPLICATION: usize = 128;

/// Component ids become names of folders and Bindle groups.
const LONGEST_COMPONENT: usize = 128;

pub(super) fn check_application(name: &str) -> Result<(), &'static str> {
    if name.contains('/') {
        return Err("a `/` is not possible: use letters, digits, `-` and `_`");
    }
    if name.len() > LONGEST_APPLICATION {
        return Err("it is longer than 128 characters, the most that Hippo takes");
    }
    bindle_id::check_name(name)
}

/// Version 1 takes any text; ids have to be usable as names of groups and folders.
pub(super) fn check_component(id: &str) -> Result<(), &'static str> {
    if id.is_empty() {
        return Err("it is empty");
    }
    if id.len() > LONGEST_COMPONENT {
        return Err("it is longer than 128 characters");
    }
    if !id.starts_with(|first: char| first.is_ascii_alphanumeric())
        || !id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    {
        return Err(
            "only ASCII letters, digits, `.`, `_` and `-` are possible, and a letter or digit comes first",
        );
    }
    Ok(())
}

/// Version 2: words joined by `-`, each either all lower or all upper case; the first one starts with a letter.
pub(super) fn check_kebab(id: &str) -> Result<(), &'static str> {
    check_component(id)?;
    if are_words(id, '-') {
        Ok(())
    } else {
        Err(
            "expected words joined by `-`, such as `my-component`, each in one case, and a letter first",
        )
    }
}

fn are_words(text: &str, joint: char) -> bool {
    let in_one_case = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !(word.bytes().any(|byte| byte.is_ascii_lowercase())
                && word.bytes().any(|byte| byte.is_ascii_uppercase()))
    };
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.split(joint).all(in_one_case)
}

/// Version 1 took any text for an id. Spin makes the usual ones ids of version 2, and so do we; others stay as they are.
pub(super) fn kebab_from_version_one(id: String) -> String {
    if check_kebab(&id).is_ok() {
        return id;
    }
    let kebab = id.replace('_', "-").to_ascii_lowercase();
    if check_kebab(&kebab).is_ok() {
        kebab
    } else {
        id
    }
}

/// Labels of stores and databases: words joined by `-` or by `_`.
pub(super) fn check_label(label: &str) -> Result<(), &'static str> {
    if label.len() <= LONGEST_COMPONENT && (are_words(label, '-') || are_words(label, '_')) {
        Ok(())
    } else {
        Err(
            "expected words joined by `-` or by `_`, such as `default` or `user_data`, each in one case, and a letter first",
        )
    }
}

/// Packages of a registry: `namespace:name`.
pub(super) fn check_package(package: &str) -> Result<(), &'static str> {
    let fits = package.len() <= 2 * LONGEST_COMPONENT
        && package
            .split_once(':')
            .is_some_and(|(namespace, name)| are_words(namespace, '-') && are_words(name, '-'));
    if fits {
        Ok(())
    } else {
        Err("expected a namespace and a name, such as `example:hello`")
    }
}

/// Names of variables: `lower_snake_case`.
pub(super) fn check_variable(name: &str) -> Result<(), &'static str> {
    let fits = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.ends_with('_')
        && !name.contains("__");
    if fits {
        Ok(())
    } else {
        Err(
            "expected lower-case letters and digits in words joined by single `_`, such as `api_host`",
        )
    }
}

/// The known name that `name` was probably meant to be.
pub(super) fn most_similar<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_names_are_those_that_bindle_holds() {
        for name in ["hello", "Hello_World-2", "a.b"] {
            assert_eq!(check_application(name), Ok(()), "{name}");
        }
        for name in [
            "",
            "my app",
            "a/b",
            "-a",
            "é",
            "a@b",
            "a#b",
            "..",
            "a\u{7}",
            &"a".repeat(129),
        ] {
            assert!(check_application(name).is_err(), "{name}");
        }
    }

    #[test]
    fn kebab_words_start_with_a_letter_and_keep_one_case() {
        for id in ["a", "my-component", "my-HTTP-component2", "a-1", "a-2b"] {
            assert_eq!(check_kebab(id), Ok(()), "{id}");
        }
        for id in [
            "my_component",
            "-a",
            "a-",
            "a--b",
            "1-a",
            "Mixed-case",
            "a.b",
        ] {
            assert!(check_kebab(id).is_err(), "{id}");
        }
    }

    #[test]
    fn ids_of_version_one_become_those_of_version_two_where_they_can() {
        for (id, kebab) in [
            ("hello", "hello"),
            ("hello_World", "hello-world"),
            ("hello_1", "hello-1"),
            ("a.b", "a.b"),
            ("1st_one", "1st_one"),
        ] {
            assert_eq!(kebab_from_version_one(id.to_owned()), kebab);
        }
    }

    #[test]
    fn labels_and_packages() {
        for label in ["default", "my-store", "my_store", "a1"] {
            assert_eq!(check_label(label), Ok(()), "{label}");
        }
        for label in ["", "a.b", "a b", "a_b-c", "_a"] {
            assert!(check_label(label).is_err(), "{label}");
        }
        assert_eq!(check_package("my-ns:my-name2"), Ok(()));
        for package in ["a", ":b", "a:", "a:b:c", "a:b/c", "a_b:c"] {
            assert!(check_package(package).is_err(), "{package}");
        }
    }

    #[test]
    fn variables_are_lower_snake() {
        for name in ["a", "api_host2"] {
            assert_eq!(check_variable(name), Ok(()), "{name}");
        }
        for name in ["", "A", "1a", "_a", "a_", "a__b", "a-b"] {
            assert!(check_variable(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let known = ["exclude_files", "files", "environment"];
        assert_eq!(
            most_similar("enviroment", known.into_iter()).as_deref(),
            Some("environment")
        );
        assert_eq!(
            most_similar("exclude-files", known.into_iter()).as_deref(),
            Some("exclude_files")
        );
        assert_eq!(most_similar("zzz", known.into_iter()), None);
    }
}
