//! How this process reaches servers: certificates that it trusts, the one that it shows, and proxies.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use bowline_host::bindle::Timing;
use bowline_host::{HttpClient, HttpClientError, HttpOptions};
use clap::ArgMatches;

use crate::error::Error;
use crate::exit::Exit;
use crate::variables::Variables;

mod identity;
mod proxies;

pub use identity::{CLIENT_CERT_VARIABLE, CLIENT_KEY_VARIABLE};
use proxies::Found;
pub use proxies::PROXY_VARIABLES;

/// Variable that names a file of certificates, as OpenSSL has it.
pub const CA_FILE_VARIABLE: &str = "SSL_CERT_FILE";

/// Bundles of operating systems have a few hundred kilobytes.
const MAX_FILE: u64 = 16 << 20;

/// What the command line says of how to reach servers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Flags {
    /// `--insecure`.
    pub insecure: bool,
    /// Value of `--ca-file`.
    pub ca_file: Option<OsString>,
    /// Value of `--client-cert`.
    pub client_cert: Option<OsString>,
    /// Value of `--client-key`.
    pub client_key: Option<OsString>,
    /// Value of `--connect-timeout`.
    pub connect_timeout: Option<Duration>,
    /// Value of `--idle-timeout`.
    pub idle_timeout: Option<Duration>,
}

impl Flags {
    /// Reads them from the command line of a verb that has them.
    #[must_use]
    pub fn read(matches: &ArgMatches) -> Self {
        let file = |name| matches.get_one::<OsString>(name).cloned();
        let seconds = |name| {
            let seconds = matches.get_one::<u32>(name);
            seconds.map(|seconds| Duration::from_secs((*seconds).into()))
        };
        Self {
            insecure: matches.get_flag("insecure"),
            ca_file: file("ca-file"),
            client_cert: file("client-cert"),
            client_key: file("client-key"),
            connect_timeout: seconds("connect-timeout"),
            idle_timeout: seconds("idle-timeout"),
        }
    }

    /// Gives a Bindle server as long to answer as `--idle-timeout` says.
    pub fn bound(&self, timing: &mut Timing) {
        if let Some(idle) = self.idle_timeout {
            timing.idle = idle;
            timing.answer = timing.answer.max(idle);
        }
    }

    /// Makes the one client. What the user should know of its dangers is given to `warn`.
    ///
    /// # Errors
    /// A file of certificates or a key that can't be read or used, or a proxy that can't be used, naming where it came from.
    pub fn client(
        &self,
        variables: &Variables,
        warn: impl FnMut(&str),
    ) -> Result<HttpClient, Error> {
        Ok(self.client_and_options(variables, warn)?.0)
    }

    /// The same, with what it was made from: for libraries that bring a client of their own.
    ///
    /// # Errors
    /// As for [`Flags::client`].
    pub fn client_and_options(
        &self,
        variables: &Variables,
        mut warn: impl FnMut(&str),
    ) -> Result<(HttpClient, HttpOptions), Error> {
        let mut options = HttpOptions::default();
        options.system_proxy = true;
        options.insecure = self.insecure;
        if self.insecure {
            warn(
                "TLS certificates are not checked (--insecure): whoever sits on the way can read and change everything",
            );
        }
        options.connect_timeout = self.connect_timeout.unwrap_or(options.connect_timeout);
        options.idle_timeout = self.idle_timeout.unwrap_or(options.idle_timeout);
        let found = Found::among(variables)?;
        options.proxies = found.proxies();
        let authorities = match &self.ca_file {
            Some(file) => Some((Path::new(file), "--ca-file".to_owned())),
            None => variables
                .os(CA_FILE_VARIABLE)
                .map(|file| (Path::new(file), format!("the variable {CA_FILE_VARIABLE}"))),
        };
        if let Some((file, source)) = &authorities {
            options.extra_certificates = Some(read(file, "the certificates", source)?);
        }
        let files = identity::Files::find(self, variables)?;
        if let Some(files) = &files {
            options.identity = Some(files.read(&mut warn)?);
        }
        let made =
            HttpClient::new(&options).map_err(|error| match (&error, authorities, files) {
                (HttpClientError::Identity(error), _, Some(files)) => files.refused(error),
                (
                    HttpClientError::NoCertificates
                    | HttpClientError::Pem(_)
                    | HttpClientError::Certificates(_),
                    Some((file, source)),
                    _,
                ) => unusable(&error, file, &source),
                (HttpClientError::Proxy { scheme, reason }, ..) => {
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
}

/// A file of authorities that holds none.
fn unusable(error: &HttpClientError, file: &Path, source: &str) -> Error {
    let message = match error {
        HttpClientError::NoCertificates => "has no PEM-encoded certificate in it",
        HttpClientError::Pem(_) => "is not a file of PEM-encoded certificates",
        _ => "has no certificate in it that can be used",
    };
    let made = Error::new(Exit::Usage, format!("{} {message}", file.display()));
    let made = match std::error::Error::source(error) {
        Some(source) => made.cause(source),
        None => made,
    };
    made.hint(format!(
        "the file is named by {source}; certificates in it begin with `-----BEGIN CERTIFICATE-----`"
    ))
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

/// Reads a file that `source` names; `what` is in it.
fn read(file: &Path, what: &str, source: &str) -> Result<Vec<u8>, Error> {
    let read = || {
        let mut pem = Vec::new();
        let read = File::open(file)?.take(MAX_FILE + 1).read_to_end(&mut pem)?;
        if read as u64 > MAX_FILE {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it is larger than {} MiB", MAX_FILE >> 20),
            ));
        }
        Ok(pem)
    };
    read().map_err(|error| {
        Error::new(
            Exit::Usage,
            format!("can't read {what} in {}", file.display()),
        )
        .cause(&error)
        .hint(format!("the file is named by {source}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusable_proxy_is_named_without_its_password() {
        let variables = Variables::from_pairs([("ALL_PROXY", "ftp://me:canary@proxy.test")]);
        let error = Flags::default().client(&variables, |_| {}).unwrap_err();
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
