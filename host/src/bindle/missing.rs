//! What a server lacks of a bindle.

use std::collections::BTreeSet;

use bowline_app::invoice::{Label, MissingParcels};
use bowline_app::{BindleId, Digest};
use reqwest::{Method, StatusCode};

use super::address::Root;
use super::error::Error;
use super::progress::Progress;
use super::wire::Wire;
use crate::text;

impl Wire {
    /// The labels of the parcels that the server says it lacks of a bindle that it has the invoice of.
    pub(super) async fn lacking(
        &self,
        progress: &dyn Progress,
        root: &Root,
        id: &BindleId,
    ) -> Result<Vec<Label>, Error> {
        let url = root.missing(id);
        let answer = self
            .ask(progress, || self.request(Method::GET, &url))
            .await?;
        if answer.status != StatusCode::OK {
            let what = "the question for missing parcels";
            return Err(self.refusal(&answer, what, Some(id)));
        }
        let missing = self.expect(&answer, MissingParcels::from_toml)?;
        Ok(missing.missing)
    }

    /// The digests of the labels that a server says it lacks, each once. All of them must be parcels of the bindle: passing over one that isn't
    /// understood would mean that something missing counts as stored.
    pub(super) fn digests(
        &self,
        labels: &[Label],
        is_ours: impl Fn(&Digest) -> bool,
    ) -> Result<BTreeSet<Digest>, Error> {
        let digest = |label: &Label| {
            let digest = label.sha256.to_ascii_lowercase().parse().ok();
            digest.filter(&is_ours).ok_or_else(|| {
                let sha256 = text::line(&label.sha256, 64);
                let excerpt =
                    format!("it lacks the parcel `{sha256}`, which is none of this bindle");
                self.not_bindle(StatusCode::OK, excerpt)
            })
        };
        labels.iter().map(digest).collect()
    }
}
