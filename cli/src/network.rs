//! How this process reaches servers: certificates that it trusts, and proxies.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use bowline_host::{HttpClient, HttpClientError, HttpOptions, Proxies, Secret};

use crate::error::Error;
use crate::exit::Exit;
use crate::variables::Variables;

/// Variable that names a file of certificates, as OpenSSL has it.
pub const CA_FILE_VARIABLE: &str = "SSL_CERT_FILE";

/// Variables that say which proxies to use. Of two names for one thing the first beats the second.
pub const PROXY_VARIABLES: &[&str] = &[
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Web servers hand the `Proxy` header of a request to CGI programs as `HTTP_PROXY`, and set this one too.
const CGI: &str = "REQUEST_METHOD";

/// Bundles of operating systems have a few hundred kilobytes.
const MAX_CA_FILE: u64 = 16 << 20;

/// Makes the one client. `ca_file` is the value of `--ca-file`.
///
/// # Errors
/// A file of certificates that can't be read or used, or a proxy that can't be used, naming where it came from.
pub fn client(
    insecure: bool,
    ca_file: Option<&OsStr>,
    variables: &Variables,
) -> Result<HttpClient, Error> {
    client_and_options(insecure, ca_file, variables).map(|(client, _)| client)
}

/// The same, with what it was made from: for libraries that bring a client of their own.
///
/// # Errors
/// As for [`client`].
pub fn client_and_options(
    insecure: bool,
    ca_file: Option<&OsStr>,
    variables: &Variables,
) -> Result<(HttpClient, HttpOptions), Error> {
    let mut options = HttpOptions::default();
    options.insecure = insecure;
    options.system_proxy = true;
    let found = Found::among(variables)?;
    options.proxies = found.proxies();
    let authorities = match ca_file {
        Some(file) => Some((Path::new(file), "--ca-file".to_owned())),
        None => variables
            .os(CA_FILE_VARIABLE)
            .map(|file| (Path::new(file), format!("the variable {CA_FILE_VARIABLE}"))),
    };
    if let Some((file, source)) = &authorities {
        let pem = read(file).map_err(|error| {
            Error::new(
                Exit::Usage,
                format!("can't read the certificates in {}", file.display()),
            )
            .cause(&error)
            .hint(format!("the file is named by {source}"))
        })?;
        options.extra_certificates = Some(pem);
    }
    let made = HttpClient::new(&options).map_err(|error| match (&error, authorities) {
        (
            HttpClientError::NoCertificates
            | HttpClientError::Pem(_)
            | HttpClientError::Certificates(_),
            Some((file, source)),
        ) => {
            let message = match &error {
                HttpClientError::NoCertificates => "has no PEM-encoded certificate in it",
                HttpClientError::Pem(_) => "is not a file of PEM-encoded certificates",
                _ => "has no certificate in it that can be used",
            };
            let made = Error::new(Exit::Usage, format!("{} {message}", file.display()));
            let made = match std::error::Error::source(&error) {
                Some(source) => made.cause(source),
                None => made,
            };
            made.hint(format!(
                "the file is named by {source}; certificates in it begin with `-----BEGIN CERTIFICATE-----`"
            ))
        }
        (HttpClientError::Proxy { scheme, reason }, _) => {
            let variable = found.variable(scheme);
            Error::new(
                Exit::Usage,
                format!("the proxy in the variable {variable} can't be used: {reason}"),
            )
            .hint("write it as http://proxy.example.com:3128")
        }
        _ => Error::of(Exit::Internal, &error),
    })?;
    Ok((made, options))
}

/// Adds that a proxy was asked to an error that may be the proxy's fault.
#[must_use]
pub fn explain(error: Error, variables: &Variables) -> Error {
    if !matches!(error.exit(), Exit::Unavailable | Exit::NotReady) {
        return error;
    }
    let Ok(found) = Found::among(variables) else {
        return error;
    };
    let mut names: Vec<&str> = [&found.https, &found.http]
        .into_iter()
        .flatten()
        .map(|(name, _)| *name)
        .collect();
    names.dedup();
    if names.is_empty() {
        return error;
    }
    error.hint(format!(
        "requests to other machines go through the proxy in {}; hosts in NO_PROXY are asked directly",
        names.join(" and ")
    ))
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut pem = Vec::new();
    let read = File::open(file)?
        .take(MAX_CA_FILE + 1)
        .read_to_end(&mut pem)?;
    if read as u64 > MAX_CA_FILE {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {} MiB", MAX_CA_FILE >> 20),
        ));
    }
    Ok(pem)
}

