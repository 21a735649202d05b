//! The settings, checked.

use bowline_target::Failure;

use crate::address::{AppUrl, Base};
use crate::describe::{DEFAULT_APP_URL, DEFAULT_CHANNEL, names};
use crate::names::{check_channel, check_domain};

/// What a deploy needs of the settings.
#[derive(Clone)]
pub struct Config {
    /// The server.
    pub base: Base,
    /// Token, or the host's placeholder for it.
    pub token: String,
    /// Name of the channel.
    pub channel: String,
    /// Domain of the channel; without it a new channel gets one from Hippo, and an old one keeps its own.
    pub domain: Option<String>,
    /// Where the application answers.
    pub app_url: AppUrl,
}

impl Config {
    /// Reads and checks the settings. `setting` gives the value of one, `credential` what an earlier login brought: a
    /// token that the settings name goes before it.
    ///
    /// # Errors
    /// What `setting` reports, [`Failure::InvalidSetting`] for a value that can't be used, and
    /// [`Failure::Unauthenticated`] without any token.
    pub fn read(
        setting: impl Fn(&str) -> Result<Option<String>, Failure>,
        credential: Option<String>,
    ) -> Result<Self, Failure> {
        let base = base(&setting)?;
        let channel = setting(names::CHANNEL)?.unwrap_or_else(|| DEFAULT_CHANNEL.to_owned());
        check_channel(&channel)?;
        let domain = setting(names::DOMAIN)?;
        if let Some(domain) = &domain {
            check_domain(domain)?;
        }
        let app_url = setting(names::APP_URL)?;
        let app_url = AppUrl::parse(app_url.as_deref().unwrap_or(DEFAULT_APP_URL))?;
        let token = setting(names::TOKEN)?.or(credential);
        let token = token.ok_or_else(|| {
            Failure::Unauthenticated("there is no token for the Hippo server yet".to_owned())
        })?;
        Ok(Self {
            base,
            token,
            channel,
            domain,
            app_url,
        })
    }
}

/// Reads and checks the server's address.
///
/// # Errors
/// As [`Config::read`].
pub fn base(setting: impl Fn(&str) -> Result<Option<String>, Failure>) -> Result<Base, Failure> {
    match setting(names::URL)? {
        Some(url) => Base::parse(&url),
        None => Err(Failure::invalid_setting(names::URL, "is missing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(
        given: &[(&str, &str)],
    ) -> impl Fn(&str) -> Result<Option<String>, Failure> + use<> {
        let given: Vec<(String, String)> = given
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        move |name| {
            Ok(given
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone()))
        }
    }

    #[test]
    fn a_token_of_the_settings_goes_before_the_login() {
        let given = settings(&[("hippo-url", "http://h"), ("hippo-token", "mine")]);
        assert_eq!(
            Config::read(given, Some("old".into()))
                .unwrap_or_else(|e| panic!("{e}"))
                .token,
            "mine"
        );
    }

    #[test]
    fn without_a_token_somebody_has_to_log_in() {
        let refused = Config::read(settings(&[("hippo-url", "http://h")]), None).err();
        assert!(matches!(refused, Some(Failure::Unauthenticated(_))));
    }

    #[test]
    fn bad_values_are_told_by_their_setting() {
        let bad = [
            ("hippo-channel", "a b"),
            ("hippo-domain", "X"),
            ("hippo-app-url", "{"),
            ("hippo-url", "x"),
        ];
        for (name, value) in bad {
            // The first of two equal names wins.
            let refused = Config::read(
                settings(&[(name, value), ("hippo-url", "http://h")]),
                Some("t".into()),
            )
            .err();
            assert!(
                matches!(&refused, Some(Failure::InvalidSetting(it)) if it.name == name),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn the_address_is_needed() {
        let refused = Config::read(settings(&[]), Some("t".into())).err();
        assert!(matches!(refused, Some(Failure::InvalidSetting(_))));
    }
}
