//! What a target says that it would do, cleaned and within bounds.

use serde::{Deserialize, Serialize};

use crate::bindings::planning as wit;
use crate::text;

/// Changes of one plan. More can't be read, and leaving some out would hide what is going to happen.
const CHANGES: usize = 1_000;
/// Characters of a change's kind.
const KIND: usize = 64;
/// Characters of a change's name.
const NAME: usize = 200;
/// Characters of what would differ.
const DETAIL: usize = 500;
/// Characters of a basis, which has 64 when it is a SHA-256 in hexadecimal digits.
const BASIS: usize = 1_000;

/// What a deploy would do: record `change-set`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    changes: Vec<Change>,
    basis: String,
}

/// One thing on the platform, and what would be done to it. All text is clean and of bounded length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What would be done.
    pub action: Action,
    /// What it is, in the platform's words: `application`, `channel`, ... Never empty.
    pub kind: String,
    /// Which one it is. Never empty.
    pub name: String,
    /// What would differ, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What would be done to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is not there, and would be made.
    Create,
    /// It is there, and would become another.
    Update,
    /// It is there, and would be gone.
    Remove,
    /// It is there as it should be.
    Keep,
}

/// How a plan breaks the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPlan {
    /// It has more changes than anybody reads.
    #[error("it has {0} changes, and at most {CHANGES} are accepted")]
    TooMany(usize),
    /// A change doesn't say what it is about.
    #[error("change {0} names no kind or no name")]
    Nameless(usize),
    /// The basis can't be compared: it is empty, too long, or holds control characters.
    #[error("its basis is empty, longer than {BASIS} characters, or holds control characters")]
    Basis,
}

impl Plan {
    /// A plan of these changes, their texts made clean and cut where they are too long. The basis is taken as it is or not at all:
    /// of two that were cut nobody could say whether they were the same.
    ///
    /// # Errors
    /// [`InvalidPlan`]; more than 1000 changes are not cut, for that would hide what is going to happen.
    pub fn new(changes: Vec<Change>, basis: String) -> Result<Self, InvalidPlan> {
        if changes.len() > CHANGES {
            return Err(InvalidPlan::TooMany(changes.len()));
        }
        let fits = (1..=BASIS).contains(&basis.chars().count());
        if !fits || basis.chars().any(text::is_hostile) {
            return Err(InvalidPlan::Basis);
        }
        let changes = changes
            .into_iter()
            .enumerate()
            .map(|(index, change)| change.cleaned().ok_or(InvalidPlan::Nameless(index + 1)))
            .collect::<Result<_, _>>()?;
        Ok(Self { changes, basis })
    }

    /// Takes over what a target answers.
    pub(crate) fn check(given: wit::ChangeSet) -> Result<Self, InvalidPlan> {
        let changes = given.changes.into_iter().map(|change| Change {
            action: match change.action {
                wit::Action::Create => Action::Create,
                wit::Action::Update => Action::Update,
                wit::Action::Remove => Action::Remove,
                wit::Action::Keep => Action::Keep,
            },
            kind: change.kind,
            name: change.name,
            detail: change.detail,
        });
        Self::new(changes.collect(), given.basis)
    }

    /// Every step, in its order.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Stands for what the plan relies on, in the target's own form. It is for comparing alone: the same text, the same state.
    pub fn basis(&self) -> &str {
        &self.basis
    }

    /// Whether a deploy would change anything.
    pub fn is_to_change(&self) -> bool {
        self.changes
            .iter()
            .any(|change| change.action != Action::Keep)
    }
}

impl Change {
    fn cleaned(self) -> Option<Self> {
        let kind = text::line(&self.kind, KIND);
        let name = text::line(&self.name, NAME);
        let detail = self.detail.map(|detail| text::line(&detail, DETAIL));
        (!kind.is_empty() && !name.is_empty()).then(|| Self {
            action: self.action,
            kind,
            name,
            detail: detail.filter(|detail| !detail.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn change(kind: &str, name: &str, detail: Option<&str>) -> Change {
        Change {
            action: Action::Create,
            kind: kind.to_owned(),
            name: name.to_owned(),
            detail: detail.map(str::to_owned),
        }
    }

    #[test]
    fn texts_are_cleaned_and_cut() {
        let hostile = change(
            "\u{1b}[31mapp\r\n",
            &"n".repeat(10_000),
            Some("\u{202e}a\nb"),
        );
        let plan = Plan::new(vec![hostile, change("k", "n", Some("\u{7}"))], "b".into()).unwrap();
        let [first, second] = plan.changes() else {
            panic!("{plan:?}")
        };
        assert_eq!(first.kind, "[31mapp");
        assert_eq!(first.name.chars().count(), NAME + 1);
        assert_eq!(first.detail.as_deref(), Some("a b"));
        assert_eq!(second.detail, None);
        // What was cut once is not cut again, so that a saved plan stays what it is.
        let again = Plan::new(plan.changes().to_vec(), plan.basis().to_owned()).unwrap();
        assert_eq!(again, plan);
    }

    #[test]
    fn what_would_mislead_is_refused() {
        let ok = || change("app", "hello", None);
        let many = vec![ok(); CHANGES + 1];
        assert_eq!(
            Plan::new(many, "b".into()),
            Err(InvalidPlan::TooMany(CHANGES + 1))
        );
        for nameless in [change("", "n", None), change("k", "\u{200b}\n", None)] {
            let changes = vec![ok(), nameless];
            assert_eq!(
                Plan::new(changes, "b".into()),
                Err(InvalidPlan::Nameless(2))
            );
        }
        for basis in ["", "a\nb", "\u{1b}", &"x".repeat(BASIS + 1)] {
            assert_eq!(
                Plan::new(vec![ok()], basis.to_owned()),
                Err(InvalidPlan::Basis)
            );
        }
    }

    #[test]
    fn to_keep_everything_is_no_change() {
        let keep = Change {
            action: Action::Keep,
            ..change("app", "hello", None)
        };
        let plan = |changes| Plan::new(changes, "b".into()).unwrap();
        assert!(!plan(vec![]).is_to_change());
        assert!(!plan(vec![keep.clone()]).is_to_change());
        for action in [Action::Create, Action::Update, Action::Remove] {
            let other = Change {
                action,
                ..keep.clone()
            };
            assert!(plan(vec![keep.clone(), other]).is_to_change());
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_can_be_shown(kind in any::<String>(), name in any::<String>(), detail in any::<Option<String>>(), basis in any::<String>()) {
            let given = change(&kind, &name, detail.as_deref());
            if let Ok(plan) = Plan::new(vec![given], basis) {
                let shown = &plan.changes()[0];
                let texts = [&shown.kind, &shown.name, shown.detail.as_ref().unwrap_or(&shown.kind), &plan.basis];
                prop_assert!(texts.iter().all(|text| !text.chars().any(text::is_hostile) && text.chars().count() <= DETAIL + 1));
            }
        }
    }
}
