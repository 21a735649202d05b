//! Questions to a Bindle server.

use std::collections::BTreeSet;

use bowline_app::BindleId;
use bowline_app::invoice::{Matches, MissingParcels};
use http::{Method, StatusCode};
use semver::Version;

use super::error::Error;
use super::progress::Silent;
use super::{Client, wire::Wire};

/// Matches asked for at once. Whole invoices come back, so pages are small.
const PAGE: u8 = 20;
/// Most matches that are looked through. Searching is by part of the name, so
/// other bindles' matches count as well.
const MAX_MATCHES: u64 = 10_000;

impl Client {
    /// Whether the server holds this bindle, complete and not yanked.
    ///
    /// # Errors
    /// [`Error`], but not for a bindle that is absent, yanked or incomplete.
    pub async fn exists(&self, id: &BindleId) -> Result<bool, Error> {
        let wire = self.wire();
        let url = wire.root(&Silent).await?.missing(id);
        let answer = wire
            .ask(&Silent, || wire.request(Method::GET, &url))
            .await?;
        match answer.status {
            StatusCode::OK => {
                let missing: MissingParcels = wire.expect(&answer)?;
                Ok(missing.missing.is_empty())
            }
            // The server's own "not found" has a TOML body, that of a wrong address has not.
            StatusCode::NOT_FOUND if answer.error().is_some() => Ok(false),
            _ => match wire.refusal(&answer, "the question", Some(id)) {
                Error::Yanked { .. } => Ok(false),
                error => Err(error),
            },
        }
    }

    /// The versions that the server holds of exactly this name and that are not
    /// yanked, in the order of semantic versioning. An unknown name has none.
    /// Bindles that miss parcels are among them.
    ///
    /// # Errors
    /// [`Error`]; [`Error::TooLarge`] when more than 10,000 bindles have names
    /// that contain this one.
    pub async fn versions(&self, name: &str) -> Result<Vec<Version>, Error> {
        let wire = self.wire();
        let root = wire.root(&Silent).await?;
        let mut versions = BTreeSet::new();
        let mut offset = 0;
        loop {
            let url = root.query(name, offset, PAGE);
            let page = page(wire, &url).await?;
            let found = page.invoices.len() as u64;
            versions.extend(
                page.invoices
                    .into_iter()
                    .filter(|invoice| invoice.bindle.name == name)
                    .filter(|invoice| invoice.yanked != Some(true))
                    .filter_map(|invoice| invoice.bindle.version.parse::<Version>().ok()),
            );
            // A server that promises more and sends nothing would keep us here.
            if !page.more || found == 0 {
                return Ok(versions.into_iter().collect());
            }
            offset += found;
            if offset >= MAX_MATCHES {
                return Err(Error::TooLarge {
                    server: wire.server(),
                    what: format!("the list of bindles with `{name}` in their names"),
                    hint: "more than 10000 are not looked through; use a more particular name",
                });
            }
        }
    }
}

async fn page(wire: &Wire, url: &str) -> Result<Matches, Error> {
    let answer = wire.ask(&Silent, || wire.request(Method::GET, url)).await?;
    if answer.status == StatusCode::OK {
        wire.expect(&answer)
    } else {
        Err(wire.refusal(&answer, "the query", None))
    }
}
