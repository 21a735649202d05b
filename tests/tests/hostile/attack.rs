//! What a row of the suite says.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use crate::outside::Serve;

/// What all secrets of the suite begin with. It has to be nowhere but where the secret belongs.
pub const KNOWN: &str = "c4nary";

/// The secret: JSON, forms and URLs write it in different ways.
pub const SECRET: &str = "c4nary\"5/&+\\ecret";

/// What the program has on its standard input. It is for no target.
pub const INPUT: &str = "c0mes by standard input";

/// One attempt, and what has to come of it.
#[derive(Clone)]
pub struct Attack {
    /// Name of the guest or of the row.
    pub name: &'static str,
    /// What it tries; empty for a guest, whose own documentation says it.
    pub tries: &'static str,
    /// What alone it is made on, `library` or `program`; empty for both.
    pub only: &'static str,
    /// The target.
    pub component: Component,
    /// Settings; `{server}`, `{victim}` and `{secret}` stand for what they are in the run.
    pub settings: Vec<(&'static str, &'static str)>,
    /// A setting, and the values of which each makes an attack of its own.
    pub each: Option<(&'static str, &'static [&'static str])>,
    /// The application has a secret variable `api_key`, and the user gives it this value.
    pub variable: Option<&'static str>,
    /// There is a credential of a login at the granted server, by a target of the same name.
    pub login: bool,
    /// What the granted server does.
    pub serves: Serve,
    /// Limits by name, instead of the defaults.
    pub limits: Vec<(&'static str, &'static str)>,
    /// Whether it is asked for a plan instead of a deploy.
    pub plans: bool,
    /// The user approved origins at private addresses, too.
    pub private: bool,
    /// What the user approved: usually this very target.
    pub approved: Approved,
    /// After so many requests the grant is taken back.
    pub revoked_after: Option<usize>,
    /// The route of the application's component.
    pub route: &'static str,
    /// How many requests have to arrive at the granted server, whole or not.
    pub requests: RangeInclusive<usize>,
    /// The granted server may see the secret.
    pub entitled: bool,
    /// What has to come of it.
    pub outcome: Outcome,
    /// Where the program has to do better than the library.
    pub by_program: Option<Outcome>,
    /// It ends by way of the program while it is loaded or described.
    pub early: bool,
    /// Most memory that the program may have had at once, in MiB.
    pub memory: u64,
}

/// Gives a target's bytes.
pub type Component = fn() -> Cow<'static, [u8]>;

/// What the user has approved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Approved {
    /// Everything that this target wants.
    All,
    /// Nothing.
    Nothing,
    /// All that another file wanted.
    Another,
}

/// What comes of an attack.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// It runs to its end without having got anything. What it says of that.
    Nothing(&'static str),
    /// It is refused something, which the error says in these words.
    Refused(&'static [&'static str]),
    /// It is refused something, and says that it is done all the same.
    Shrugged(&'static str, &'static [&'static str]),
    /// It reaches the limit of this name, which the error says in these words.
    Limited(&'static str, &'static [&'static str]),
    /// It is at fault, in these words.
    Faulty(&'static [&'static str]),
    /// It is no target that can be loaded, in these words.
    Unloadable(&'static [&'static str]),
    /// It reports a failure, with this exit code and these words.
    Failed(i32, &'static [&'static str]),
    /// Nobody has approved it.
    NotApproved(&'static [&'static str]),
    /// It runs to its end, but the application can't be asked.
    NotReady(&'static [&'static str]),
}

impl Outcome {
    /// The code that the program ends with.
    pub fn exit_code(self) -> i32 {
        match self {
            Self::Nothing(_) => 0,
            Self::NotReady(_) => 9,
            Self::Refused(_) | Self::Shrugged(..) => 10,
            Self::Limited(..) => 11,
            Self::Faulty(_) | Self::Unloadable(_) => 12,
            Self::Failed(code, _) => code,
            Self::NotApproved(_) => 14,
        }
    }

