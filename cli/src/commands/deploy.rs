//! `bowline deploy`: reads the application, has the target deploy it, and waits until it answers.

use std::ffi::OsString;
use std::sync::Arc;

use bowline_app::Application;
use bowline_host::bindle::{Client, ClientOptions};
use bowline_host::{Ask, Credential, Environment, HttpClient, Keep, Secret, Session, Target};
use clap::ArgMatches;

use crate::application::variables::Values;
use crate::application::{self, Loading};
use crate::commands::journal::Recording;
use crate::commands::local;
use crate::description::Description;
use crate::environments::{Environments, Selected};
use crate::error::Error;
use crate::events::Events;
use crate::exit::Exit;
use crate::fault;
use crate::limits;
use crate::login::{self, Login};
use crate::network;
use crate::output::{self, Deployed, Route};
use crate::paths::Paths;
use crate::progress::{Progress, Style};
use crate::settings::gather::{Gathered, from};
use crate::settings::{Settings, Source};
use crate::signals::{Signals, stopped};
use crate::target::Chosen;
use crate::targets::approval::{self, Asking, Given, Say};
use crate::targets::{self, Asked, Watch};
use crate::variables::Variables;
pub(crate) use request::BindleServer;
use request::Request;
pub(crate) use stopping::{interruptible, listen};
use stopping::{settled, wind_down};

mod fit;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub(crate) mod plan;
mod readiness;
mod request;
mod saved;
mod stopping;

/// What is known before the command line can be read in full.
pub(crate) struct Context {
    pub(crate) paths: Paths,
    pub(crate) target: Chosen,
    pub(crate) description: Description,
    pub(crate) environment: Selected,
    pub(crate) events: Arc<Events>,
}

impl Context {
    /// Finds the target in force, by the command line and the environment, and what it says of itself.
    ///
    /// # Errors
    /// When one of them can't be read, or there is no such target.
    pub(crate) fn find(
        asked: &Asked,
        variables: &Variables,
        events: &Arc<Events>,
    ) -> Result<Self, Error> {
        let paths = Paths::find(variables)?;
        let environments = Environments::new(&paths);
        let environment = environments.select(asked.environment.as_deref(), variables)?;
        let mut asked = asked.clone();
        if asked.target.is_none() {
            asked.target = environment.environment.target.clone().map(OsString::from);
        }
        let target = targets::resolve(&asked, &paths, variables)?;
        let description = target.describe(&paths)?;
        Ok(Self {
            paths,
            target,
            description,
            environment,
            events: Arc::clone(events),
        })
    }

    /// What the user allows the target in force: by what was approved before, or by asking.
    ///
    /// # Errors
    /// [`Exit::NotApproved`], and when the approvals can't be read.
    pub(crate) fn approve(&self, say: &Say) -> Result<Given, Error> {
        let asking = Asking {
            name: &self.description.name,
            own_name: &self.description.name,
            version: &self.description.version,
            digest: self.target.digest(),
            wants: &self.description.wants,
        };
        if self.target.is_built_in() {
            return Ok(Given::built_in(&asking, say));
        }
        let locked = self
            .target
            .pin()
            .and_then(|locked| locked.approved(&say.environment));
        approval::settle(&asking, say, locked, &self.paths)
    }
}

/// The error of a target that tried what it may not, and went on to report success.
pub(crate) fn misbehaved(deployed: &Deployed) -> Option<Error> {
    let (first, others) = deployed.denied.split_first()?;
    let made = Error::new(
        Exit::Denied,
        format!(
            "deployed, but the target '{}' was refused {first}",
            deployed.target
        ),
    );
    let made = fault::also_refused(made, others);
    Some(made.hint("look at what it deployed, and don't trust it with your secrets before you know why it tried"))
}

/// What is to be done, and what with: the command line, read in full.
struct Job {
    request: Request,
    context: Arc<Context>,
    earlier: Option<plan::Earlier>,
    given: Given,
    http: HttpClient,
    bindle: Option<Client>,
    loading: Loading,
    progress: Arc<Progress>,
    recording: Recording,
    credential: Option<Credential>,
    login: Arc<Login>,
}

