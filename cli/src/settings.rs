//! Where the value of each setting comes from: flag, variable, project, environment, default, in this order; where none gives a
//! required one, the person at the terminal is asked.
//!
//! Everything here happens before anything is started: no server is asked.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::description::Setting;
use crate::error::Error;
use crate::exit::Exit;
use crate::variables::Variables;

pub use self::source::Source;

pub mod flags;
pub(crate) mod gather;
pub mod host;
pub mod kind;
pub mod project;
pub mod servers;
mod source;

/// The value of a setting. It may be a secret: it is wiped from memory when dropped and never in debug output.
#[derive(Clone, Eq, PartialEq)]
pub struct Value {
    text: Zeroizing<String>,
    source: Source,
}

impl Value {
    /// A value and who gave it.
    #[must_use]
    pub fn new(text: Zeroizing<String>, source: Source) -> Self {
        Self { text, source }
    }

    /// The value itself.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Who gave it.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// The settings that have a value, by name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings(BTreeMap<String, Value>);

impl Settings {
    /// The value of the setting `name`, where it has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Every setting that has a value, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> + Clone {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Adds the answer to a question.
    pub fn answer(&mut self, name: &str, text: Zeroizing<String>) {
        let value = Value::new(text, Source::Prompt);
        self.0.insert(name.to_owned(), value);
    }

    /// Those whose name `takes` takes, and the others.
    pub fn split(self, takes: impl Fn(&str) -> bool) -> (Self, Self) {
        let (taken, others) = self.0.into_iter().partition(|(name, _)| takes(name));
        (Self(taken), Self(others))
    }
}

/// What gives values, but for defaults.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Flags, as [`flags::read`] reads them.
    pub flags: &'a BTreeMap<String, Value>,
    /// Environment variables.
    pub variables: &'a Variables,
    /// What came with the application.
    pub project: &'a BTreeMap<String, Value>,
    /// What the user set for the environment. No secrets: they depend on the servers that the other settings name.
    pub environment: &'a BTreeMap<String, Value>,
}

/// Gives each of `settings` its value. What is given for this run, by flag or variable, beats what files hold, and also what files
/// hold of the settings that it excludes. `secret` looks for a kept value of a secret setting that nobody gave, now that the others are
/// known.
///
/// # Errors
/// The first value that is not of its setting's kind or not readable as text; else the first two values that exclude each
/// other, naming where both come from; those of `secret`. That something is missing is none: see [`missing`].
pub fn resolve(
    settings: &[Setting],
    sources: &Sources<'_>,
    mut secret: impl FnMut(&Setting, &Settings) -> Result<Option<Value>, Error>,
) -> Result<Settings, Error> {
    let mut found = Settings::default();
    for setting in settings {
        let flag = sources.flags.get(&setting.name).cloned();
        let value = match flag {
            Some(value) => Some(value),
            None => from_variable(setting, sources.variables)?,
        };
        if let Some(value) = value {
            check(setting, &value)?;
            found.0.insert(setting.name.clone(), value);
        }
    }
    let given = found.clone();
    let overruled = |setting: &Setting| {
        let mut excluded = settings.iter().filter(|other| excludes(setting, other));
        excluded.any(|other| given.get(&other.name).is_some())
    };
    for setting in settings {
        if given.get(&setting.name).is_some() || overruled(setting) {
            continue;
        }
        let kept = [sources.project, sources.environment]
            .into_iter()
            .find_map(|file| file.get(&setting.name).cloned());
        let default = || {
            let text = setting.default.clone()?;
            Some(Value::new(text.into(), Source::Default))
        };
        if let Some(value) = kept.or_else(default) {
            check(setting, &value)?;
            found.0.insert(setting.name.clone(), value);
        }
    }
    for setting in settings {
        let wanted = setting.kind == kind::Kind::Secret && found.get(&setting.name).is_none();
        if wanted
            && !overruled(setting)
            && let Some(value) = secret(setting, &found)?
        {
            found.0.insert(setting.name.clone(), value);
        }
    }
    refuse_conflicts(settings, &found.0)?;
    Ok(found)
}

/// The required settings that have no value.
#[must_use]
pub fn missing<'a>(settings: &'a [Setting], values: &Settings) -> Vec<&'a Setting> {
    let lacks = |setting: &&Setting| setting.required && values.get(&setting.name).is_none();
    settings.iter().filter(lacks).collect()
}

