//! The component: the contract's exports on top of the plain logic.

use bowline_target::{
    Application, Authentication, Credential, DeployTarget, Deployment, Description, Environment,
    Failure, bindle, console, http as transport,
};
use http::{Request, Response};

use crate::config::Config;
use crate::deploy::{Facts, deploy};
use crate::port::{Host, Http};

struct Hippo;

bowline_target::export_deploy_target!(Hippo);
bowline_target::export_authentication!(Hippo);

impl DeployTarget for Hippo {
    fn describe() -> Description {
        crate::describe()
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let config = Config::read(|name| env.setting(name), env.credential())?;
        let facts = Facts {
            name: app.name(),
            revision: app.revision(),
            triggers: app
                .triggers()
                .into_iter()
                .map(|trigger| trigger.kind)
                .collect(),
            variables: env.variables().into_iter().map(|(name, _)| name).collect(),
        };
        deploy(&Bowline { app }, &config, &facts)
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

/// The host that runs the component, while it deploys.
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

    fn push(&self, id: &str) -> Result<(), Failure> {
        bindle::push(self.app, id).map(|_| ())
    }
}
