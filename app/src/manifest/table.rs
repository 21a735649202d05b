//! Reading tables of a manifest strictly, with errors that point at what is wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Document, Spans};
use super::names::most_similar;
use crate::error::{Fault, LoadError};
use crate::json;

/// Faults of one manifest that are told together. Many more would only scroll away.
const MOST_FAULTS: usize = 20;

/// One pass over a manifest, which goes on after what is wrong.
#[derive(Debug)]
pub(super) struct Reading<'d> {
    document: &'d Document,
    faults: RefCell<Vec<LoadError>>,
}

impl<'d> Reading<'d> {
    pub(super) fn of(document: &'d Document) -> Self {
        Self {
            document,
            faults: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn error(&self, span: Range<usize>, fault: Fault) -> LoadError {
        self.document.error(span, fault)
    }

    /// Notes an error and goes on, unless there are too many already.
    pub(super) fn keep<T>(&self, result: Result<T, LoadError>) -> Result<Option<T>, LoadError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if self.faults.borrow().len() + 1 < MOST_FAULTS => {
                self.faults.borrow_mut().push(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The result, unless something was noted.
    pub(super) fn finish<T>(self, result: Result<T, LoadError>) -> Result<T, LoadError> {
        let mut faults = self.faults.into_inner();
        match result {
            Err(error) => Err(error.together(faults)),
            Ok(value) => match faults.pop() {
                Some(error) => Err(error.together(faults)),
                None => Ok(value),
            },
        }
    }

    /// Whether something was noted.
    pub(super) fn is_wrong(&self) -> bool {
        !self.faults.borrow().is_empty()
    }
}

/// A table of the manifest and what to call it in errors.
#[derive(Clone, Debug)]
pub(super) struct Table<'d> {
    pub(super) reading: &'d Reading<'d>,
    table: &'d DeTable<'d>,
    span: Range<usize>,
    place: String,
}

impl<'d> Table<'d> {
    /// The whole manifest.
    pub(super) fn root(reading: &'d Reading<'d>, parsed: &'d Spanned<DeTable<'d>>) -> Self {
        Self {
            reading,
            table: parsed.get_ref(),
            span: 0..0,
            place: "the manifest".to_owned(),
        }
    }

    /// Reads `value` as a table that errors call `place`.
    pub(super) fn of(
        reading: &'d Reading<'d>,
        value: &'d Spanned<DeValue<'d>>,
        place: impl Into<String>,
    ) -> Result<Self, LoadError> {
        let place = place.into();
        match value.get_ref() {
            DeValue::Table(table) => Ok(Self {
                reading,
                table,
                span: value.span(),
                place,
            }),
            other => Err(reading.error(value.span(), wrong_type(&place, other, "a table"))),
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
        self.reading.error(span, fault)
    }

    /// Refuses every key but the `known` ones.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), LoadError> {
        let mut unknown: Vec<_> = self
            .table
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .collect();
        unknown.sort_by_key(|key| key.span().start);
        for key in unknown {
            let fault = Fault::UnknownKey {
                key: key.get_ref().escape_debug().to_string(),
                place: self.place.clone(),
                similar: most_similar(key.get_ref(), known.iter().copied()),
                known: known.join(", "),
            };
            self.reading
                .keep(Err::<(), _>(self.error(key.span(), fault)))?;
        }
        Ok(())
    }

    /// Where it and its keys are.
    pub(super) fn spans(&self) -> Spans {
        Spans {
            whole: self.span(),
            keys: self
                .table
                .keys()
                .map(|key| (key.get_ref().to_string(), key.span()))
                .collect(),
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
                Self::of(self.reading, value, place)
            })
            .transpose()
    }

    /// A table of tables, of which nothing more is known.
    pub(super) fn tables(&self, key: &str) -> Result<(), LoadError> {
        let Some(table) = self.table(key)? else {
            return Ok(());
        };
        for (name, value) in table.entries() {
            if !value.get_ref().is_table() {
                let fault = wrong_type(name.get_ref(), value.get_ref(), "a table");
                return Err(table.error(value.span(), fault));
            }
        }
        Ok(())
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
        // Some keys come with what they are of, and with marks.
        key: if key.contains('`') {
            key.to_owned()
        } else {
            format!("`{}`", key.escape_debug())
        },
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