/// Whether one of the two says that they can't be given together.
fn excludes(one: &Setting, other: &Setting) -> bool {
    one.conflicts_with.contains(&other.name) || other.conflicts_with.contains(&one.name)
}

fn check(setting: &Setting, value: &Value) -> Result<(), Error> {
    let Err(reason) = setting.kind.check(value.text()) else {
        return Ok(());
    };
    let subject = match &value.source {
        Source::Flag(flag) => format!("the value of {flag}"),
        Source::Variable(variable) => format!("the value of the variable {variable}"),
        Source::Default => format!("the default of {}", setting.flag()),
        other => format!("the value of {} from {other}", setting.name),
    };
    Err(Error::new(Exit::Usage, format!("{subject} {reason}")))
}

fn from_variable(setting: &Setting, variables: &Variables) -> Result<Option<Value>, Error> {
    let Some(name) = &setting.variable else {
        return Ok(None);
    };
    let Some(value) = variables.os(name) else {
        return Ok(None);
    };
    match value.to_str() {
        Some(text) => Ok(Some(Value::new(
            text.to_owned().into(),
            Source::Variable(name.clone()),
        ))),
        None => Err(Error::new(
            Exit::Usage,
            format!("the value of the variable {name} is not UTF-8 text"),
        )),
    }
}

fn refuse_conflicts(settings: &[Setting], values: &BTreeMap<String, Value>) -> Result<(), Error> {
    let given = |name: &str| {
        values
            .get(name)
            .filter(|value| value.source != Source::Default)
    };
    for setting in settings {
        let Some(value) = given(&setting.name) else {
            continue;
        };
        for other_name in &setting.conflicts_with {
            let Some(other) = given(other_name) else {
                continue;
            };
            let message = format!(
                "{} and {other_name} can't be given together: {} comes from {}, {other_name} from {}",
                setting.name, setting.name, value.source, other.source
            );
            let hint = format!(
                "keep one of them: {}, or {}",
                value.source.without(&setting.name),
                other.source.without(other_name)
            );
            return Err(Error::new(Exit::Usage, message).hint(hint));
        }
    }
    Ok(())
}

