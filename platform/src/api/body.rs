//! Request bodies, read as leniently and refused as Newtonsoft's JSON reader does it.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use uuid::Uuid;

use super::Answer;
use super::problem::{Errors, Problem};
use crate::store::channels::{DesiredStatus, Strategy, Variable};

/// The members of a JSON object, found without regard to case. What nobody asks for is ignored.
///
/// Members are taken one by one; a member of the wrong type is remembered and reported by
/// [`Command::finish`].
#[derive(Debug, Default)]
pub(crate) struct Command {
    members: HashMap<String, Value>,
    errors: Errors,
}

impl<S: Send + Sync> FromRequest<S> for Command {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let content_type = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = Bytes::from_request(request, state).await.map_err(|error| {
            if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::TooLarge
            } else {
                refusal("", "The request body could not be read.")
            }
        })?;
        if body.is_empty() {
            return Err(refusal("", "A non-empty request body is required."));
        }
        if !content_type.as_deref().is_some_and(is_json) {
            return Err(Problem::UnsupportedMediaType);
        }
        Self::parse(&body)
    }
}

impl Command {
    fn parse(body: &[u8]) -> Answer<Self> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => Ok(Self {
                members: object
                    .into_iter()
                    .map(|(name, value)| (name.to_ascii_lowercase(), value))
                    .collect(),
                errors: Errors::new(),
            }),
            Ok(Value::Null) => Err(Problem::Validation(command_required())),
            Ok(_) => Err(refusal("", "The JSON value is not an object.")),
            Err(error) => Err(refusal(
                "",
                &format!("The JSON value could not be read: {error}."),
            )),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(&name.to_ascii_lowercase())
    }

    /// Whether the body has this member, be it null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(&name.to_ascii_lowercase())
    }

    /// A text; numbers and truth values count as the text that they are written as.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            other => {
                self.wrong(name, &other, "System.String");
                None
            }
        }
    }

    /// An identifier that may be absent or null.
    pub(crate) fn optional_id(&mut self, name: &str) -> Option<Uuid> {
        match self.take(name)? {
            Value::Null => None,
            value => self.read_id(name, &value),
        }
    }

    /// An identifier; when absent, the one of zeros.
    pub(crate) fn id(&mut self, name: &str) -> Uuid {
        match self.take(name) {
            None => Uuid::nil(),
            Some(value) => self.read_id(name, &value).unwrap_or_default(),
        }
    }

    fn read_id(&mut self, name: &str, value: &Value) -> Option<Uuid> {
        let id = value.as_str().and_then(|text| Uuid::parse_str(text).ok());
        if id.is_none() {
            self.wrong(name, value, "System.Guid");
        }
        id
    }

    /// A revision selection strategy, as its name or number; when absent or null, the first.
    pub(crate) fn strategy(&mut self, name: &str) -> Strategy {
        let choices = [
            ("UseRangeRule", 0, Strategy::UseRangeRule),
            ("UseSpecifiedRevision", 1, Strategy::UseSpecifiedRevision),
        ];
        self.choice(
            name,
            &choices,
            "Hippo.Core.Enums.ChannelRevisionSelectionStrategy",
        )
        .unwrap_or(Strategy::UseRangeRule)
    }

    /// A desired status, as its name or number; when absent, the one that is neither.
    pub(crate) fn desired_status(&mut self, name: &str) -> DesiredStatus {
        let choices = [
            ("Running", 2, DesiredStatus::Running),
            ("Dead", 3, DesiredStatus::Dead),
        ];
        self.choice(name, &choices, "Hippo.Core.Enums.DesiredStatus")
            .unwrap_or(DesiredStatus::Unset)
    }

    fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, i64, T)], kind: &str) -> Option<T> {
        let value = self.take(name)?;
        if value.is_null() {
            return None;
        }
        let found = choices.iter().find(|(text, number, _)| match &value {
            Value::String(given) => {
                given.eq_ignore_ascii_case(text) || given.parse() == Ok(*number)
            }
            other => other.as_i64() == Some(*number),
        });
        if found.is_none() {
            self.wrong(name, &value, kind);
        }
        found.map(|(_, _, choice)| *choice)
    }

    /// A list of `{key, value}`; when null, an empty one.
    pub(crate) fn variables(&mut self, name: &str) -> Vec<Variable> {
        let rows = match self.take(name) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(rows)) => rows,
            Some(other) => {
                self.wrong(name, &other, "System.Collections.Generic.List");
                return Vec::new();
            }
        };
        rows.into_iter()
            .filter_map(|row| {
                let Value::Object(row) = row else {
                    self.wrong(name, &row, "UpdateEnvironmentVariableDto");
                    return None;
                };
                let mut row = Self {
                    members: row
                        .into_iter()
                        .map(|(key, value)| (key.to_ascii_lowercase(), value))
                        .collect(),
                    errors: Errors::new(),
                };
                let (key, value) = (row.text("key"), row.text("value"));
                self.errors.extend(row.errors);
                Some(Variable {
                    key: key.unwrap_or_default(),
                    value: value.unwrap_or_default(),
                })
            })
            .collect()
    }

    fn wrong(&mut self, name: &str, value: &Value, kind: &str) {
        let shown = match value {
            Value::Null => "{null}".to_owned(),
            Value::Object(_) | Value::Array(_) => "{...}".to_owned(),
            value => value.to_string(),
        };
        self.errors
            .entry(name.to_owned())
            .or_default()
            .push(format!(
                "Error converting value {shown} to type '{kind}'. Path '{name}'."
            ));
    }

    /// Ends the reading: fails when a member had the wrong type.
    pub(crate) fn finish(self) -> Answer<()> {
        if self.errors.is_empty() {
            return Ok(());
        }
        let mut errors = self.errors;
        errors.extend(command_required());
        Err(Problem::Validation(errors))
    }
}

