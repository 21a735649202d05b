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

/// Version 2: words joined by `-`, each starting with a letter and either all lower or all upper case.
pub(super) fn check_kebab(id: &str) -> Result<(), &'static str> {
    check_component(id)?;
    let word_fits = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !(word.bytes().any(|byte| byte.is_ascii_lowercase())
                && word.bytes().any(|byte| byte.is_ascii_uppercase()))
    };
    if id.split('-').all(word_fits) {
        Ok(())
    } else {
        Err(
            "expected words joined by `-`, such as `my-component`, each starting with a letter and in one case",
        )
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
        for id in ["a", "my-component", "my-HTTP-component2"] {
            assert_eq!(check_kebab(id), Ok(()), "{id}");
        }
        for id in ["my_component", "-a", "a-", "a--b", "a-1", "Mixed-case"] {
            assert!(check_kebab(id).is_err(), "{id}");
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
