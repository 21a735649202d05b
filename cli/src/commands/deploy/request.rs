//! What the command line and the variables ask for, checked as a whole before anything starts.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bowline_host::bindle::{Archive, Credentials, ServerAddress};
use clap::ArgMatches;

use crate::application::variables::{self, Assignments};
use crate::build::Building;
use crate::description::Description;
use crate::error::Error;
use crate::exit::Exit;
use crate::limits;
use crate::network::Flags;
use crate::settings::{Settings, Source, gather, host};
use crate::variables::Variables;

/// A deployment to make.
#[derive(Debug)]
pub(super) struct Request {
    /// The manifest or its folder.
    pub(super) from: PathBuf,
    /// The build profile.
    pub(super) profile: Option<String>,
    /// What to build first.
    pub(super) building: Option<Building>,
    /// Read every file, whatever is known of it.
    pub(super) no_cache: bool,
    /// The target's settings.
    pub(super) settings: Settings,
    /// Where to push, when the target pushes.
    pub(super) bindle: Option<BindleServer>,
    /// Whether to push files in archives.
    pub(super) archive: Archive,
    /// How servers are reached.
    pub(super) network: Flags,
    /// Values for the application's variables.
    pub(super) assignments: Assignments,
    /// Values of `--limit`.
    pub(super) limits: Vec<OsString>,
    /// How long to wait for an answer; `None` doesn't wait.
    pub(super) readiness_timeout: Option<Duration>,
}

/// A Bindle server and who pushes to it.
#[derive(Debug)]
pub(crate) struct BindleServer {
    pub(crate) address: ServerAddress,
    pub(crate) credentials: Option<Credentials>,
}

impl Request {
    /// Reads it from the flags of `deploy`, and these settings: bowline's own and the target's.
    ///
    /// # Errors
    /// The first thing that is wrong, as usage.
    pub(super) fn read(
        matches: &ArgMatches,
        description: &Description,
        settings: Settings,
        variables: &Variables,
    ) -> Result<Self, Error> {
        let own = host::bindle(description.uses_bindle);
        let (ours, targets) = settings.split(|name| own.iter().any(|setting| setting.name == name));
        let from = gather::from(matches);
        Ok(Self {
            building: Building::asked(
                matches,
                &from,
                matches.get_one::<String>("profile").map(String::as_str),
                description,
                variables,
            ),
            from,
            profile: matches.get_one::<String>("profile").cloned(),
            no_cache: matches.get_flag("no-cache"),
            settings: targets,
            bindle: bindle(&ours, description)?,
            archive: match matches.get_one::<String>("archive").map(String::as_str) {
                Some("always") => Archive::Always,
                Some("never") => Archive::Never,
                _ => Archive::Auto,
            },
            network: Flags::read(matches),
            assignments: Assignments::read(
                matches
                    .get_many::<String>(variables::FLAG)
                    .unwrap_or_default()
                    .map(String::as_str),
            )?,
            limits: limits::given(matches),
            // A plan waits for nothing, and has no such flag.
            readiness_timeout: matches
                .try_get_one::<u32>("readiness-timeout")
                .ok()
                .flatten()
                .filter(|seconds| **seconds > 0)
                .map(|seconds| Duration::from_secs((*seconds).into())),
        })
    }
}

fn bindle(settings: &Settings, description: &Description) -> Result<Option<BindleServer>, Error> {
    if !description.uses_bindle {
        // A variable may be there for other targets; a flag was meant for this one.
        let flag = settings.iter().find_map(|(_, value)| match value.source() {
            Source::Flag(flag) => Some(flag),
            _ => None,
        });
        return match flag {
            None => Ok(None),
            Some(flag) => Err(Error::new(
                Exit::Usage,
                format!(
                    "{flag} has no effect: the target '{}' does not use Bindle",
                    description.name
                ),
            )
            .hint(format!("leave out {flag}"))),
        };
    }
    BindleServer::read(settings)
}

impl BindleServer {
    /// The server that bowline's own settings name, if they name one.
    ///
    /// # Errors
    /// [`Exit::Usage`] when they don't go together.
    pub(crate) fn read(settings: &Settings) -> Result<Option<Self>, Error> {
        let Some(server) = settings.get(host::BINDLE_SERVER) else {
            return Ok(None);
        };
        let address = server.text().parse::<ServerAddress>().map_err(|error| {
            Error::of(Exit::Usage, &error)
                .hint(format!("the address comes from {}", server.source()))
        })?;
        let credentials = match (
            settings.get(host::BINDLE_USERNAME),
            settings.get(host::BINDLE_PASSWORD),
        ) {
            (None, None) => None,
            (Some(username), Some(password)) => {
                let credentials =
                    Credentials::new(username.text().to_owned(), password.text().to_owned());
                Some(credentials.map_err(|error| Error::of(Exit::Usage, &error))?)
            }
            (Some(username), None) => {
                return Err(half_given(
                    username.source(),
                    "a user",
                    "password",
                    "--bindle-password or BINDLE_PASSWORD",
                ));
            }
            (None, Some(password)) => {
                return Err(half_given(
                    password.source(),
                    "a password",
                    "user",
                    "--bindle-username or BINDLE_USERNAME",
                ));
            }
        };
        Ok(Some(Self {
            address,
            credentials,
        }))
    }
}

