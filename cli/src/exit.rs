//! The exit codes of `bowline`: one for each thing that a script may want to tell apart.
//!
//! This is the only place where a number is given; `docs/exit-codes.md` is written from [`markdown`] and a
//! test keeps the two the same. A released code never changes its meaning.

use std::fmt::Write as _;

/// How a run of `bowline` ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Exit {
    /// Everything that was asked for happened.
    Success = 0,
    /// Something that should not be possible, or a failure of this machine.
    Internal = 1,
    /// The command line or a setting is wrong; nothing was started.
    Usage = 2,
    /// The application can't be read, or the platform can't run it.
    Application = 3,
    /// There is no credential, or it was refused.
    NotAuthenticated = 4,
    /// The platform knows who is asking, and refuses.
    Forbidden = 5,
    /// What was asked for is not there.
    NotFound = 6,
    /// Somebody else changed what this run relied on, or holds what it wanted to make.
    Conflict = 7,
    /// A server can't be reached, or is busy.
    Unavailable = 8,
    /// Deployed, but it did not answer in time.
    NotReady = 9,
    /// The target wanted something that it was not granted.
    Denied = 10,
    /// The target reached one of its limits.
    Limit = 11,
    /// The target itself is at fault.
    Target = 12,
    /// A server answered something that can't be understood.
    UnexpectedAnswer = 13,
    /// The target asks for more than the user has approved.
    NotApproved = 14,
    /// Stopped by Ctrl-C or SIGTERM.
    Cancelled = 130,
}

impl Exit {
    /// How it ends when a server answers a question with this HTTP status, which is no success.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            401 => Self::NotAuthenticated,
            403 => Self::Forbidden,
            404 | 410 => Self::NotFound,
            408 | 429 | 500..=599 => Self::Unavailable,
            _ => Self::UnexpectedAnswer,
        }
    }

    /// Every exit code, smallest first.
    pub const ALL: [Self; 16] = [
        Self::Success,
        Self::Internal,
        Self::Usage,
        Self::Application,
        Self::NotAuthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Unavailable,
        Self::NotReady,
        Self::Denied,
        Self::Limit,
        Self::Target,
        Self::UnexpectedAnswer,
        Self::NotApproved,
        Self::Cancelled,
    ];

    /// The number that the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// A stable word for it, lower-case and joined by '-'.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::Application => "application-invalid",
            Self::NotAuthenticated => "not-authenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
            Self::NotReady => "not-ready",
            Self::Denied => "denied",
            Self::Limit => "limit",
            Self::Target => "target-fault",
            Self::UnexpectedAnswer => "unexpected-answer",
            Self::NotApproved => "not-approved",
            Self::Cancelled => "cancelled",
        }
    }

    /// What it means, and what a script can do about it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => {
                "Everything that was asked for happened. After `deploy`: this revision answers at its URL, \
                              or `--readiness-timeout 0` said not to ask."
            }
            Self::Internal => {
                "A fault of bowline or of this machine: a full disk, a folder without write permission. \
                               Run again with `-v` and report it."
            }
            Self::Usage => {
                "Unknown flag, missing or malformed setting, settings that exclude each other. Nothing was started."
            }
            Self::Application => {
                "`spin.toml` is missing or wrong, a file that it names is missing, a component is not a \
                                  WebAssembly component, or the platform can't run such an application. Nothing was deployed."
            }
            Self::NotAuthenticated => {
                "There is no credential, or a server refused it. Check the token, or the username and password."
            }
            Self::Forbidden => "A server knows who is asking, and refuses.",
            Self::NotFound => "What the operation was to act on is not there.",
            Self::Conflict => {
                "Somebody changed what this run relied on, something moved since the plan of `--plan` was saved, or this version exists \
                 with other content. Look, then run again."
            }
            Self::Unavailable => {
                "A server can't be reached, broke off, or is busy. The same command may succeed later, \
                                  and goes on from where it stopped."
            }
            Self::NotReady => {
                "Deployed, but the application did not answer with this revision within `--readiness-timeout`."
            }
            Self::Denied => {
                "The target tried to use something that it was not granted; it was stopped from doing so. After `deploy`: \
                 also where the target reports success all the same, whose result is then on stdout."
            }
            Self::Limit => {
                "The target used up its memory, time, or number or size of requests, or is too large itself. `--limit` gives it more."
            }
            Self::Target => {
                "The file of `--target` can't be read, is not a deploy target or speaks another contract version, \
                             or the target crashed, broke its contract, tried to change something while planning, or has no operation `plan`."
            }
            Self::UnexpectedAnswer => {
                "A server answered something that is not its protocol, for example an HTML page. Check its URL."
            }
            Self::NotApproved => {
                "The target asks for something that you have not approved, and there is nobody to ask. Nothing of it was started \
                 with your settings. See [targets.md](targets.md)."
            }
            Self::Cancelled => {
                "Stopped by Ctrl-C or SIGTERM. Running the same command again goes on from there."
            }
        }
    }
}

/// The text of `docs/exit-codes.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(
        "# Exit codes\n\n\
         `bowline` ends with one of these, on every verb. A code keeps its meaning from release to release, so scripts can\n\
         rely on it. As a Spin plugin the code is passed through by `spin deploy`. `bowline local up` ends with the code of the\n\
         platform that it starts.\n\n\
         With `--detailed-exitcode`, `bowline plan` and `bowline deploy --dry-run` end with 0 where there is nothing to do and with\n\
         **2 where there is**; what ends with 2 otherwise, a wrong command line, ends with 1 then.\n\n\
         | code | name | meaning |\n\
         | ---: | --- | --- |\n",
    );
    for exit in Exit::ALL {
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "| {} | `{}` | {} |",
            exit.code(),
            exit.name(),
            exit.meaning()
        );
    }
    text.push_str("\nGenerated from `cli/src/exit.rs`; `UPDATE=1 make test` rewrites it.\n");
    text
}
