//! What the variables of an application are: what the channel gives, else the default.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

/// The values of an application's variables, by name.
pub struct Values<'a> {
    values: BTreeMap<&'a str, &'a str>,
    /// A sentence for each value that nothing asked for.
    pub notes: Vec<String>,
}

impl<'a> Values<'a> {
    /// The values of declared variables, each with its default if it has one, when the channel gives these.
    pub fn new(
        declared: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
        given: &'a BTreeMap<String, String>,
    ) -> Self {
        let declared: BTreeMap<&str, Option<&str>> = declared.into_iter().collect();
        let notes = given
            .keys()
            .filter(|name| !declared.contains_key(name.as_str()))
            .map(|name| {
                format!(
                    "the channel gives the variable '{name}', which the application doesn't declare"
                )
            })
            .collect();
        let value = |(name, default): (&'a str, Option<&'a str>)| {
            Some((name, given.get(name).map(String::as_str).or(default)?))
        };
        Self {
            values: declared.into_iter().filter_map(value).collect(),
            notes,
        }
    }

    /// The text with each `{{ name }}` replaced by the variable's value.
    ///
    /// # Errors
    /// A variable has no value, or a `{{` has no end.
    pub fn fill(&self, text: &str) -> Result<String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after
                .split_once("}}")
                .context("has a '{{' without its '}}'")?;
            let name = name.trim();
            let value = self.values.get(name).with_context(|| {
                format!("needs the variable '{name}', which has neither a value nor a default")
            })?;
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// What a component gets to see of its own variables. One without a value is an error for the component that asks for it, as with
    /// Spin.
    pub fn of_component(&self, templates: &BTreeMap<String, String>) -> super::Variables {
        templates
            .iter()
            .map(|(name, text)| {
                let value = self.fill(text).map_err(|error| error.to_string());
                (name.clone(), value)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_comes_before_the_default() {
        let given = [("a", "given"), ("c", "c"), ("other", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let given = BTreeMap::from(given);
        let declared = [
            ("a", Some("default")),
            ("b", Some("b")),
            ("c", None),
            ("d", None),
        ];
        let values = Values::new(declared, &given);
        assert_eq!(values.notes.len(), 1);
        assert!(values.notes[0].contains("'other'"), "{:?}", values.notes);
        assert_eq!(values.fill("{{ a }}-{{b}}{{c}}").unwrap(), "given-bc");
        assert_eq!(values.fill("none").unwrap(), "none");
        let templates = [("one", "{{a}}"), ("two", "{{ d }}"), ("three", "{{ a")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()));
        let seen = values.of_component(&BTreeMap::from(templates));
        assert_eq!(seen["one"].as_deref(), Ok("given"));
        assert!(seen["two"].as_ref().unwrap_err().contains("'d'"));
        assert!(seen["three"].is_err());
    }

    #[test]
    fn values_are_not_filled_again() {
        let given = BTreeMap::from([("a".to_owned(), "{{ a }}".to_owned())]);
        let values = Values::new([("a", None)], &given);
        assert_eq!(values.fill("{{ a }}").unwrap(), "{{ a }}");
    }
}
