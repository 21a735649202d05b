//! Hosts that components may call: the two ways of writing them, and from one to the other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Range;

use toml::Spanned;

use super::component::Form;
use super::table::Table;
use super::template;
use crate::error::{Fault, LoadError};

pub(crate) const ALLOW_ALL: &str = "insecure:allow-all";

/// What version 1 did not limit.
const DATABASES: [&str; 3] = ["redis://*:*", "mysql://*:*", "postgres://*:*"];

/// What a component may call.
#[derive(Clone, Debug)]
pub(crate) struct AllowedHosts {
    /// As `scheme://host:port`, and where the manifest says so, or what it is derived from.
    pub(crate) outbound: BTreeMap<String, Range<usize>>,
    /// Version 1 without `allowed_outbound_hosts`: databases were not limited then.
    pub(crate) widened: bool,
    /// What `allowed_http_hosts` stands for, if version 2 has it.
    pub(crate) deprecated: Option<Vec<String>>,
}

/// Reads `allowed_outbound_hosts` and the older `allowed_http_hosts`.
///
/// Version 1 limited HTTP only. What it meant, written in the newer way, allows every Redis, MySQL and PostgreSQL server
/// (Spin converts it like that too), so the caller says so.
pub(super) fn read(table: &Table<'_>, form: Form) -> Result<AllowedHosts, LoadError> {
    let mut outbound = BTreeMap::new();
    let http = table.strings("allowed_http_hosts")?;
    for host in &http {
        match http_host(host.get_ref()) {
            Ok(hosts) => outbound.extend(hosts.into_iter().map(|entry| (entry, host.span()))),
            Err(reason) => {
                let error = invalid(table, "allowed_http_hosts", host, reason);
                table.reading.keep(Err::<(), _>(error))?;
            }
        }
    }
    let deprecated =
        (form == Form::Two && !http.is_empty()).then(|| outbound.keys().cloned().collect());
    for host in table.strings("allowed_outbound_hosts")? {
        if let Err(reason) = check_outbound(host.get_ref()) {
            let error = invalid(table, "allowed_outbound_hosts", &host, reason);
            table.reading.keep(Err::<(), _>(error))?;
        }
        let span = host.span();
        outbound.insert(host.into_inner(), span);
    }
    let widened = form == Form::One && table.get("allowed_outbound_hosts").is_none();
    if widened {
        outbound.extend(DATABASES.map(|host| (host.to_owned(), table.span())));
    }
    Ok(AllowedHosts {
        outbound,
        widened,
        deprecated,
    })
}

fn invalid(table: &Table<'_>, key: &str, host: &Spanned<String>, reason: &str) -> LoadError {
    let fault = Fault::Invalid {
        what: format!("`{}` in `{key}`", host.get_ref().escape_debug()),
        reason: reason.to_owned(),
    };
    table.error(host.span(), fault)
}

/// What an entry of `allowed_http_hosts` allows, written in the newer way.
fn http_host(host: &str) -> Result<Vec<String>, &'static str> {
    match host {
        ALLOW_ALL => {
            return Ok(["http://*:*", "https://*:*", "http://self"]
                .map(str::to_owned)
                .into());
        }
        "self" => return Ok(vec!["http://self".to_owned()]),
        _ => {}
    }
    // It has no say in the scheme, but Spin takes one.
    let host = ["http://", "https://"]
        .iter()
        .find_map(|scheme| host.strip_prefix(scheme))
        .unwrap_or(host);
    let host = host.strip_suffix('/').unwrap_or(host);
    if host.contains('/') {
        return Err(
            "expected a host without a path, such as \"api.example.com\" or \"api.example.com:8080\"",
        );
    }
    if host.contains('*') {
        return Err("`*` is not possible here; use `allowed_outbound_hosts`");
    }
    check_text(host)?;
    Ok(vec![format!("http://{host}"), format!("https://{host}")])
}

