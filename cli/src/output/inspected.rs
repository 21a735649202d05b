//! What `bowline target inspect` and `vet` say.

use std::fmt::Write as _;

use bowline_host::Inspection;
use bowline_host::artifact::{Capability, Comparison};
use serde::Serialize;

use super::{GOOD, Report, STRONG, WARNING, size};
use crate::exit::Exit;
use crate::text;

/// A target's file.
#[derive(Clone, Debug, Serialize)]
pub struct Inspected {
    /// By what it was found: a name, a path, a reference.
    pub place: String,
    /// What its sections tell.
    #[serde(flatten)]
    pub inspection: Inspection,
}

/// A report on a target's file.
#[derive(Clone, Debug, Serialize)]
pub struct Vetted {
    /// The target that the report is about; of two, the second.
    pub target: Inspected,
    /// How it differs from the first.
    pub compared: Option<Compared>,
}

/// How a target differs from another one.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// By what the other one was found.
    pub with: String,
    /// It can do something of weight that the other one can't.
    pub asks_for_more: bool,
    /// Every difference.
    pub comparison: Comparison,
}

impl Inspected {
    fn head(&self) -> String {
        let contract = match &self.inspection.contract {
            Some(version) => format!("bowline:deploy@{}", text::one_line(version)),
            None => "none: it is no deploy target".to_owned(),
        };
        format!(
            "{STRONG}{}{STRONG:#}\n  digest    sha256:{}\n  size      {}\n  contract  {contract}\n",
            text::one_line(&self.place),
            self.inspection.digest,
            size(self.inspection.size)
        )
    }

    fn verdict(&self) -> String {
        match &self.inspection.fault {
            None => format!("{GOOD}This bowline can run it{GOOD:#}\n"),
            Some(fault) => format!(
                "{WARNING}This bowline can't run it:{WARNING:#} {}\n",
                text::one_line(fault)
            ),
        }
    }

    /// What its imports and exports let it do, the idle ones of standard libraries apart.
    fn abilities(&self) -> String {
        let mut shown = String::from("\nIf it is let, it can\n");
        let (lent, idle): (Vec<Capability>, Vec<Capability>) = self
            .inspection
            .capabilities
            .iter()
            .partition(|capability| capability.is_lent());
        for capability in &lent {
            let _ = writeln!(shown, "  - {capability}");
        }
        if lent.is_empty() {
            shown.push_str("  - compute, and nothing else\n");
        }
        if !idle.is_empty() {
            shown.push_str("As most standard libraries do, it may in vain\n");
        }
        for capability in &idle {
            let _ = writeln!(shown, "  - {capability}");
        }
        shown
    }
}

impl Report for Inspected {
    fn text(&self) -> String {
        let Inspection {
            exports,
            imports,
            producers,
            sections,
            shape,
            ..
        } = &self.inspection;
        let mut shown = self.head();
        let mut list = |heading: &str, lines: &mut dyn Iterator<Item = String>| {
            let mut lines = lines.peekable();
            if lines.peek().is_some() {
                let _ = writeln!(shown, "\n{heading}");
            }
            for line in lines {
                let _ = writeln!(shown, "  {}", text::one_line(&line));
            }
        };
        list("Exports", &mut exports.iter().cloned());
        list(
            "Imports of the contract",
            &mut imports.contract.iter().cloned(),
        );
        list("Imports of WASI", &mut imports.wasi.iter().cloned());
        list(
            "Imports that no target gets",
            &mut imports.refused.iter().cloned(),
        );
        list(
            "Made with, as it says itself",
            &mut producers.iter().map(ToString::to_string),
        );
        list(
            "Custom sections",
            &mut sections
                .iter()
                .map(|section| format!("{} ({})", section.name, size(section.size))),
        );
        let _ = writeln!(
            shown,
            "\n{} modules, {} components, {} functions with {} of code, {} of data",
            shape.modules,
            shape.components,
            shape.functions,
            size(shape.code),
            size(shape.data)
        );
        shown.push_str(&self.abilities());
        shown.push_str("What servers, settings and secrets it asks for, it says when it is run: `bowline target show`\n\n");
        shown.push_str(&self.verdict());
        shown
    }
}

impl Report for Vetted {
    fn text(&self) -> String {
        let mut shown = self.target.head();
        let Some(Compared {
            with,
            asks_for_more,
            comparison,
        }) = &self.compared
        else {
            shown.push_str(&self.target.abilities());
            let mut producers = self.target.inspection.producers.iter().peekable();
            if producers.peek().is_some() {
                shown.push_str("\nMade with, as it says itself\n");
            }
            for producer in producers {
                let _ = writeln!(shown, "  - {}", text::one_line(&producer.to_string()));
            }
            shown.push('\n');
            shown.push_str(&self.target.verdict());
            return shown;
        };
        let _ = writeln!(shown, "\nCompared with {}", text::one_line(with));
        if comparison.same {
            shown.push_str("  the same file\n\n");
            shown.push_str(&self.target.verdict());
            return shown;
        }
        let mut list = |heading: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                let _ = writeln!(shown, "\n{heading}");
            }
            for line in lines {
                let _ = writeln!(shown, "  - {}", text::one_line(&line));
            }
        };
        let words = |capabilities: &[Capability]| {
            capabilities
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        list("It can newly", words(&comparison.capabilities.added));
        list("It can no longer", words(&comparison.capabilities.removed));
        list("New imports", comparison.imports.added.clone());
        list("Imports that are gone", comparison.imports.removed.clone());
        list("New exports", comparison.exports.added.clone());
        list("Exports that are gone", comparison.exports.removed.clone());
        let tools = comparison.producers.added.iter();
        list(
            "Made with other tools",
            tools.map(ToString::to_string).collect(),
        );
        let _ = writeln!(
            shown,
            "\n{} before, {} now",
            size(comparison.size.before),
            size(comparison.size.after)
        );
        shown.push_str(if *asks_for_more {
            "It asks for more than the other one\n"
        } else {
            "Its file asks for nothing more than the other's\n"
        });
        shown.push_str("What servers, settings and secrets it asks for besides, `bowline target upgrade` shows and asks\n\n");
        shown.push_str(&self.target.verdict());
        shown
    }

    fn code(&self) -> u8 {
        match &self.target.inspection.fault {
            None => Exit::Success.code(),
            Some(_) => Exit::Target.code(),
        }
    }
}
