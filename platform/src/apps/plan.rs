//! What a bindle says is to be run, from either of the manifests that it may carry.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};
use bowline_app::archive::{self, Archive};
use bowline_app::invoice::Invoice;
use bowline_app::{Digest, RECORD_MEDIA_TYPE, SPIN_MEDIA_TYPE};
use serde::Deserialize;

mod bowline;
mod spin;
mod values;

/// What a component sees of its variables: values by name, or why there is none.
pub type Variables = BTreeMap<String, Result<String, String>>;

/// Everything needed to run an application.
#[derive(Debug)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Its version, as its author wrote it.
    pub version: String,
    /// The path that all routes are below; `/` mostly.
    pub base: String,
    /// Route patterns and what answers there. Private routes are left
    /// out: only components of the same application could reach them, and this platform doesn't
    /// connect those.
    pub routes: Vec<(String, Answer)>,
    /// The components that have a route.
    pub components: Vec<ComponentPlan>,
    /// What triggers answer themselves.
    pub responses: Vec<StaticResponse>,
    /// What of the application doesn't run here, one sentence each.
    pub notes: Vec<String>,
    /// Parcels with several files in each, for a bindle that has the archive form.
    pub archives: Vec<Archive>,
}

/// What answers at a route: an index into one of the lists of a [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One of [`Plan::components`].
    Component(usize),
    /// One of [`Plan::responses`].
    Response(usize),
}

/// An answer without a component.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticResponse {
    /// The status; 200 if there is none.
    pub status_code: Option<u16>,
    /// Its headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Its body; empty if there is none.
    pub body: Option<String>,
}

/// One component.
#[derive(Debug)]
pub struct ComponentPlan {
    /// Its identifier.
    pub id: String,
    /// Its code.
    pub source: Digest,
    /// The files that it sees, by path without a slash in front.
    pub files: Vec<(String, Digest)>,
    /// Its environment variables.
    pub environment: Vec<(String, String)>,
    /// Its variables.
    pub variables: Variables,
    /// Where it may send requests to, with the variables' values filled in.
    pub allowed_outbound_hosts: Vec<String>,
}

/// A parcel that describes the application, and how to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// The parcel's digest.
    pub digest: Digest,
    /// The digest of the parcel that says what the archives of the bindle hold, if it has any.
    pub index: Option<Digest>,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Bowline,
    Spin,
}

impl Description {
    /// Finds the description in a bindle: Bowline's own, which says everything, else the manifest
    /// that Spin 1 reads.
    ///
    /// # Errors
    /// There is none, or there are several of a kind.
    pub fn of(invoice: &Invoice) -> Result<Self> {
        for (media_type, form) in [
            (RECORD_MEDIA_TYPE, Form::Bowline),
            (SPIN_MEDIA_TYPE, Form::Spin),
        ] {
            let mut found = invoice
                .parcel
                .iter()
                .filter(|parcel| parcel.label.media_type == media_type);
            match (found.next(), found.next()) {
                (None, _) => {}
                (Some(parcel), None) => {
                    let index = match form {
                        Form::Bowline => archive::index_parcel(invoice)
                            .map(|parcel| parcel.label.sha256.parse())
                            .transpose()?,
                        Form::Spin => None,
                    };
                    return Ok(Self {
                        digest: parcel.label.sha256.parse()?,
                        index,
                        form,
                    });
                }
                (Some(_), Some(_)) => bail!("the bindle has several parcels of type {media_type}"),
            }
        }
        bail!("the bindle has no Spin manifest (a parcel of type {SPIN_MEDIA_TYPE})")
    }

    /// Reads the description, and the index if there is one. `given` are the values that the channel gives the application's
    /// variables.
    ///
    /// # Errors
    /// It can't be read, contradicts itself or the invoice, or has nothing that answers HTTP.
    pub fn read(
        self,
        text: &[u8],
        index: Option<&[u8]>,
        invoice: &Invoice,
        given: &BTreeMap<String, String>,
    ) -> Result<Plan> {
        let plan = match self.form {
            Form::Bowline => bowline::read(text, index, invoice, given),
            Form::Spin => spin::read(text, invoice, given),
        };
        let plan = plan.context("the application's manifest")?;
        ensure!(
            !plan.routes.is_empty(),
            "the application has no public HTTP route, and nothing else runs here"
        );
        Ok(plan)
    }
}

impl Plan {
    /// The digests of all that must be fetched by itself: archives bring the rest.
    pub fn contents(&self) -> BTreeSet<Digest> {
        let mut contents: BTreeSet<Digest> = self
            .components
            .iter()
            .flat_map(|component| component.files.iter().map(|(_, digest)| *digest))
            .collect();
        for (digest, _) in self.archives.iter().flat_map(|archive| &archive.files) {
            contents.remove(digest);
        }
        // A binary is a parcel, though the same bytes may be in an archive as well.
        contents.extend(self.components.iter().map(|component| component.source));
        contents
    }
}
