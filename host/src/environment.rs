//! Capability `environment`: the settings, the credential and the variables of one environment.

use std::sync::Arc;

use wasmtime::component::Resource;

use crate::bindings::{environment, failure};
use crate::contract::{Setting, SettingKind};
use crate::error::Denial;
use crate::grant::Origin;
use crate::secrets::Secret;
use crate::secrets::vault::Home;
use crate::session::Variable;
use crate::state::{Capabilities, GuestError, Lent, Run};

/// What a guest's `environment` handle stands for. All of them mean the one environment of the operation.
pub struct EnvironmentHandle;

/// Under which name messages speak of the credential. It is no name that a setting can have, so that a secret setting named
/// `credential` is another secret.
const CREDENTIAL: &str = "login credential";

impl environment::Host for Capabilities<'_> {}

impl environment::HostEnvironment for Capabilities<'_> {
    fn name(&mut self, handle: Resource<EnvironmentHandle>) -> wasmtime::Result<String> {
        Ok(self.environment(&handle)?.environment.name().to_owned())
    }

    async fn setting(
        &mut self,
        handle: Resource<EnvironmentHandle>,
        name: String,
    ) -> Result<Option<String>, GuestError> {
        let lent = self.environment(&handle).map_err(GuestError::Trap)?;
        let Some(setting) = lent.description.setting(&name) else {
            return Err(invalid(name, "is not one that the target declares"));
        };
        if !lent.grant().reads(&name) {
            self.run.deny(Denial::Setting(name.clone()));
            return Err(invalid(name, "is not granted to the target"));
        }
        let given = match lent.environment.value(&name) {
            Some(value) => Some(value),
            None => {
                let _open = self.run.questions.open();
                lent.environment.value_or_ask(setting).await
            }
        };
        if let Some(value) = &given {
            setting
                .kind
                .check(value.expose())
                .map_err(|reason| invalid(name.clone(), &format!("can't be used: {reason}")))?;
            // Also an answer of an earlier operation: the session's grant was made before there was one.
            if lent.environment.is_answered(&name) {
                accept(self.run, lent, setting, value)?;
            }
        }
        match given.or_else(|| setting.default.clone().map(Secret::from)) {
            Some(value) => Ok(Some(shown(lent, setting, value))),
            None if setting.required => Err(invalid(name, "has no value")),
            None => Ok(None),
        }
    }

    fn credential(
        &mut self,
        handle: Resource<EnvironmentHandle>,
    ) -> wasmtime::Result<Option<String>> {
        Ok(self.environment(&handle)?.credential_placeholder())
    }

    fn variables(
        &mut self,
        handle: Resource<EnvironmentHandle>,
    ) -> wasmtime::Result<Vec<(String, String)>> {
        let lent = self.environment(&handle)?;
        let environment = Arc::clone(&lent.environment);
        let shown = environment.variables().iter().map(|variable| {
            let value = if variable.secret {
                variable_placeholder(lent, variable)
            } else {
                variable.value.expose().to_owned()
            };
            (variable.name.clone(), value)
        });
        Ok(shown.collect())
    }

    fn drop(&mut self, handle: Resource<EnvironmentHandle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl Capabilities<'_> {
    fn environment(&self, handle: &Resource<EnvironmentHandle>) -> wasmtime::Result<&Lent> {
        self.table.get(handle)?;
        // Only operations that are lent an environment make handles, so this can't fail for a guest that has one.
        self.run
            .lent("an environment")
            .map_err(|denial| wasmtime::Error::msg(denial.to_string()))
    }
}

impl Lent {
    /// Puts the environment's secrets into the vault, also those that the guest will never ask for: a platform may repeat them, because an
    /// earlier operation, or somebody else, has told it.
    pub(crate) fn lock_up(&self) {
        for setting in &self.description.settings {
            if setting.kind == SettingKind::Secret
                && let Some(value) = self.environment.value(&setting.name)
            {
                placeholder(self, setting, &value);
            }
        }
        for variable in self.environment.variables() {
            if variable.secret {
                variable_placeholder(self, variable);
            }
        }
    }

    /// What the guest may see of the credential that it is lent.
    pub(crate) fn credential_placeholder(&self) -> Option<String> {
        let credential = self.credential.as_ref()?;
        let home = home(self, credential.belongs_to.as_deref());
        Some(self.change_vault(|vault| vault.placeholder(CREDENTIAL, &credential.secret, home)))
    }
}

/// The value as the guest may see it.
fn shown(lent: &Lent, setting: &Setting, value: Secret) -> String {
    if setting.kind == SettingKind::Secret {
        placeholder(lent, setting, &value)
    } else {
        value.expose().to_owned()
    }
}

fn placeholder(lent: &Lent, setting: &Setting, value: &Secret) -> String {
    let home = home(lent, setting.belongs_to.as_deref());
    lent.change_vault(|vault| vault.placeholder(&setting.name, value, home))
}

fn variable_placeholder(lent: &Lent, variable: &Variable) -> String {
    // No setting has a name with a space.
    let name = format!("variable {}", variable.name);
    let home = home_of_variables(lent);
    lent.change_vault(|vault| vault.placeholder(&name, &variable.value, home))
}

/// Where a secret may go that belongs to the origin of this setting.
fn home(lent: &Lent, belongs_to: Option<&str>) -> Home {
    let Some(name) = belongs_to else {
        return Home::Granted;
    };
    let default = lent
        .description
        .setting(name)
        .and_then(|setting| setting.default.clone());
    let value = lent.environment.value(name).or(default.map(Secret::from));
    let origin = value.and_then(|value| Origin::of_text(value.expose()).ok());
    Home::Setting(name.to_owned(), origin)
}

/// Where the secret variables of the application may go: to the servers that settings name, for one of them is the platform. What
/// the target declares besides, to tell somebody of the deployment for one, is not. A target without such a setting
/// has its platform among what it declares.
fn home_of_variables(lent: &Lent) -> Home {
    let mut named = lent
        .description
        .settings
        .iter()
        .filter(|setting| setting.grants_network)
        .peekable();
    if named.peek().is_none() {
        return Home::Granted;
    }
    let origins = named.filter_map(|setting| {
        let default = setting.default.clone().map(Secret::from);
        let value = lent.environment.value(&setting.name).or(default)?;
        Origin::of_text(value.expose()).ok()
    });
    Home::Servers(origins.collect())
}

/// A URL that the user has typed opens its origin, and is the home of its secrets, as if it had been there from the start.
fn accept(run: &Run, lent: &Lent, setting: &Setting, answer: &Secret) -> Result<(), GuestError> {
    if setting.kind != SettingKind::Url {
        return Ok(());
    }
    let origin = Origin::of_text(answer.expose())
        .map_err(|error| invalid(setting.name.clone(), &format!("can't be used: {error}")))?;
    lent.change_vault(|vault| vault.settle(&setting.name, &origin));
    if setting.grants_network {
        if let Home::Servers(servers) = home_of_variables(lent) {
            lent.change_vault(|vault| vault.serve(&servers));
        }
        tracing::debug!(target = run.target, %origin, "granted by an answer");
        let mut grant = lent.grant();
        *grant = std::mem::take(&mut *grant).with_origin(origin);
    }
    Ok(())
}

fn invalid(name: String, reason: &str) -> GuestError {
    let reason = reason.to_owned();
    failure::Error::InvalidSetting(failure::InvalidSetting { name, reason }).into()
}
