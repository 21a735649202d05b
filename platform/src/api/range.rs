//! Range rules: npm's grammar of version ranges, as the library behind Hippo (adamreeve/semver.net
//! 1.3.0) reads it, translated into comparators of the `semver` crate.
//!
//! Build metadata is dropped on both sides: it never selects and never orders.

use anyhow::{Context, bail, ensure};
use semver::{BuildMetadata, Comparator, Op, Prerelease, Version, VersionReq};

/// Picks the number that a range rule selects: the greatest that satisfies it, and of equals the
/// first. Numbers that aren't strict versions are passed over.
///
/// Fails when the rule can't be read.
pub(crate) fn select<'a>(rule: &str, numbers: &[&'a str]) -> anyhow::Result<Option<&'a str>> {
    if let Some(pre_release) = strip_prefix_ignoring_case(rule, "P:") {
        return select_pre_release(pre_release, numbers);
    }
    let range = Range::parse(rule)?;
    let mut best: Option<(Version, &str)> = None;
    for &number in numbers {
        let Some(version) = candidate(number) else {
            continue;
        };
        if !range.contains(&version) {
            continue;
        }
        if best
            .as_ref()
            .is_none_or(|(greatest, _)| version.cmp_precedence(greatest).is_gt())
        {
            best = Some((version, number));
        }
    }
    Ok(best.map(|(_, number)| number))
}

/// `<range>-<name>-*` selects among numbers `<version>-<name>-<timestamp>` the one with the greatest
/// timestamp as a text.
fn select_pre_release<'a>(rule: &str, numbers: &[&'a str]) -> anyhow::Result<Option<&'a str>> {
    let (range, name) = rule
        .strip_suffix("-*")
        .and_then(|rule| rule.split_once('-'))
        .filter(|(range, name)| !range.is_empty() && !name.is_empty())
        .with_context(|| format!("'P:{rule}' isn't of the form P:<range>-<name>-*"))?;
    let range = Range::parse(range)?;
    let selected = numbers
        .iter()
        .filter_map(|&number| {
            let (version, rest) = number.split_once('-')?;
            let (user, timestamp) = rest.rsplit_once('-')?;
            let satisfies = candidate(version).is_some_and(|version| range.contains(&version));
            (user == name && satisfies).then_some((timestamp, number))
        })
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    Ok(selected.map(|(_, number)| number))
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// A strict version; white space around and a `v` before it are tolerated.
fn candidate(number: &str) -> Option<Version> {
    let number = number.trim();
    let number = number.strip_prefix('v').unwrap_or(number);
    Version::parse(number.trim_start()).ok()
}

/// Sets of comparators, one of which has to be satisfied as a whole.
struct Range {
    alternatives: Vec<VersionReq>,
}

impl Range {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let alternatives = text
            .split("||")
            .map(|set| {
                parse_set(set).with_context(|| format!("'{text}' isn't a range of versions"))
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { alternatives })
    }

    /// A pre-release satisfies a set only if one of its comparators has a pre-release of the same
    /// version; `VersionReq` has that rule too.
    fn contains(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|set| set.matches(version))
    }
}

fn parse_set(text: &str) -> anyhow::Result<VersionReq> {
    let mut comparators = Vec::new();
    let mut rest = text.trim();
    if let Some((low, high)) = rest.split_once(" - ") {
        comparators.extend(at_least(&Partial::parse(low.trim())?));
        comparators.extend(at_most(&Partial::parse(high.trim())?)?);
        return Ok(VersionReq { comparators });
    }
    while !rest.is_empty() {
        let operator_length = rest.find(|c| !"<>=~^".contains(c)).unwrap_or(rest.len());
        let (operator, tail) = rest.split_at(operator_length);
        let tail = tail.trim_start();
        let version_length = tail
            .find(|c: char| c.is_whitespace() || "<>=~^".contains(c))
            .unwrap_or(tail.len());
        let (version, tail) = tail.split_at(version_length);
        let version = Partial::parse(version)?;
        match operator {
            "" | "=" if version.is_full() => comparators.push(version.comparator(Op::Exact)),
            "" | "=" => comparators.extend(within(&version)?),
            "~" | "~>" => comparators.extend(tilde(&version)?),
            "^" => comparators.extend(caret(&version)?),
            ">" if version.is_full() => comparators.push(version.comparator(Op::Greater)),
            // Above a partial version means above all that it stands for.
            ">" => comparators.push(match version.successor()? {
                Some(next) => next.comparator(Op::GreaterEq),
                None => nothing(),
            }),
            ">=" => comparators.extend(at_least(&version)),
            "<" => comparators.push(version.comparator(Op::Less)),
            "<=" => comparators.extend(at_most(&version)?),
            other => bail!("'{other}' isn't an operator"),
        }
        rest = tail.trim_start();
    }
    Ok(VersionReq { comparators })
}

/// A version that may lack its end: `1`, `1.2`, `1.x`, `*`.
#[derive(Clone, Debug, Default)]
struct Partial {
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
    pre: Prerelease,
}

