//! Clients that are not ours, to read back what a deploy left: the generated
//! Hippo client of the `hippo-openapi` crate and the client of the `bindle`
//! crate.

use std::sync::Arc;

use bindle::client::Client;
use bindle::client::tokens::NoToken;
use bindle::{Invoice, VerificationStrategy};
use hippo_openapi::apis::configuration::{ApiKey, Configuration};
use hippo_openapi::apis::{apps_api, auth_tokens_api, channels_api, revisions_api};
use hippo_openapi::models::{AppItem, ChannelItem, CreateTokenCommand, RevisionItem};

use crate::platform::Platform;

/// Larger than anything a test creates; the API has no upper bound.
const ALL: Option<i32> = Some(i32::MAX);

/// Hippo's API, signed in.
pub struct Hippo {
    api: Configuration,
}

impl Hippo {
    /// Signs in with what the platform's environment file says.
    ///
    /// # Panics
    /// When the platform refuses.
    pub async fn sign_in(platform: &Platform) -> Hippo {
        let mut api = Configuration {
            base_path: platform
                .setting("HIPPO_URL")
                .trim_end_matches('/')
                .to_owned(),
            ..Configuration::default()
        };
        let token = auth_tokens_api::api_auth_tokens_post(
            &api,
            Some(CreateTokenCommand {
                user_name: platform.setting("HIPPO_USERNAME").to_owned(),
                password: platform.setting("HIPPO_PASSWORD").to_owned(),
            }),
        )
        .await
        .expect("the administrator can sign in")
        .token
        .expect("signing in gives a token");
        api.api_key = Some(ApiKey {
            prefix: Some("Bearer".to_owned()),
            key: token,
        });
        Hippo { api }
    }

    /// All applications.
    ///
    /// # Panics
    /// When the platform does not answer.
    pub async fn apps(&self) -> Vec<AppItem> {
        apps_api::api_apps_get(&self.api, None, Some(0), ALL, None, None)
            .await
            .expect("the applications can be listed")
            .items
    }

    /// The one application of that name.
    ///
    /// # Panics
    /// When there is none, or more than one.
    pub async fn app(&self, name: &str) -> AppItem {
        let mut apps = self.apps().await;
        apps.retain(|app| app.name == name);
        assert_eq!(apps.len(), 1, "applications named {name}");
        apps.remove(0)
    }

    /// All revisions of all applications.
    ///
    /// # Panics
    /// When the platform does not answer.
    pub async fn revisions(&self) -> Vec<RevisionItem> {
        revisions_api::api_revisions_get(&self.api, Some(0), ALL)
            .await
            .expect("the revisions can be listed")
            .items
    }

    /// All channels.
    ///
    /// # Panics
    /// When the platform does not answer.
    pub async fn channels(&self) -> Vec<ChannelItem> {
        channels_api::api_channels_get(&self.api, None, Some(0), ALL, None, None)
            .await
            .expect("the channels can be listed")
            .items
    }

    /// Numbers of applications, revisions and channels: what a deploy that
    /// creates nothing leaves alone.
    pub async fn counts(&self) -> (usize, usize, usize) {
        (
            self.apps().await.len(),
            self.revisions().await.len(),
            self.channels().await.len(),
        )
    }
}

/// The Bindle server, read with the crate's own client.
pub struct Bindle {
    client: Client<NoToken>,
}

impl Bindle {
    /// Connects, trusting the keys that the server itself names.
    ///
    /// # Panics
    /// When the client cannot be built.
    pub fn connect(platform: &Platform) -> Bindle {
        // An own keyring would prove nothing about the content; the invoice's
        // signatures have tests of their own.
        let keyring = Arc::new(bindle::signature::KeyRing::default());
        let client = Client::<NoToken>::builder()
            .verification_strategy(VerificationStrategy::MultipleAttestation(Vec::new()))
            .build(platform.setting("BINDLE_SERVER_URL"), NoToken, keyring)
            .expect("the client can be built");
        Bindle { client }
    }

    /// All invoices whose name contains `name`.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn invoices(&self, name: &str) -> Vec<Invoice> {
        self.client
            .query_invoices(bindle::QueryOptions {
                query: Some(name.to_owned()),
                ..bindle::QueryOptions::default()
            })
            .await
            .expect("the invoices can be queried")
            .invoices
    }

    /// The bytes of one parcel.
    ///
    /// # Panics
    /// When the server does not have it.
    pub async fn parcel(&self, id: &str, sha256: &str) -> Vec<u8> {
        self.client
            .get_parcel(id, sha256)
            .await
            .expect("the parcel can be read")
    }

    /// How many parcels the server lacks of a bindle.
    ///
    /// # Panics
    /// When the server does not have the bindle.
    pub async fn missing(&self, id: &str) -> usize {
        self.client
            .get_missing_parcels(id)
            .await
            .expect("the bindle is there")
            .len()
    }
}
