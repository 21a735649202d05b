//! Logs in to a registry, by the way that it names itself: the token authentication of the distribution specification
//! (<https://distribution.github.io/distribution/spec/auth/token/>), or a password with each request.

use std::time::Duration;

use bowline_host::client::is_this_machine;
use bowline_host::{Origin, Secret, TransportError};
use http_auth::parser::ChallengeParser;
use oci_client::Reference;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;
use url::Url;

use super::super::download::transport;
use super::super::fetch::Network;
use crate::error::Error;
use crate::exit::Exit;

/// How long a login may take, the answers of a server that drips included.
const LOGIN_TIME: Duration = Duration::from_secs(60);

/// Bytes of an answer with a token; a token has some kilobytes.
const MAX_ANSWER: usize = 1 << 20;

/// Where to get a token.
#[derive(Debug, PartialEq, Eq)]
struct Bearer {
    realm: String,
    service: Option<String>,
}

/// What a registry says of how to log in.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    /// Not at all.
    None,
    /// With the password itself.
    Basic,
    Bearer(Bearer),
}

/// The value of the `Authorization` header for requests that read `reference`, if it needs one. `base` is any URL of the registry.
///
/// # Errors
/// When the registry, or who gives out its tokens, can't be reached, refuses, or can't be understood.
pub(super) async fn authorization(
    reference: &Reference,
    base: &Url,
    login: &RegistryAuth,
    network: &Network,
) -> Result<Option<Secret>, Error> {
    let asked = ask(reference, base, login, network);
    tokio::time::timeout(LOGIN_TIME, asked)
        .await
        .unwrap_or_else(|_| {
            let host = host(base);
            Err(Error::new(
                Exit::Unavailable,
                format!("the registry {host} did not answer a login within {LOGIN_TIME:?}"),
            ))
        })
}

async fn ask(
    reference: &Reference,
    base: &Url,
    login: &RegistryAuth,
    network: &Network,
) -> Result<Option<Secret>, Error> {
    if let RegistryAuth::Bearer(token) = login {
        return Ok(Some(Secret::new(format!("Bearer {token}"))));
    }
    let lost = |url: &Url, error| transport(TransportError::at(url, error));
    let start = base.join("/v2/").map_err(|_| strange(base))?;
    let answer = network.http.reqwest().get(start.clone()).send().await;
    let answer = answer.map_err(|error| lost(&start, error))?;
    let headers = answer.headers().get_all("www-authenticate");
    match challenge(headers.iter().filter_map(|value| value.to_str().ok())) {
        Challenge::None => Ok(None),
        Challenge::Basic => Ok(match login {
            RegistryAuth::Basic(user, password) => Some(basic(user, password)),
            _ => None,
        }),
        Challenge::Bearer(bearer) => token(&bearer, reference, base, login, network)
            .await
            .map(Some),
    }
}