impl Job {
    /// Reads the command line, and begins the run in the journal as this operation.
    fn read(
        operation: &str,
        matches: &ArgMatches,
        shared: &Arc<Context>,
        variables: &Variables,
    ) -> Result<Arc<Self>, Error> {
        let context = &**shared;
        let earlier = plan::Earlier::read(matches)?;
        // Before another target than the planned one asks anybody anything.
        if let Some(earlier) = &earlier {
            earlier.is_for(context)?;
        }
        let mut gathered = Gathered::read(matches, context, variables)?;
        let selected = &context.environment;
        selected.must_exist(&context.paths, &gathered.credentials, &from(matches))?;
        let say = Say::read(matches, selected.name(), variables)?;
        gathered
            .complete(context, say.asker())
            .map_err(|error| newcomer(error, &gathered, context))?;
        let request = Request::read(
            matches,
            &context.description,
            gathered.values.clone(),
            variables,
        )?;
        let given = context.approve(&say)?;
        let progress = Arc::new(
            Progress::new(Style::choose(
                matches.get_flag("quiet"),
                matches.get_count("verbose") > 0,
            ))
            .telling(&context.events),
        );
        let credential = login::credential(&mut gathered, context)?;
        for note in &gathered.notes {
            progress.warning(note);
        }
        let heard = Arc::clone(&progress);
        let login = Login::new(&gathered, context, say.asker(), heard, false);
        let (http, options) = request
            .network
            .client_and_options(variables, |warning| progress.warning(warning))?;
        let mut loading = Loading::new(
            &request.from,
            request.profile.as_deref(),
            &context.paths,
            (&http, &options),
            variables,
            &progress,
        );
        if request.no_cache {
            loading.hashes = None;
        }
        let recording = Recording::begin(operation, given.environment(), context)?;
        let http = recording.client(&http);
        let bindle = bindle(&request, &http, context, variables)
            .inspect_err(|error| recording.end(Some(error)))?;
        Ok(Arc::new(Self {
            request,
            context: Arc::clone(shared),
            earlier,
            given,
            http,
            bindle,
            loading,
            progress,
            recording,
            credential,
            login: Arc::new(login),
        }))
    }

    /// Name of the environment.
    fn environment(&self) -> &str {
        self.given.environment()
    }

    /// Does it, on a runtime of its own. With `-v` it tells what was used.
    fn run<T: Send + 'static>(
        &self,
        matches: &ArgMatches,
        variables: &Variables,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let runtime = crate::runtime()?;
        // Among the runtime's other tasks: from this thread, each request would have to wake one of the runtime's, and its answer this one.
        let result = runtime
            .block_on(runtime.spawn(work))
            .unwrap_or_else(|error| Err(application::broke_down(&error)));
        self.recording.end(result.as_ref().err());
        // Somebody else's change, or a file that was not what its remembered digest says: then the next run reads it.
        if result
            .as_ref()
            .is_err_and(|error| error.exit() == Exit::Conflict)
        {
            application::forget(&self.request.from, &self.context.paths.hashes());
        }
        self.progress.abandon();
        if matches.get_count("verbose") > 0 {
            for usage in self.progress.used() {
                self.progress.above(&output::usage::table(&usage));
            }
            let run = self.recording.run();
            self.progress.above(&format!(
                "What left is in the journal: bowline journal show {run}"
            ));
        }
        // Work on threads of its own, reading the application for one, is not waited for after an interruption.
        runtime.shutdown_background();
        result.map_err(|error| network::explain(error, variables))
    }
}

/// Everything that is ready before the target is first asked to do something.
struct Prepared {
    application: Arc<Application>,
    /// What its variables are to be.
    values: Values,
    target: Target,
    session: Session,
    /// Looks whether the approval is taken back meanwhile.
    watch: Option<Watch>,
}

/// Deploys as the command line says.
///
/// # Errors
/// Whatever went wrong, with its exit code.
pub(crate) fn run(
    matches: &ArgMatches,
    context: &Arc<Context>,
    variables: &Variables,
) -> Result<Deployed, Error> {
    let job = Job::read("deploy", matches, context, variables)?;
    let work = Arc::clone(&job);
    job.run(matches, variables, async move { deploy(&work).await })
}