/// What ASP.NET says in addition whenever a body couldn't be read.
fn command_required() -> Errors {
    Errors::from([(
        "command".to_owned(),
        vec!["The command field is required.".to_owned()],
    )])
}

fn refusal(name: &str, message: &str) -> Problem {
    let mut errors = command_required();
    errors.insert(name.to_owned(), vec![message.to_owned()]);
    Problem::Validation(errors)
}

/// Whether this content type is one of JSON's: `application/json`, `text/json` or
/// `application/...+json`.
fn is_json(content_type: &str) -> bool {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || essence == "text/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_leniently() {
        let mut command = Command::parse(
            br#"{"NAME": 5, "appId": "0D5F3A20-3b0a-4c3e-9a4f-000000000001", "unknown": {},
                 "revisionSelectionStrategy": 1, "desiredStatus": "running", "domain": null}"#,
        )
        .unwrap();
        assert!(command.has("domain"));
        assert_eq!(command.text("name").as_deref(), Some("5"));
        assert_eq!(
            command.id("appId").to_string(),
            "0d5f3a20-3b0a-4c3e-9a4f-000000000001"
        );
        assert_eq!(
            command.strategy("revisionSelectionStrategy"),
            Strategy::UseSpecifiedRevision
        );
        assert_eq!(
            command.desired_status("desiredStatus"),
            DesiredStatus::Running
        );
        assert_eq!(command.text("domain"), None);
        assert_eq!(command.id("channelId"), Uuid::nil());
        command.finish().unwrap();
    }

    #[test]
    fn wrong_types_name_their_member() {
        let mut command =
            Command::parse(br#"{"appId": "x", "name": {"value": "y"}, "strategy": "Best"}"#)
                .unwrap();
        command.id("appId");
        command.text("name");
        command.strategy("strategy");
        let Err(Problem::Validation(errors)) = command.finish() else {
            panic!("it was accepted")
        };
        let names: Vec<_> = errors.keys().map(String::as_str).collect();
        assert_eq!(names, ["appId", "command", "name", "strategy"]);
        assert_eq!(errors["command"], ["The command field is required."]);
    }

    #[test]
    fn only_objects_are_commands() {
        for body in ["", "{", "[]", "null", "7"] {
            assert!(
                matches!(Command::parse(body.as_bytes()), Err(Problem::Validation(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn json_goes_by_several_names() {
        for accepted in [
            "application/json",
            "text/json; charset=utf-8",
            "application/json-patch+json",
        ] {
            assert!(is_json(accepted), "{accepted}");
        }
        for refused in ["", "text/plain", "application/jsonx", "text/x+json"] {
            assert!(!is_json(refused), "{refused}");
        }
    }
}
