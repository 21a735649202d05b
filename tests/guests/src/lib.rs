//! What the guest programs in `examples/` have in common. Each of them is a target that does one thing, good or bad.

use bowline_target::{
    Application, Deployment, Description, Environment, Failure, Setting, SettingKind,
};

/// A description with these settings and nothing else.
#[must_use]
pub fn description(settings: Vec<Setting>) -> Description {
    Description {
        name: "guest".into(),
        version: "0.1.0".into(),
        summary: "A guest of the tests".into(),
        homepage: None,
        settings,
        network: Vec::new(),
        triggers: vec!["http".into()],
    }
}

/// The setting `server-url`, which opens the network to that server.
#[must_use]
pub fn server_url() -> Setting {
    Setting {
        variable: Some("GUEST_SERVER_URL".into()),
        required: true,
        grants_network: true,
        ..Setting::new("server-url", "URL of the server", SettingKind::Url)
    }
}

/// A setting of kind text, for telling a guest what to do.
#[must_use]
pub fn text(name: &str) -> Setting {
    Setting::new(name, "What to do", SettingKind::Text)
}

/// The value of a setting that the test always gives.
///
/// # Errors
/// `invalid-setting` when it didn't.
pub fn value(env: &Environment, name: &str) -> Result<String, Failure> {
    env.setting(name)?
        .ok_or_else(|| Failure::invalid_setting(name, "is missing"))
}

/// A deployment whose id tells the test what the guest has seen.
pub fn seen(app: &Application, id: impl Into<String>) -> Deployment {
    Deployment {
        id: id.into(),
        application: app.name(),
        revision: app.revision(),
        url: None,
        ready_when: None,
    }
}
