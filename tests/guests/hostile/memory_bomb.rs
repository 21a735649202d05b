//! Takes memory until there is none left.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = (app, env);
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&hoard);
    }
}
