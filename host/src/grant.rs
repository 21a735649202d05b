//! What a target may do: pure policy, with no WebAssembly and no network in it.
//!
//! A target declares what it wants, the user grants it, and only what both say is allowed. A setting of kind URL with
//! `grants-network` is granted by giving it a value. Origins that the target names itself have to be approved one by one.

use std::collections::BTreeSet;

use url::Url;

use crate::contract::Description;

mod origin;

pub use origin::{Origin, OriginError};

/// What one target may do in one environment. The empty grant allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    origins: BTreeSet<Origin>,
    bindle: bool,
}

/// Why no grant could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrantError {
    /// A setting that opens the network holds something else than an `http` or `https` URL.
    #[error("setting '{name}' can't be used")]
    Setting {
        /// Name of the setting.
        name: String,
        /// What is wrong with its value.
        #[source]
        source: OriginError,
    },
}

impl Grant {
    /// Allows nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Allows the origins of those settings that open the network, and of those origins that the target declares the ones
    /// that are in `approved`. What is approved without having been declared is not granted. `value` gives the value that the
    /// user gave a setting; a default is the target's own word, so its origin is one that the target declares.
    ///
    /// # Errors
    /// [`GrantError::Setting`] when such a setting's value is no `http` or `https` URL.
    pub fn new<'a>(
        description: &Description,
        mut value: impl FnMut(&str) -> Option<&'a str>,
        approved: &BTreeSet<Origin>,
    ) -> Result<Self, GrantError> {
        let mut grant = Self::none();
        for setting in description
            .settings
            .iter()
            .filter(|setting| setting.grants_network)
        {
            let given = value(&setting.name);
            let Some(text) = given.or(setting.default.as_deref()) else {
                continue;
            };
            let origin = Origin::of_text(text).map_err(|source| GrantError::Setting {
                name: setting.name.clone(),
                source,
            })?;
            if given.is_some() || approved.contains(&origin) {
                grant.origins.insert(origin);
            }
        }
        grant.origins.extend(
            description
                .network
                .iter()
                .filter(|wanted| approved.contains(wanted))
                .cloned(),
        );
        Ok(grant)
    }

    /// Allows requests to this origin, too.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origins.insert(origin);
        self
    }

    /// Allows the use of the environment's Bindle server, too.
    #[must_use]
    pub fn with_bindle(mut self) -> Self {
        self.bindle = true;
        self
    }

    /// Whether Bindle may be used.
    pub fn bindle(&self) -> bool {
        self.bindle
    }

    /// The origins to which requests may go.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.origins.iter()
    }

    /// Whether requests to this origin are allowed.
    pub fn allows(&self, origin: &Origin) -> bool {
        self.origins.contains(origin)
    }

    /// Decides about a request by its URL, which has to be the very value that is then sent.
    ///
    /// # Errors
    /// [`Refusal`] says why the request can't be sent.
    pub fn check(&self, url: &Url) -> Result<Origin, Refusal> {
        let origin = Origin::of(url).map_err(Refusal::Unusable)?;
        if self.allows(&origin) {
            Ok(origin)
        } else {
            Err(Refusal::NotGranted(origin))
        }
    }
}

/// Why [`Grant::check`] refuses a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The URL has no origin that could be granted.
    #[error("the URL can't be used")]
    Unusable(#[source] OriginError),
    /// The origin is not granted.
    #[error("{0} is not granted")]
    NotGranted(Origin),
}

#[cfg(test)]
mod tests;
