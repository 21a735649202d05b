//! Whether the platform can run the application: found out by what the manifest says and what its binaries import and export, before
//! anything is sent, and told all at once.
//!
//! Three of them know what can be run. The target's description names trigger kinds. What its interface `platform` offers is compared with
//! the rest, for each of the places that its platform may be. And what a bindle has no words for is known to who packs it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use bowline_app::{Application, Bundle, Component, Content, Digest, Location, Trigger};
use bowline_content::{Interfaces, MAX_SIZE};
use bowline_host::{Feature, Need, Offers, text};

use crate::error::Error;
use crate::exit::Exit;

/// Imports of a component that are named in a message.
const SHOWN: usize = 8;

/// What to do about imports that a platform lacks.
const NO_INTERFACE: &str = "the platform has no such interface: build the component without it, or deploy to one that has it";

/// What is known of a platform.
pub(super) struct Platform<'a> {
    /// The target that knows it.
    pub(super) target: &'a str,
    /// Trigger kinds; none where it leaves that to `deploy`.
    pub(super) triggers: &'a [String],
    /// What else it runs, if the target says so.
    pub(super) offers: Option<&'a Offers>,
    /// Whether it gets its applications as bindles.
    pub(super) packs: bool,
}

/// Binaries that were looked at; what is wrong with those that can't be read.
pub(super) type Binaries = BTreeMap<Digest, Result<Interfaces, String>>;

/// Something of the application that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Misfit {
    location: Option<Location>,
    /// Where alone it does not fit.
    place: Option<String>,
    what: String,
    /// What the text is about: misfits that are otherwise alike are told in one.
    names: Vec<String>,
    instead: Option<String>,
}

impl Misfit {
    fn new(location: Location, what: String) -> Self {
        Self {
            location: Some(location),
            place: None,
            what,
            names: Vec::new(),
            instead: None,
        }
    }

    fn text(&self) -> String {
        let mut text = match &self.place {
            Some(place) => format!("on {place}: {}", self.what),
            None => self.what.clone(),
        };
        if !self.names.is_empty() {
            text.push(' ');
            text.push_str(&several(&self.names));
        }
        text
    }

    fn is_like(&self, other: &Self) -> bool {
        !self.names.is_empty()
            && (&self.location, &self.place, &self.what, &self.instead)
                == (&other.location, &other.place, &other.what, &other.instead)
    }
}

/// Misfits that differ in names alone as one.
fn joined(misfits: impl IntoIterator<Item = Misfit>) -> Vec<Misfit> {
    let mut all: Vec<Misfit> = Vec::new();
    for misfit in misfits {
        match all.iter_mut().find(|earlier| earlier.is_like(&misfit)) {
            Some(earlier) => earlier.names.extend(misfit.names),
            None => all.push(misfit),
        }
    }
    all
}

/// Looks at all binaries. It takes about as long as hashing them.
pub(super) fn look(application: &Application) -> Binaries {
    let mut binaries = Binaries::new();
    for component in application.components() {
        let source = &component.source;
        binaries
            .entry(source.digest())
            .or_insert_with(|| read(source).and_then(|bytes| Interfaces::of(&bytes)));
    }
    binaries
}

fn read(content: &Content) -> Result<Vec<u8>, String> {
    if content.size() > MAX_SIZE {
        return Err(format!("it has more than {} MiB", MAX_SIZE >> 20));
    }
    let mut bytes = Vec::new();
    content
        .open()
        .and_then(|mut reader| reader.read_to_end(&mut bytes))
        .map_err(|error| format!("it can't be read: {error}"))?;
    Ok(bytes)
}

/// Compares them. What runs on some of the places that the platform may be is a warning; those are returned.
///
/// # Errors
/// [`Exit::Application`], with everything that does not fit.
pub(super) fn check(
    application: &Application,
    binaries: &Binaries,
    platform: &Platform<'_>,
) -> Result<Vec<String>, Error> {
    let mut misfits = kinds(application, platform);
    let mut warnings = Vec::new();
    if platform.packs {
        misfits.extend(
            Bundle::obstacles(application)
                .into_iter()
                .map(|obstacle| Misfit {
                    location: obstacle.location().cloned(),
                    place: None,
                    names: Vec::new(),
                    instead: obstacle.hint().map(ToOwned::to_owned),
                    what: obstacle.what(),
                }),
        );
    } else {
        misfits.extend(uncomposed(application));
    }
    if let Some(offers) = platform.offers {
        let places: Vec<_> = offers
            .places()
            .into_iter()
            .map(|place| (place, at(application, binaries, platform, offers, place)))
            .collect();
        if let Some(reasons) = places.iter().find(|(_, found)| !found.is_empty())
            && places.iter().any(|(_, found)| found.is_empty())
        {
            let fitting: Vec<&str> = places
                .iter()
                .filter(|(_, found)| found.is_empty())
                .map(|(place, _)| *place)
                .collect();
            warnings.push(only_on(&fitting, &reasons.1));
        } else {
            misfits.extend(nowhere(places));
        }
    }
    if misfits.is_empty() {
        Ok(warnings)
    } else {
        Err(refusal(platform.target, misfits))
    }
}

