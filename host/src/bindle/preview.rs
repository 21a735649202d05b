//! What a push would send, found out by asking.
//!
//! A Bindle server tells of parcels only within a bindle that names them: there is no question for a parcel as such. Of a bindle
//! that is there it tells exactly what it lacks. Of one that is not, the other bundles of the same name are asked, which usually
//! share most parcels with it; what none of them has counts as to be sent, though some other bindle may have brought it.

use std::collections::{BTreeMap, BTreeSet};

use bowline_app::invoice::Invoice;
use bowline_app::{BindleId, Bundle, Content, Digest};

use super::address::Root;
use super::error::Error;
use super::progress::Silent;
use super::{Client, create, query};

/// Bindles of the same name that are looked through. With more of them some parcels may be counted that are there, which is allowed.
const MAX_BINDLES: u64 = 1_000;
/// Bindles that are asked what they lack, those first that share most with ours.
const MAX_QUESTIONS: usize = 16;
/// Parcels of those bindles together. The reference server takes a time for each answer that grows with the square of their number: 0.2 s
/// for 1,000, 20 s for 10,000.
const MAX_PARCELS: usize = 10_000;

/// What a push would do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preview {
    /// The server holds this very bindle, complete: nothing would be sent.
    pub exists: bool,
    /// Parcels that would be sent, at most.
    pub upload: usize,
    /// Their bytes.
    pub upload_bytes: u64,
    /// Parcels that the server is known to hold.
    pub present: usize,
    /// Exactly so many would be sent, not only at most.
    pub exact: bool,
    /// The digests of those that would be sent.
    pub missing: BTreeSet<Digest>,
}

impl Client {
    /// Finds out what [`push`](Client::push) would send, by questions alone: nothing on the server changes. Whether the server takes
    /// our signature and lets this user write, only a push shows.
    ///
    /// # Errors
    /// [`Error`]; as for a push, [`Error::VersionTaken`] when there is other content under this id, and [`Error::Yanked`].
    pub async fn preview(&self, bundle: &Bundle) -> Result<Preview, Error> {
        let wire = self.wire();
        let root = wire.root(&Silent).await?.clone();
        let id = bundle.id();
        let ours: BTreeMap<Digest, u64> = bundle
            .contents()
            .iter()
            .map(|content: &Content| (content.digest(), content.size()))
            .collect();
        let there = create::exists(self, &root, id, bundle.invoice()).await?;
        let missing = if there {
            let labels = wire.lacking(&Silent, &root, id).await?;
            wire.digests(&labels, |digest| ours.contains_key(digest))?
        } else {
            self.unseen(&root, id.name(), &ours).await?
        };
        Ok(Preview {
            exists: there && missing.is_empty(),
            upload: missing.len(),
            upload_bytes: missing.iter().filter_map(|digest| ours.get(digest)).sum(),
            present: ours.len() - missing.len(),
            exact: there || missing.is_empty(),
            missing,
        })
    }

    /// Those of our parcels that no other bindle of this name is known to have.
    async fn unseen(
        &self,
        root: &Root,
        name: &str,
        ours: &BTreeMap<Digest, u64>,
    ) -> Result<BTreeSet<Digest>, Error> {
        let mut relatives: Vec<Relative> = Vec::new();
        query::each(self.wire(), root, name, MAX_BINDLES, |invoice| {
            relatives.extend(Relative::of(&invoice, ours));
        })
        .await?;
        let mut unseen: BTreeSet<Digest> = ours.keys().copied().collect();
        let mut parcels = 0;
        for _ in 0..MAX_QUESTIONS {
            let shares = |relative: &Relative| {
                let digests = ours.keys().zip(&relative.has);
                let new = digests.filter(|(digest, has)| **has && unseen.contains(digest));
                new.count()
            };
            let best = (0..relatives.len())
                .map(|index| (relatives.get(index).map_or(0, shares), index))
                .max();
            let Some((1.., best)) = best else {
                break;
            };
            let relative = relatives.swap_remove(best);
            let is_first = parcels == 0;
            parcels += relative.parcels;
            if parcels > MAX_PARCELS && !is_first {
                break;
            }
            let labels = match self.wire().lacking(&Silent, root, &relative.id).await {
                Ok(labels) => labels,
                // Yanked in the meantime: then it proves nothing.
                Err(Error::Yanked { .. }) => continue,
                Err(error) => return Err(error),
            };
            let lacks: BTreeSet<String> = labels
                .into_iter()
                .map(|label| label.sha256.to_ascii_lowercase())
                .collect();
            for (digest, has) in ours.keys().zip(&relative.has) {
                if *has && !lacks.contains(&digest.to_string()) {
                    unseen.remove(digest);
                }
            }
        }
        Ok(unseen)
    }
}

/// A bindle of the same name.
struct Relative {
    id: BindleId,
    /// How many it has, equal ones counted once.
    parcels: usize,
    /// For each of our parcels, in the order of their digests, whether it has that, too. There may be a thousand of these at once.
    has: Vec<bool>,
}

impl Relative {
    /// Nothing for an invoice that shares no parcel, or whose id nobody could ask for.
    fn of(invoice: &Invoice, ours: &BTreeMap<Digest, u64>) -> Option<Self> {
        let spec = &invoice.bindle;
        let id = format!("{}/{}", spec.name, spec.version).parse().ok()?;
        let theirs: BTreeSet<Digest> = invoice
            .parcel
            .iter()
            .filter_map(|parcel| parcel.label.sha256.parse().ok())
            .collect();
        let has: Vec<bool> = ours.keys().map(|digest| theirs.contains(digest)).collect();
        has.contains(&true).then_some(Self {
            id,
            parcels: theirs.len(),
            has,
        })
    }
}