/// Scheme, host and port, each possibly `*`. What has variables in it is known at run time only.
fn check_outbound(entry: &str) -> Result<(), &'static str> {
    if entry == ALLOW_ALL {
        return Err("expected \"*://*:*\", the way to allow everything here");
    }
    let has_variables = !template::references(entry)?.is_empty();
    check_text(entry)?;
    if has_variables {
        return Ok(());
    }
    let form = "expected scheme, host and port, such as \"https://api.example.com:443\"";
    let (scheme, rest) = entry.split_once("://").ok_or(form)?;
    if scheme.is_empty() || rest.is_empty() {
        return Err(form);
    }
    if scheme != "*" && !scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err("expected a scheme of letters, or `*`");
    }
    let (host, port) = match rest.rsplit_once(':') {
        // The last colon of an address in brackets is inside of them.
        Some((host, port)) if !port.contains(']') => (host, port.trim_end_matches('/')),
        _ => (rest, ""),
    };
    check_host(host)?;
    check_port(port, scheme)
}

fn check_host(host: &str) -> Result<(), &'static str> {
    let is_network = host.split_once('/').is_some_and(|(address, length)| {
        address
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| {
                let longest = if address.is_ipv4() { 32 } else { 128 };
                length.parse::<u8>().is_ok_and(|length| length <= longest)
            })
    });
    let host = host.trim_end_matches('/');
    if is_network || host == "*" {
        return Ok(());
    }
    if host.is_empty() {
        return Err("there is no host");
    }
    if host.contains('/') {
        return Err("a path is not possible: hosts are allowed, not pages");
    }
    if host.strip_prefix("*.").unwrap_or(host).contains('*') {
        return Err(
            "`*` stands for a whole host, or for what comes first in it, such as in \"*.example.com\"",
        );
    }
    Ok(())
}

fn check_port(port: &str, scheme: &str) -> Result<(), &'static str> {
    let is_number = |text: &str| text.parse::<u16>().is_ok();
    match port {
        "*" => Ok(()),
        "" if ["http", "https", "redis", "mysql", "postgres", "mqtt"].contains(&scheme) => Ok(()),
        "" => Err("expected a port too, such as `:443` or `:*`: this scheme has no usual one"),
        port => match port.split_once("..") {
            Some((first, end)) if is_number(first) && is_number(end) => Ok(()),
            None if is_number(port) => Ok(()),
            _ => Err("expected a port such as `443`, a range such as `8000..8100`, or `*`"),
        },
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

    #[test]
    fn outbound_hosts_are_those_that_spin_takes() {
        for host in [
            "https://a.com",
            "https://a.com/",
            "https://a.com:8443/",
            "*://*:*",
            "http://*.a.com:80..90",
            "redis://[::1]:6379",
            "http://[::1]",
            "http://self",
            "http://self.alt",
            "http://b.spin.internal",
            "postgres://10.0.0.0/8:5432",
            "mqtt://a.com",
            "https://{{ host }}",
            "*://{{host}}:*",
        ] {
            assert_eq!(check_outbound(host), Ok(()), "{host}");
        }
        for host in [
            "",
            "a.com",
            "://a.com",
            "https://",
            "https://a.com/path",
            "https://a.com:1/path",
            "https://a.*.com",
            "https://*a.com",
            "https://a.com:port",
            "https://a.com:70000",
            "https://a.com:1..b",
            "amqp://a.com",
            "*://a.com",
            "h-t://a.com:1",
            "https://:443",
            "https://10.0.0.0/33:1",
            "https://{{ }}",
            "https://{{ host",
            "https://a b.com",
        ] {
            assert!(check_outbound(host).is_err(), "{host}");
        }
    }

    #[test]
    fn http_hosts_stand_for_both_schemes() {
        for host in ["a.com:8080", "http://a.com:8080", "https://a.com:8080/"] {
            assert_eq!(
                http_host(host).unwrap(),
                ["http://a.com:8080", "https://a.com:8080"]
            );
        }
        for host in ["", "a.com/b", "ftp://a.com", "*.a.com", "a b"] {
            assert!(http_host(host).is_err(), "{host}");
        }
    }

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