/// Reads the application, loads the target, and makes the session in which they meet.
async fn prepare(job: &Job, signals: &mut Signals) -> Result<Prepared, Error> {
    let Job {
        request,
        context,
        progress,
        ..
    } = job;
    progress.start("Reading the application");
    let Some(loaded) = interruptible(signals, load(job)).await else {
        return Err(stopped(
            "stopped while reading the application; nothing was deployed",
        ));
    };
    let (application, target) = loaded?;
    job.recording.application(&application)?;
    for warning in application.warnings() {
        progress.warning(warning);
    }
    let values = request.assignments.settle(application.variables())?;
    let session = session(job, &target, &values).await?;
    let application = Arc::new(application);
    let (heard, who) = (Arc::clone(progress), context.description.name.clone());
    let watch = job.given.watch(
        &request.from,
        &context.paths,
        session.revocation.clone(),
        move || heard.warning(&targets::taken_back(&who)),
    );
    Ok(Prepared {
        application,
        values,
        target,
        session,
        watch,
    })
}

async fn deploy(job: &Job) -> Result<Deployed, Error> {
    let Job {
        request,
        context,
        http,
        bindle,
        progress,
        ..
    } = job;
    let mut signals = listen()?;
    let name = &context.description.name;
    if let Some(building) = &request.building {
        building.run(progress, &mut signals).await?;
    }
    let mut prepared = prepare(job, &mut signals).await?;
    if let Some(earlier) = &job.earlier {
        earlier.holds_here(job, &prepared)?;
    }
    check_fit(job, &prepared, &mut signals).await?;
    if let Some(earlier) = &job.earlier {
        let holding = earlier.holds_there(job, &prepared);
        let Some(holds) = interruptible(&mut signals, holding).await else {
            return Err(stopped(
                "stopped while checking the plan; nothing was deployed",
            ));
        };
        if let Some(credential) = holds? {
            prepared.session = prepared.session.with_login(credential);
        }
    }
    let Prepared {
        application,
        target,
        session,
        watch: _watch,
        values: _,
    } = prepared;

    progress.start(&format!(
        "Deploying {} {} with '{name}'",
        application.name(),
        application.revision()
    ));
    let deploying = target.deploy_authenticated(Arc::clone(&application), &session);
    let Some(deployed) = interruptible(&mut signals, deploying).await else {
        return Err(wind_down(&mut signals, bindle.as_ref(), progress).await);
    };
    // A limit, or an approval that was taken back, may have ended a push whose parcels are under way.
    settled(&mut signals, bindle.as_ref()).await;
    let deployment = deployed
        .map_err(|error| fault::operation(&error, Some(&context.description)))?
        .deployment;

    let readiness = readiness::wait(request, &deployment, (http, &session.grant), progress);
    let readiness = match interruptible(&mut signals, readiness).await {
        Some(readiness) => readiness?,
        None => {
            return Err(stopped(format!(
                "stopped while waiting for an answer; {} {} is deployed",
                deployment.application, deployment.revision
            )));
        }
    };
    progress.finish();
    Ok(Deployed {
        routes: deployment
            .url
            .as_ref()
            .map(|url| routes(&application, url.as_str()))
            .unwrap_or_default(),
        application: deployment.application,
        revision: deployment.revision,
        target: name.clone(),
        url: deployment.url.map(String::from),
        pushed: progress.pushed(),
        readiness,
        denied: progress.denials(),
        run: job.recording.run(),
        used: progress.used(),
    })
}

/// Adds how to get a platform, for somebody who has named none.
fn newcomer(error: Error, gathered: &Gathered, context: &Context) -> Error {
    let mut required = gathered.settings.iter().filter(|setting| setting.required);
    let given = required.any(|setting| gathered.values.get(&setting.name).is_some());
    if error.exit() != Exit::Usage || !context.target.is_built_in() || given {
        return error;
    }
    // Where the platform of this machine writes its address and login, unless it was told another place.
    let file = context.paths.local_data().join("env");
    if file.is_file() {
        error.hint(format!(
            "or, for the platform of `bowline local up`, run `. {}` first",
            file.display()
        ))
    } else {
        error.hint("or try it on this machine: `bowline local up` starts a platform and says how to deploy to it")
    }
}

/// The application and the target, read and compiled at the same time.
async fn load(job: &Job) -> Result<(Application, Target), Error> {
    let context = &job.context;
    let (chosen, paths) = (context.target.clone(), context.paths.clone());
    let target = tokio::spawn(application::blocking(move || chosen.load(&paths)));
    let application = job.loading.clone().load().await?;
    let target = target
        .await
        .map_err(|error| application::broke_down(&error))???;
    Ok((application, target))
}

