//! The values that a target and the host exchange, as Rust types. Their meaning is the contract's, in `wit/`.

use semver::Version;

mod convert;
mod offers;
mod plan;
mod validate;

pub use offers::{Feature, InvalidOffers, Need, Offers};
pub use plan::{Action, Change, InvalidPlan, Plan};
pub use validate::InvalidDescription;

/// What a target says about itself: record `description`, checked. All text is clean and of bounded length.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// Lower-case letters, digits and `-`.
    pub name: String,
    /// Version of the target itself.
    pub version: Version,
    /// One line.
    pub summary: String,
    /// An `http` or `https` URL.
    pub homepage: Option<String>,
    /// Names are unique; references to other settings lead somewhere.
    pub settings: Vec<Setting>,
    /// Requests that the target wants to send besides those to the origins of its settings.
    pub network: Vec<crate::grant::Rule>,
    /// Trigger kinds that the platform can run.
    pub triggers: Vec<String>,
}

impl Description {
    /// The setting of that name.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

/// A setting that a target declares.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// Lower-case words joined by `-`; also the command-line flag.
    pub name: String,
    /// Environment variable that sets it.
    pub variable: Option<String>,
    /// One line.
    pub description: String,
    /// What values it takes.
    pub kind: SettingKind,
    /// Value if none is given.
    pub default: Option<String>,
    /// Without a value nothing starts.
    pub required: bool,
    /// Question to ask when the target reads it and it has no value.
    pub prompt: Option<String>,
    /// Settings that can't be given together with this one.
    pub conflicts_with: Vec<String>,
    /// The target may send requests to this URL's origin. Only settings of kind URL have it.
    pub grants_network: bool,
    /// The URL setting whose origin alone may receive this secret.
    pub belongs_to: Option<String>,
}

/// What values a setting takes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingKind {
    /// Any text.
    Text,
    /// An absolute `http` or `https` URL.
    Url,
    /// Text that is never shown, logged or given to the target.
    Secret,
    /// `true` or `false`.
    Boolean,
    /// A decimal integer of 64 bits.
    Integer,
    /// One of these.
    Choice(Vec<String>),
}

/// What a target says about a finished deployment. All text is clean and of bounded length.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deployment {
    /// The platform's own id.
    pub id: String,
    /// Name of the application.
    pub application: String,
    /// The revision that now runs.
    pub revision: String,
    /// Where HTTP triggers answer: an `http` or `https` URL without credentials.
    pub url: Option<url::Url>,
    /// How to tell that this revision answers.
    pub ready_when: Option<Readiness>,
}

/// What to ask to know that a deployment answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Readiness {
    /// Path below the deployment's URL; starts with `/`.
    pub path: String,
    /// RFC 6901 pointer into the JSON answer, and the text expected there. Without it any 2xx status will do.
    pub expected: Option<(String, String)>,
}

impl Readiness {
    /// Asks for `path`, and for `expected` (an RFC 6901 pointer and the text there) in its JSON answer.
    pub fn new(path: impl Into<String>, expected: Option<(String, String)>) -> Self {
        Self {
            path: path.into(),
            expected,
        }
    }
}

/// What a login brought: the credential for later operations.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The token itself. Targets get a placeholder for it.
    pub secret: crate::Secret,
    /// When the platform will refuse it, in seconds since the Unix epoch.
    pub expires_at: Option<u64>,
    /// The URL setting whose origin alone may receive it; without it every granted origin may.
    pub belongs_to: Option<String>,
}

/// Why a target did not succeed: variant `error` of interface `failure`. All text is clean and of bounded length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetFailure {
    /// A setting is missing, or its value can't be used.
    #[error("the setting '{name}' {reason}")]
    InvalidSetting {
        /// Name of the setting.
        name: String,
        /// What is wrong with it, worded to follow the name.
        reason: String,
    },
    /// The platform can't run this application.
    #[error("{0}")]
    UnsupportedApplication(String),
    /// There is no credential, or the platform refused it.
    #[error("{0}")]
    Unauthenticated(String),
    /// The platform knows who is asking, and refuses.
    #[error("{0}")]
    Forbidden(String),
    /// What the operation was to act on does not exist.
    #[error("{0}")]
    NotFound(String),
    /// Somebody changed what this operation relied on.
    #[error("{0}")]
    Conflict(String),
    /// The platform can't be reached or is busy: the same call may succeed later.
    #[error("{0}")]
    Unavailable(String),
    /// The target has no such operation.
    #[error("{0}")]
    UnsupportedOperation(String),
    /// The platform answered something that the target doesn't understand.
    #[error("{0}")]
    Unexpected(String),
}
