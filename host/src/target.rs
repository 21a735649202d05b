//! A loaded target, and its operations.

use std::sync::{Arc, OnceLock};

use bowline_app::{Application, Digest};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre, Linker, Resource};

use crate::application::ApplicationHandle;
use crate::artifact::{Artifact, ArtifactError};
use crate::bindings::{authentication, deploy_target, planning, platform};
use crate::contract::{Credential, Deployment, Description, Offers, Plan, TargetFailure};
use crate::engine::Engine;
use crate::environment::EnvironmentHandle;
use crate::error::{HostError, Operation};
use crate::grant::Wants;
use crate::limits::Limits;
use crate::meter;
use crate::session::Session;
use crate::state::{Lent, Loading, Run, State};

mod compile;
mod fault;
mod link;
mod login;

use login::Logins;

/// A target, compiled and linked. Cheap to clone.
#[derive(Clone)]
pub struct Target {
    inner: Arc<Inner>,
}

struct Inner {
    artifact: Artifact,
    loading: Loading,
    limits: Limits,
    /// What messages call it until it has told its name.
    label: String,
    pre: InstancePre<State>,
    deploy: deploy_target::GuestIndices,
    authenticate: Option<authentication::GuestIndices>,
    plan: Option<planning::GuestIndices>,
    platform: Option<platform::GuestIndices>,
    description: OnceLock<Arc<Description>>,
}

/// What [`Target::deploy_authenticated`] brought.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Deployed {
    /// What runs now.
    pub deployment: Deployment,
    /// The credential of a login that was necessary on the way, worth keeping for the next time.
    pub credential: Option<Credential>,
}

/// What [`Target::plan_authenticated`] brought.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Planned {
    /// What a deploy would do.
    pub plan: Plan,
    /// The credential of a login that was necessary on the way, worth keeping for the deploy.
    pub credential: Option<Credential>,
}

impl Target {
    /// Compiles the target, or takes its compiled code from the engine's cache, and links it with what the host offers. This
    /// keeps a processor busy for up to some seconds: call it where that blocks nobody.
    ///
    /// # Errors
    /// [`HostError::Artifact`] with `Compile`, `Shape`, or `Limit` of the time that compiling may take.
    pub fn load(engine: &Engine, artifact: Artifact) -> Result<Self, HostError> {
        Self::load_within(engine, artifact, &Limits::default())
    }

