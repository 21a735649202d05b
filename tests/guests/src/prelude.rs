//! What nearly every hostile guest uses.

pub use bowline_target::{
    Application, Deployment, Description, Environment, Failure, Setting, SettingKind, console,
};

pub use crate::raw::{Answer, get, post, send, try_all};
pub use crate::{ELSEWHERE, description, seen, server_url, target, text, token, value};