/// What triggers depend on, and nobody put together. To leave it out could be to leave out who asks for a password, so it is refused
/// whatever the platform.
fn uncomposed(application: &Application) -> impl Iterator<Item = Misfit> {
    let triggers = application.triggers().iter();
    triggers.filter_map(|trigger| {
        let name = trigger.dependencies.first()?;
        Some(Misfit {
            location: Some(trigger.location_of("dependencies")),
            place: None,
            names: Vec::new(),
            what: format!(
                "a trigger has dependencies (`{}`), which are not composed",
                name.escape_debug()
            ),
            instead: Some(
                "compose them into the component while building, for example with `wac plug`"
                    .to_owned(),
            ),
        })
    })
}

fn kinds(application: &Application, platform: &Platform<'_>) -> Vec<Misfit> {
    if platform.triggers.is_empty() {
        return Vec::new();
    }
    let foreign = |trigger: &&Trigger| !platform.triggers.contains(&trigger.kind);
    let triggers = application.triggers().iter().filter(foreign);
    triggers
        .map(|trigger| Misfit {
            instead: Some(format!("it runs: {}", platform.triggers.join(", "))),
            ..Misfit::new(
                trigger.location(),
                format!(
                    "the application has a trigger of type '{}', which the target '{}' can't run",
                    trigger.kind, platform.target
                ),
            )
        })
        .collect()
}

/// What does not fit if the platform is this place.
fn at(
    application: &Application,
    binaries: &Binaries,
    platform: &Platform<'_>,
    offers: &Offers,
    place: &str,
) -> Vec<Misfit> {
    let runs = |need| offers.run(need, place);
    let mut misfits = Vec::new();
    // What a bindle has no words for is told by who packs it, in those words.
    if !platform.packs {
        let features = features(application).into_iter();
        misfits.extend(
            features
                .filter(|(feature, _)| !runs(Need::Feature(*feature)))
                .map(|(_, misfit)| misfit),
        );
    }
    for component in application.components() {
        let Some(binary) = binaries.get(&component.source.digest()) else {
            continue;
        };
        let about = |what: String, instead: Option<String>| Misfit {
            instead,
            ..Misfit::new(
                component.location_of("source"),
                format!("component `{}` {what}", component.id),
            )
        };
        match binary {
            Err(reason) => misfits.push(about(
                format!("has a binary that can't be used: {reason}"),
                None,
            )),
            Ok(Interfaces::Module) if runs(Need::Feature(Feature::CoreModules)) => {}
            Ok(Interfaces::Module) => misfits.push(about(
                "is a core WebAssembly module, not a component".to_owned(),
                Some("build it for wasm32-wasip2".to_owned()),
            )),
            Ok(Interfaces::Component {
                imports, exports, ..
            }) => {
                let missing = imports.iter().filter(|import| !runs(Need::Import(import)));
                misfits.extend(missing.map(|import| Misfit {
                    names: vec![import.clone()],
                    ..about("imports".to_owned(), Some(NO_INTERFACE.to_owned()))
                }));
                if is_called(application, component)
                    && !exports.iter().any(|export| runs(Need::Export(export)))
                {
                    let exported = match exports.as_slice() {
                        [] => "nothing".to_owned(),
                        exports => several(exports),
                    };
                    misfits.push(about(
                        format!("exports {exported}, and nothing that an HTTP trigger calls"),
                        handlers(offers),
                    ));
                }
            }
            // What later releases tell apart.
            Ok(_) => {}
        }
    }
    misfits
}

/// What HTTP triggers call, on any of the places.
/// What a component has to export instead, if the platform calls any.
fn handlers(offers: &Offers) -> Option<String> {
    let places = offers.places().into_iter();
    let all: BTreeSet<String> = places.flat_map(|place| offers.exports(place)).collect();
    let all: Vec<String> = all.into_iter().collect();
    (!all.is_empty()).then(|| format!("it has to export {}", all.join(" or ")))
}

