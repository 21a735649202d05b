//! The component: the contract's exports on top of the plain logic.

use bowline_target::{
    Application, Authentication, Credential, DeployTarget, Deployment, Description, Environment,
    Failure,
};

struct Hippo;

bowline_target::export_deploy_target!(Hippo);
bowline_target::export_authentication!(Hippo);

impl DeployTarget for Hippo {
    fn describe() -> Description {
        crate::describe()
    }

    fn deploy(_app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        bowline_target::console::step("Asking for the server");
        let url = env.setting("hippo-url")?.unwrap_or_default();
        let request = http::Request::get(format!("{url}/healthz"))
            .body(Vec::new())
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        let answer = bowline_target::http::send(request)
            .map_err(|error| Failure::Unavailable(error.to_string()))?;
        Err(Failure::UnsupportedOperation(format!("skeleton: {}", answer.status())))
    }
}

impl Authentication for Hippo {
    fn authenticate(_env: &Environment) -> Result<Credential, Failure> {
        Err(Failure::UnsupportedOperation("skeleton".into()))
    }
}
