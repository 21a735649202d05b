//! What `bowline settings` says.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Report, STRONG, table, width};
use crate::settings::Source;
use crate::text;

/// In the place of a secret, whatever its length.
const MASK: &str = "********";

/// All settings of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Listing {
    /// The environment.
    pub environment: String,
    /// The target in force.
    pub target: String,
    /// Bowline's own, then the target's, in the order of `--help`.
    pub settings: Vec<Listed>,
}

/// One of them.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Its name: the flag without its dashes.
    pub name: String,
    /// The variable that sets it.
    pub variable: Option<String>,
    /// What it is.
    pub description: String,
    /// A deploy needs a value.
    pub required: bool,
    /// Its value is not shown.
    pub secret: bool,
    /// It has a value.
    pub set: bool,
    /// The value, unless it is a secret.
    pub value: Option<String>,
    /// Who gave it.
    pub source: Option<Source>,
}

impl Listed {
    fn shown(&self) -> String {
        match (&self.value, self.secret && self.set) {
            (Some(value), _) => text::one_line(value),
            (None, true) => MASK.to_owned(),
            (None, false) if self.required => "(missing)".to_owned(),
            (None, false) => "-".to_owned(),
        }
    }

    fn from(&self) -> String {
        match (&self.source, &self.variable) {
            (Some(source), _) => source.to_string(),
            (None, Some(variable)) => format!("not set: --{} or {variable}", self.name),
            (None, None) => format!("not set: --{}", self.name),
        }
    }
}

impl Listing {
    fn text_within(&self, width: Option<usize>) -> String {
        let mut rows = vec![["SETTING", "VALUE", "FROM"].map(str::to_owned)];
        rows.extend(
            self.settings
                .iter()
                .map(|setting| [setting.name.clone(), setting.shown(), setting.from()]),
        );
        let head = format!(
            "Environment '{}', target '{}'\n\n",
            self.environment,
            text::one_line(&self.target)
        );
        let as_table = table(&rows);
        let widest = anstream::adapter::strip_str(&as_table).to_string();
        let widest = widest.lines().map(|line| line.chars().count()).max();
        if width.is_none_or(|width| widest.unwrap_or_default() <= width) {
            return head + &as_table;
        }
        // A terminal that is too narrow for a table: one below the other.
        let mut text = head;
        for [name, value, from] in rows.split_off(1) {
            let _ = writeln!(text, "{STRONG}{name}{STRONG:#}\n  {value}\n  {from}");
        }
        text
    }
}

impl Report for Listing {
    fn text(&self) -> String {
        self.text_within(width())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{json, uncoloured};

    fn listing() -> Listing {
        let setting = |name: &str, value: Option<&str>, source: Option<Source>| Listed {
            name: name.to_owned(),
            variable: Some(name.replace('-', "_").to_uppercase()),
            description: "A setting".into(),
            required: name == "acme-url",
            secret: name == "acme-token",
            set: source.is_some(),
            value: value.map(str::to_owned),
            source,
        };
        Listing {
            environment: "staging".into(),
            target: "acme".into(),
            settings: vec![
                setting("acme-url", None, None),
                setting(
                    "acme-token",
                    None,
                    Some(Source::Variable("ACME_TOKEN".into())),
                ),
                setting(
                    "acme-channel",
                    Some("a\u{1b}[2Jb"),
                    Some(Source::Project("bowline.toml".into())),
                ),
                setting("acme-size", Some("3"), Some(Source::Default)),
            ],
        }
    }

    #[test]
    fn settings_are_a_table_where_there_is_room() {
        insta::assert_snapshot!(uncoloured(&listing().text_within(None)), @r"
        Environment 'staging', target 'acme'

        SETTING       VALUE      FROM
        acme-url      (missing)  not set: --acme-url or ACME_URL
        acme-token    ********   the variable ACME_TOKEN
        acme-channel  a[2Jb      the project's bowline.toml
        acme-size     3          the default
        ");
        insta::assert_snapshot!(uncoloured(&listing().text_within(Some(40))), @r"
        Environment 'staging', target 'acme'

        acme-url
          (missing)
          not set: --acme-url or ACME_URL
        acme-token
          ********
          the variable ACME_TOKEN
        acme-channel
          a[2Jb
          the project's bowline.toml
        acme-size
          3
          the default
        ");
    }

    #[test]
    fn as_json_each_has_its_source() {
        let text = json(&listing()).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let settings = &read["settings"];
        assert_eq!(settings[0]["source"], serde_json::Value::Null);
        assert_eq!(settings[1]["value"], serde_json::Value::Null);
        assert_eq!(
            settings[1]["source"],
            serde_json::json!({"kind": "variable", "name": "ACME_TOKEN"})
        );
        assert_eq!(
            settings[3]["source"],
            serde_json::json!({"kind": "default"})
        );
    }
}
