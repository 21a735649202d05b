//! Passwords and tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Shared;
use crate::store::accounts::{self, Account};
use crate::store::{Store, utc_text};

/// How long a token is good for, in seconds.
const TOKEN_LIFETIME: u64 = 30 * 60;

/// How far clocks may differ, in seconds: ASP.NET's default.
const CLOCK_SKEW: u64 = 5 * 60;

/// The issuer and the audience of a Hippo set up for one machine.
const ISSUER: &str = "localhost";

/// Work for one password check: some tens of milliseconds. The administrator's password is random,
/// so this protects only what users choose themselves.
const BCRYPT_COST: u32 = 10;

/// Makes and checks tokens, with a key that survives restarts.
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: Uuid,
    unique_name: Uuid,
    nameid: Uuid,
    jti: Uuid,
    exp: u64,
    iss: String,
    aud: String,
}

/// A token, and when it ends.
#[derive(Serialize)]
pub(crate) struct TokenInfo {
    token: String,
    expiration: String,
}

impl Tokens {
    pub(crate) async fn new(store: &Store) -> anyhow::Result<Self> {
        let key = store.secret("token key", random_secret).await?;
        Ok(Self {
            encoding: EncodingKey::from_secret(key.as_bytes()),
            decoding: DecodingKey::from_secret(key.as_bytes()),
        })
    }

    /// A token for an account.
    pub(crate) async fn issue(&self, store: &Store, account: Uuid) -> anyhow::Result<TokenInfo> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .context("the clock is before 1970")?;
        let ends = now.as_secs() + TOKEN_LIFETIME;
        let claims = Claims {
            sub: account,
            unique_name: account,
            nameid: account,
            jti: Uuid::new_v4(),
            exp: ends,
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)?;
        let ends = i64::try_from(ends).context("the clock is wrong")?;
        let expiration = store.run(move |db| utc_text(db, ends)).await?;
        Ok(TokenInfo { token, expiration })
    }

    /// The account of a token that is good.
    fn check(&self, token: &str) -> Option<Uuid> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = CLOCK_SKEW;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok()?;
        Some(data.claims.sub)
    }
}

/// Proof that a request carries a good token. That the account still exists isn't checked.
pub(crate) struct Caller;

/// The account of a request's token, where no token is needed.
pub(crate) struct MaybeCaller(pub(crate) Option<Uuid>);

impl FromRequestParts<Shared> for MaybeCaller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Self::Rejection> {
        Ok(Self(
            bearer(parts).and_then(|token| api.tokens.check(token)),
        ))
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Response> {
        let challenge = match bearer(parts) {
            Some(token) if api.tokens.check(token).is_some() => return Ok(Self),
            Some(_) => "Bearer error=\"invalid_token\"",
            None => "Bearer",
        };
        let header = [(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))];
        Err((StatusCode::UNAUTHORIZED, header).into_response())
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Makes sure that the administrator exists, and returns a password that lets them in: `known` if it
/// still does, else a new one.
pub(crate) async fn seed_administrator(
    store: &Store,
    name: &str,
    known: Option<String>,
) -> anyhow::Result<String> {
    let wanted = name.to_owned();
    let account = store.run(move |db| accounts::by_name(db, &wanted)).await?;
    if let (Some(account), Some(password)) = (&account, known)
        && verify(password.clone(), account.password_hash.clone()).await?
    {
        return Ok(password);
    }
    let password = random_secret();
    let password_hash = hash(password.clone()).await?;
    let name = name.to_owned();
    let stored = store
        .run(move |db| match account {
            Some(account) => {
                accounts::set_password(db, account.id, &password_hash)?;
                Ok(true)
            }
            None => {
                let id = Uuid::new_v4();
                accounts::insert(
                    db,
                    &Account {
                        id,
                        name,
                        password_hash,
                        administrator: true,
                    },
                )
            }
        })
        .await?;
    anyhow::ensure!(
        stored,
        "an account exists whose name differs from the administrator's in case only"
    );
    Ok(password)
}

/// 244 random bits.
fn random_secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// The hash under which a password is kept.
pub(crate) async fn hash(password: String) -> anyhow::Result<String> {
    let hash = tokio::task::spawn_blocking(move || bcrypt::hash(digest(&password), BCRYPT_COST));
    Ok(hash.await??)
}

/// Whether a password is the one that was hashed.
pub(crate) async fn verify(password: String, hash: String) -> anyhow::Result<bool> {
    let verified = tokio::task::spawn_blocking(move || bcrypt::verify(digest(&password), &hash));
    Ok(verified.await??)
}

/// bcrypt looks at 72 bytes only and stops at a zero byte; a digest in hex has neither trouble.
fn digest(password: &str) -> String {
    format!("{:x}", Sha256::digest(password))
}
