//! What a deploy target written in Rust uses.
pub mod http;

#[doc(hidden)]
pub mod bindings;

pub use bindings::deploying::bowline::deploy::application::{
    Application, Component, Content, MountedFile, Reader, Trigger, Variable,
};
pub use bindings::deploying::bowline::deploy::environment::Environment;
pub use bindings::deploying::bowline::deploy::failure::{Error as Failure, InvalidSetting};
pub use bindings::deploying::bowline::deploy::{bindle, console};
pub use bindings::deploying::exports::bowline::deploy::deploy_target::{
    Deployment, Description, Guest as DeployTarget, Readiness, Setting, SettingKind,
};
pub use bindings::authenticating::exports::bowline::deploy::authentication::{
    Credential, Guest as Authentication,
};
pub use bindings::planning::exports::bowline::deploy::planning::{
    Action, Change, ChangeSet, Guest as Planning,
};
pub use bindings::authenticating::export_authentication;
pub use bindings::deploying::export_deploy_target;
pub use bindings::planning::export_planning;
