//! Declares addresses of the user's own networks.

use bowline_guests::prelude::*;

target!(
    deploy;
    "http://127.0.0.1:11111",
    "http://127.1:11111",
    "http://0.0.0.0:11111",
    "http://[::1]:11111",
    "http://[::]:11111",
    "http://[::ffff:127.0.0.1]:11111",
    "http://localhost:11111",
    "http://10.0.0.1",
    "http://172.16.0.1",
    "http://192.168.0.1",
    "http://100.64.0.1",
    "http://[fe80::1]",
    "http://[fc00::1]",
    "http://255.255.255.255"
);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    try_all(
        app,
        <Guest as bowline_target::DeployTarget>::describe().network,
    )
}
