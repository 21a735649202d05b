//! `bowline plan`, `deploy --dry-run` and `deploy --plan`: what a deploy would do, and whether that is still so.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use bowline_host::{Credential, Plan};
use clap::ArgMatches;

use super::saved::{self, Saved};
use super::{Context, Job, Prepared, check_fit, interruptible, listen, prepare, stopped};
use crate::error::Error;
use crate::exit::Exit;
use crate::fault;
use crate::output::{Planned, Step};
use crate::variables::Variables;

/// A plan that was made earlier, and its file.
pub(super) struct Earlier {
    path: PathBuf,
    saved: Saved,
}

impl Earlier {
    /// Reads the file of `--plan`, if there is that flag.
    ///
    /// # Errors
    /// When it can't be read, or is no plan.
    pub(super) fn read(matches: &ArgMatches) -> Result<Option<Self>, Error> {
        let Some(path) = file(matches, "plan") else {
            return Ok(None);
        };
        let saved = Saved::read(&path)?;
        Ok(Some(Self { path, saved }))
    }

    /// Whether it is for this target and this environment: all that is known before anything is asked.
    ///
    /// # Errors
    /// [`Exit::Conflict`], naming what has moved.
    pub(super) fn is_for(&self, context: &Context) -> Result<(), Error> {
        let environment = context.environment.name();
        self.refuse(&self.saved.moved_before(&target(context), environment))
    }

    /// Whether nothing else has moved on this side, which needs no question to anybody.
    ///
    /// # Errors
    /// [`Exit::Conflict`], naming everything that has moved.
    pub(super) fn holds_here(&self, job: &Job, prepared: &Prepared) -> Result<(), Error> {
        let environment = environment(job);
        let mut moved = self.saved.moved_here(&application(prepared), &environment);
        moved.extend(self.saved.variables.moved(&prepared.values)?);
        self.refuse(&moved)
    }

    /// Whether nothing has moved on the platform, by a plan that is made anew. The credential that was got for it, if any.
    ///
    /// # Errors
    /// [`Exit::Conflict`], naming everything that has moved; whatever went wrong with the plan.
    pub(super) async fn holds_there(
        &self,
        job: &Job,
        prepared: &Prepared,
    ) -> Result<Option<Credential>, Error> {
        let environment = environment(job);
        let (plan, credential) = make(job, prepared).await?;
        self.refuse(&self.saved.moved_there(&plan, &environment))?;
        Ok(credential)
    }

    fn refuse(&self, moved: &[String]) -> Result<(), Error> {
        if moved.is_empty() {
            Ok(())
        } else {
            Err(saved::moved(&self.path, moved))
        }
    }
}

/// Plans as the command line says.
///
/// # Errors
/// Whatever went wrong, with its exit code.
pub(crate) fn run(
    matches: &ArgMatches,
    context: &Arc<Context>,
    variables: &Variables,
) -> Result<Planned, Error> {
    let job = Job::read("plan", matches, context, variables)?;
    let detailed = matches.get_flag("detailed-exitcode");
    let (work, save) = (Arc::clone(&job), file(matches, "save"));
    job.run(matches, variables, async move {
        plan(&work, save.as_ref(), detailed).await
    })
}

