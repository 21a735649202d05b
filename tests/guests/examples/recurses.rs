//! Calls itself without end.

use bowline_guests::description;
use bowline_target::{Application, DeployTarget, Deployment, Description, Environment, Failure};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = (app, env);
        Err(Failure::Unexpected(deeper(0).to_string()))
    }
}

#[expect(
    unconditional_recursion,
    reason = "recursing without end is what this guest is for"
)]
fn deeper(level: u64) -> u64 {
    let here = std::hint::black_box([level; 64]);
    deeper(level + 1) + std::hint::black_box(here)[63]
}
