//! The component: the contract's exports on top of the plain logic.

use bowline_target::{
    Application, Authentication, ChangeSet, Credential, DeployTarget, Deployment, Description,
    Environment, Failure, Offer, Planning, Platform, bindle, console, http as transport,
};
use http::{Request, Response};

use crate::config::Config;
use crate::deploy::{Facts, Variable, deploy, plan};
use crate::port::{Host, Http};

struct Hippo;

bowline_target::export_deploy_target!(Hippo);
bowline_target::export_authentication!(Hippo);
bowline_target::export_planning!(Hippo);
bowline_target::export_platform!(Hippo);

impl DeployTarget for Hippo {
    fn describe() -> Description {
        crate::describe()
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let config = Config::read(|name| env.setting(name), env.credential())?;
        deploy(&Bowline { app }, &config, &facts(app, env))
    }
}

impl Planning for Hippo {
    fn plan(app: &Application, env: &Environment) -> Result<ChangeSet, Failure> {
        let config = Config::read(|name| env.setting(name), env.credential())?;
        plan(&Bowline { app }, &config, &facts(app, env))
    }
}

impl Platform for Hippo {
    fn runs(env: &Environment) -> Result<Vec<Offer>, Failure> {
        let engine = env.setting(crate::describe::names::ENGINE)?;
        Ok(crate::platform::runs(engine.as_deref()))
    }
}

fn facts(app: &Application, env: &Environment) -> Facts {
    let declared = app.variables();
    let variables = env.variables().into_iter().map(|(name, value)| Variable {
        secret: declared.iter().any(|it| it.name == name && it.secret),
        name,
        value,
    });
    let triggers = app.triggers().into_iter().map(|trigger| trigger.kind);
    Facts {
        name: app.name(),
        revision: app.revision(),
        triggers: triggers.collect(),
        variables: variables.collect(),
    }
}

impl Authentication for Hippo {
    fn authenticate(env: &Environment) -> Result<Credential, Failure> {
        crate::auth::authenticate(&Network, |name| env.setting(name))
    }
}

/// The network, as the host lends it.
struct Network;

impl Http for Network {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, transport::Error> {
        transport::send(request)
    }
}

/// The host that runs the component, while it deploys or plans.
struct Bowline<'a> {
    app: &'a Application,
}

impl Http for Bowline<'_> {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, transport::Error> {
        transport::send(request)
    }
}

impl Host for Bowline<'_> {
    fn step(&self, message: &str) {
        console::step(message);
    }

    fn warn(&self, message: &str) {
        console::warn(message);
    }

    fn accept_archives(&self) {
        bindle::accept_archives();
    }

    fn push(&self, id: &str) -> Result<(), Failure> {
        bindle::push(self.app, id).map(|_| ())
    }

    fn preview(&self, id: &str) -> Result<bindle::PushPreview, Failure> {
        bindle::preview(self.app, id)
    }
}
