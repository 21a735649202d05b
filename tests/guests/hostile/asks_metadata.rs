//! Declares the address at which clouds hand out credentials, and asks it in every form that an address has.

use bowline_guests::prelude::*;

target!(
    deploy;
    "http://169.254.169.254",
    "http://2852039166",
    "http://0xa9fea9fe",
    "http://0251.0376.0251.0376",
    "http://169.254.43518",
    "http://[::ffff:169.254.169.254]",
    "http://[::ffff:a9fe:a9fe]",
    "http://[64:ff9b::169.254.169.254]",
    "http://[2002:a9fe:a9fe::]",
    "http://[fd00:ec2::254]",
    "http://100.100.100.200"
);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let origins = <Guest as bowline_target::DeployTarget>::describe().network;
    try_all(
        app,
        origins
            .iter()
            .map(|origin| format!("{origin}/latest/meta-data/")),
    )
}
