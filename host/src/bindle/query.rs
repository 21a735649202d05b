//! Questions to a Bindle server.

use std::collections::BTreeSet;

use bowline_app::BindleId;
use bowline_app::invoice::{Invoice, InvoiceError, Matches, MissingParcels};
use http::{Method, StatusCode};
use semver::Version;

use super::error::Error;
use super::progress::Silent;
use super::{Client, address::Root, wire::Wire};

/// Longest version that is passed on, in bytes: nobody pushes longer ones, and a server may say that it has 10,000.
const LONGEST_VERSION: usize = 256;

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
                let missing = wire.expect(&answer, MissingParcels::from_toml)?;
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
        let all = each(wire, root, name, MAX_MATCHES, |invoice| {
            let version = &invoice.bindle.version;
            if version.len() <= LONGEST_VERSION {
                versions.extend(version.parse::<Version>().ok());
            }
        })
        .await?;
        if all {
            Ok(versions.into_iter().collect())
        } else {
            Err(Error::TooLarge {
                server: wire.server(),
                what: format!("the list of bindles with `{name}` in their names"),
                hint: "more than 10000 are not looked through; use a more particular name",
            })
        }
    }
}

/// Hands out the invoices of exactly this name that are not yanked, of the first `max` that have it in their names. `false` when there
/// are more than those.
pub(super) async fn each(
    wire: &Wire,
    root: &Root,
    name: &str,
    max: u64,
    mut take: impl FnMut(Invoice),
) -> Result<bool, Error> {
    let mut offset = 0;
    let mut size = PAGE;
    loop {
        let url = root.query(name, offset, size);
        let page = match page(wire, &url).await? {
            Some(page) => page,
            None if size > 1 => {
                size = 1;
                continue;
            }
            // One that is too long by itself can't be asked for, and not be pushed by us either.
            None => {
                offset += 1;
                if offset >= max {
                    return Ok(false);
                }
                continue;
            }
        };
        let found = page.invoices.len() as u64;
        let more = page.more;
        page.invoices
            .into_iter()
            .filter(|invoice| invoice.bindle.name == name && invoice.yanked != Some(true))
            .for_each(&mut take);
        // A server that promises more and sends nothing would keep us here.
        if !more || found == 0 {
            return Ok(true);
        }
        offset += found;
        if offset >= max {
            return Ok(false);
        }
    }
}

/// Nothing when the page is longer than an answer may be: then a smaller one may do.
async fn page(wire: &Wire, url: &str) -> Result<Option<Matches>, Error> {
    let answer = wire.ask(&Silent, || wire.request(Method::GET, url)).await?;
    if answer.status != StatusCode::OK {
        Err(wire.refusal(&answer, "the query", None))
    } else if answer.is_cut() {
        Ok(None)
    } else {
        wire.expect(&answer, |text| match Matches::from_toml(text) {
            Err(InvoiceError::TooLong { .. } | InvoiceError::TooMany { .. }) => Ok(None),
            page => page.map(Some),
        })
    }
}
