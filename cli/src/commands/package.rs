//! `bowline package`: packs the application into a folder, from where it can be pushed without its sources.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bowline_app::{Application, BindleId, Bundle, Digest, PackError, standalone};
use bowline_host::HttpClient;
use bowline_host::bindle::{Client, ClientOptions, Preview};
use clap::ArgMatches;

use crate::application::{self, Loading, blocking};
use crate::commands::deploy::BindleServer;
use crate::commands::local;
use crate::error::Error;
use crate::events::Events;
use crate::exit::Exit;
use crate::fault;
use crate::network::{self, Flags};
use crate::output::{Against, Packaged, Parcel, Signature};
use crate::paths::Paths;
use crate::progress::{Progress, Style};
use crate::settings::{self, Sources, flags, host};
use crate::variables::Variables;

/// Packs as the command line says.
///
/// # Errors
/// Whatever went wrong, with its exit code.
pub(crate) fn run(
    matches: &ArgMatches,
    events: &Arc<Events>,
    variables: &Variables,
) -> Result<Packaged, Error> {
    let path = |name: &str| matches.get_one::<OsString>(name).map(PathBuf::from);
    // Which server is asked belongs to this question, not to an environment.
    let (own, none) = (host::bindle(false), BTreeMap::new());
    let sources = Sources {
        flags: &flags::read(&own, matches, &mut flags::stdin)?,
        variables,
        project: &none,
        environment: &none,
    };
    let settings = settings::resolve(&own, &sources, |_, _| Ok(None))?;
    let server = BindleServer::read(&settings)?;
    let style = Style::choose(matches.get_flag("quiet"), matches.get_count("verbose") > 0);
    let progress = Arc::new(Progress::new(style).telling(events));
    let paths = Paths::find(variables)?;
    let check = matches.get_flag("check");
    let network = Flags::read(matches);
    let (http, options) =
        network.client_and_options(variables, |danger| progress.warning(danger))?;
    let mut loading = Loading::new(
        &path("from").unwrap_or_else(|| ".".into()),
        matches.get_one::<String>("profile").map(String::as_str),
        &paths,
        (&http, &options),
        variables,
        &progress,
    );
    // To know more the next time is to write something.
    if check || matches.get_flag("no-cache") {
        loading.hashes = None;
    }
    let job = Job {
        loading,
        to: path("to").filter(|_| !check),
        server: server.map(|server| client(server, &http, &network)),
        progress,
    };
    let runtime = crate::runtime()?;
    let packaged = runtime.block_on(job.package(variables));
    job.progress.abandon();
    // An interruption of a write leaves at most a folder with another name.
    runtime.shutdown_background();
    // A file that was not what its remembered digest says: then the next run reads it.
    if packaged
        .as_ref()
        .is_err_and(|error| error.exit() == Exit::Conflict)
    {
        application::forget(&job.loading.from, &paths.hashes());
    }
    packaged.map_err(|error| network::explain(error, variables))
}

fn client(server: BindleServer, http: &HttpClient, network: &Flags) -> Client {
    let mut options = ClientOptions::new(server.address);
    options.credentials = server.credentials;
    network.bound(&mut options.timing);
    Client::new(http, options)
}

/// What is to be done.
struct Job {
    loading: Loading,
    /// Nothing is written without it.
    to: Option<PathBuf>,
    /// The server that is asked what it lacks.
    server: Option<Client>,
    progress: Arc<Progress>,
}

impl Job {
    async fn package(&self, variables: &Variables) -> Result<Packaged, Error> {
        let progress = &self.progress;
        progress.start("Reading the application");
        let application = self.loading.clone().load().await?;
        for warning in application.warnings() {
            progress.warning(warning);
        }
        let (application, bundle) = blocking(move || {
            let bundle = pack(&application);
            (application, bundle)
        })
        .await?;
        let bundle = bundle?;
        for warning in bundle.warnings() {
            progress.warning(warning);
        }
        let against = match &self.server {
            None => None,
            Some(server) => {
                progress.start(&format!("Asking {} what it lacks", server.server()));
                let preview = server.preview(&bundle).await;
                let preview = preview.map_err(|error| fault::bindle(&error))?;
                Some((server.server(), preview))
            }
        };
        let mut packaged = inventory(&application, &bundle, against.as_ref());
        if let Some(to) = &self.to {
            progress.start(&format!("Writing {}", bundle.id()));
            let (folder, signature) = write(bundle, to.clone(), variables).await?;
            packaged.folder = Some(folder.display().to_string());
            packaged.signature = Some(signature);
        }
        progress.finish();
        Ok(packaged)
    }
}

fn pack(application: &Application) -> Result<Bundle, Error> {
    let id = BindleId::new(application.name(), application.revision_version().clone())
        .map_err(|error| Error::of(Exit::Application, &error))?;
    Bundle::pack(application, id).map_err(|error| unfit(&error))
}

fn unfit(error: &PackError) -> Error {
    let mut made = Error::of(Exit::Application, error);
    if let Some(location) = error.location() {
        made = made.excerpt(location.snippet());
    }
    match error.hint() {
        Some(hint) => made.hint(hint),
        None => made,
    }
}

/// Writes it with a signature, as a push would.
async fn write(
    bundle: Bundle,
    to: PathBuf,
    variables: &Variables,
) -> Result<(PathBuf, Signature), Error> {
    let signer = local::signer(&Paths::find(variables)?, variables)?;
    let mut invoice = bundle.invoice().clone();
    invoice
        .signature
        .push(signer.sign(&invoice, SystemTime::now()));
    let folder = blocking(move || standalone::write(&bundle, &invoice, &to))
        .await?
        .map_err(|error| fault::standalone(&error, Exit::Internal))?;
    let signature = Signature {
        by: signer.label().to_owned(),
        key: signer.public_key(),
    };
    Ok((folder, signature))
}

/// What the bundle consists of.
fn inventory(
    application: &Application,
    bundle: &Bundle,
    against: Option<&(String, Preview)>,
) -> Packaged {
    let is_new = |sha256: &str| {
        let (_, preview) = against?;
        let digest: Digest = sha256.parse().ok()?;
        Some(preview.missing.contains(&digest))
    };
    let parcels = bundle.invoice().parcel.iter().map(|parcel| Parcel {
        name: parcel.label.name.clone(),
        groups: parcel
            .conditions
            .as_ref()
            .and_then(|conditions| conditions.member_of.clone())
            .unwrap_or_default(),
        sha256: parcel.label.sha256.clone(),
        size: parcel.label.size,
        media_type: parcel.label.media_type.clone(),
        new: is_new(&parcel.label.sha256),
    });
    Packaged {
        application: application.name().to_owned(),
        revision: application.revision(),
        application_digest: format!("sha256:{}", application.digest()),
        id: bundle.id().to_string(),
        parcels: parcels.collect(),
        distinct: bundle.contents().len(),
        bytes: bundle.contents().iter().map(|content| content.size()).sum(),
        against: against.map(|(server, preview)| Against {
            server: server.clone(),
            exists: preview.exists,
            upload: preview.upload,
            upload_bytes: preview.upload_bytes,
            present: preview.present,
            exact: preview.exact,
        }),
        folder: None,
        signature: None,
    }
}