/// What the variables say of proxies: the name of the variable, and its value.
struct Found<'a> {
    http: Option<(&'static str, &'a str)>,
    https: Option<(&'static str, &'a str)>,
    bypass: Option<(&'static str, &'a str)>,
}

impl<'a> Found<'a> {
    fn among(variables: &'a Variables) -> Result<Self, Error> {
        let first = |names: &[&'static str]| {
            let mut set = names
                .iter()
                .filter(|name| **name != "HTTP_PROXY" || variables.os(CGI).is_none())
                .filter_map(|name| Some((*name, variables.os(name)?)));
            match set.next() {
                None => Ok(None),
                Some((name, value)) => match value.to_str() {
                    Some(text) => Ok(Some((name, text))),
                    None => Err(Error::new(
                        Exit::Usage,
                        format!("the variable {name} is not readable as text"),
                    )),
                },
            }
        };
        let all = first(&["ALL_PROXY", "all_proxy"])?;
        Ok(Self {
            http: first(&["HTTP_PROXY", "http_proxy"])?.or(all),
            https: first(&["HTTPS_PROXY", "https_proxy"])?.or(all),
            bypass: first(&["NO_PROXY", "no_proxy"])?,
        })
    }

    fn proxies(&self) -> Proxies {
        let mut proxies = Proxies::default();
        proxies.http = self.http.map(|(_, address)| Secret::new(address));
        proxies.https = self.https.map(|(_, address)| Secret::new(address));
        proxies.bypass = self.bypass.map(|(_, hosts)| hosts.to_owned());
        proxies
    }

    fn variable(&self, scheme: &str) -> &'static str {
        let found = if scheme == "http" {
            self.http
        } else {
            self.https
        };
        found.map_or("ALL_PROXY", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pairs: &[(&str, &str)]) -> [Option<String>; 3] {
        let variables = Variables::from_pairs(pairs.iter().copied());
        let proxies = Found::among(&variables).unwrap().proxies();
        let text = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
        [text(proxies.http), text(proxies.https), proxies.bypass]
    }

    #[test]
    fn which_proxy_is_taken() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(found(&[]), [None, None, None]);
        assert_eq!(
            found(&[("http_proxy", "h"), ("HTTPS_PROXY", "s"), ("no_proxy", "n")]),
            [some("h"), some("s"), some("n")]
        );
        assert_eq!(
            found(&[("ALL_PROXY", "a"), ("https_proxy", "s")]),
            [some("a"), some("s"), None]
        );
        assert_eq!(
            found(&[("HTTPS_PROXY", "upper"), ("https_proxy", "lower")]),
            [None, some("upper"), None]
        );
        assert_eq!(
            found(&[("HTTPS_PROXY", ""), ("https_proxy", "lower")]),
            [None, some("lower"), None]
        );
        assert_eq!(
            found(&[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "of the request")]),
            [None, None, None]
        );
    }

    #[test]
    fn an_unusable_proxy_is_named_without_its_password() {
        let variables = Variables::from_pairs([("ALL_PROXY", "ftp://me:canary@proxy.test")]);
        let error = client(false, None, &variables).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert_eq!(
            error.message(),
            "the proxy in the variable ALL_PROXY can't be used: it is neither an HTTP nor a SOCKS proxy"
        );
        assert!(!format!("{error:?}").contains("canary"));
    }

    #[test]
    fn proxies_are_named_where_nobody_answers() {
        let variables = Variables::from_pairs([("ALL_PROXY", "http://me:canary@proxy.test")]);
        let silent = || Error::new(Exit::Unavailable, "nobody is there");
        assert_eq!(
            explain(silent(), &variables).hints(),
            [
                "requests to other machines go through the proxy in ALL_PROXY; hosts in NO_PROXY are asked directly"
            ]
        );
        assert_eq!(explain(silent(), &Variables::default()).hints().len(), 0);
        let other = Error::new(Exit::Usage, "something else");
        assert_eq!(explain(other, &variables).hints().len(), 0);
    }
}
