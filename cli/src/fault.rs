//! Errors of the libraries, as the person at the terminal is told: with an exit code and what to do.

use std::io::ErrorKind;
use std::path::Path;

use bowline_app::standalone::StandaloneError;
use bowline_app::{LoadError, Location};
use bowline_host::{
    ArtifactError, Denial, HostError, LimitExceeded, Limits, TargetFailure, TransportError,
    TransportErrorKind, bindle,
};
use dialoguer::console::Term;

use crate::description::Description;
use crate::error::Error;
use crate::exit::Exit;
use crate::limits;
use crate::target;

const BUILT_IN: &str = "the built-in target";
const BINDLE_LOGIN: &str =
    "check --bindle-username or BINDLE_USERNAME, and --bindle-password or BINDLE_PASSWORD";
const AUTHORITIES: &str = "`--ca-file <file>` or SSL_CERT_FILE names certificates of authorities to trust besides the system's; \
                           `-k` trusts any server, impostors too";
const CERTIFICATE: &str = "`--client-cert <file>` or BOWLINE_CLIENT_CERT names the certificate to show, and --client-key its key";
const AUTHOR: &str = "this is a fault of the target; tell its author";

/// An application that can't be loaded.
#[must_use]
pub fn application(error: &LoadError) -> Error {
    let mut made = Error::of(Exit::Application, error);
    // The excerpt is indented by two.
    let columns = Term::stderr()
        .size_checked()
        .map_or(usize::MAX, |(_, columns)| {
            usize::from(columns).saturating_sub(2)
        });
    let snippet = |location: &Location| location.snippet_within(columns);
    let mut excerpt = error.location().map(snippet).unwrap_or_default();
    for other in error.others() {
        excerpt += &format!("\n\nalso {other}");
        if let Some(location) = other.location() {
            excerpt += &format!("\n{}", snippet(location));
        }
        if let Some(hint) = other.hint() {
            excerpt += &format!("\n({hint})");
        }
    }
    if !excerpt.is_empty() {
        made = made.excerpt(excerpt);
    }
    match error.hint() {
        Some(hint) => made.hint(hint),
        None => made,
    }
}

/// A bindle's folder that can't be written or read. What the system refuses, and what is in the way, ends with `io`.
#[must_use]
pub fn standalone(error: &StandaloneError, io: Exit) -> Error {
    let made = match error {
        StandaloneError::Load(error) => return application(error),
        StandaloneError::Io { source, .. } if source.kind() == ErrorKind::InvalidData => {
            return Error::of(Exit::Conflict, error)
                .hint("run the same command again when nothing is building it");
        }
        StandaloneError::Io { .. } => Error::of(io, error),
        StandaloneError::Occupied { .. } => Error::of(Exit::Usage, error),
        _ => Error::of(Exit::Application, error),
    };
    match error.hint() {
        Some(hint) => made.hint(hint),
        None => made,
    }
}

/// A Bindle server that did not answer a question as it should.
#[must_use]
pub fn bindle(error: &bindle::Error) -> Error {
    use bindle::Error as Bindle;
    let exit = match error {
        Bindle::VersionTaken { .. } | Bindle::Yanked { .. } | Bindle::ContentChanged { .. } => {
            Exit::Conflict
        }
        Bindle::Unauthorized { .. } => Exit::NotAuthenticated,
        Bindle::Forbidden { .. } | Bindle::SignatureRefused { .. } => Exit::Forbidden,
        Bindle::Unreachable(_)
        | Bindle::TimedOut { .. }
        | Bindle::Unavailable { .. }
        | Bindle::File { .. } => Exit::Unavailable,
        Bindle::TooLarge { .. } | Bindle::Bundle { .. } => Exit::Application,
        Bindle::Cancelled => Exit::Cancelled,
        _ => Exit::UnexpectedAnswer,
    };
    let made = Error::of(exit, error);
    match error {
        Bindle::Unauthorized { .. } => made.hint(BINDLE_LOGIN),
        Bindle::Unreachable(transport) if is_not_trusted(transport) => made.hint(AUTHORITIES),
        Bindle::Unreachable(_) => made.hint(
            "check the address and that a server runs there, then run the same command again",
        ),
        _ => made,
    }
}

