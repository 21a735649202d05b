//! Computes without end while it describes itself.

use bowline_guests::prelude::*;
use bowline_target::DeployTarget;

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        let mut number = 0_u64;
        loop {
            number = std::hint::black_box(number.wrapping_mul(31).wrapping_add(7));
        }
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = env;
        Ok(seen(app, "1"))
    }
}
