//! What only HTTP triggers have.

use toml::Spanned;
use toml::de::DeValue;

use crate::error::{Fault, LoadError};
use crate::manifest::names::most_similar;
use crate::manifest::table::{Table, wrong_type};

/// What Spin knows to run.
const EXECUTORS: &[&str] = &["http", "spin", "wagi", "wasip3-unstable"];

/// The key `executor`.
pub(super) fn executor(trigger: &Table<'_>) -> Result<(), LoadError> {
    let Some(table) = trigger.table("executor")? else {
        return Ok(());
    };
    let kind = table.need_string("type", "\"http\" or \"wagi\"")?;
    if !EXECUTORS.contains(&kind.get_ref().as_str()) {
        let similar = most_similar(kind.get_ref(), EXECUTORS.iter().copied())
            .map(|similar| format!(", did you mean `{similar}`?"))
            .unwrap_or_default();
        let fault = Fault::Invalid {
            what: format!("the executor `{}`", kind.get_ref().escape_debug()),
            reason: format!("there is none of this name{similar}"),
        };
        return Err(table.error(kind.span(), fault));
    }
    if kind.get_ref() == "wagi" {
        table.only(&["type", "argv", "entrypoint"])?;
        table.string("argv")?;
        table.string("entrypoint")?;
        Ok(())
    } else {
        table.only(&["type"])
    }
}

/// The key `static_response`: what the trigger answers without a component.
pub(super) fn static_response(trigger: &Table<'_>) -> Result<(), LoadError> {
    let Some(table) = trigger.table("static_response")? else {
        return Ok(());
    };
    table.only(&["status_code", "headers", "body"])?;
    if let Some(value) = table.get("status_code") {
        let expected = "a number from 200 to 599";
        let DeValue::Integer(number) = value.get_ref() else {
            return Err(table.error(
                value.span(),
                wrong_type("status_code", value.get_ref(), expected),
            ));
        };
        let status = u16::from_str_radix(number.as_str(), number.radix());
        if !status.is_ok_and(|status| (200..600).contains(&status)) {
            let fault = Fault::Invalid {
                what: format!("`status_code` of {}", table.place()),
                reason: format!("{number} is no status of an answer: expected {expected}"),
            };
            return Err(table.error(value.span(), fault));
        }
    }
    for (name, value) in table.string_map("headers")? {
        let name_fits = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        let reason = if !name_fits {
            "this is no name of a header"
        } else if value
            .get_ref()
            .contains(|character: char| character.is_control() && character != '\t')
        {
            "control characters are not possible"
        } else {
            continue;
        };
        let fault = Fault::Invalid {
            what: format!("the header `{}` of {}", name.escape_debug(), table.place()),
            reason: reason.to_owned(),
        };
        return Err(table.error(value.span(), fault));
    }
    table.string("body").map(drop)
}

/// The route; none when it is private, reachable from other components only.
pub(super) fn route(table: &Table<'_>) -> Result<Option<String>, LoadError> {
    let expected = "a path such as \"/...\", or { private = true }";
    let value = table
        .get("route")
        .ok_or_else(|| table.missing("route", expected))?;
    if value.get_ref().is_table() {
        let place = format!("`route` of {}", table.place());
        let private = Table::of(table.reading, value, place)?;
        private.only(&["private"])?;
        return match private.boolean("private")?.map(Spanned::into_inner) {
            Some(true) => Ok(None),
            _ => Err(table.error(value.span(), wrong_type("route", value.get_ref(), expected))),
        };
    }
    let Some(route) = value.get_ref().as_str() else {
        return Err(table.error(value.span(), wrong_type("route", value.get_ref(), expected)));
    };
    match check_route(route) {
        Ok(()) => Ok(Some(route.to_owned())),
        Err(reason) => {
            let fault = Fault::Invalid {
                what: format!("the route `{}`", route.escape_debug()),
                reason: reason.to_owned(),
            };
            Err(table.error(value.span(), fault))
        }
    }
}

fn check_route(route: &str) -> Result<(), &'static str> {
    if route.len() > 1024 {
        return Err("it is longer than 1024 characters");
    }
    if route.contains(|character: char| character.is_control() || character.is_whitespace()) {
        return Err("spaces and control characters are not possible");
    }
    if route.contains(['?', '#']) {
        return Err("expected a path, without `?` and `#`");
    }
    let parts: Vec<_> = route.split('/').collect();
    let wildcard = parts.iter().position(|part| *part == "...");
    if wildcard.is_some_and(|at| at + 1 != parts.len()) {
        return Err("`...` is possible at its end only");
    }
    if parts
        .iter()
        .any(|part| *part != "..." && part.contains("..."))
    {
        return Err("`...` is a part of its own, such as in `/files/...`");
    }
    if route.contains('*') {
        return Err("`*` is not possible: `/...` at the end stands for anything below");
    }
    if parts.contains(&":") {
        return Err("expected a name after `:`");
    }
    Ok(())
}