/// A file that is no target. `file` is where it came from, when it isn't the built-in one.
#[must_use]
pub fn artifact(error: &ArtifactError, file: Option<&Path>) -> Error {
    let name = match file {
        Some(file) => file.display().to_string(),
        None => BUILT_IN.to_owned(),
    };
    if let ArtifactError::Read { source, .. } = error {
        return Error::new(Exit::Target, format!("can't read the target {name}"))
            .cause(source)
            .hint("give the WebAssembly component of a deploy target with `--target`");
    }
    // What is too large is too large for a limit, which can be set.
    let exit = match error {
        ArtifactError::Limit(_) => Exit::Limit,
        _ => Exit::Target,
    };
    let made = Error::new(exit, format!("{name} can't be used as a target: {error}"));
    let made = match std::error::Error::source(error) {
        Some(source) => made.cause(source),
        None => made,
    };
    match error {
        ArtifactError::NotWasm | ArtifactError::NotATarget { .. } | ArtifactError::Malformed(_) => {
            made.hint("give the WebAssembly component of a deploy target with `--target`")
        }
        ArtifactError::ContractVersion { .. } => made.hint(format!(
            "get the target built for bowline {}, or the bowline that speaks its version",
            env!("CARGO_PKG_VERSION")
        )),
        ArtifactError::Imports { .. } | ArtifactError::Compile(_) | ArtifactError::Shape(_) => {
            made.hint(AUTHOR)
        }
        ArtifactError::Limit(limit) => match limits::raise(limit, None) {
            Some(way) => made.hint(way),
            None => made,
        },
        _ => made,
    }
}

/// A target that is larger than it may be, and so not read. `place` is where it is.
#[must_use]
pub fn too_large(place: &str, limits: &Limits) -> Error {
    let limit = LimitExceeded::ComponentSize(limits.component_size);
    artifact(&ArtifactError::Limit(limit), Some(Path::new(place)))
}

/// A target that did not succeed before it told its name: it is called by its `place`, when it isn't the built-in one.
#[must_use]
pub fn host(mut error: HostError, place: Option<&Path>) -> Error {
    match &mut error {
        HostError::Artifact(error) => return artifact(error, place),
        HostError::Description { target, .. }
        | HostError::Trap { target, .. }
        | HostError::Limit { target, .. } => {
            *target = match place {
                Some(place) => place.display().to_string(),
                None => target::BUILT_IN.to_owned(),
            };
        }
        _ => {}
    }
    operation(&error, None)
}

/// A target that did not succeed. `description` tells what to do about settings and grants.
#[must_use]
pub fn operation(error: &HostError, description: Option<&Description>) -> Error {
    match error {
        HostError::Artifact(error) => artifact(error, None),
        HostError::Description { .. }
        | HostError::Answer { .. }
        | HostError::Unsupported { .. } => Error::of(Exit::Target, error).hint(AUTHOR),
        HostError::Denied { denial, .. } => denied(error, denial),
        HostError::Failed {
            failure, transport, ..
        } => failed(error, failure, transport.as_deref(), description),
        HostError::BindleLogin(refusal) => {
            Error::of(Exit::NotAuthenticated, refusal.as_ref()).hint(BINDLE_LOGIN)
        }
        HostError::Trap { trap, .. } => {
            // Its causes end in a trace of the guest's stack, which is for `-v`.
            let mut message = error.to_string();
            if !message.contains(&trap.reason) {
                message = format!("{message}: {}", trap.reason);
            }
            let made = Error::new(Exit::Target, message)
                .hint(AUTHOR)
                .detail(format!("{error:?}"));
            if trap.output.is_empty() {
                made
            } else {
                made.excerpt(format!("it wrote:\n{}", trap.output))
            }
        }
        HostError::Limit {
            operation, limit, ..
        } => {
            let made = Error::of(Exit::Limit, error)
                .hint("the target was stopped; nothing of it runs any more");
            match limits::raise(limit, Some(*operation)) {
                Some(way) => made.hint(way),
                None => made,
            }
        }
        HostError::Runtime(..) => Error::of(Exit::Internal, error).detail(format!("{error:?}")),
        other => Error::of(Exit::Internal, other),
    }
}

