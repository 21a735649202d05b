//! Questions to the person at the terminal.

use std::io::IsTerminal as _;

use dialoguer::Confirm;
use dialoguer::console::Term;

use crate::error::Error;
use crate::exit::Exit;
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
