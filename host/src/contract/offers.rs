//! What a target says that its platform runs: interface `platform`.

use std::collections::BTreeSet;

use semver::Version;

use crate::bindings::platform as wit;
use crate::text;

/// Offers of one target.
const OFFERS: usize = 200;
/// Characters of an interface.
const INTERFACE: usize = 200;
/// Characters of where alone something runs.
const ONLY_ON: usize = 200;

/// Everything that a platform runs of what not every platform does, checked. All text is clean and of bounded length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offers {
    offers: Vec<Offer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Offer {
    ability: Ability,
    only_on: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Ability {
    Imports(Pattern),
    Exports(Pattern),
    Feature(Feature),
}

/// Something of an application that not every platform runs: the cases of variant `ability` that name no interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// A core module in the place of a component.
    CoreModules,
    /// Triggers of several kinds.
    SeveralTriggerKinds,
    /// Several triggers of one component.
    SeveralTriggers,
    /// An HTTP trigger without a public route.
    PrivateRoutes,
    /// An HTTP trigger that answers by itself.
    StaticResponses,
    /// An allowed outbound host with `*` or `{{ }}` in it.
    HostPatterns,
}

/// What an application needs of its platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need<'a> {
    /// A component imports this interface, `wasi:http/types@0.2.0`.
    Import(&'a str),
    /// A trigger calls a component by this export.
    Export(&'a str),
    /// It has this.
    Feature(Feature),
}

/// How what a target says of its platform breaks the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidOffers {
    /// There are more than anybody needs.
    #[error("it names {0} abilities, and at most {OFFERS} are accepted")]
    TooMany(usize),
    /// Something is no interface.
    #[error("'{0}' is no interface, as 'wasi:http/types@0.2' or 'wasi:clocks/*@0.2' are")]
    Interface(String),
    /// It says nothing of where something runs, at length or in characters that nobody can read.
    #[error(
        "where something runs is empty, longer than {ONLY_ON} characters, or holds control characters"
    )]
    OnlyOn,
}

impl Offers {
    /// Takes over what a target answers.
    pub(crate) fn check(given: Vec<wit::Offer>) -> Result<Self, InvalidOffers> {
        if given.len() > OFFERS {
            return Err(InvalidOffers::TooMany(given.len()));
        }
        let offers = given.into_iter().map(|offer| {
            if let Some(place) = &offer.only_on {
                let fits = (1..=ONLY_ON).contains(&place.chars().count());
                if !fits || place.chars().any(text::is_hostile) {
                    return Err(InvalidOffers::OnlyOn);
                }
            }
            Ok(Offer {
                ability: Ability::check(offer.ability)?,
                only_on: offer.only_on,
            })
        });
        Ok(Self {
            offers: offers.collect::<Result<_, _>>()?,
        })
    }

    /// The places of which the platform is one, as the target can't tell: each is the end of a sentence that begins with 'it runs only
    /// on'. The empty text alone stands for a platform that is known.
    pub fn places(&self) -> BTreeSet<&str> {
        let named: BTreeSet<&str> = self
            .offers
            .iter()
            .filter_map(|offer| offer.only_on.as_deref())
            .collect();
        if named.is_empty() {
            BTreeSet::from([""])
        } else {
            named
        }
    }

    /// Whether the platform has this, if it is that place.
    pub fn run(&self, need: Need<'_>, place: &str) -> bool {
        self.at(place).any(|offer| offer.ability.covers(need))
    }

    /// What the platform has if it is that place.
    fn at(&self, place: &str) -> impl Iterator<Item = &Offer> {
        self.offers
            .iter()
            .filter(move |offer| offer.only_on.as_deref().is_none_or(|only| only == place))
    }

    /// The exports by which HTTP triggers call components there, as the target has them.
    pub fn exports(&self, place: &str) -> Vec<String> {
        let exports = self.at(place).filter_map(|offer| match &offer.ability {
            Ability::Exports(pattern) => Some(pattern.to_string()),
            _ => None,
        });
        exports.collect()
    }
}

impl Ability {
    fn check(given: wit::Ability) -> Result<Self, InvalidOffers> {
        let interface = |text: String| {
            Pattern::parse(&text).ok_or_else(|| InvalidOffers::Interface(text::line(&text, 100)))
        };
        Ok(Self::Feature(match given {
            wit::Ability::Imports(text) => return Ok(Self::Imports(interface(text)?)),
            wit::Ability::Exports(text) => return Ok(Self::Exports(interface(text)?)),
            wit::Ability::CoreModules => Feature::CoreModules,
            wit::Ability::SeveralTriggerKinds => Feature::SeveralTriggerKinds,
            wit::Ability::SeveralTriggers => Feature::SeveralTriggers,
            wit::Ability::PrivateRoutes => Feature::PrivateRoutes,
            wit::Ability::StaticResponses => Feature::StaticResponses,
            wit::Ability::HostPatterns => Feature::HostPatterns,
        }))
    }

    fn covers(&self, need: Need<'_>) -> bool {
        match (self, need) {
            (Self::Imports(pattern), Need::Import(name))
            | (Self::Exports(pattern), Need::Export(name)) => pattern.covers(name),
            (Self::Feature(offered), Need::Feature(needed)) => *offered == needed,
            _ => false,
        }
    }
}

