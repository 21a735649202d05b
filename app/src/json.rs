//! From the manifest's TOML to JSON whose text is the same on every machine.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

/// Converts a TOML value; keys come out sorted. Dates become their text.
///
/// # Errors
/// A number that JSON does not have: an integer beyond 64 bits, infinity, or not-a-number.
pub(crate) fn from_toml(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map(Value::from)
            .map_err(|_| format!("the integer {integer} does not fit 64 bits"))?,
        DeValue::Float(float) => float
            .as_str()
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number)
            .ok_or_else(|| format!("the number {float} is not finite"))?,
        DeValue::Boolean(boolean) => Value::Bool(*boolean),
        DeValue::Datetime(datetime) => Value::String(datetime.to_string()),
        DeValue::Array(array) => Value::Array(
            array
                .iter()
                .map(|item| from_toml(item.get_ref()))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => Value::Object(object_from_toml(table)?),
    })
}

/// Converts a TOML table, like [`from_toml`].
pub(crate) fn object_from_toml(table: &DeTable<'_>) -> Result<Map<String, Value>, String> {
    let mut members = BTreeMap::new();
    for (key, value) in table {
        members.insert(key.get_ref().to_string(), from_toml(value.get_ref())?);
    }
    Ok(members.into_iter().collect())
}

/// The same value with the members of all objects sorted, whatever order it was built or read in.
pub(crate) fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members
                .iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect();
            Value::Object(members.into_iter().collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(text: &str) -> Result<String, String> {
        from_toml(DeValue::parse(text).unwrap().get_ref()).map(|value| value.to_string())
    }

    #[test]
    fn values_convert_and_keys_are_sorted() {
        assert_eq!(
            convert("{ b = [1, 0x10, 2.5, true], a = 1979-05-27, c = { e = 'x', d = '' } }")
                .unwrap(),
            r#"{"a":"1979-05-27","b":[1,16,2.5,true],"c":{"d":"","e":"x"}}"#
        );
    }

    #[test]
    fn numbers_that_json_lacks_are_refused() {
        for text in ["inf", "-inf", "nan", "9223372036854775808", "1e999"] {
            assert!(convert(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sorting_reaches_everything() {
        let value: Value = serde_json::from_str(r#"[{"b":1,"a":{"d":1,"c":2}}]"#).unwrap();
        assert_eq!(sorted(&value).to_string(), r#"[{"a":{"c":2,"d":1},"b":1}]"#);
    }
}
