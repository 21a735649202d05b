//! Questions to the person at the terminal.

use std::io::IsTerminal as _;

use dialoguer::console::Term;
use dialoguer::{Confirm, Input, Password};
use zeroize::Zeroizing;

use crate::description::Setting;
use crate::error::Error;
use crate::exit::Exit;
use crate::output;
use crate::settings::kind::Kind;
use crate::text;
use crate::variables::Variables;

/// Whether somebody is there to ask.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asker {
    /// Questions go to stderr, answers come from the terminal.
    Person,
    /// Nobody: scripts, CI jobs, and `--no-input`.
    Nobody,
}

impl Asker {
    /// Looks whether stdin and stderr are a terminal. `CI`, which every CI system sets, and `--no-input` say that nobody is there
    /// even so.
    #[must_use]
    pub fn find(no_input: bool, variables: &Variables) -> Self {
        let in_ci = variables.os("CI").is_some_and(|value| value != "false");
        let terminal = || std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if no_input || in_ci || !terminal() {
            Self::Nobody
        } else {
            Self::Person
        }
    }

    /// Asks a question that is answered by yes or no; Enter alone means no. `None` when nobody is there, or the person leaves the
    /// question.
    ///
    /// # Errors
    /// When the terminal breaks.
    pub fn confirm(self, question: &str) -> Result<Option<bool>, Error> {
        if self == Self::Nobody {
            return Ok(None);
        }
        Confirm::new()
            .with_prompt(question)
            .default(false)
            .interact_on_opt(&Term::stderr())
            .map_err(|error| Error::new(Exit::Internal, "can't ask on this terminal").cause(&error))
    }

    /// Asks for the value of a setting, until it is of the setting's kind; a secret is not shown while it is typed. `server` is where it
    /// goes, `last` what Enter alone answers. `None` when nobody is there, or the person only presses Enter.
    ///
    /// # Errors
    /// When the terminal breaks.
    pub fn value(
        self,
        setting: &Setting,
        server: Option<&str>,
        last: Option<&str>,
    ) -> Result<Option<Zeroizing<String>>, Error> {
        if self == Self::Nobody {
            return Ok(None);
        }
        // The question is the target's, so it says whose setting it is, and for which server.
        let question = setting.prompt.as_deref().unwrap_or(&setting.description);
        let question = text::one_line(question);
        let question = match server {
            Some(server) => format!("{question} ({} for {server})", setting.name),
            None => format!("{question} ({})", setting.name),
        };
        loop {
            let answer = if setting.kind == Kind::Secret {
                terminal::remember();
                let asked = Password::new()
                    .with_prompt(&question)
                    .allow_empty_password(true)
                    .interact_on(&Term::stderr());
                terminal::forget();
                asked
            } else {
                let asked = Input::<String>::new()
                    .with_prompt(&question)
                    .allow_empty(true);
                let asked = match last {
                    Some(last) => asked.default(last.to_owned()),
                    None => asked,
                };
                asked.interact_text_on(&Term::stderr())
            };
            let answer = answer.map(Zeroizing::new).map_err(|error| {
                Error::new(Exit::Internal, "can't ask on this terminal").cause(&error)
            })?;
            if answer.is_empty() {
                return Ok(None);
            }
            match setting.kind.check(&answer) {
                Ok(()) => return Ok(Some(answer)),
                Err(why) => output::line(&format!("That {why}.")),
            }
        }
    }
}

/// Puts the terminal back as it was, where a question for a secret was broken off: what is typed would stay unseen.
pub fn restore_terminal() {
    terminal::restore();
}

#[cfg(unix)]
mod terminal {
    use std::sync::{Mutex, PoisonError};

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    fn set(before: Option<Termios>) -> Option<Termios> {
        let mut held = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut held, before)
    }

    pub(super) fn remember() {
        set(tcgetattr(std::io::stdin()).ok());
    }

    pub(super) fn forget() {
        set(None);
    }

    pub(super) fn restore() {
        if let Some(before) = set(None) {
            // A terminal that has gone needs nothing.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
        }
    }
}

#[cfg(not(unix))]
mod terminal {
    pub(super) fn remember() {}
    pub(super) fn forget() {}
    pub(super) fn restore() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_answers_in_ci_or_without_input() {
        assert_eq!(Asker::find(true, &Variables::default()), Asker::Nobody);
        let ci = Variables::from_pairs([("CI", "true")]);
        assert_eq!(Asker::find(false, &ci), Asker::Nobody);
        assert_eq!(Asker::Nobody.confirm("Sure?"), Ok(None));
    }
}
