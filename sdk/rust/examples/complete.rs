//! A target with every operation, which keeps nothing anywhere: what a component with all exports looks like.

use bowline_target::{
    Ability, Application, Authentication, ChangeSet, Credential, DeployTarget, Deployment,
    Description, Environment, Failure, Lifecycle, Offer, Planning, Platform, Revision, State,
    Status,
};

struct Complete;

bowline_target::export_deploy_target!(Complete);
bowline_target::export_authentication!(Complete);
bowline_target::export_planning!(Complete);
bowline_target::export_platform!(Complete);
bowline_target::export_lifecycle!(Complete);

impl DeployTarget for Complete {
    fn describe() -> Description {
        Description {
            name: "complete".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Has every operation and no platform".into(),
            homepage: None,
            settings: Vec::new(),
            network: Vec::new(),
            triggers: vec!["http".into()],
        }
    }

    fn deploy(app: &Application, _env: &Environment) -> Result<Deployment, Failure> {
        Ok(deployment(app.name(), app.revision()))
    }
}

impl Authentication for Complete {
    fn authenticate(_env: &Environment) -> Result<Credential, Failure> {
        Ok(Credential {
            secret: "none".into(),
            expires_at: None,
            belongs_to: None,
        })
    }
}

impl Planning for Complete {
    fn plan(app: &Application, _env: &Environment) -> Result<ChangeSet, Failure> {
        Ok(ChangeSet {
            changes: Vec::new(),
            basis: app.digest(),
        })
    }
}

impl Platform for Complete {
    fn runs(_env: &Environment) -> Result<Vec<Offer>, Failure> {
        Ok(vec![Offer {
            ability: Ability::CoreModules,
            only_on: None,
        }])
    }
}

impl Lifecycle for Complete {
    fn applications(env: &Environment) -> Result<Vec<Status>, Failure> {
        let deployment = deployment(env.name(), "0.0.0".into());
        Ok(vec![Status {
            deployment,
            state: State::Unknown,
        }])
    }

    fn revisions(_env: &Environment, _application: String) -> Result<Vec<Revision>, Failure> {
        Ok(Vec::new())
    }

    fn activate(
        _env: &Environment,
        application: String,
        revision: String,
    ) -> Result<Deployment, Failure> {
        Ok(deployment(application, revision))
    }

    fn remove(_env: &Environment, application: String) -> Result<(), Failure> {
        Err(Failure::NotFound(format!("no application '{application}'")))
    }

    fn logs(_env: &Environment, _application: String, _lines: u32) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
}

fn deployment(application: String, revision: String) -> Deployment {
    Deployment {
        id: application.clone(),
        application,
        revision,
        url: None,
        ready_when: None,
    }
}
