//! What the target says of itself: its settings, and what it can run.

use bowline_target::{Description, Setting, SettingKind};

/// Setting names, as in the description and on the command line.
pub mod names {
    /// Base URL of the server.
    pub const URL: &str = "hippo-url";
    /// A token obtained elsewhere.
    pub const TOKEN: &str = "hippo-token";
    /// Account name for a login.
    pub const USERNAME: &str = "hippo-username";
    /// Its password.
    pub const PASSWORD: &str = "hippo-password";
    /// Name of the channel to deploy to.
    pub const CHANNEL: &str = "hippo-channel";
    /// Domain of a channel that is created.
    pub const DOMAIN: &str = "hippo-domain";
    /// Where the deployed application answers, as a template.
    pub const APP_URL: &str = "hippo-app-url";
    /// What runs the applications of the server.
    pub const ENGINE: &str = "hippo-engine";
}

/// Values of `hippo-engine`.
pub mod engines {
    /// Spin 1.x, which Hippo's own scheduler starts: it reads the manifest of old bindles.
    pub const SPIN: &str = "spin";
    /// A platform that reads Bowline's record of the application, as that of `bowline local` does.
    pub const BOWLINE: &str = "bowline";
}

/// The channel of old `spin deploy`, so that both tools manage the same one.
pub const DEFAULT_CHANNEL: &str = "spin-deploy";

/// Hippo knows neither scheme nor port of the proxy in front of its applications.
pub const DEFAULT_APP_URL: &str = "{scheme}://{domain}";

/// The target's description.
#[must_use]
pub fn describe() -> Description {
    Description {
        name: "hippo".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        summary: "Deploys to a Hippo server, 0.19 or later".into(),
        homepage: Some(env!("CARGO_PKG_REPOSITORY").into()),
        settings: settings(),
        network: Vec::new(),
        triggers: vec!["http".into()],
    }
}

fn settings() -> Vec<Setting> {
    vec![
        Setting {
            required: true,
            prompt: Some("URL of the Hippo server".into()),
            grants_network: true,
            ..setting(
                names::URL,
                "HIPPO_URL",
                "URL of the Hippo server",
                SettingKind::Url,
            )
        },
        Setting {
            conflicts_with: vec![names::USERNAME.into(), names::PASSWORD.into()],
            belongs_to: Some(names::URL.into()),
            ..setting(
                names::TOKEN,
                "HIPPO_TOKEN",
                "Token for the Hippo server, instead of user name and password",
                SettingKind::Secret,
            )
        },
        Setting {
            prompt: Some("Hippo user name".into()),
            conflicts_with: vec![names::TOKEN.into()],
            ..setting(
                names::USERNAME,
                "HIPPO_USERNAME",
                "User name for the Hippo server",
                SettingKind::Text,
            )
        },
        Setting {
            prompt: Some("Hippo password".into()),
            conflicts_with: vec![names::TOKEN.into()],
            belongs_to: Some(names::URL.into()),
            ..setting(
                names::PASSWORD,
                "HIPPO_PASSWORD",
                "Password for the Hippo server",
                SettingKind::Secret,
            )
        },
        Setting {
            default_value: Some(DEFAULT_CHANNEL.into()),
            ..setting(
                names::CHANNEL,
                "HIPPO_CHANNEL",
                "Channel of the application to deploy to; created when missing",
                SettingKind::Text,
            )
        },
        setting(
            names::DOMAIN,
            "HIPPO_DOMAIN",
            "Domain for the channel, instead of the one that Hippo chooses",
            SettingKind::Text,
        ),
        Setting {
            default_value: Some(DEFAULT_APP_URL.into()),
            ..setting(
                names::APP_URL,
                "HIPPO_APP_URL",
                "Where the application answers, with {scheme} of hippo-url, {domain}, {app} and {channel} in it",
                SettingKind::Text,
            )
        },
        setting(
            names::ENGINE,
            "HIPPO_ENGINE",
            "What runs the server's applications, if that is known: what it can't run is then refused, not only warned about",
            SettingKind::Choice(vec![engines::SPIN.into(), engines::BOWLINE.into()]),
        ),
    ]
}

fn setting(name: &str, variable: &str, description: &str, kind: SettingKind) -> Setting {
    Setting {
        variable: Some(variable.to_owned()),
        ..Setting::new(name, description, kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Setting {
        describe()
            .settings
            .into_iter()
            .find(|setting| setting.name == name)
            .unwrap()
    }

    #[test]
    fn every_secret_belongs_to_the_server() {
        let secrets: Vec<Setting> = describe()
            .settings
            .into_iter()
            .filter(|setting| setting.kind == SettingKind::Secret)
            .collect();
        assert_eq!(secrets.len(), 2);
        assert!(
            secrets
                .iter()
                .all(|secret| secret.belongs_to.as_deref() == Some(names::URL))
        );
    }

    #[test]
    fn the_server_is_all_that_the_target_reaches() {
        let open: Vec<String> = describe()
            .settings
            .into_iter()
            .filter(|it| it.grants_network)
            .map(|it| it.name)
            .collect();
        assert_eq!(open, [names::URL]);
        assert!(describe().network.is_empty());
    }

    #[test]
    fn conflicts_are_told_by_both_sides() {
        for setting in describe().settings {
            for other in &setting.conflicts_with {
                assert!(
                    named(other).conflicts_with.contains(&setting.name),
                    "{} {other}",
                    setting.name
                );
            }
        }
    }

    #[test]
    fn defaults_are_taken() {
        crate::names::check_channel(&named(names::CHANNEL).default_value.unwrap()).unwrap();
        crate::address::AppUrl::parse(&named(names::APP_URL).default_value.unwrap()).unwrap();
    }

    #[test]
    fn variables_are_those_of_old() {
        let variables: Vec<String> = describe()
            .settings
            .into_iter()
            .filter_map(|it| it.variable)
            .collect();
        for variable in [
            "HIPPO_URL",
            "HIPPO_TOKEN",
            "HIPPO_USERNAME",
            "HIPPO_PASSWORD",
        ] {
            assert!(variables.contains(&variable.to_owned()), "{variable}");
        }
    }
}
