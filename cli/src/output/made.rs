//! What `bowline completions` and `bowline man` say.

use serde::Serialize;

use super::Report;
use crate::text;

/// A script for a shell.
#[derive(Clone, Debug, Serialize)]
pub struct Script {
    /// `bash`, `zsh` or `fish`.
    pub shell: String,
    /// Its text.
    pub script: String,
}

impl Report for Script {
    fn text(&self) -> String {
        self.script.clone()
    }
}

/// Manual pages that were written.
#[derive(Clone, Debug, Serialize)]
pub struct Pages {
    /// Into this folder.
    pub folder: String,
    /// Their names.
    pub pages: Vec<String>,
}

impl Report for Pages {
    fn text(&self) -> String {
        format!(
            "Wrote {} manual pages into {}\n",
            self.pages.len(),
            text::one_line(&self.folder)
        )
    }
}
