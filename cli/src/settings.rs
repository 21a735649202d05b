//! Where the value of each setting comes from: flag, then variable, then default.
//!
//! Everything here happens before anything is started: no file is read and no server asked.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::description::Setting;
use crate::error::Error;
use crate::exit::Exit;
use crate::variables::Variables;

pub mod host;
pub mod kind;

/// Who gave a value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// A flag of the command line, with its dashes.
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// The setting's own default.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "the flag {flag}"),
            Self::Variable(variable) => write!(f, "the variable {variable}"),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// The value of a setting. It may be a secret: it is wiped from memory when dropped and never in debug output.
#[derive(Clone, Eq, PartialEq)]
pub struct Value {
    text: Zeroizing<String>,
    source: Source,
}

impl Value {
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
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Those whose name `takes` takes, and the others.
    pub fn split(self, takes: impl Fn(&str) -> bool) -> (Self, Self) {
        let (taken, others) = self.0.into_iter().partition(|(name, _)| takes(name));
        (Self(taken), Self(others))
    }
}

/// Gives each of `settings` its value. `flag` gives the value of a setting's flag by the setting's name, where the command
/// line has that flag.
///
/// # Errors
/// The first value that is not of its setting's kind or not readable as text; else the first two values that exclude each
/// other, naming where both come from; else all required settings without a value.
pub fn resolve(
    settings: &[Setting],
    flag: impl Fn(&str) -> Option<String>,
    variables: &Variables,
) -> Result<Settings, Error> {
    let mut values = BTreeMap::new();
    for setting in settings {
        if let Some(value) = value(setting, &flag, variables)? {
            values.insert(setting.name.clone(), value);
        }
    }
    refuse_conflicts(settings, &values)?;
    refuse_missing(settings, &values)?;
    Ok(Settings(values))
}

fn value(
    setting: &Setting,
    flag: impl Fn(&str) -> Option<String>,
    variables: &Variables,
) -> Result<Option<Value>, Error> {
    let (text, source) = if let Some(text) = flag(&setting.name) {
        // An empty flag is most often a shell variable that was meant to be set.
        if text.is_empty() {
            return Err(Error::new(
                Exit::Usage,
                format!("{} has an empty value", setting.flag()),
            )
            .hint("give it a value, or leave it out"));
        }
        (text, Source::Flag(setting.flag()))
    } else if let Some((name, text)) = from_variable(setting, variables)? {
        (text, Source::Variable(name))
    } else if let Some(text) = setting.default.clone() {
        (text, Source::Default)
    } else {
        return Ok(None);
    };
    if let Err(reason) = setting.kind.check(&text) {
        let subject = match &source {
            Source::Flag(flag) => format!("the value of {flag}"),
            Source::Variable(variable) => format!("the value of the variable {variable}"),
            Source::Default => format!("the default of {}", setting.flag()),
        };
        return Err(Error::new(Exit::Usage, format!("{subject} {reason}")));
    }
    Ok(Some(Value {
        text: Zeroizing::new(text),
        source,
    }))
}

fn from_variable(
    setting: &Setting,
    variables: &Variables,
) -> Result<Option<(String, String)>, Error> {
    let Some(name) = &setting.variable else {
        return Ok(None);
    };
    let Some(value) = variables.os(name) else {
        return Ok(None);
    };
    match value.to_str() {
        Some(text) => Ok(Some((name.clone(), text.to_owned()))),
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
                without(&value.source),
                without(&other.source)
            );
            return Err(Error::new(Exit::Usage, message).hint(hint));
        }
    }
    Ok(())
}

/// What to do so that this source gives no value.
fn without(source: &Source) -> String {
    match source {
        Source::Flag(flag) => format!("leave out {flag}"),
        Source::Variable(variable) => format!("unset {variable}"),
        Source::Default => "give another value".to_owned(),
    }
}

fn refuse_missing(settings: &[Setting], values: &BTreeMap<String, Value>) -> Result<(), Error> {
    let missing: Vec<&Setting> = settings
        .iter()
        .filter(|setting| setting.required && !values.contains_key(&setting.name))
        .collect();
    let names: Vec<&str> = missing
        .iter()
        .map(|setting| setting.name.as_str())
        .collect();
    let message = match names.as_slice() {
        [] => return Ok(()),
        [name] => format!("the setting {name} has no value"),
        [names @ .., last] => format!("the settings {} and {last} have no value", names.join(", ")),
    };
    let mut error = Error::new(Exit::Usage, message);
    for setting in missing {
        error = error.hint(format!("set {}: {}", setting.ways(), setting.description));
    }
    Err(error)
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

    fn run(flags: Pairs, variables: Pairs) -> Result<Settings, Error> {
        let flag = |name: &str| {
            flags
                .iter()
                .find(|(flag, _)| *flag == name)
                .map(|(_, value)| (*value).to_owned())
        };
        resolve(
            &hippo(),
            flag,
            &Variables::from_pairs(variables.iter().copied()),
        )
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
                &[("hippo-url", "")],
                &[("HIPPO_URL", "http://b")],
                "--hippo-url has an empty value",
                &["give it a value, or leave it out"],
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
        let error = resolve(&settings, |_| None, &Variables::default()).unwrap_err();
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
        let error = resolve(&hippo(), |_| None, &variables).unwrap_err();
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
