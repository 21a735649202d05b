//! Which names Hippo takes, and which of them give a domain that works.

use bowline_target::Failure;

use crate::describe::names;

/// Longest application name (`CreateAppCommandValidator`).
const APPLICATION: usize = 128;
/// Longest channel name (`CreateChannelCommandValidator`).
const CHANNEL: usize = 64;
/// Longest revision number (`RegisterRevisionCommandValidator`).
const REVISION: usize = 128;
/// Longest label of a domain name (RFC 1035, section 2.3.4).
const LABEL: usize = 63;
/// Longest domain name in its usual spelling (RFC 1035, section 2.3.4).
const DOMAIN: usize = 253;

/// Refuses an application that Hippo can't take: its name is the application's name and storage id on Hippo, and the name
/// of its bindle.
///
/// Hippo allows more characters in storage ids than in names, a dot among them, but then refuses every later
/// registration of a revision. Changing the name for Hippo's sake would let two applications share one place.
///
/// # Errors
/// [`Failure::UnsupportedApplication`], saying which rule is broken.
pub fn check_application(name: &str, revision: &str) -> Result<(), Failure> {
    let refuse = |reason: String| Err(Failure::UnsupportedApplication(reason));
    if let Some(bad) = first_bad(name) {
        return refuse(format!(
            "Hippo takes letters of ASCII, digits, '-' and '_' in an application's name, and '{name}' has {bad:?} in it"
        ));
    }
    if name.is_empty() || name.len() > APPLICATION {
        return refuse(format!(
            "Hippo takes applications' names of 1 to {APPLICATION} characters; this one has {}",
            name.len()
        ));
    }
    if revision.len() > REVISION {
        return refuse(format!(
            "Hippo takes revisions of up to {REVISION} characters; '{revision}' has {}",
            revision.len()
        ));
    }
    Ok(())
}

/// Refuses a channel name that Hippo doesn't take.
///
/// # Errors
/// [`Failure::InvalidSetting`] for the channel's setting.
pub fn check_channel(name: &str) -> Result<(), Failure> {
    let reason = match first_bad(name) {
        Some(bad) => format!("can have letters of ASCII, digits, '-' and '_' in it, not {bad:?}"),
        None if name.is_empty() || name.len() > CHANNEL => {
            format!(
                "has to have 1 to {CHANNEL} characters, and has {}",
                name.len()
            )
        }
        None => return Ok(()),
    };
    Err(Failure::invalid_setting(names::CHANNEL, reason))
}

/// Refuses a domain that Hippo doesn't take: lower-case labels joined by dots, at least two, the last of letters alone.
///
/// # Errors
/// [`Failure::InvalidSetting`] for the domain's setting.
pub fn check_domain(domain: &str) -> Result<(), Failure> {
    let labels: Vec<&str> = domain.split('.').collect();
    let (last, rest) = labels.split_last().unwrap_or((&"", &[]));
    let ends_well = last.len() >= 2 && last.bytes().all(|b| b.is_ascii_lowercase());
    if domain.len() <= DOMAIN
        && !rest.is_empty()
        && ends_well
        && rest.iter().all(|label| is_label(label))
    {
        return Ok(());
    }
    Err(Failure::invalid_setting(
        names::DOMAIN,
        "has to be a host name in lower case with at least one dot, such as 'hello.example.com'",
    ))
}

/// The first label of the domain that Hippo makes for a channel created without one (`<app>.<platform's domain>` for an
/// application's first channel, `<channel>-<app>.<platform's domain>` for others), if it is a good one.
///
/// Hippo checks it only later, and then refuses every registration of a revision.
///
/// # Errors
/// [`Failure::UnsupportedApplication`], naming the setting that helps.
pub fn check_default_domain(application: &str, channel: &str, first: bool) -> Result<(), Failure> {
    let made_of = if first {
        application.to_owned()
    } else {
        format!("{channel}-{application}")
    };
    let label = made_of.replace('_', "-").to_ascii_lowercase();
    if is_label(&label) {
        return Ok(());
    }
    Err(Failure::UnsupportedApplication(format!(
        "Hippo would make a domain of '{made_of}' that it can't use: say another with --{}, or take a name without '-' or '_' at its ends or two of them in a row, of at most {LABEL} characters",
        names::DOMAIN
    )))
}

/// Whether a host name from the network can go into a URL.
#[must_use]
pub fn is_host(domain: &str) -> bool {
    !domain.is_empty()
        && domain.len() <= DOMAIN
        && domain
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// `[a-z0-9]+(-[a-z0-9]+)*`, not longer than DNS allows.
fn is_label(label: &str) -> bool {
    label.len() <= LABEL
        && label.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

fn first_bad(name: &str) -> Option<char> {
    name.chars()
        .find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_names_are_hippos() {
        for good in ["hello", "Hello-World_2", "-", "a--b"] {
            check_application(good, "1.0.0").unwrap();
        }
        for bad in ["", "a.b", "a/b", "größe", "a b", "a\n", &"x".repeat(129)] {
            let refused = check_application(bad, "1.0.0");
            assert!(
                matches!(refused, Err(Failure::UnsupportedApplication(_))),
                "{bad}"
            );
        }
        assert!(check_application("a", &"1".repeat(129)).is_err());
    }

    #[test]
    fn a_default_domain_comes_of_a_good_label() {
        for good in ["hello", "Foo_Bar", "a-b-c", "0"] {
            check_default_domain(good, "spin-deploy", true).unwrap();
        }
        for bad in ["-a", "a-", "_a", "a--b", "a__b", "a-_b", &"x".repeat(64)] {
            assert!(
                check_default_domain(bad, "spin-deploy", true).is_err(),
                "{bad}"
            );
        }
        assert!(check_default_domain(&"x".repeat(60), "spin-deploy", false).is_err());
    }

    #[test]
    fn domains_are_hippos() {
        for good in ["hello.localhost", "a.b-c.example", "0.io"] {
            check_domain(good).unwrap();
        }
        for bad in [
            "",
            "localhost",
            "A.example",
            "a..b",
            "a.b.",
            "-a.io",
            "a.1o",
            "a.i",
            "http://a.io",
            "a.io:80",
        ] {
            assert!(check_domain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn channel_names_are_hippos() {
        check_channel("spin-deploy").unwrap();
        for bad in ["", "a b", "a.b", &"x".repeat(65)] {
            assert!(check_channel(bad).is_err(), "{bad}");
        }
    }
}
