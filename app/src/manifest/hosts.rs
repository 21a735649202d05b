//! Hosts that components may call: the two ways of writing them, and from one to the other.

use std::collections::BTreeSet;

use toml::Spanned;

use super::table::Table;
use crate::error::{Fault, LoadError};

const ALLOW_ALL: &str = "insecure:allow-all";

/// What a component may call.
#[derive(Debug)]
pub(crate) struct AllowedHosts {
    /// As `scheme://host:port`, sorted.
    pub(crate) outbound: Vec<String>,
    /// Version 1 without `allowed_outbound_hosts`: databases were not limited then.
    pub(crate) widened: bool,
}

/// Reads `allowed_outbound_hosts` and the older `allowed_http_hosts`.
///
/// Version 1 limited HTTP only. What it meant, written in the newer way, allows every Redis, MySQL and PostgreSQL server
/// (Spin converts it like that too), so the caller says so.
pub(super) fn read(table: &Table<'_>, version_one: bool) -> Result<AllowedHosts, LoadError> {
    let mut outbound = BTreeSet::new();
    for host in table.strings("allowed_http_hosts")? {
        check_http(host.get_ref())
            .map_err(|reason| invalid(table, "allowed_http_hosts", &host, reason))?;
        match host.get_ref().as_str() {
            ALLOW_ALL => {
                outbound.extend(["http://*:*", "https://*:*", "http://self"].map(str::to_owned))
            }
            "self" => drop(outbound.insert("http://self".to_owned())),
            host => outbound.extend([format!("http://{host}"), format!("https://{host}")]),
        }
    }
    for host in table.strings("allowed_outbound_hosts")? {
        check_outbound(host.get_ref())
            .map_err(|reason| invalid(table, "allowed_outbound_hosts", &host, reason))?;
        outbound.insert(host.into_inner());
    }
    let widened = version_one && table.get("allowed_outbound_hosts").is_none();
    if widened {
        outbound.extend(["redis://*:*", "mysql://*:*", "postgres://*:*"].map(str::to_owned));
    }
    Ok(AllowedHosts {
        outbound: outbound.into_iter().collect(),
        widened,
    })
}

fn invalid(table: &Table<'_>, key: &str, host: &Spanned<String>, reason: &str) -> LoadError {
    let fault = Fault::Invalid {
        what: format!("`{}` in `{key}`", host.get_ref().escape_debug()),
        reason: reason.to_owned(),
    };
    table.error(host.span(), fault)
}

fn check_http(host: &str) -> Result<(), &'static str> {
    if host == ALLOW_ALL {
        return Ok(());
    }
    if host.contains("://") || host.contains('/') {
        return Err(
            "expected a host without scheme and path, such as \"api.example.com\" or \"api.example.com:8080\"",
        );
    }
    check_text(host)
}

fn check_outbound(host: &str) -> Result<(), &'static str> {
    if host == ALLOW_ALL {
        return Err("expected \"*://*:*\", the way to allow everything here");
    }
    match host.split_once("://") {
        Some((scheme, rest)) if !scheme.is_empty() && !rest.is_empty() => check_text(host),
        _ => Err("expected scheme, host and port, such as \"https://api.example.com:443\""),
    }
}

fn check_text(host: &str) -> Result<(), &'static str> {
    let outside_templates = host
        .split("{{")
        .map(|part| part.rsplit("}}").next().unwrap_or(part))
        .collect::<String>();
    if host.is_empty() {
        Err("it is empty")
    } else if outside_templates
        .contains(|character: char| character.is_whitespace() || character.is_control())
    {
        Err("spaces and control characters are not possible")
    } else {
        Ok(())
    }
}

/// The same hosts the way Spin 1.x writes them: `host[:port]`, HTTP only.
///
/// Spin 1.x does not limit databases at all, so entries with other schemes need not be written.
///
/// # Errors
/// The first entry that can't be said in the old way without allowing more hosts.
pub(crate) fn http_hosts(outbound: &[String]) -> Result<Vec<String>, String> {
    let everything = |host: &String| host == "*://*:*";
    if outbound.iter().any(everything)
        || ["http://*:*", "https://*:*"]
            .iter()
            .all(|all| outbound.iter().any(|host| host == all))
    {
        return Ok(vec![ALLOW_ALL.to_owned()]);
    }
    let mut hosts = BTreeSet::new();
    for entry in outbound {
        let Some((scheme, rest)) = entry.split_once("://") else {
            return Err(entry.clone());
        };
        match scheme {
            "http" | "https" => {}
            "redis" | "rediss" | "mysql" | "postgres" | "postgresql" => continue,
            _ => return Err(entry.clone()),
        }
        let rest = rest.trim_end_matches('/');
        let plain = !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
        if !plain {
            return Err(entry.clone());
        }
        hosts.insert(rest.to_owned());
    }
    Ok(hosts.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowered(outbound: &[&str]) -> Result<Vec<String>, String> {
        http_hosts(
            &outbound
                .iter()
                .map(|host| (*host).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn hosts_of_the_new_way_are_said_in_the_old_one() {
        assert_eq!(lowered(&[]).unwrap(), [""; 0]);
        assert_eq!(
            lowered(&["http://a.com", "https://a.com", "https://b.com:8443/"]).unwrap(),
            ["a.com", "b.com:8443"]
        );
        assert_eq!(lowered(&["http://self"]).unwrap(), ["self"]);
        assert_eq!(
            lowered(&["redis://*:*", "https://a.com"]).unwrap(),
            ["a.com"]
        );
        assert_eq!(lowered(&["*://*:*"]).unwrap(), [ALLOW_ALL]);
        assert_eq!(
            lowered(&["http://*:*", "http://self", "https://*:*"]).unwrap(),
            [ALLOW_ALL]
        );
    }

    #[test]
    fn what_the_old_way_lacks_is_named() {
        for host in [
            "https://*.example.com",
            "https://{{ host }}",
            "http://*:*",
            "https://a.com:*",
            "mqtt://a.com:1883",
            "*://a.com:1",
        ] {
            assert_eq!(lowered(&["https://ok.com", host]), Err(host.to_owned()));
        }
    }
}