fn is_called(application: &Application, component: &Component) -> bool {
    application
        .triggers()
        .iter()
        .any(|trigger| trigger.kind == "http" && trigger.component.as_ref() == Some(&component.id))
}

/// What the manifest has of what not every platform runs.
fn features(application: &Application) -> Vec<(Feature, Misfit)> {
    let mut found = Vec::new();
    let mut has = |feature, location, what: String| {
        found.push((feature, Misfit::new(location, what)));
    };
    let triggers = application.triggers();
    let mut seen = BTreeSet::new();
    for trigger in triggers {
        if let Some(first) = triggers.first()
            && first.kind != trigger.kind
        {
            has(
                Feature::SeveralTriggerKinds,
                trigger.location(),
                format!(
                    "the application has triggers of several kinds (`{}` and `{}`)",
                    first.kind, trigger.kind
                ),
            );
        }
        match &trigger.component {
            None if trigger.config.get("static_response").is_some() => has(
                Feature::StaticResponses,
                trigger.location_of("static_response"),
                "a trigger answers by itself, with a static response".to_owned(),
            ),
            Some(component) if !seen.insert(component) => has(
                Feature::SeveralTriggers,
                trigger.location(),
                format!("component `{component}` has several triggers"),
            ),
            _ => {}
        }
        if trigger.kind == "http" && trigger.route.is_none() {
            has(
                Feature::PrivateRoutes,
                trigger.location_of("route"),
                "a trigger has a private route".to_owned(),
            );
        }
    }
    for component in application.components() {
        let patterns = component.allowed_outbound_hosts.iter();
        for host in patterns.filter(|host| host.contains(['*', '{'])) {
            has(
                Feature::HostPatterns,
                component.host_location(host),
                format!(
                    "component `{}` may call hosts by a pattern, `{}`",
                    component.id,
                    text::line(host, 100)
                ),
            );
        }
    }
    found
}

/// One warning for all that runs only on some of the places.
fn only_on(places: &[&str], reasons: &[Misfit]) -> String {
    let reasons: Vec<String> = joined(reasons.iter().cloned())
        .iter()
        .map(|misfit| match &misfit.location {
            Some(location) => format!("{} ({location})", misfit.text()),
            None => misfit.text(),
        })
        .collect();
    format!(
        "the application runs only on {}: {}",
        places.join(", or on "),
        reasons.join("; ")
    )
}

/// What keeps it from running on any of the places: what none of them runs once, and the rest for each of them.
fn nowhere(places: Vec<(&str, Vec<Misfit>)>) -> Vec<Misfit> {
    let Some((_, first)) = places.first() else {
        return Vec::new();
    };
    let everywhere: Vec<Misfit> = first
        .iter()
        .filter(|misfit| places.iter().all(|(_, found)| found.contains(misfit)))
        .cloned()
        .collect();
    let mut all = everywhere.clone();
    for (place, found) in places {
        for misfit in found {
            if !everywhere.contains(&misfit) {
                all.push(Misfit {
                    place: Some(place.to_owned()),
                    ..misfit
                });
            }
        }
    }
    all
}

fn several(names: &[String]) -> String {
    let mut shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    let more = format!("{} more", names.len().saturating_sub(SHOWN));
    if names.len() > SHOWN {
        shown.push(&more);
    }
    match shown.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn refusal(target: &str, misfits: Vec<Misfit>) -> Error {
    let mut misfits = joined(misfits);
    misfits.sort_by_key(|misfit| {
        let place = misfit.location.as_ref();
        place.map_or((usize::MAX, 0), |place| (place.line, place.column))
    });
    if let [misfit] = misfits.as_slice() {
        let message = match &misfit.location {
            Some(location) => format!("{location}: {}", misfit.text()),
            None => misfit.text(),
        };
        let mut made = Error::new(Exit::Application, message);
        if let Some(location) = &misfit.location {
            made = made.excerpt(location.snippet());
        }
        return match &misfit.instead {
            Some(instead) => made.hint(instead),
            None => made,
        };
    }
    let lines: Vec<String> = misfits
        .iter()
        .map(|misfit| {
            let mut lines = match &misfit.location {
                Some(location) => format!("{location}: {}\n{}", misfit.text(), location.snippet()),
                None => misfit.text(),
            };
            if let Some(instead) = &misfit.instead {
                lines.push_str(&format!("\n{instead}"));
            }
            lines
        })
        .collect();
    Error::new(
        Exit::Application,
        format!(
            "the target '{target}' can't run the application: {} things of it do not fit",
            misfits.len()
        ),
    )
    .excerpt(lines.join("\n\n"))
    .hint("nothing was sent")
}
