//! What the guest programs have in common. Each of them is a target that does one thing: what a target may do, or goes wrong by
//! itself, in `examples/`; an attack on whoever runs it, in `hostile/`.

use bowline_target::{
    Application, Deployment, Description, Environment, Failure, Setting, SettingKind,
};

pub mod prelude;
pub mod raw;

/// An origin that hostile guests declare. Its port is nobody's: a test that wants somebody to listen there writes that port into
/// the component.
pub const ELSEWHERE: &str = "http://127.0.0.1:11111";

/// Makes a target of a function: `target!(deploy, settings...)`, or with origins that it declares, `target!(deploy, settings...;
/// origins...)`.
#[macro_export]
macro_rules! target {
    ($deploy:path $(, $setting:expr)* $(; $($origin:expr),+)?) => {
        struct Guest;

        ::bowline_target::export_deploy_target!(Guest);

        impl ::bowline_target::DeployTarget for Guest {
            fn describe() -> ::bowline_target::Description {
                ::bowline_target::Description {
                    // The compiler must leave the text in one piece, in which a test finds it.
                    network: vec![$($(::std::hint::black_box($origin).to_string()),+)?],
                    ..$crate::description(vec![$($setting),*])
                }
            }

            fn deploy(
                app: &::bowline_target::Application,
                env: &::bowline_target::Environment,
            ) -> Result<::bowline_target::Deployment, ::bowline_target::Failure> {
                $deploy(app, env)
            }
        }
    };
}

/// A description with these settings and nothing else.
#[must_use]
pub fn description(settings: Vec<Setting>) -> Description {
    Description {
        name: "guest".into(),
        version: "0.1.0".into(),
        summary: "A guest of the tests".into(),
        homepage: None,
        settings,
        network: Vec::new(),
        triggers: vec!["http".into()],
    }
}

/// The setting `server-url`, which opens the network to that server.
#[must_use]
pub fn server_url() -> Setting {
    Setting {
        variable: Some("GUEST_SERVER_URL".into()),
        required: true,
        grants_network: true,
        ..Setting::new("server-url", "URL of the server", SettingKind::Url)
    }
}

/// A setting of kind text, for telling a guest what to do.
#[must_use]
pub fn text(name: &str) -> Setting {
    Setting::new(name, "What to do", SettingKind::Text)
}

/// The setting `token`, a secret of the server of `server-url`.
#[must_use]
pub fn token() -> Setting {
    Setting {
        belongs_to: Some("server-url".into()),
        ..Setting::new("token", "Token of the server", SettingKind::Secret)
    }
}

/// The value of a setting that the test always gives.
///
/// # Errors
/// `invalid-setting` when it didn't.
pub fn value(env: &Environment, name: &str) -> Result<String, Failure> {
    env.setting(name)?
        .ok_or_else(|| Failure::invalid_setting(name, "is missing"))
}

/// A deployment whose id tells the test what the guest has seen.
pub fn seen(app: &Application, id: impl Into<String>) -> Deployment {
    Deployment {
        id: id.into(),
        application: app.name(),
        revision: app.revision(),
        url: None,
        ready_when: None,
    }
}