/// What a target was refused that went on as if it had not been: the error says the first.
#[must_use]
pub fn also_refused(error: Error, others: &[String]) -> Error {
    match others {
        [] => error,
        others => error.excerpt(format!("it was also refused\n- {}", others.join("\n- "))),
    }
}

fn denied(error: &HostError, denial: &Denial) -> Error {
    // Whoever asks for a plan relies on nothing being changed: a target that tries to is at fault, whatever it was granted.
    if let Denial::Write { .. } = denial {
        return Error::of(Exit::Target, error).hint(AUTHOR);
    }
    let made = Error::of(Exit::Denied, error);
    match denial {
        Denial::Origin(_) => made.hint(
            "the target does not declare that origin, so it can't be approved: check the URLs that you gave it, and don't trust \
             it with your secrets",
        ),
        Denial::Private { origin, .. } => made.hint(format!(
            "the target named that server itself; if it is meant to be in your own network, run again with \
             `--allow-private {origin}`"
        )),
        Denial::Revoked => made.hint("what the target did until then is done; look at its platform before you deploy again"),
        _ => made.hint(AUTHOR),
    }
}

fn failed(
    error: &HostError,
    failure: &TargetFailure,
    transport: Option<&TransportError>,
    description: Option<&Description>,
) -> Error {
    let exit = match failure {
        TargetFailure::InvalidSetting { .. } => Exit::Usage,
        TargetFailure::UnsupportedApplication(_) => Exit::Application,
        TargetFailure::Unauthenticated(_) => Exit::NotAuthenticated,
        TargetFailure::Forbidden(_) => Exit::Forbidden,
        TargetFailure::NotFound(_) => Exit::NotFound,
        TargetFailure::Conflict(_) => Exit::Conflict,
        TargetFailure::Unavailable(_) => Exit::Unavailable,
        TargetFailure::UnsupportedOperation(_) => Exit::Target,
        TargetFailure::Unexpected(_) => Exit::UnexpectedAnswer,
        _ => Exit::Internal,
    };
    let made = Error::of(exit, error);
    match failure {
        TargetFailure::InvalidSetting { name, .. } => {
            let setting = description
                .and_then(|target| target.settings.iter().find(|setting| setting.name == *name));
            match setting {
                Some(setting) => made.hint(format!("set {}", setting.ways())),
                None => made,
            }
        }
        TargetFailure::Unauthenticated(_) => match description.and_then(ways_to_log_in) {
            Some(ways) => made
                .hint("`bowline login` logs in, and keeps the login for the next time")
                .hint(format!("or check what says who you are: {ways}")),
            None => made,
        },
        TargetFailure::Unavailable(_) if transport.is_some_and(is_not_trusted) => made.hint(AUTHORITIES),
        TargetFailure::Unavailable(_) if transport.is_some_and(TransportError::wants_certificate) => made.hint(CERTIFICATE),
        TargetFailure::Unavailable(_) => made.hint(match transport.filter(|transport| nobody_is_there(transport)) {
            Some(server) if server.origin().starts_with("http://127.0.0.1") => {
                "is the platform of this machine running? `bowline local up` starts it; then run the same command again"
            }
            Some(_) => "check the address and that a server runs there, then run the same command again",
            None => "run the same command again: it goes on from where this run stopped",
        }),
        _ => made,
    }
}

/// Whether there is a server that does not prove who it is.
fn is_not_trusted(transport: &TransportError) -> bool {
    transport.kind() == TransportErrorKind::Certificate
}

/// Whether there was no server to talk to, so that its address may be wrong.
fn nobody_is_there(transport: &TransportError) -> bool {
    matches!(
        transport.kind(),
        TransportErrorKind::NameNotFound
            | TransportErrorKind::Refused
            | TransportErrorKind::Unreachable
    )
}

/// The settings that say who is deploying.
fn ways_to_log_in(target: &Description) -> Option<String> {
    let ways: Vec<String> = target
        .settings
        .iter()
        .filter(|setting| target.says_who(&setting.name))
        .map(crate::description::Setting::ways)
        .collect();
    (!ways.is_empty()).then(|| ways.join("; "))
}
