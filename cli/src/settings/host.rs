//! The settings of bowline itself, resolved by the same rules as those of a target.

use crate::description::Setting;
use crate::network;
use crate::settings::kind::Kind;

/// Flags of `deploy` and `plan` that are no settings: a target's settings must not have their names. Those that every verb takes are
/// among them.
pub const FLAGS: &[&str] = &[
    "from",
    "profile",
    "build",
    crate::application::variables::FLAG,
    "target",
    "environment-name",
    "approve",
    "allow-private",
    "allow-server",
    "bindle-password-stdin",
    "yes",
    "locked",
    "archive",
    "no-cache",
    "insecure",
    "ca-file",
    "client-cert",
    "client-key",
    "connect-timeout",
    "idle-timeout",
    crate::limits::FLAG,
    "readiness-timeout",
    "dry-run",
    "detailed-exitcode",
    "plan",
    "save",
    "output",
    "events",
    "no-input",
    "verbose",
    "quiet",
    "help",
    "version",
];

/// Name of the setting that says where the Bindle server is.
pub const BINDLE_SERVER: &str = "bindle-server";
/// Name of the setting with the user to push as.
pub const BINDLE_USERNAME: &str = "bindle-username";
/// Name of the setting with that user's password.
pub const BINDLE_PASSWORD: &str = "bindle-password";

/// The Bindle server and who pushes to it. The names are SIP 001's. The server is required for targets that push.
#[must_use]
pub fn bindle(required: bool) -> Vec<Setting> {
    let setting = |name: &str, variable: &str, description: &str, kind| Setting {
        name: name.to_owned(),
        variable: Some(variable.to_owned()),
        description: description.to_owned(),
        kind,
        default: None,
        required: false,
        conflicts_with: Vec::new(),
        grants_network: false,
        prompt: None,
        belongs_to: None,
    };
    let mut server = setting(
        BINDLE_SERVER,
        "BINDLE_SERVER_URL",
        "URL of the Bindle server that the application is pushed to",
        Kind::Url,
    );
    server.required = required;
    server.prompt = Some("URL of the Bindle server".to_owned());
    let mut password = setting(
        BINDLE_PASSWORD,
        "BINDLE_PASSWORD",
        "Password of that user",
        Kind::Secret,
    );
    password.belongs_to = Some(BINDLE_SERVER.to_owned());
    password.prompt = Some("Password for the Bindle server".to_owned());
    vec![
        server,
        setting(
            BINDLE_USERNAME,
            "BINDLE_USERNAME",
            "User to push as, where the Bindle server asks for one",
            Kind::Text,
        ),
        password,
    ]
}

/// Every flag that the host keeps for itself.
#[must_use]
pub fn reserved_flags() -> Vec<&'static str> {
    let mut flags = FLAGS.to_vec();
    flags.extend([BINDLE_SERVER, BINDLE_USERNAME, BINDLE_PASSWORD]);
    flags
}

/// Every variable that the host keeps for itself.
#[must_use]
pub fn reserved_variables() -> Vec<&'static str> {
    let mut variables = vec![
        "BINDLE_SERVER_URL",
        "BINDLE_USERNAME",
        "BINDLE_PASSWORD",
        crate::paths::HOME_VARIABLE,
        crate::completion::VARIABLE,
        network::CA_FILE_VARIABLE,
        network::CLIENT_CERT_VARIABLE,
        network::CLIENT_KEY_VARIABLE,
        crate::environments::VARIABLE,
        crate::credentials::PLACE_VARIABLE,
    ];
    variables.extend(network::PROXY_VARIABLES);
    variables
}