    /// Loads the target as [`load`](Self::load) does, within these limits; they are those of `describe`, too. Other operations have
    /// those of their session.
    ///
    /// # Errors
    /// As for [`Target::load`].
    pub fn load_within(
        engine: &Engine,
        artifact: Artifact,
        limits: &Limits,
    ) -> Result<Self, HostError> {
        let (component, compiling) = compile::compile(engine, &artifact, limits)?;
        let mut linker = Linker::new(engine.wasmtime());
        link::offer(&mut linker)
            .map_err(|error| HostError::Runtime("nothing can be linked".to_owned(), error))?;
        let pre = linker
            .instantiate_pre(&component)
            .map_err(ArtifactError::Shape)?;
        let deploy = deploy_target::GuestIndices::new(&pre).map_err(ArtifactError::Shape)?;
        // The indices can't be made when the interface is missing, and neither when it has another shape.
        let exports = |interface: &str| {
            let mut names = artifact.exports().iter();
            names.any(|name| name.starts_with(interface))
        };
        let authenticate = exports("bowline:deploy/authentication@")
            .then(|| authentication::GuestIndices::new(&pre).map_err(ArtifactError::Shape))
            .transpose()?;
        let plan = exports("bowline:deploy/planning@")
            .then(|| planning::GuestIndices::new(&pre).map_err(ArtifactError::Shape))
            .transpose()?;
        let platform = exports("bowline:deploy/platform@")
            .then(|| platform::GuestIndices::new(&pre).map_err(ArtifactError::Shape))
            .transpose()?;
        let label = format!("sha256:{}", artifact.digest().prefix(12));
        let inner = Inner {
            loading: Loading {
                instances: artifact.inspection().shape.instances,
                size: artifact.bytes().len() as u64,
                compiling,
            },
            artifact,
            limits: limits.clone(),
            label,
            pre,
            deploy,
            authenticate,
            plan,
            platform,
            description: OnceLock::new(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// What it was loaded from.
    pub fn artifact(&self) -> &Artifact {
        &self.inner.artifact
    }

    /// SHA-256 of its file.
    pub fn digest(&self) -> &Digest {
        self.inner.artifact.digest()
    }

    /// The name that it gave itself, or the start of its digest as long as it hasn't been asked.
    pub fn name(&self) -> &str {
        self.inner
            .description
            .get()
            .map_or(&self.inner.label, |description| &description.name)
    }

    /// Whether it exports `authentication`.
    pub fn can_authenticate(&self) -> bool {
        self.inner.authenticate.is_some()
    }

    /// Whether it exports `planning`.
    pub fn can_plan(&self) -> bool {
        self.inner.plan.is_some()
    }

    /// Whether it exports `platform`.
    pub fn knows_platform(&self) -> bool {
        self.inner.platform.is_some()
    }

    /// Asks the target what it is and needs, once; later calls give the same answer. It runs without any capability, and within
    /// [`Limits::describing`].
    ///
    /// # Errors
    /// [`HostError::Description`] when its answer breaks the contract, [`HostError::Trap`] and [`HostError::Limit`].
    pub async fn describe(&self) -> Result<Arc<Description>, HostError> {
        if let Some(known) = self.inner.description.get() {
            return Ok(Arc::clone(known));
        }
        let run = Run::unlent(
            self.name(),
            Operation::Describe,
            self.inner.limits.describing(),
        );
        let (answer, _run) = self
            .call(
                run,
                async |mut store: &mut Store<State>, pre: &InstancePre<State>| {
                    let instance = pre.instantiate_async(&mut store).await?;
                    let guest = self.inner.deploy.load(&mut store, &instance)?;
                    guest.call_describe(&mut store).await
                },
            )
            .await?;
        let description = Description::check(answer).map_err(|source| HostError::Description {
            target: self.name().to_owned(),
            source,
        })?;
        Ok(Arc::clone(
            self.inner.description.get_or_init(|| Arc::new(description)),
        ))
    }

    /// Everything that it asks for, for the user to approve.
    ///
    /// # Errors
    /// As for [`Target::describe`].
    pub async fn wants(&self) -> Result<Wants, HostError> {
        Ok(Wants::of(&*self.describe().await?, self.artifact()))
    }

    /// Has the target bring its platform to run this application.
    ///
    /// # Errors
    /// Every [`HostError`] but `Artifact` and `Unsupported`.
    pub async fn deploy(
        &self,
        application: Arc<Application>,
        session: &Session,
    ) -> Result<Deployment, HostError> {
        let run = self.lend(Operation::Deploy, session).await?;
        let (answer, run) = self
            .call_about(run, application, async |store, instance, given| {
                let guest = self.inner.deploy.load(&mut *store, instance)?;
                guest
                    .call_deploy(store, given.application, given.environment)
                    .await
            })
            .await?;
        match answer {
            Ok(deployment) => {
                // What is done is done and has to be told, but by a target that was disowned it is no success: the observer hears of it.
                if run.report().denial.is_none() {
                    let _ = run.still_granted();
                }
                Deployment::check(deployment).map_err(|reason| self.unusable(&run, reason))
            }
            Err(failure) => Err(fault::failed(&run, failure.into())),
        }
    }

    /// Has the target log in, by what the environment's settings say. The session's own credential is not given to it. A login is made of
    /// requests with the methods GET, HEAD and POST: others are refused.
    ///
    /// # Errors
    /// [`HostError::Unsupported`] when the target has no logins, [`HostError::Denied`] with [`Denial::Write`] when it tried more than a login
    /// is made of, else as for [`Target::deploy`].
    ///
    /// [`Denial::Write`]: crate::Denial::Write
    pub async fn authenticate(&self, session: &Session) -> Result<Credential, HostError> {
        let operation = Operation::Authenticate;
        let authenticate = self.exported(self.inner.authenticate.as_ref(), operation)?;
        let run = self.lend(operation, session).await?;
        let (answer, run) = self
            .call_within(run, async |store, instance, environment| {
                let guest = authenticate.load(&mut *store, instance)?;
                guest.call_authenticate(store, environment).await
            })
            .await?;
        let credential = self.looked(&run, answer)?;
        let description = self.describe().await?;
        Credential::check(credential, &description).map_err(|reason| self.unusable(&run, reason))
    }

    /// Asks the target what [`deploy`](Self::deploy) would do. Whatever its code says, it can only look: of its requests those with the
    /// methods GET and HEAD pass, and of Bindle's functions the questions.
    ///
    /// # Errors
    /// [`HostError::Unsupported`] when the target has no plans, [`HostError::Denied`] with [`Denial::Write`] when it tried
    /// to change something, even if it gave a plan after that, else as for [`Target::deploy`].
    ///
    /// [`Denial::Write`]: crate::Denial::Write
    pub async fn plan(
        &self,
        application: Arc<Application>,
        session: &Session,
    ) -> Result<Plan, HostError> {
        let operation = Operation::Plan;
        let plan = self.exported(self.inner.plan.as_ref(), operation)?;
        let run = self.lend(operation, session).await?;
        let (answer, run) = self
            .call_about(run, application, async |store, instance, given| {
                let guest = plan.load(&mut *store, instance)?;
                guest
                    .call_plan(store, given.application, given.environment)
                    .await
            })
            .await?;
        let changes = self.looked(&run, answer)?;
        Plan::check(changes).map_err(|reason| self.unusable(&run, reason.to_string()))
    }

    /// Asks the target what its platform runs. As while planning, it can only look.
    ///
    /// # Errors
    /// [`HostError::Unsupported`] when the target does not know, else as for [`Target::plan`].
    pub async fn runs(&self, session: &Session) -> Result<Offers, HostError> {
        let operation = Operation::Runs;
        let platform = self.exported(self.inner.platform.as_ref(), operation)?;
        let run = self.lend(operation, session).await?;
        let (answer, run) = self
            .call_within(run, async |store, instance, environment| {
                let guest = platform.load(&mut *store, instance)?;
                guest.call_runs(store, environment).await
            })
            .await?;
        let offers = self.looked(&run, answer)?;
        Offers::check(offers).map_err(|reason| self.unusable(&run, reason.to_string()))
    }

    /// Deploys, and where the platform wants a login logs in and deploys again. A credential that was got here and is refused
    /// may have expired on the way, so it is renewed once; a refusal after that is final.
    ///
    /// # Errors
    /// As for [`Target::deploy`]. Where the target has no logins, the platform's refusal is the error.
    pub async fn deploy_authenticated(
        &self,
        application: Arc<Application>,
        session: &Session,
    ) -> Result<Deployed, HostError> {
        let mut logins = Logins::new(session);
        loop {
            match self.deploy(Arc::clone(&application), &logins.session).await {
                Ok(deployment) => {
                    return Ok(Deployed {
                        deployment,
                        credential: logins.credential,
                    });
                }
                Err(refusal) => logins.renew(self, refusal).await?,
            }
        }
    }

    /// Plans as [`deploy_authenticated`](Self::deploy_authenticated) deploys. A login is an operation of its own: it may POST.
    ///
    /// # Errors
    /// As for [`Target::plan`]. Where the target has no logins, the platform's refusal is the error.
    pub async fn plan_authenticated(
        &self,
        application: Arc<Application>,
        session: &Session,
    ) -> Result<Planned, HostError> {
        let mut logins = Logins::new(session);
        loop {
            match self.plan(Arc::clone(&application), &logins.session).await {
                Ok(plan) => {
                    return Ok(Planned {
                        plan,
                        credential: logins.credential,
                    });
                }
                Err(refusal) => logins.renew(self, refusal).await?,
            }
        }
    }

    async fn lend(&self, operation: Operation, session: &Session) -> Result<Run, HostError> {
        let description = self.describe().await?;
        // A login starts from nothing: the credential that is there is missing, too old, or was refused.
        let credential = match operation {
            Operation::Authenticate => None,
            _ => self.credential(session).cloned(),
        };
        let lent = Lent::new(session, description).with_credential(credential);
        Ok(Run::new(
            self.name(),
            operation,
            session.limits.clone(),
            Arc::clone(&session.observer),
            Some(lent),
        )
        .of(self.inner.loading))
    }

    /// Whether logins are its own and granted: whoever else takes its name gets nothing of them.
    fn may_log_in(&self, session: &Session) -> bool {
        self.can_authenticate() && session.grant.login()
    }

    /// The session's credential, if it is for this target.
    fn credential<'a>(&self, session: &'a Session) -> Option<&'a Credential> {
        let credential = session.environment.credential();
        credential.filter(|_| self.may_log_in(session))
    }

    /// What exports of an interface that this target need not have are called by.
    fn exported<'a, T>(
        &self,
        interface: Option<&'a T>,
        operation: Operation,
    ) -> Result<&'a T, HostError> {
        interface.ok_or_else(|| HostError::Unsupported {
            target: self.name().to_owned(),
            operation,
        })
    }

    /// The answer of an operation that may not write, if it has not, and nobody has taken back what it was made with.
    fn looked<T>(
        &self,
        run: &Arc<Run>,
        answer: Result<T, impl Into<TargetFailure>>,
    ) -> Result<T, HostError> {
        let answer = answer.map_err(|failure| fault::failed(run, failure.into()))?;
        if let Some(error) = fault::overstepped(run, None) {
            return Err(error);
        }
        run.still_granted().map_err(|denial| HostError::Denied {
            target: run.target.clone(),
            denial,
            failure: None,
        })?;
        Ok(answer)
    }

    /// Runs one call that is given the environment and the application.
    async fn call_about<T>(
        &self,
        run: Run,
        application: Arc<Application>,
        call: impl AsyncFnOnce(&mut Store<State>, &Instance, Given) -> wasmtime::Result<T>,
    ) -> Result<(T, Arc<Run>), HostError> {
        self.call_within(
            run,
            async |store: &mut Store<State>, instance: &Instance, environment| {
                let handle = ApplicationHandle::new(application);
                let application = store.data_mut().table.push(handle)?;
                let given = Given {
                    application: Resource::new_borrow(application.rep()),
                    environment,
                };
                call(store, instance, given).await
            },
        )
        .await
    }

    /// Runs one call that is given the environment.
    async fn call_within<T>(
        &self,
        run: Run,
        call: impl AsyncFnOnce(
            &mut Store<State>,
            &Instance,
            Resource<EnvironmentHandle>,
        ) -> wasmtime::Result<T>,
    ) -> Result<(T, Arc<Run>), HostError> {
        self.call(
            run,
            async |store: &mut Store<State>, pre: &InstancePre<State>| {
                let environment = store.data_mut().table.push(EnvironmentHandle)?;
                let instance = pre.instantiate_async(&mut *store).await?;
                call(store, &instance, Resource::new_borrow(environment.rep())).await
            },
        )
        .await
    }

    /// Runs one call in a store of its own, within the limits.
    async fn call<T>(
        &self,
        run: Run,
        call: impl AsyncFnOnce(&mut Store<State>, &InstancePre<State>) -> wasmtime::Result<T>,
    ) -> Result<(T, Arc<Run>), HostError> {
        let run = Arc::new(run);
        let reporting = Reporting(Arc::clone(&run));
        let mut store = State::store(self.inner.pre.engine(), &run);
        // Declared after the store, so that it comes first also where this call is dropped while it waits.
        let ending = Ending(Arc::clone(&run));
        let outcome = meter::bounded(&run, call(&mut store, &self.inner.pre)).await;
        drop(ending);
        // Bodies and streams that the guest left behind end with its store, before anybody looks at what was reported.
        drop(store);
        drop(reporting);
        match outcome {
            // A guest may go on as if nothing were: what it answers then was made without what it did not get.
            Ok(Ok(answer)) => {
                let limit = run.report().limit.clone();
                match limit {
                    Some(limit) => Err(fault::limited(&run, limit)),
                    None => Ok((answer, run)),
                }
            }
            Ok(Err(error)) => Err(fault::broke_down(&run, error)),
            Err(limit) => Err(fault::limited(&run, limit)),
        }
    }

    fn unusable(&self, run: &Run, reason: String) -> HostError {
        HostError::Answer {
            target: self.name().to_owned(),
            operation: run.operation,
            reason,
        }
    }
}

/// What a call is given that is about an application.
struct Given {
    application: Resource<ApplicationHandle>,
    environment: Resource<EnvironmentHandle>,
}

/// Tells what the operation has used when it is dropped.
struct Reporting(Arc<Run>);

impl Drop for Reporting {
    fn drop(&mut self) {
        self.0.observer.used(&self.0.usage());
    }
}

/// Marks the operation as over when it is dropped. To those who read a body, one whose writer has vanished with its store looks
/// like one that is complete.
struct Ending(Arc<Run>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("name", &self.name())
            .field("digest", self.digest())
            .finish_non_exhaustive()
    }
}
