//! What `bowline plan` says.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use bowline_host::{Action, Usage};
use serde::Serialize;

use super::{GOOD, Report, STRONG};
use crate::text;

/// How the process ends with `--detailed-exitcode` where there is something to do.
const CHANGES: u8 = 2;

/// What a deploy would do.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Planned {
    /// Name of the application.
    pub application: String,
    /// The revision that a deploy would bring the platform to run.
    pub revision: String,
    /// SHA-256 over everything that would be deployed, `sha256:<hex>`.
    pub application_digest: String,
    /// Name of the target that made the plan.
    pub target: String,
    /// SHA-256 of its file, `sha256:<hex>`.
    pub target_digest: String,
    /// Name of the environment.
    pub environment: String,
    /// Whether a deploy would change anything.
    pub to_change: bool,
    /// Every step, in its order.
    pub changes: Vec<Step>,
    /// What the target was refused, in words, each once.
    pub denied: Vec<String>,
    /// The file that the plan was written to.
    pub saved: Option<String>,
    /// The run's name in the journal.
    pub run: String,
    /// What each operation of the target used, beside its limits, in their order.
    pub used: Vec<Usage>,
    /// `--detailed-exitcode`
    #[serde(skip)]
    pub detailed_exitcode: bool,
}

/// One thing on the platform, and what would be done to it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Step {
    /// What would be done.
    pub action: Action,
    /// What it is, in the platform's words.
    pub kind: String,
    /// Which one it is.
    pub name: String,
    /// What would differ.
    pub detail: Option<String>,
}

/// The sign of an action, and its style.
fn sign(action: Action) -> (char, Style) {
    match action {
        Action::Create => ('+', AnsiColor::Green.on_default()),
        Action::Update => ('~', AnsiColor::Yellow.on_default()),
        Action::Remove => ('-', AnsiColor::Red.on_default()),
        Action::Keep => ('=', Style::new().dimmed()),
    }
}

impl Report for Planned {
    fn text(&self) -> String {
        let line = |text: &str| text::one_line(text);
        let mut text = format!(
            "{STRONG}Plan{STRONG:#} for {} {} with the target '{}'\n",
            line(&self.application),
            line(&self.revision),
            line(&self.target)
        );
        if !self.changes.is_empty() {
            text.push('\n');
            text.push_str(&table(&self.changes));
        }
        let _ = writeln!(text, "\n{}", summary(&self.changes));
        if let Some(file) = &self.saved {
            let _ = writeln!(
                text,
                "Saved: `bowline deploy --plan {}` does this, and nothing if something has moved",
                quoted(&line(file))
            );
        }
        text
    }

    fn code(&self) -> u8 {
        if self.detailed_exitcode && self.to_change {
            CHANGES
        } else {
            0
        }
    }
}

/// A file name as a shell takes it.
fn quoted(file: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-+/@%:".contains(c);
    if file.chars().all(plain) {
        file.to_owned()
    } else {
        format!("'{}'", file.replace('\'', "'\\''"))
    }
}

/// Signs, kinds, names and details below each other.
fn table(steps: &[Step]) -> String {
    let rows: Vec<(&Step, String, String)> = steps
        .iter()
        .map(|step| (step, text::one_line(&step.kind), text::one_line(&step.name)))
        .collect();
    let widest = |width: fn(&(&Step, String, String)) -> usize| {
        rows.iter().map(width).max().unwrap_or_default()
    };
    let kinds = widest(|(_, kind, _)| kind.chars().count());
    let names = widest(|(step, _, name)| match step.detail {
        Some(_) => name.chars().count(),
        None => 0,
    });
    let mut text = String::new();
    for (step, kind, name) in &rows {
        let (sign, style) = sign(step.action);
        // Writing to a string can't fail.
        let _ = match &step.detail {
            Some(detail) => writeln!(
                text,
                "  {style}{sign} {kind:<kinds$}  {name:<names$}{style:#}  {}",
                text::one_line(detail)
            ),
            None => writeln!(text, "  {style}{sign} {kind:<kinds$}  {name}{style:#}"),
        };
    }
    text
}

