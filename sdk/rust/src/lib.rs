//! What a deploy target written in Rust uses.
//!
//! A target is a WebAssembly component that knows how to bring Spin applications to one platform. Bowline runs it in a
//! sandbox and lends it what deploying takes: the checked and hashed [`Application`], the settings of one
//! [`Environment`], HTTP to granted origins ([`http`]), a [`bindle`] server if the target wants one, and the [`console`].
//! There are no files, sockets, arguments or environment variables.
//!
//! # Writing one
//!
//! `docs/writing-a-target.md` in Bowline's repository goes through it all with a whole example. In short:
//! implement [`DeployTarget`] for a type of yours, export it, and compile a `cdylib` for `wasm32-wasip2`:
//!
//! ```
//! use bowline_target::{
//!     console, http, Application, DeployTarget, Deployment, Description, Environment, Failure,
//!     Setting, SettingKind,
//! };
//!
//! struct Example;
//!
//! impl DeployTarget for Example {
//!     fn describe() -> Description {
//!         Description {
//!             name: "example".into(),
//!             version: env!("CARGO_PKG_VERSION").into(),
//!             summary: "Deploys to Example".into(),
//!             homepage: None,
//!             settings: vec![Setting {
//!                 required: true,
//!                 grants_network: true,
//!                 ..Setting::new("example-url", "URL of the Example server", SettingKind::Url)
//!             }],
//!             network: vec![],
//!             triggers: vec!["http".into()],
//!         }
//!     }
//!
//!     fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
//!         let Some(url) = env.setting("example-url")? else {
//!             return Err(Failure::invalid_setting("example-url", "is missing"));
//!         };
//!         console::step(&format!("Publishing '{}'", app.name()));
//!         let request = ::http::Request::put(format!("{url}/apps/{}", app.name()))
//!             .body(app.revision().into_bytes())
//!             .map_err(|error| Failure::invalid_setting("example-url", error.to_string()))?;
//!         let answer = http::send(request)?;
//!         if !answer.status().is_success() {
//!             return Err(Failure::Unexpected(format!("Example answered {}", answer.status())));
//!         }
//!         Ok(Deployment {
//!             id: app.name(),
//!             application: app.name(),
//!             revision: app.revision(),
//!             url: None,
//!             ready_when: None,
//!         })
//!     }
//! }
//!
//! bowline_target::export_deploy_target!(Example);
//! # fn main() {}
//! ```
//!
//! # What a component exports
//!
//! Exactly what its author exports, because the host tells by the exported interfaces what a target can do:
//!
//! | trait | macro |
//! | --- | --- |
//! | [`DeployTarget`] | [`export_deploy_target!`], always |
//! | [`Authentication`] | [`export_authentication!`] |
//! | [`Planning`] | [`export_planning!`] |
//! | [`Platform`] | [`export_platform!`] |
//! | [`Lifecycle`] | [`export_lifecycle!`] |
//!
//! # Secrets
//!
//! [`Environment::setting`] and [`Environment::credential`] give placeholders in the place of secrets. Put a placeholder
//! whole into a header's value or into a string of a JSON or form body: the host swaps it for the secret, escaped as
//! that body needs it, if the request goes to an origin that the secret belongs to.
//!
//! # Compiled for the developer's own machine
//!
//! The crate compiles there too, so that a target's logic can be unit-tested. Calling the host is what doesn't work:
//! every function of [`console`] and [`bindle`], every method of [`Application`] and [`Environment`], and
//! [`http::send`] and its like panic outside a component. Keep logic apart from them, behind a trait.

#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod export;
mod failure;
pub mod http;
mod setting;

#[doc(inline)]
pub use bindings::bowline::deploy::application::{
    Application, Component, Content, MountedFile, Reader, Trigger, Variable,
};
#[doc(inline)]
pub use bindings::bowline::deploy::environment::Environment;
#[doc(inline)]
pub use bindings::bowline::deploy::failure::{Error as Failure, InvalidSetting};
#[doc(inline)]
pub use bindings::bowline::deploy::{bindle, console};

/// What every target does. Export it with [`export_deploy_target!`].
#[doc(inline)]
pub use bindings::exports::bowline::deploy::deploy_target::Guest as DeployTarget;
#[doc(inline)]
pub use bindings::exports::bowline::deploy::deploy_target::{
    Deployment, Description, Readiness, Setting, SettingKind,
};

#[doc(inline)]
pub use bindings::exports::bowline::deploy::authentication::Credential;
/// For platforms that want a login. Export it with [`export_authentication!`].
#[doc(inline)]
pub use bindings::exports::bowline::deploy::authentication::Guest as Authentication;

/// For targets that can say what `deploy` would do. Export it with [`export_planning!`].
#[doc(inline)]
pub use bindings::exports::bowline::deploy::planning::Guest as Planning;
#[doc(inline)]
pub use bindings::exports::bowline::deploy::planning::{Action, Change, ChangeSet};

/// For targets that know what their platform runs. Export it with [`export_platform!`].
#[doc(inline)]
pub use bindings::exports::bowline::deploy::platform::Guest as Platform;
#[doc(inline)]
pub use bindings::exports::bowline::deploy::platform::{Ability, Offer};

/// For targets that can manage what they deployed. Export it with [`export_lifecycle!`].
#[doc(inline)]
pub use bindings::exports::bowline::deploy::lifecycle::Guest as Lifecycle;
#[doc(inline)]
pub use bindings::exports::bowline::deploy::lifecycle::{Revision, State, Status};
