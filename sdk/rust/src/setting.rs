//! A shorter way to declare settings.

use crate::{Setting, SettingKind};

impl Setting {
    /// An optional setting without default, prompt or environment variable. Change the rest with struct update:
    /// `Setting { required: true, ..Setting::new("my-url", "URL of the server", SettingKind::Url) }`.
    pub fn new(name: impl Into<String>, description: impl Into<String>, kind: SettingKind) -> Self {
        Self {
            name: name.into(),
            variable: None,
            description: description.into(),
            kind,
            default_value: None,
            required: false,
            prompt: None,
            conflicts_with: Vec::new(),
            grants_network: false,
            belongs_to: None,
        }
    }
}
