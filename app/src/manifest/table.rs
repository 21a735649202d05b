//! Reading tables of a manifest strictly, with errors that point at what is wrong.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::Document;
use super::names::most_similar;
use crate::error::{Fault, LoadError};
use crate::json;

/// A table of the manifest and what to call it in errors.
#[derive(Clone, Debug)]
pub(super) struct Table<'d> {
    pub(super) document: &'d Document,
    table: &'d DeTable<'d>,
    span: Range<usize>,
    place: String,
}

impl<'d> Table<'d> {
    /// The whole manifest.
    pub(super) fn root(document: &'d Document, parsed: &'d Spanned<DeTable<'d>>) -> Self {
        Self {
            document,
            table: parsed.get_ref(),
            span: 0..0,
            place: "the manifest".to_owned(),
        }
    }

    /// Reads `value` as a table that errors call `place`.
    pub(super) fn of(
        document: &'d Document,
        value: &'d Spanned<DeValue<'d>>,
        place: impl Into<String>,
    ) -> Result<Self, LoadError> {
        let place = place.into();
        match value.get_ref() {
            DeValue::Table(table) => Ok(Self {
                document,
                table,
                span: value.span(),
                place,
            }),
            other => Err(document.error(value.span(), wrong_type(&place, other, "a table"))),
        }
    }

    /// What errors call it.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Where it starts.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    pub(super) fn error(&self, span: Range<usize>, fault: Fault) -> LoadError {
        self.document.error(span, fault)
    }

    /// Refuses every key but the `known` ones.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), LoadError> {
        let unknown = self
            .table
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .min_by_key(|key| key.span().start);
        match unknown {
            None => Ok(()),
            Some(key) => {
                let fault = Fault::UnknownKey {
                    key: key.get_ref().escape_debug().to_string(),
                    place: self.place.clone(),
                    similar: most_similar(key.get_ref(), known.iter().copied()),
                    known: known.join(", "),
                };
                Err(self.error(key.span(), fault))
            }
        }
    }

    /// Refuses `key`, which Spin knows and Bowline does not deploy yet.
    pub(super) fn unsupported(
        &self,
        key: &str,
        feature: &str,
        instead: &str,
    ) -> Result<(), LoadError> {
        match self.table.get_key_value(key) {
            None => Ok(()),
            Some((key, _)) => Err(self.error(
                key.span(),
                Fault::Unsupported {
                    feature: format!("{feature} (`{}` in {})", key.get_ref(), self.place),
                    instead: instead.to_owned(),
                },
            )),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.table.get(key)
    }

    /// All entries, in the order of the text.
    pub(super) fn entries(&self) -> Vec<(Spanned<String>, &'d Spanned<DeValue<'d>>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| (Spanned::new(key.span(), key.get_ref().to_string()), value))
            .collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }

    /// An error for a key that has to be there.
    pub(super) fn missing(&self, key: &str, expected: &str) -> LoadError {
        self.error(
            self.span(),
            Fault::MissingKey {
                key: key.to_owned(),
                place: self.place.clone(),
                expected: expected.to_owned(),
            },
        )
    }

    pub(super) fn string(&self, key: &str) -> Result<Option<Spanned<String>>, LoadError> {
        self.get(key)
            .map(|value| self.as_string(key, value))
            .transpose()
    }

    pub(super) fn need_string(
        &self,
        key: &str,
        expected: &str,
    ) -> Result<Spanned<String>, LoadError> {
        self.string(key)?.ok_or_else(|| self.missing(key, expected))
    }

    pub(super) fn as_string(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Spanned<String>, LoadError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(Spanned::new(value.span(), text.to_string())),
            other => Err(self.error(value.span(), wrong_type(key, other, "text in quotes"))),
        }
    }

    pub(super) fn boolean(&self, key: &str) -> Result<Option<Spanned<bool>>, LoadError> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match value.get_ref() {
                DeValue::Boolean(boolean) => Ok(Some(Spanned::new(value.span(), *boolean))),
                other => Err(self.error(value.span(), wrong_type(key, other, "true or false"))),
            },
        }
    }

    /// The items of an array; none when the key is absent.
    pub(super) fn items(
        &self,
        key: &str,
        expected: &str,
    ) -> Result<&'d [Spanned<DeValue<'d>>], LoadError> {
        match self.get(key) {
            None => Ok(&[]),
            Some(value) => match value.get_ref() {
                DeValue::Array(items) => Ok(items),
                other => Err(self.error(value.span(), wrong_type(key, other, expected))),
            },
        }
    }

    pub(super) fn strings(&self, key: &str) -> Result<Vec<Spanned<String>>, LoadError> {
        self.items(key, "a list of texts")?
            .iter()
            .map(|item| self.as_string(key, item))
            .collect()
    }

    /// A table of texts; empty when the key is absent.
    pub(super) fn string_map(
        &self,
        key: &str,
    ) -> Result<BTreeMap<String, Spanned<String>>, LoadError> {
        let Some(table) = self.table(key)? else {
            return Ok(BTreeMap::new());
        };
        table
            .entries()
            .into_iter()
            .map(|(name, value)| {
                let value = table.as_string(name.get_ref(), value)?;
                Ok((name.into_inner(), value))
            })
            .collect()
    }

    /// The table below `key`.
    pub(super) fn table(&self, key: &str) -> Result<Option<Self>, LoadError> {
        self.get(key)
            .map(|value| {
                let place = match self.place.as_str() {
                    "the manifest" => format!("`[{key}]`"),
                    place => format!("`{key}` of {place}"),
                };
                Self::of(self.document, value, place)
            })
            .transpose()
    }

    /// Everything in it as JSON.
    pub(super) fn json(&self) -> Result<Map<String, Value>, LoadError> {
        json::object_from_toml(self.table).map_err(|reason| {
            let fault = Fault::Invalid {
                what: self.place.clone(),
                reason,
            };
            self.error(self.span(), fault)
        })
    }
}

pub(super) fn wrong_type(key: &str, found: &DeValue<'_>, expected: &str) -> Fault {
    Fault::WrongType {
        key: key.trim_matches('`').to_owned(),
        found: match found {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        },
        expected: expected.to_owned(),
    }
}