impl Partial {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        ensure!(!text.is_empty(), "a version is missing");
        let (text, build) = match text.split_once('+') {
            Some((text, build)) => (text, Some(build)),
            None => (text, None),
        };
        if let Some(build) = build {
            let valid = !build.is_empty() && BuildMetadata::new(build).is_ok();
            ensure!(valid, "'{build}' isn't build metadata");
        }
        let (numbers, pre) = match text.split_once('-') {
            Some((numbers, pre)) => (numbers, Some(pre)),
            None => (text, None),
        };
        ensure!(pre != Some(""), "a pre-release is missing");
        let pre = pre.unwrap_or_default();
        let pre = Prerelease::new(pre).with_context(|| format!("'{pre}' isn't a pre-release"))?;
        let mut parts = numbers.split('.').map(|part| match part {
            "x" | "X" | "*" => Ok(None),
            part => part
                .parse()
                .map(Some)
                .with_context(|| format!("'{part}' isn't a number")),
        });
        let mut next = || parts.next().transpose().map(Option::flatten);
        let (major, minor, patch) = (next()?, next()?, next()?);
        ensure!(
            parts.next().is_none(),
            "'{numbers}' has more than three parts"
        );
        let mut partial = Self {
            major,
            minor,
            patch,
            pre,
        };
        // What follows a wildcard says nothing.
        if partial.major.is_none() {
            partial.minor = None;
        }
        if partial.minor.is_none() {
            partial.patch = None;
        }
        ensure!(
            partial.is_full() || partial.pre.is_empty(),
            "'{text}' has a pre-release but isn't a whole version"
        );
        Ok(partial)
    }

    fn is_full(&self) -> bool {
        self.patch.is_some()
    }

    /// The least version that this one stands for, compared by `op`.
    fn comparator(&self, op: Op) -> Comparator {
        Comparator {
            op,
            major: self.major.unwrap_or(0),
            minor: Some(self.minor.unwrap_or(0)),
            patch: Some(self.patch.unwrap_or(0)),
            pre: self.pre.clone(),
        }
    }

    fn of(major: u64, minor: u64, patch: u64) -> Self {
        Self {
            major: Some(major),
            minor: Some(minor),
            patch: Some(patch),
            pre: Prerelease::EMPTY,
        }
    }

    /// The least version above all that this partial one stands for; none for `*`.
    fn successor(&self) -> anyhow::Result<Option<Self>> {
        Ok(match (self.major, self.minor) {
            (None, _) => None,
            (Some(major), None) => Some(Self::of(after(major)?, 0, 0)),
            (Some(major), Some(minor)) => Some(Self::of(major, after(minor)?, 0)),
        })
    }
}

fn after(number: u64) -> anyhow::Result<u64> {
    number
        .checked_add(1)
        .context("a version's number is too large")
}

/// No version is below 0.0.0.
fn nothing() -> Comparator {
    Partial::of(0, 0, 0).comparator(Op::Less)
}

/// `*` puts no bound; a comparator `>=0.0.0` would let the same versions through.
fn at_least(version: &Partial) -> Option<Comparator> {
    version.major.map(|_| version.comparator(Op::GreaterEq))
}

fn at_most(version: &Partial) -> anyhow::Result<Option<Comparator>> {
    if version.is_full() {
        return Ok(Some(version.comparator(Op::LessEq)));
    }
    Ok(version.successor()?.map(|next| next.comparator(Op::Less)))
}

/// Whatever a partial version stands for.
fn within(version: &Partial) -> anyhow::Result<Vec<Comparator>> {
    Ok(at_least(version)
        .into_iter()
        .chain(at_most(version)?)
        .collect())
}

/// `~1.2.3`: patches of 1.2 from 3 on. `~1`: all of 1.
fn tilde(version: &Partial) -> anyhow::Result<Vec<Comparator>> {
    let next = version.successor()?.map(|next| next.comparator(Op::Less));
    Ok(at_least(version).into_iter().chain(next).collect())
}