/// Gets a token for reading.
async fn token(
    bearer: &Bearer,
    reference: &Reference,
    base: &Url,
    login: &RegistryAuth,
    network: &Network,
) -> Result<Secret, Error> {
    let mut url = Url::parse(&bearer.realm).map_err(|_| strange(base))?;
    let (there, registry) = match (Origin::of(&url), Origin::of(base)) {
        (Ok(there), Ok(registry)) => (there, registry),
        _ => return Err(strange(base)),
    };
    // The password goes there. A registry of this machine may name another server of this machine.
    let is_protected = url.scheme() == "https" || (is_this_machine(&url) && is_this_machine(base));
    if !is_protected {
        return Err(Error::new(
            Exit::UnexpectedAnswer,
            format!(
                "the registry {} has its logins at {there}, where anybody on the way could read the password",
                host(base)
            ),
        ));
    }
    url.query_pairs_mut()
        .append_pair(
            "scope",
            &format!("repository:{}:pull", reference.repository()),
        )
        .extend_pairs(bearer.service.iter().map(|service| ("service", service)));
    let client = if there == registry {
        network.http.reqwest()
    } else {
        network.http.unidentified()
    };
    let mut request = client.get(url.clone());
    if let RegistryAuth::Basic(user, password) = login {
        request = request.header("authorization", basic(user, password).expose());
    }
    let lost = |error| transport(TransportError::at(&url, error));
    let mut answer = request.send().await.map_err(lost)?;
    match answer.status().as_u16() {
        200 => {}
        400 | 401 | 403 => return Err(refused(base)),
        408 | 429 | 500..=599 => {
            return Err(Error::new(
                Exit::Unavailable,
                format!(
                    "{there} gives out no token now (status {})",
                    answer.status().as_u16()
                ),
            ));
        }
        // The rest could repeat what was sent.
        _ => return Err(strange(base)),
    }
    let mut body = zeroize::Zeroizing::new(Vec::new());
    while let Some(chunk) = answer.chunk().await.map_err(lost)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(strange(base));
        }
        body.extend_from_slice(&chunk);
    }
    #[derive(Deserialize)]
    struct Given {
        token: Option<String>,
        access_token: Option<String>,
    }
    let given: Given = serde_json::from_slice(&body).map_err(|_| strange(base))?;
    let token = given.token.or(given.access_token).map(Secret::new);
    let token = token.ok_or_else(|| strange(base))?;
    Ok(Secret::new(format!("Bearer {}", token.expose())))
}

/// What the headers `WWW-Authenticate` ask for: a token, if one of them does.
fn challenge<'a>(headers: impl Iterator<Item = &'a str>) -> Challenge {
    let mut found = Challenge::None;
    // What can't be read is passed over, as a scheme that nobody knows is.
    for challenge in headers.flat_map(ChallengeParser::new).flatten() {
        if challenge.scheme.eq_ignore_ascii_case("basic") {
            found = Challenge::Basic;
        }
        if !challenge.scheme.eq_ignore_ascii_case("bearer") {
            continue;
        }
        let of = |name: &str| {
            let (_, value) = challenge
                .params
                .iter()
                .find(|(other, _)| other.eq_ignore_ascii_case(name))?;
            Some(value.to_unescaped())
        };
        if let Some(realm) = of("realm") {
            return Challenge::Bearer(Bearer {
                realm,
                service: of("service"),
            });
        }
    }
    found
}

fn basic(user: &str, password: &str) -> Secret {
    use base64::Engine as _;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    Secret::new(format!("Basic {pair}"))
}

fn host(base: &Url) -> String {
    let port = base.port().map(|port| format!(":{port}"));
    format!(
        "{}{}",
        base.host_str().unwrap_or_default(),
        port.unwrap_or_default()
    )
}

fn refused(base: &Url) -> Error {
    Error::new(
        Exit::NotAuthenticated,
        format!(
            "the registry {} refuses the login, or wants one",
            host(base)
        ),
    )
    .hint("log in with `docker login`, whose configuration bowline reads")
}

fn strange(base: &Url) -> Error {
    Error::new(
        Exit::UnexpectedAnswer,
        format!(
            "{} does not answer like a registry of OCI artifacts",
            host(base)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_where_the_registry_says() {
        let bearer = |realm: &str, service: Option<&str>| {
            Challenge::Bearer(Bearer {
                realm: realm.to_owned(),
                service: service.map(ToOwned::to_owned),
            })
        };
        let of = |headers: &[&str]| challenge(headers.iter().copied());
        assert_eq!(of(&[]), Challenge::None);
        assert_eq!(of(&["Basic realm=\"r\""]), Challenge::Basic);
        assert_eq!(
            of(&[
                "Bearer realm=\"https://a.test/token\",service=\"s\",scope=\"repository:x:pull\""
            ]),
            bearer("https://a.test/token", Some("s"))
        );
        assert_eq!(
            of(&["Basic realm=\"r\"", "bearer Realm=\"https://a.test/\""]),
            bearer("https://a.test/", None)
        );
        for nonsense in ["", "Bearer", "Bearer service=\"s\"", "=,\"", "Negotiate"] {
            assert_eq!(of(&[nonsense]), Challenge::None, "{nonsense}");
        }
    }
}
