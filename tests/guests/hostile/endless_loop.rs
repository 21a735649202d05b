//! Computes without end.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(31).wrapping_add(7));
    }
}