/// `^1.2.3`: up to the next change of the first number that isn't zero.
fn caret(version: &Partial) -> anyhow::Result<Vec<Comparator>> {
    let below = match (version.major, version.minor, version.patch) {
        (None, _, _) => None,
        (Some(0), Some(0), Some(patch)) => Some(Partial::of(0, 0, after(patch)?)),
        (Some(0), Some(minor), _) => Some(Partial::of(0, after(minor)?, 0)),
        (Some(major), _, _) => Some(Partial::of(after(major)?, 0, 0)),
    };
    let below = below.map(|next| next.comparator(Op::Less));
    Ok(at_least(version).into_iter().chain(below).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_select_as_npm_does() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("*", &["0.0.0", "1.2.3"], &["1.2.3-rc.1"]),
            ("", &["0.0.0", "1.2.3"], &["1.2.3-rc.1"]),
            ("1.2.3", &["1.2.3", "1.2.3+q1"], &["1.2.4", "1.2.3-rc.1"]),
            ("=1.2.3", &["1.2.3"], &["1.2.4"]),
            ("v1.2.3", &["1.2.3", "v1.2.3"], &["1.2.4"]),
            ("1.2.3+qabc", &["1.2.3+qabc", "1.2.3+other"], &["1.2.4"]),
            ("1.0.0-rc.1", &["1.0.0-rc.1"], &["1.0.0", "1.0.0-rc.2"]),
            ("1", &["1.0.0", "1.9.9"], &["2.0.0", "0.9.9"]),
            ("1.x", &["1.0.0", "1.9.9"], &["2.0.0"]),
            ("1.2", &["1.2.0", "1.2.9"], &["1.3.0"]),
            ("1.2.*", &["1.2.0", "1.2.9"], &["1.3.0"]),
            ("~1.2.3", &["1.2.3", "1.2.9"], &["1.3.0", "1.2.2"]),
            ("~1.2", &["1.2.0"], &["1.3.0"]),
            ("~1", &["1.9.0"], &["2.0.0"]),
            ("^1.2.3", &["1.2.3", "1.9.0"], &["2.0.0", "1.2.2"]),
            ("^0.2.3", &["0.2.9"], &["0.3.0"]),
            ("^0.0.3", &["0.0.3"], &["0.0.4"]),
            ("^0.x", &["0.0.1", "0.9.0"], &["1.0.0"]),
            ("^0.0", &["0.0.9"], &["0.1.0"]),
            (
                "^1.2.3-beta.2",
                &["1.2.3-beta.4", "1.9.0"],
                &["1.2.3-beta.1", "1.2.4-beta.2"],
            ),
            (">1.2.3", &["1.2.4", "2.0.0"], &["1.2.3", "1.3.0-rc.1"]),
            (">1.2", &["1.3.0"], &["1.2.9"]),
            (">*", &[], &["0.0.0", "1.0.0"]),
            (">=1.2", &["1.2.0"], &["1.1.9"]),
            ("<1.2", &["1.1.9"], &["1.2.0"]),
            ("<=1.2", &["1.2.9"], &["1.3.0"]),
            ("<=1.2.3", &["1.2.3"], &["1.2.4"]),
            (">= 1.2.3 < 2", &["1.2.3", "1.9.9"], &["2.0.0", "1.2.2"]),
            (">=1.2.3<2", &["1.2.3"], &["2.0.0"]),
            ("1.2.3 - 2.3.4", &["1.2.3", "2.3.4"], &["2.3.5", "1.2.2"]),
            ("1.2 - 2.3", &["1.2.0", "2.3.9"], &["2.4.0"]),
            ("1.0.0 || ^2.1", &["1.0.0", "2.9.0"], &["1.0.1", "3.0.0"]),
        ];
        for (rule, satisfying, others) in cases {
            for number in *satisfying {
                assert_eq!(
                    select(rule, &[number]).unwrap(),
                    Some(*number),
                    "{rule} on {number}"
                );
            }
            for number in *others {
                assert_eq!(select(rule, &[number]).unwrap(), None, "{rule} on {number}");
            }
        }
    }

    #[test]
    fn greatest_wins_and_of_equals_the_first() {
        assert_eq!(
            select("*", &["1.9.0", "1.10.0", "1.2.0"]).unwrap(),
            Some("1.10.0")
        );
        assert_eq!(
            select("1.0.0", &["1.0.0+qB", "1.0.0+qA"]).unwrap(),
            Some("1.0.0+qB")
        );
        assert_eq!(
            select("1.0.0", &["1.0.0+qA", "1.0.0+qB"]).unwrap(),
            Some("1.0.0+qA")
        );
        assert_eq!(select("*", &["1.0", "latest", "01.0.0", ""]).unwrap(), None);
        assert_eq!(select("*", &[]).unwrap(), None);
    }

    #[test]
    fn pre_release_rules_select_the_latest() {
        let numbers = [
            "1.0.0-ann-20230102",
            "1.1.0-ann-20230101",
            "1.0.0-bob-20240101",
            "1.0.0",
        ];
        assert_eq!(
            select("P:*-ann-*", &numbers).unwrap(),
            Some("1.0.0-ann-20230102")
        );
        assert_eq!(
            select("p:~1.1-ann-*", &numbers).unwrap(),
            Some("1.1.0-ann-20230101")
        );
        assert_eq!(select("P:2-ann-*", &numbers).unwrap(), None);
        for wrong in ["P:*-ann", "P:-ann-*", "P:*--*", "P:*", "P:?-ann-*"] {
            assert!(select(wrong, &numbers).is_err(), "{wrong}");
        }
    }

    #[test]
    fn broken_rules_are_errors() {
        for rule in [
            "latest",
            "1.2.3.4",
            ">",
            "=>1",
            "!1",
            "1.2.3 -",
            "1..2",
            "1.2-rc",
            "1.2.3+",
            "1.2.3-",
            "é",
            "18446744073709551616",
            "^18446744073709551615",
            ">18446744073709551615",
        ] {
            assert!(select(rule, &["1.0.0"]).is_err(), "{rule}");
        }
    }
}
