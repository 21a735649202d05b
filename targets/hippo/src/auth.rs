//! Logging in.

use bowline_target::{Credential, Failure};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::address::Base;
use crate::api::CreateToken;
use crate::client::Client;
use crate::config;
use crate::describe::names;
use crate::port::Http;

/// Gets a token for a user name and a password (or the placeholder for it).
///
/// # Errors
/// What `setting` reports; [`Failure::Unauthenticated`] if Hippo refuses the login, without user name or password, or if there is a
/// token in the settings, for which no login can be a substitute.
pub fn authenticate(
    http: &dyn Http,
    setting: impl Fn(&str) -> Result<Option<String>, Failure>,
) -> Result<Credential, Failure> {
    let base = config::base(&setting)?;
    if setting(names::TOKEN)?.is_some() {
        return Err(Failure::Unauthenticated(
            "Hippo refuses the token of hippo-token: get a new one, or give hippo-username and hippo-password instead".to_owned(),
        ));
    }
    // Both are read before anything is said, so that everything that is missing is said at once.
    match (setting(names::USERNAME)?, setting(names::PASSWORD)?) {
        (Some(user_name), Some(password)) => log_in(http, &base, &user_name, &password),
        (user_name, password) => {
            let missing: Vec<&str> = [
                (names::USERNAME, user_name.is_none()),
                (names::PASSWORD, password.is_none()),
            ]
            .into_iter()
            .filter_map(|(name, is_missing)| is_missing.then_some(name))
            .collect();
            Err(Failure::Unauthenticated(format!(
                "there is no login for Hippo, and no {} for a new one",
                missing.join(", no ")
            )))
        }
    }
}

fn log_in(
    http: &dyn Http,
    base: &Base,
    user_name: &str,
    password: &str,
) -> Result<Credential, Failure> {
    let client = Client::new(http, base, None);
    let token = client
        .create_token(&CreateToken {
            user_name,
            password,
        })
        .map_err(|trouble| {
            match (
                trouble.status(),
                trouble.problem().and_then(|problem| problem.words()),
            ) {
                // Hippo refuses a login with a 400, whose detail says why.
                (Some(400), Some(words)) => {
                    Failure::Unauthenticated(format!("Hippo refuses the login: {words}"))
                }
                (Some(400 | 401), _) => {
                    Failure::Unauthenticated("Hippo refuses the login".to_owned())
                }
                _ => trouble.failure("logging in"),
            }
        })?;
    if token.token.is_empty() {
        return Err(Failure::Unexpected(
            "Hippo answered the login with an empty token".to_owned(),
        ));
    }
    Ok(Credential {
        secret: token.token,
        expires_at: token.expiration.as_deref().and_then(epoch_seconds),
        belongs_to: Some(names::URL.to_owned()),
    })
}

/// Seconds since the Unix epoch of an ISO 8601 time, which some of Hippo's databases give without offset: it is UTC then.
/// One that can't be read gives nothing, and the token is used until Hippo refuses it.
fn epoch_seconds(time: &str) -> Option<u64> {
    let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let time = time.trim().replacen(' ', "T", 1);
    let time = read(&time).or_else(|| read(&format!("{time}Z")))?;
    u64::try_from(time.unix_timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_offset() {
        assert_eq!(epoch_seconds("2023-03-08T23:01:02Z"), Some(1_678_316_462));
        assert_eq!(
            epoch_seconds("2023-03-08T23:01:02.1234567"),
            Some(1_678_316_462)
        );
        assert_eq!(
            epoch_seconds("2023-03-09T00:01:02+01:00"),
            Some(1_678_316_462)
        );
        assert_eq!(epoch_seconds("2023-03-08 23:01:02"), Some(1_678_316_462));
        assert_eq!(epoch_seconds("soon"), None);
        assert_eq!(epoch_seconds("1960-01-01T00:00:00Z"), None);
    }
}
