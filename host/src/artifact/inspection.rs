//! What can be told of a component without running or even compiling it.

use std::fmt;

use bowline_app::Digest;
use serde::Serialize;

use super::outline::Outline;
use super::{ArtifactError, imports, outline};
use crate::limits::{LimitExceeded, Limits};
use crate::text;

/// A component's file, as its sections tell of it. It may be one that this host would not run: [`Inspection::fault`] says so.
///
/// All text is clean and of bounded length. What the file says of its makers, and the names of its sections, are its own statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// SHA-256 of the file.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
    /// The version of the contract that it was built for; none if it is no deploy target.
    pub contract: Option<String>,
    /// What it exports: interfaces with their versions.
    pub exports: Vec<String>,
    /// What it imports.
    pub imports: Imports,
    /// What its imports and exports let it do, if it is let.
    pub capabilities: Vec<Capability>,
    /// Languages and tools that it says it was made with.
    pub producers: Vec<Producer>,
    /// Custom sections of the outermost component.
    pub sections: Vec<CustomSection>,
    /// How much of everything there is.
    pub shape: Shape,
    /// Why this host can't run it, if it can't.
    pub fault: Option<String>,
    #[serde(skip)]
    pub(super) raw: Names,
}

/// Names as the file has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
}

/// Imported interfaces with their versions, by where they come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Imports {
    /// Those of `bowline:deploy`.
    pub contract: Vec<String>,
    /// Those of WASI that a target may import.
    pub wasi: Vec<String>,
    /// All others: no target gets them.
    pub refused: Vec<String>,
}

/// What an import, or an export, lets a target do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Capability {
    /// `bowline:deploy/application`
    Application,
    /// `bowline:deploy/environment`
    Environment,
    /// `bowline:deploy/bindle`
    Bindle,
    /// `bowline:deploy/authentication`, which it exports
    Login,
    /// `bowline:deploy/http` and `wasi:http/outgoing-handler`
    Http,
    /// `bowline:deploy/console`
    Console,
    /// `wasi:cli/stdout` and `stderr`
    Output,
    /// `wasi:clocks`
    Clocks,
    /// `wasi:random`
    Random,
    /// `wasi:filesystem`
    Files,
    /// `wasi:sockets`
    Sockets,
    /// Arguments, environment variables, standard input and terminals of `wasi:cli`
    Process,
}

impl Capability {
    /// Whether there is something behind it. Standard libraries import files, sockets and the like, which are there, and empty.
    pub fn is_lent(self) -> bool {
        !matches!(self, Self::Files | Self::Sockets | Self::Process)
    }

    fn of_import(interface: &str) -> Option<Self> {
        let (package, name) = interface.split_once('/')?;
        Some(match (package, name) {
            ("bowline:deploy", "application") => Self::Application,
            ("bowline:deploy", "environment") => Self::Environment,
            ("bowline:deploy", "bindle") => Self::Bindle,
            ("bowline:deploy", "console") => Self::Console,
            ("bowline:deploy", "http") | ("wasi:http", "outgoing-handler") => Self::Http,
            ("wasi:cli", "stdout" | "stderr") => Self::Output,
            ("wasi:clocks", _) => Self::Clocks,
            ("wasi:random", _) => Self::Random,
            ("wasi:filesystem", _) => Self::Files,
            ("wasi:sockets", _) => Self::Sockets,
            ("wasi:cli", "environment" | "stdin") => Self::Process,
            _ => return None,
        })
    }

    fn of_export(interface: &str) -> Option<Self> {
        (interface == "bowline:deploy/authentication").then_some(Self::Login)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "read the application",
            Self::Environment => "read its settings and the application's variables",
            Self::Bindle => "push the application to the Bindle server",
            Self::Login => "log in to its platform, and use its login",
            Self::Http => "send HTTP requests to granted origins",
            Self::Console => "show messages",
            Self::Output => "write to the log",
            Self::Clocks => "read clocks",
            Self::Random => "get random numbers",
            Self::Files => "look for files (there are none)",
            Self::Sockets => "look for sockets (all are refused)",
            Self::Process => "look for arguments, environment variables and input (there are none)",
        })
    }
}

/// A language or tool that the file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Producer {
    /// `language`, `processed-by` or `sdk`.
    pub role: String,
    /// `Rust`, `wit-component`, ...
    pub name: String,
    /// May be empty.
    pub version: String,
}

impl fmt::Display for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            role,
            name,
            version,
        } = self;
        write!(f, "{role}: {name}")?;
        if !version.is_empty() {
            write!(f, " {version}")?;
        }
        Ok(())
    }
}

/// A section that is not for the runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CustomSection {
    /// Its name.
    pub name: String,
    /// Bytes of its content.
    pub size: u64,
}

/// How much of everything there is in a component, those within it included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Shape {
    /// Core modules.
    pub modules: u64,
    /// Components within it.
    pub components: u64,
    /// Core instances that instantiating it makes, as far as can be told.
    pub instances: u64,
    /// Functions.
    pub functions: u64,
    /// Bytes of all functions' code.
    pub code: u64,
    /// Bytes of data that memories start with.
    pub data: u64,
    /// Bytes of the largest function's code.
    pub largest_function: u64,
    /// The largest product of a function's code and its values, as in [`Limits::function_weight`].
    pub heaviest_function: u64,
    /// The most parameters and results that a type of a function has together.
    pub widest_function: u64,
    /// Types, aliases, instances and the like.
    pub definitions: u64,
    /// Levels of nesting.
    pub nesting: u32,
}

impl Inspection {
    /// Looks at a component's bytes. It takes about as long as hashing them.
    ///
    /// # Errors
    /// [`ArtifactError::NotWasm`], `CoreModule` and `Malformed` for what is no component, and `Limit` for one that goes beyond what
    /// the limits say of loading. That it is no target, or one for another host, is no error here.
    pub fn of(bytes: &[u8], limits: &Limits) -> Result<Self, ArtifactError> {
        if bytes.len() as u64 > limits.component_size {
            return Err(ArtifactError::Limit(LimitExceeded::ComponentSize(
                limits.component_size,
            )));
        }
        let Outline {
            imports,
            exports,
            producers,
            sections,
            shape,
        } = outline::outline(bytes, limits)?;
        let fault = imports::contract_version(&exports)
            .and_then(|_| imports::check(&imports))
            .err()
            .map(|error| error.to_string());
        let clean = |name: &String| text::line(name, 200);
        let imported = imports
            .iter()
            .filter_map(|name| Capability::of_import(imports::split(name).0));
        let exported = exports
            .iter()
            .filter_map(|name| Capability::of_export(imports::split(name).0));
        let mut capabilities: Vec<_> = imported.chain(exported).collect();
        capabilities.sort_unstable();
        capabilities.dedup();
        Ok(Self {
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            contract: imports::built_for(&exports).map(|version| text::line(version, 40)),
            exports: exports.iter().map(clean).collect(),
            imports: imports::by_origin(&imports),
            capabilities,
            producers,
            sections,
            shape,
            fault,
            raw: Names { imports, exports },
        })
    }

    /// Whether it has this capability.
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}