/// An interface, or all of a package, in one version or any.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    package: String,
    /// None stands for all.
    interface: Option<String>,
    /// The version, and what of it was written.
    version: Option<(Version, String)>,
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        if text.len() > INTERFACE {
            return None;
        }
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        let (package, interface) = name.split_once('/')?;
        let (namespace, rest) = package.split_once(':')?;
        let is_label = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric() || character == '-')
        };
        if ![namespace, rest].into_iter().all(is_label)
            || !(interface == "*" || is_label(interface))
        {
            return None;
        }
        let version = match version {
            None => None,
            Some(text) => Some((whole(text)?, text.to_owned())),
        };
        Some(Self {
            package: package.to_owned(),
            interface: (interface != "*").then(|| interface.to_owned()),
            version,
        })
    }

    fn covers(&self, name: &str) -> bool {
        let (name, version) = match name.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (name, None),
        };
        let Some((package, interface)) = name.split_once('/') else {
            return false;
        };
        if package != self.package || self.interface.as_ref().is_some_and(|own| own != interface) {
            return false;
        }
        match (&self.version, version) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((own, _)), Some(version)) => Version::parse(version).is_ok_and(|version| {
                if own.pre.is_empty() && version.pre.is_empty() {
                    line(own) == line(&version)
                } else {
                    *own == version
                }
            }),
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let interface = self.interface.as_deref().unwrap_or("*");
        write!(f, "{}/{interface}", self.package)?;
        match &self.version {
            Some((_, text)) => write!(f, "@{text}"),
            None => Ok(()),
        }
    }
}

/// A version of which the last numbers may be missing.
fn whole(text: &str) -> Option<Version> {
    let parsed = match text.matches('.').count() {
        0 => Version::parse(&format!("{text}.0.0")),
        1 => Version::parse(&format!("{text}.0")),
        _ => Version::parse(text),
    };
    parsed.ok()
}

/// Versions of one line are compatible, by the rule of semantic versions.
fn line(version: &Version) -> (u64, u64, u64) {
    match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(ability: wit::Ability, only_on: Option<&str>) -> wit::Offer {
        wit::Offer {
            ability,
            only_on: only_on.map(str::to_owned),
        }
    }

    #[test]
    fn interfaces_are_matched_by_name_and_line_of_versions() {
        for (pattern, name, expected) in [
            ("wasi:http/types@0.2", "wasi:http/types@0.2.6", true),
            ("wasi:http/types@0.2", "wasi:http/types@0.3.0", false),
            (
                "wasi:http/types@0.2",
                "wasi:http/types@0.2.0-rc-2023-10-18",
                false,
            ),
            ("wasi:http/types@0.2", "wasi:http/types", false),
            (
                "wasi:http/types@0.2",
                "wasi:http/outgoing-handler@0.2.0",
                false,
            ),
            ("wasi:http/*@0.2", "wasi:http/outgoing-handler@0.2.0", true),
            ("wasi:http/*@0.2", "wasi:https/types@0.2.0", false),
            (
                "wasi:http/*@0.2.0-rc-2023-10-18",
                "wasi:http/types@0.2.0-rc-2023-10-18",
                true,
            ),
            ("fermyon:spin/*", "fermyon:spin/llm@2.0.0", true),
            ("fermyon:spin/*", "fermyon:spin/llm", true),
            ("fermyon:spin/*@2", "fermyon:spin/llm@2.1.0", true),
            ("fermyon:spin/*", "plain", false),
        ] {
            let pattern = Pattern::parse(pattern).unwrap();
            assert_eq!(pattern.covers(name), expected, "{pattern} {name}");
        }
        for nonsense in [
            "",
            "wasi:http",
            "wasi/types",
            ":/",
            "a:b/c@",
            "a:b/c@x",
            "a:b/c d",
            "a:b/\u{1b}",
        ] {
            assert_eq!(Pattern::parse(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn what_runs_everywhere_runs_in_every_place() {
        let offers = Offers::check(vec![
            offer(
                wit::Ability::Imports("wasi:http/*@0.2".into()),
                Some("Acme 2"),
            ),
            offer(wit::Ability::Imports("wasi:http/types@0.2".into()), None),
            offer(wit::Ability::Exports("wasi:http/handler@0.3".into()), None),
            offer(wit::Ability::CoreModules, Some("Acme 1")),
        ])
        .unwrap();
        assert_eq!(offers.places(), ["Acme 1", "Acme 2"].into());
        let both = |need| (offers.run(need, "Acme 1"), offers.run(need, "Acme 2"));
        assert_eq!(both(Need::Import("wasi:http/types@0.2.1")), (true, true));
        let outgoing = Need::Import("wasi:http/outgoing-handler@0.2.1");
        assert_eq!(both(outgoing), (false, true));
        assert_eq!(
            both(Need::Import("wasi:http/handler@0.3.0")),
            (false, false)
        );
        assert_eq!(both(Need::Export("wasi:http/handler@0.3.0")), (true, true));
        assert_eq!(both(Need::Feature(Feature::CoreModules)), (true, false));
        assert_eq!(
            both(Need::Feature(Feature::StaticResponses)),
            (false, false)
        );
        assert_eq!(offers.exports("Acme 1"), ["wasi:http/handler@0.3"]);
        assert_eq!(Offers::check(Vec::new()).unwrap().places(), [""].into());
    }

    #[test]
    fn a_target_may_say_only_so_much() {
        let many = vec![offer(wit::Ability::CoreModules, None); OFFERS + 1];
        assert_eq!(Offers::check(many), Err(InvalidOffers::TooMany(OFFERS + 1)));
        let hostile = offer(wit::Ability::Imports("\u{1b}[31m".into()), None);
        assert_eq!(
            Offers::check(vec![hostile]),
            Err(InvalidOffers::Interface("[31m".to_owned()))
        );
        for place in ["", "a\u{1b}b", &"x".repeat(ONLY_ON + 1)] {
            let given = offer(wit::Ability::CoreModules, Some(place));
            assert_eq!(Offers::check(vec![given]), Err(InvalidOffers::OnlyOn));
        }
    }
}