/// The error of required settings without a value, all at once. `None` when nothing is missing.
#[must_use]
pub fn refuse_missing(missing: &[&Setting]) -> Option<Error> {
    let names: Vec<&str> = missing
        .iter()
        .map(|setting| setting.name.as_str())
        .collect();
    let message = match names.as_slice() {
        [] => return None,
        [name] => format!("the setting {name} has no value"),
        [names @ .., last] => format!("the settings {} and {last} have no value", names.join(", ")),
    };
    let mut error = Error::new(Exit::Usage, message);
    for setting in missing {
        error = error.hint(format!("set {}: {}", setting.ways(), setting.description));
    }
    Some(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::tests::setting;
    use kind::Kind;

    /// SIP 001's settings, as the Hippo target declares them.
    fn hippo() -> Vec<Setting> {
        let conflicts = |mut setting: Setting, others: &[&str]| {
            setting.conflicts_with = others.iter().map(|&other| other.to_owned()).collect();
            setting
        };
        let mut url = setting("hippo-url", Some("HIPPO_URL"), Kind::Url);
        url.required = true;
        let mut channel = setting("hippo-channel", Some("HIPPO_CHANNEL"), Kind::Text);
        channel.default = Some("spin-deploy".into());
        vec![
            url,
            conflicts(
                setting("hippo-token", Some("HIPPO_TOKEN"), Kind::Secret),
                &["hippo-username", "hippo-password"],
            ),
            setting("hippo-username", Some("HIPPO_USERNAME"), Kind::Text),
            setting("hippo-password", Some("HIPPO_PASSWORD"), Kind::Secret),
            channel,
        ]
    }

    const URL: (&str, &str) = ("hippo-url", "http://a");

    type Pairs = &'static [(&'static str, &'static str)];

    fn values(pairs: Pairs, source: impl Fn(&str) -> Source) -> BTreeMap<String, Value> {
        let value = |(name, text): &(&'static str, &'static str)| {
            let value = Value::new((*text).to_owned().into(), source(name));
            ((*name).to_owned(), value)
        };
        pairs.iter().map(value).collect()
    }

    /// The values, and the error of those that are missing.
    fn run_with(
        flags: Pairs,
        variables: Pairs,
        project: Pairs,
        environment: Pairs,
    ) -> Result<Settings, Error> {
        let settings = hippo();
        let sources = Sources {
            flags: &values(flags, |name| Source::Flag(format!("--{name}"))),
            variables: &Variables::from_pairs(variables.iter().copied()),
            project: &values(project, |_| Source::Project("bowline.toml".into())),
            environment: &values(environment, |_| Source::Environment("staging".into())),
        };
        let kept = |setting: &Setting, _: &Settings| {
            let kept = values(environment, |_| Source::Environment("staging".into()));
            Ok(kept.get(&setting.name).cloned())
        };
        let found = resolve(&settings, &sources, kept)?;
        match refuse_missing(&missing(&settings, &found)) {
            None => Ok(found),
            Some(error) => Err(error),
        }
    }

    fn run(flags: Pairs, variables: Pairs) -> Result<Settings, Error> {
        run_with(flags, variables, &[], &[])
    }

    #[test]
    fn files_come_after_what_is_given_for_this_run() {
        let found = |name: &str, settings: &Settings| {
            settings
                .get(name)
                .map(|value| (value.text().to_owned(), value.source().to_string()))
        };
        let project: Pairs = &[("hippo-channel", "p")];
        let environment: Pairs = &[("hippo-url", "http://e"), ("hippo-channel", "e")];
        type Row = (Pairs, Pairs, Pairs, &'static str, &'static str);
        let table: &[Row] = &[
            (
                &[("hippo-channel", "f")],
                &[("HIPPO_CHANNEL", "v")],
                project,
                "f",
                "the flag --hippo-channel",
            ),
            (
                &[],
                &[("HIPPO_CHANNEL", "v")],
                project,
                "v",
                "the variable HIPPO_CHANNEL",
            ),
            (&[], &[], project, "p", "the project's bowline.toml"),
            (&[], &[], &[], "e", "the environment 'staging'"),
        ];
        for (flags, variables, project, text, source) in table {
            let settings = run_with(flags, variables, project, environment).unwrap();
            let expected = Some(((*text).to_owned(), (*source).to_owned()));
            assert_eq!(found("hippo-channel", &settings), expected);
            let url = found("hippo-url", &settings).unwrap();
            assert_eq!(url.1, "the environment 'staging'");
        }
    }

    #[test]
    fn what_is_given_for_this_run_beats_what_files_hold_of_what_it_excludes() {
        let environment: Pairs = &[("hippo-username", "ann"), ("hippo-password", "kept")];
        let settings = run_with(&[URL], &[("HIPPO_TOKEN", "t")], &[], environment).unwrap();
        let names: Vec<&str> = settings.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["hippo-channel", "hippo-token", "hippo-url"]);
        // The other way round, too: the token declares the conflict.
        let kept: Pairs = &[("hippo-token", "kept")];
        let settings = run_with(&[URL, ("hippo-username", "u")], &[], &[], kept).unwrap();
        assert!(settings.get("hippo-token").is_none());
        // Two files can't both be right.
        let error = run_with(
            &[URL],
            &[],
            &[("hippo-username", "p")],
            &[("hippo-token", "kept")],
        )
        .unwrap_err();
        assert_eq!(
            error.message(),
            "hippo-token and hippo-username can't be given together: hippo-token comes from the environment 'staging', \
             hippo-username from the project's bowline.toml"
        );
        assert_eq!(
            error.hints(),
            [
                "keep one of them: run `bowline env set staging --unset hippo-token`, or take hippo-username out of bowline.toml"
            ]
        );
    }

    #[test]
    fn flag_beats_variable_beats_default() {
        type Row = (
            Pairs,
            Pairs,
            &'static str,
            Option<(&'static str, &'static str)>,
        );
        let table: &[Row] = &[
            (
                &[("hippo-url", "http://a")],
                &[("HIPPO_URL", "http://b")],
                "hippo-url",
                Some(("http://a", "the flag --hippo-url")),
            ),
            (
                &[],
                &[("HIPPO_URL", "http://b")],
                "hippo-url",
                Some(("http://b", "the variable HIPPO_URL")),
            ),
            (
                &[URL],
                &[],
                "hippo-channel",
                Some(("spin-deploy", "the default")),
            ),
            (
                &[URL],
                &[("HIPPO_CHANNEL", "")],
                "hippo-channel",
                Some(("spin-deploy", "the default")),
            ),
            (
                &[URL],
                &[("HIPPO_CHANNEL", "x")],
                "hippo-channel",
                Some(("x", "the variable HIPPO_CHANNEL")),
            ),
            (
                &[URL, ("hippo-channel", "y")],
                &[("HIPPO_CHANNEL", "x")],
                "hippo-channel",
                Some(("y", "the flag --hippo-channel")),
            ),
            (&[URL], &[], "hippo-token", None),
            (&[URL], &[("HIPPO_TOKEN", "")], "hippo-token", None),
        ];
        for (flags, variables, name, expected) in table {
            let settings = run(flags, variables).unwrap();
            let found = settings
                .get(name)
                .map(|value| (value.text().to_owned(), value.source().to_string()));
            let expected = expected.map(|(text, source)| (text.to_owned(), source.to_owned()));
            assert_eq!(found, expected, "{flags:?} {variables:?}");
        }
    }

    #[test]
    fn refusals_name_their_sources() {
        let table: &[(Pairs, Pairs, &str, &[&str])] = &[
            (
                &[],
                &[],
                "the setting hippo-url has no value",
                &["set --hippo-url or HIPPO_URL: The hippo-url"],
            ),
            (
                &[],
                &[("HIPPO_URL", "")],
                "the setting hippo-url has no value",
                &["set --hippo-url or HIPPO_URL: The hippo-url"],
            ),
            (
                &[("hippo-url", "hippo")],
                &[],
                "the value of --hippo-url is not a URL that begins with http:// or https://: 'hippo'",
                &[],
            ),
            (
                &[],
                &[("HIPPO_URL", "hippo")],
                "the value of the variable HIPPO_URL is not a URL that begins with http:// or https://: 'hippo'",
                &[],
            ),
            (
                &[URL, ("hippo-token", "t"), ("hippo-password", "p")],
                &[],
                "hippo-token and hippo-password can't be given together: hippo-token comes from the flag --hippo-token, \
              hippo-password from the flag --hippo-password",
                &["keep one of them: leave out --hippo-token, or leave out --hippo-password"],
            ),
            (
                &[URL, ("hippo-username", "u")],
                &[("HIPPO_TOKEN", "t")],
                "hippo-token and hippo-username can't be given together: hippo-token comes from the variable HIPPO_TOKEN, \
              hippo-username from the flag --hippo-username",
                &["keep one of them: unset HIPPO_TOKEN, or leave out --hippo-username"],
            ),
            (
                &[URL, ("hippo-token", "t")],
                &[("HIPPO_PASSWORD", "p")],
                "hippo-token and hippo-password can't be given together: hippo-token comes from the flag --hippo-token, \
              hippo-password from the variable HIPPO_PASSWORD",
                &["keep one of them: leave out --hippo-token, or unset HIPPO_PASSWORD"],
            ),
        ];
        for (flags, variables, message, hints) in table {
            let error = run(flags, variables).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage);
            assert_eq!(error.message(), *message);
            assert_eq!(error.hints(), *hints);
        }
    }

    #[test]
    fn all_missing_settings_are_named_at_once() {
        let mut settings = hippo();
        settings[2].required = true;
        let lacking = missing(&settings, &Settings::default());
        let error = refuse_missing(&lacking).unwrap();
        assert_eq!(
            error.message(),
            "the settings hippo-url and hippo-username have no value"
        );
        assert_eq!(error.hints().len(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_text_is_refused() {
        use std::os::unix::ffi::OsStringExt as _;
        let bad = std::ffi::OsString::from_vec(vec![0xff]);
        let variables = Variables::from_pairs([(std::ffi::OsString::from("HIPPO_URL"), bad)]);
        let sources = Sources {
            flags: &BTreeMap::new(),
            variables: &variables,
            project: &BTreeMap::new(),
            environment: &BTreeMap::new(),
        };
        let error = resolve(&hippo(), &sources, |_, _| Ok(None)).unwrap_err();
        assert_eq!(
            error.message(),
            "the value of the variable HIPPO_URL is not UTF-8 text"
        );
    }

    #[test]
    fn secrets_are_not_in_debug_output() {
        let settings = run(&[("hippo-url", "http://a"), ("hippo-token", "canary")], &[]).unwrap();
        assert!(!format!("{settings:?}").contains("canary"));
    }
}