    /// What the error says.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Nothing(_) => &[],
            Self::Refused(words)
            | Self::Shrugged(_, words)
            | Self::Limited(_, words)
            | Self::Faulty(words)
            | Self::Unloadable(words)
            | Self::Failed(_, words)
            | Self::NotApproved(words)
            | Self::NotReady(words) => words,
        }
    }

    /// Whether the error has to name the target.
    pub fn names_target(self) -> bool {
        matches!(
            self,
            Self::Refused(_) | Self::Shrugged(..) | Self::Limited(..) | Self::Faulty(_)
        )
    }
}

impl Attack {
    /// A row about which nothing has been said yet.
    pub fn new(
        name: &'static str,
        tries: &'static str,
        only: &'static str,
        component: Component,
    ) -> Self {
        Self {
            name,
            tries: tries.trim(),
            only,
            component,
            settings: Vec::new(),
            each: None,
            variable: None,
            login: false,
            serves: Serve::Ok,
            limits: Vec::new(),
            plans: false,
            private: false,
            approved: Approved::All,
            revoked_after: None,
            route: "/...",
            requests: 0..=0,
            entitled: false,
            outcome: Outcome::Nothing(""),
            by_program: None,
            early: false,
            memory: 256,
        }
    }

    /// Gives a setting.
    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.settings.push((name, value));
        self
    }

    /// Gives a setting one of these values after the other.
    pub fn with_each(self, name: &'static str, values: &'static [&'static str]) -> Self {
        Self {
            each: Some((name, values)),
            ..self
        }
    }

    /// The attack with each of the values that a setting is given.
    pub fn one_by_one(&self) -> Vec<Self> {
        let Some((name, values)) = self.each else {
            return vec![self.clone()];
        };
        let values = values.iter().copied();
        values.map(|value| self.clone().with(name, value)).collect()
    }

    /// Gives the application's secret variable a value.
    pub fn with_variable(self, value: &'static str) -> Self {
        Self {
            variable: Some(value),
            ..self
        }
    }

    /// Grants the server at its address.
    pub fn with_server(self, serves: Serve) -> Self {
        let attack = self.with("server-url", "{server}");
        Self { serves, ..attack }
    }

    /// Gives the secret that belongs to the server.
    pub fn with_token(self) -> Self {
        self.with("token", "{secret}")
    }

    /// Has a target of the same name have logged in to the server.
    pub fn with_login(self) -> Self {
        Self {
            login: true,
            ..self
        }
    }

    /// Sets a limit.
    pub fn within(mut self, name: &'static str, value: &'static str) -> Self {
        self.limits.push((name, value));
        self
    }

    /// Says how many requests have to arrive at the granted server.
    pub fn arriving(self, requests: usize) -> Self {
        let requests = requests..=requests;
        Self { requests, ..self }
    }

    /// Says how many requests may arrive at the granted server.
    pub fn arriving_at_most(self, requests: usize) -> Self {
        let requests = 0..=requests;
        Self { requests, ..self }
    }

    /// Has the user approve the private addresses of declared origins.
    pub fn private(self) -> Self {
        Self {
            private: true,
            ..self
        }
    }

    /// Says that the secret may arrive at the granted server.
    pub fn entitled(self) -> Self {
        Self {
            entitled: true,
            ..self
        }
    }

    /// Has the user approve something else.
    pub fn approved(self, approved: Approved) -> Self {
        Self { approved, ..self }
    }

    /// Asks for a plan.
    pub fn planning(self) -> Self {
        Self {
            plans: true,
            ..self
        }
    }

    /// Says what has to come of it.
    pub fn comes_to(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }

    /// Says what the program makes of it, where that is more.
    pub fn by_program(self, outcome: Outcome) -> Self {
        Self {
            by_program: Some(outcome),
            ..self
        }
    }

    /// Says that the program does not come to run it.
    pub fn early(self) -> Self {
        Self {
            early: true,
            ..self
        }
    }

    /// Whether the program runs it, so that there is a journal of it.
    pub fn is_run(&self) -> bool {
        let outcome = self.program_outcome();
        !self.early && !matches!(outcome, Outcome::Unloadable(_) | Outcome::NotApproved(_))
    }

    /// What has to come of it by way of the program.
    pub fn program_outcome(&self) -> Outcome {
        self.by_program.unwrap_or(self.outcome)
    }
}