async fn plan(
    job: &Job,
    save: Option<&PathBuf>,
    detailed_exitcode: bool,
) -> Result<Planned, Error> {
    let mut signals = listen()?;
    let prepared = prepare(job, &mut signals).await?;
    check_fit(job, &prepared, &mut signals).await?;
    let (plan, _) = match interruptible(&mut signals, make(job, &prepared)).await {
        Some(made) => made?,
        None => return Err(stopped("stopped while planning; nothing was changed")),
    };
    let denied = job.progress.denials();
    let (application, target, environment) = (
        application(&prepared),
        target(&job.context),
        environment(job),
    );
    let mut planned = Planned {
        application: application.name.clone(),
        revision: application.revision.clone(),
        application_digest: format!("sha256:{}", application.digest),
        target: target.name.clone(),
        target_digest: format!("sha256:{}", target.digest),
        environment: environment.name.clone(),
        to_change: plan.is_to_change(),
        changes: plan
            .changes()
            .iter()
            .map(|change| Step {
                action: change.action,
                kind: change.kind.clone(),
                name: change.name.clone(),
                detail: change.detail.clone(),
            })
            .collect(),
        denied,
        saved: None,
        run: job.recording.run(),
        used: job.progress.used(),
        detailed_exitcode,
    };
    // A plan that was made with something refused may not be whole; nobody should deploy by it.
    if let Some(path) = save.filter(|_| planned.denied.is_empty()) {
        let variables = saved::Variables::of(&prepared.values)?;
        Saved::new(application, target, environment, variables, &plan).write(path)?;
        planned.saved = Some(path.display().to_string());
    }
    job.progress.finish();
    Ok(planned)
}

/// The error of a target that tried what it may not, and gave a plan all the same.
pub(crate) fn misbehaved(planned: &Planned) -> Option<Error> {
    let (first, others) = planned.denied.split_first()?;
    let made = Error::new(
        Exit::Denied,
        format!(
            "the target '{}' was refused {first}; its plan may not be whole, and is not saved",
            planned.target
        ),
    );
    Some(fault::also_refused(made, others))
}

async fn make(job: &Job, prepared: &Prepared) -> Result<(Plan, Option<Credential>), Error> {
    let (name, application) = (&job.context.description.name, &prepared.application);
    if !prepared.target.can_plan() {
        return Err(Error::new(
            Exit::Target,
            format!("the target '{name}' can't say what it would do: it has no operation `plan`"),
        )
        .hint("deploy without a plan, or ask its author for one"));
    }
    job.progress.start(&format!(
        "Planning {} {} with '{name}'",
        application.name(),
        application.revision()
    ));
    let planned = prepared
        .target
        .plan_authenticated(application.clone(), &prepared.session)
        .await
        .map_err(|error| fault::operation(&error, Some(&job.context.description)))?;
    Ok((planned.plan, planned.credential))
}

fn application(prepared: &Prepared) -> saved::Application {
    let application = &prepared.application;
    saved::Application {
        name: application.name().to_owned(),
        revision: application.revision(),
        digest: application.digest(),
    }
}

fn target(context: &Context) -> saved::Target {
    let description = &context.description;
    saved::Target {
        name: description.name.clone(),
        version: description.version.clone(),
        digest: context.target.digest(),
    }
}

fn environment(job: &Job) -> saved::Environment {
    let request = &job.request;
    saved::Environment {
        name: job.environment().to_owned(),
        bindle_server: request
            .bindle
            .as_ref()
            .map(|server| server.address.to_string()),
        settings: request
            .settings
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect(),
    }
}

fn file(matches: &ArgMatches, flag: &str) -> Option<PathBuf> {
    // Only some of the verbs have it.
    let given = matches.try_get_one::<OsString>(flag).ok().flatten();
    given.map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_with_something_refused_is_no_success() {
        let mut planned = Planned {
            application: "shop".into(),
            revision: "1.0.0+q0".into(),
            application_digest: String::new(),
            target: "acme".into(),
            target_digest: String::new(),
            environment: "default".into(),
            to_change: true,
            changes: Vec::new(),
            denied: Vec::new(),
            saved: None,
            run: String::new(),
            used: Vec::new(),
            detailed_exitcode: false,
        };
        assert_eq!(misbehaved(&planned), None);
        planned.denied = vec!["a request to https://evil.test".into(), "more".into()];
        let error = misbehaved(&planned).unwrap();
        assert_eq!(error.exit(), Exit::Denied);
        assert!(
            error.message().contains("https://evil.test") && error.message().contains("not saved")
        );
        assert!(error.lines().unwrap().contains("more"));
    }
}