/// `2 to create, 1 to update, 3 stay as they are`
fn summary(steps: &[Step]) -> String {
    let count = |action| steps.iter().filter(|step| step.action == action).count();
    let parts: Vec<String> = [
        (Action::Create, "create"),
        (Action::Update, "update"),
        (Action::Remove, "remove"),
    ]
    .into_iter()
    .filter_map(|(action, word)| match count(action) {
        0 => None,
        number => Some(format!("{number} to {word}")),
    })
    .collect();
    if parts.is_empty() {
        return format!("{GOOD}Nothing to do{GOOD:#}: everything is as it should be");
    }
    let kept = match count(Action::Keep) {
        0 => String::new(),
        1 => ", 1 stays as it is".to_owned(),
        number => format!(", {number} stay as they are"),
    };
    format!("{}{kept}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{json, uncoloured};

    fn step(action: Action, kind: &str, name: &str, detail: Option<&str>) -> Step {
        Step {
            action,
            kind: kind.into(),
            name: name.into(),
            detail: detail.map(str::to_owned),
        }
    }

    fn planned(changes: Vec<Step>) -> Planned {
        Planned {
            application: "shop".into(),
            revision: "1.2.0+q0123456789abcdef".into(),
            application_digest: format!("sha256:{}", "0".repeat(64)),
            target: "hippo".into(),
            target_digest: format!("sha256:{}", "1".repeat(64)),
            environment: "default".into(),
            to_change: changes.iter().any(|step| step.action != Action::Keep),
            changes,
            denied: Vec::new(),
            saved: None,
            run: "01a20835-1a1c-726f-805d-8ba610512f6a".into(),
            used: Vec::new(),
            detailed_exitcode: false,
        }
    }

    fn mixed() -> Planned {
        planned(vec![
            step(
                Action::Create,
                "bindle",
                "shop/1.2.0+q0123456789abcdef",
                Some("1 parcel to upload (2.0 KiB)"),
            ),
            step(Action::Keep, "application", "shop", None),
            step(Action::Create, "revision", "1.2.0+q0123456789abcdef", None),
            step(
                Action::Update,
                "channel",
                "spin-deploy",
                Some("runs it instead of 1.1.0"),
            ),
            step(Action::Remove, "channel", "old", None),
        ])
    }

    #[test]
    fn steps_stand_below_each_other() {
        let mut plan = mixed();
        plan.saved = Some("shop.plan".into());
        insta::assert_snapshot!(uncoloured(&plan.text()), @r"
        Plan for shop 1.2.0+q0123456789abcdef with the target 'hippo'

          + bindle       shop/1.2.0+q0123456789abcdef  1 parcel to upload (2.0 KiB)
          = application  shop
          + revision     1.2.0+q0123456789abcdef
          ~ channel      spin-deploy                   runs it instead of 1.1.0
          - channel      old

        2 to create, 1 to update, 1 to remove, 1 stays as it is
        Saved: `bowline deploy --plan shop.plan` does this, and nothing if something has moved
        ");
    }

    #[test]
    fn the_command_can_be_copied() {
        for (file, shown) in [
            ("../shop-1.plan", "--plan ../shop-1.plan`"),
            ("my plan", "--plan 'my plan'`"),
            ("it's", r"--plan 'it'\''s'`"),
        ] {
            let mut plan = mixed();
            plan.saved = Some(file.into());
            let text = plan.text();
            assert!(text.contains(shown), "{text}");
        }
    }

    #[test]
    fn nothing_to_do_is_said() {
        let kept = planned(vec![step(Action::Keep, "application", "shop", None)]);
        insta::assert_snapshot!(uncoloured(&kept.text()), @r"
        Plan for shop 1.2.0+q0123456789abcdef with the target 'hippo'

          = application  shop

        Nothing to do: everything is as it should be
        ");
        let empty = planned(Vec::new());
        assert!(empty.text().contains("Nothing to do"));
    }

    #[test]
    fn signs_have_colours() {
        let text = mixed().text();
        for coloured in [
            "\u{1b}[32m+ bindle",
            "\u{1b}[33m~ channel",
            "\u{1b}[31m- channel",
            "\u{1b}[2m= application",
        ] {
            assert!(text.contains(coloured), "{text:?}");
        }
    }

    #[test]
    fn only_the_detailed_exit_code_tells_of_changes() {
        let kept = planned(vec![step(Action::Keep, "application", "shop", None)]);
        for (plan, detailed, code) in [
            (mixed(), false, 0),
            (mixed(), true, 2),
            (kept.clone(), false, 0),
            (kept, true, 0),
        ] {
            let plan = Planned {
                detailed_exitcode: detailed,
                ..plan
            };
            assert_eq!(plan.code(), code);
        }
    }

    #[test]
    fn as_json_it_has_stable_names() {
        let mut plan = planned(vec![step(Action::Keep, "application", "shop", None)]);
        plan.target_digest = "sha256:1".into();
        plan.application_digest = "sha256:0".into();
        insta::assert_snapshot!(json(&plan).unwrap());
    }
}