/// Refuses what the platform can't run before anything is sent.
async fn fit(
    job: &Job,
    application: &Arc<Application>,
    target: &Target,
    session: &Session,
) -> Result<(), Error> {
    let description = target
        .describe()
        .await
        .map_err(|error| fault::host(error, job.context.target.place()))?;
    let offers = if target.knows_platform() {
        let offers = target.runs(session).await;
        Some(offers.map_err(|error| fault::operation(&error, Some(&job.context.description)))?)
    } else {
        None
    };
    let binaries = match &offers {
        Some(_) => {
            let application = Arc::clone(application);
            application::blocking(move || fit::look(&application)).await?
        }
        None => fit::Binaries::new(),
    };
    let platform = fit::Platform {
        target: &job.context.description.name,
        triggers: &description.triggers,
        offers: offers.as_ref(),
        packs: job.context.description.uses_bindle,
    };
    for warning in fit::check(application, &binaries, &platform)? {
        job.progress.warning(&warning);
    }
    Ok(())
}

/// [`fit`], until the user wants to stop.
async fn check_fit(job: &Job, prepared: &Prepared, signals: &mut Signals) -> Result<(), Error> {
    let Prepared {
        application,
        target,
        session,
        ..
    } = prepared;
    interruptible(signals, fit(job, application, target, session))
        .await
        .unwrap_or_else(|| {
            Err(stopped(
                "stopped while looking at the application; nothing was deployed",
            ))
        })
}

async fn session(job: &Job, target: &Target, values: &Values) -> Result<Session, Error> {
    let request = &job.request;
    let description = target
        .describe()
        .await
        .map_err(|error| fault::host(error, job.context.target.place()))?;
    let mut environment = environment(&job.context, &request.settings)
        .with_credential(job.credential.clone())
        .with_questions(Arc::clone(&job.login) as Arc<dyn Ask>)
        .with_keeper(Arc::clone(&job.login) as Arc<dyn Keep>);
    for variable in values.iter() {
        let (name, value) = (variable.name.as_str(), variable.value.clone());
        environment = if variable.secret {
            environment.with_secret_variable(name, value)
        } else {
            environment.with_variable(name, value)
        };
    }
    let limits = limits::of(&job.given.approval, &request.limits)?;
    let observer: Arc<Progress> = Arc::clone(&job.progress);
    let session = Session::new(environment, job.http.clone())
        .with_limits(limits)
        .with_observer(observer)
        .granting(&description, &job.given.approval)
        .map_err(|error| Error::of(Exit::Usage, &error))?;
    Ok(match job.bindle.clone() {
        Some(client) => session.with_bindle(client),
        None => session,
    })
}

/// The environment with these settings, as the host lends it to the target.
pub(crate) fn environment(context: &Context, settings: &Settings) -> Environment {
    let declared = &context.description.settings;
    let own = |name: &str| declared.iter().any(|setting| setting.name == name);
    settings
        .iter()
        // Defaults the host has from the target itself, and trusts them less than what the user gave.
        .filter(|(name, value)| own(name) && *value.source() != Source::Default)
        .fold(
            Environment::new(context.environment.name()),
            |environment, (name, value)| environment.with_setting(name, Secret::new(value.text())),
        )
}

fn bindle(
    request: &Request,
    http: &HttpClient,
    context: &Context,
    variables: &Variables,
) -> Result<Option<Client>, Error> {
    let Some(server) = &request.bindle else {
        return Ok(None);
    };
    let mut options = ClientOptions::new(server.address.clone());
    options.credentials = server.credentials.clone();
    request.network.bound(&mut options.timing);
    options.archive = request.archive;
    options.signer = Some(local::signer(&context.paths, variables)?);
    Ok(Some(Client::new(http, options)))
}

/// Every route as a full URL.
fn routes(application: &Application, url: &str) -> Vec<Route> {
    let base = url.trim_end_matches('/');
    application
        .routes()
        .into_iter()
        .map(|route| Route {
            url: format!("{base}{}", route.pattern),
            component: route.component,
        })
        .collect()
}