fn half_given(source: &Source, given: &str, missing: &str, ways: &str) -> Error {
    Error::new(
        Exit::Usage,
        format!("{source} names {given} for the Bindle server, but there is no {missing}"),
    )
    .hint(format!("set {ways}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::description::tests::{description, setting};
    use crate::settings::kind::Kind;
    use crate::settings::{self, Sources, flags};

    fn acme(uses_bindle: bool) -> Description {
        let mut made = description(vec![setting("acme-url", Some("ACME_URL"), Kind::Url)]);
        made.uses_bindle = uses_bindle;
        made
    }

    fn read(
        line: &str,
        variables: &[(&str, &str)],
        description: &Description,
    ) -> Result<Request, Error> {
        let matches = crate::command::command(Some(description))
            .try_get_matches_from(format!("bowline deploy {line}").split_whitespace())
            .unwrap();
        let variables = Variables::from_pairs(variables.iter().copied());
        let matches = matches.subcommand_matches("deploy").unwrap();
        let mut all = host::bindle(description.uses_bindle);
        all.extend(description.settings.iter().cloned());
        let sources = Sources {
            flags: &flags::read(&all, matches, &mut || Ok(Vec::new().into())).unwrap(),
            variables: &variables,
            project: &BTreeMap::new(),
            environment: &BTreeMap::new(),
        };
        let values = settings::resolve(&all, &sources, |_, _| Ok(None))?;
        match settings::refuse_missing(&settings::missing(&all, &values)) {
            Some(error) => Err(error),
            None => Request::read(matches, description, values, &variables),
        }
    }

    fn refusal(
        line: &str,
        variables: &[(&str, &str)],
        description: &Description,
    ) -> (Exit, String, Vec<String>) {
        let error = read(line, variables, description).unwrap_err();
        (
            error.exit(),
            error.message().to_owned(),
            error.hints().to_vec(),
        )
    }

    #[test]
    fn everything_has_its_default() {
        let request = read("--acme-url http://a", &[], &acme(false)).unwrap();
        assert_eq!(request.from, PathBuf::from("."));
        assert_eq!(request.settings.get("acme-url").unwrap().text(), "http://a");
        assert!(request.bindle.is_none() && !request.network.insecure);
        assert_eq!(request.readiness_timeout, Some(Duration::from_secs(60)));
        let request = read("--readiness-timeout 0 -f x -k", &[], &acme(false)).unwrap();
        assert_eq!(
            (
                request.from,
                request.network.insecure,
                request.readiness_timeout
            ),
            (PathBuf::from("x"), true, None)
        );
    }

    #[test]
    fn the_bindle_server_comes_from_flag_or_variable() {
        let variables = [
            ("BINDLE_SERVER_URL", "http://b/v1"),
            ("BINDLE_USERNAME", "u"),
            ("BINDLE_PASSWORD", "p"),
        ];
        let server = read("", &variables, &acme(true)).unwrap().bindle.unwrap();
        assert_eq!(server.address.to_string(), "http://b/v1");
        assert!(server.credentials.is_some());
        let server = read("--bindle-server http://c/v1", &variables, &acme(true))
            .unwrap()
            .bindle
            .unwrap();
        assert_eq!(server.address.to_string(), "http://c/v1");
        // For a target that has no use for it, the variable is somebody else's.
        assert!(read("", &variables, &acme(false)).unwrap().bindle.is_none());
    }

    #[test]
    fn the_settings_of_the_target_do_not_hold_the_hosts() {
        let variables = [
            ("BINDLE_SERVER_URL", "http://b/v1"),
            ("BINDLE_USERNAME", "u"),
            ("BINDLE_PASSWORD", "p"),
        ];
        let request = read("--acme-url http://a", &variables, &acme(true)).unwrap();
        let names: Vec<&str> = request.settings.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["acme-url"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let bindle = acme(true);
        for (line, message, hint) in [
            (
                "",
                "the setting bindle-server has no value",
                "set --bindle-server or BINDLE_SERVER_URL: URL of the Bindle server that the application is pushed to",
            ),
            (
                "--bindle-server http://b/v1?x",
                "the bindle server address has a `?` or `#` part: leave that out",
                "the address comes from the flag --bindle-server",
            ),
            (
                "--bindle-server http://b --bindle-username u",
                "the flag --bindle-username names a user for the Bindle server, but there is no password",
                "set --bindle-password or BINDLE_PASSWORD",
            ),
            (
                "--bindle-server http://b --bindle-password p",
                "the flag --bindle-password names a password for the Bindle server, but there is no user",
                "set --bindle-username or BINDLE_USERNAME",
            ),
        ] {
            assert_eq!(
                refusal(line, &[], &bindle),
                (Exit::Usage, message.to_owned(), vec![hint.to_owned()])
            );
        }
        assert_eq!(
            refusal("--bindle-server http://b", &[], &acme(false)),
            (
                Exit::Usage,
                "--bindle-server has no effect: the target 'acme' does not use Bindle".to_owned(),
                vec!["leave out --bindle-server".to_owned()]
            )
        );
    }
}
