//! Capability `environment`: the settings, the credential and the variables of one environment.

use wasmtime::component::Resource;

use crate::bindings::{environment, failure};
use crate::contract::{Setting, SettingKind};
use crate::grant::Origin;
use crate::secrets::Secret;
use crate::secrets::vault::Home;
use crate::state::{Capabilities, GuestError, Lent, Run};

/// What a guest's `environment` handle stands for. All of them mean the one environment of the operation.
pub struct EnvironmentHandle;

/// Under which name messages speak of the credential.
const CREDENTIAL: &str = "credential";

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
        let known = lent.environment.value(&name);
        let asked = match known {
            Some(_) => None,
            None => {
                let _open = self.run.questions.open();
                lent.environment.value_or_ask(setting).await
            }
        };
        if let Some(answer) = &asked {
            open_network(self.run, lent, setting, answer)?;
        }
        match known
            .or(asked)
            .or_else(|| setting.default.clone().map(Secret::from))
        {
            Some(value) => match setting.kind.check(value.expose()) {
                Ok(()) => Ok(Some(shown(lent, setting, value))),
                Err(reason) => Err(invalid(name, &format!("can't be used: {reason}"))),
            },
            None if setting.required => Err(invalid(name, "has no value")),
            None => Ok(None),
        }
    }

    fn credential(
        &mut self,
        handle: Resource<EnvironmentHandle>,
    ) -> wasmtime::Result<Option<String>> {
        let lent = self.environment(&handle)?;
        Ok(lent.credential.as_ref().map(|credential| {
            let home = home(lent, credential.belongs_to.as_deref());
            lent.vault()
                .placeholder(CREDENTIAL, &credential.secret, home)
        }))
    }

    fn variables(
        &mut self,
        handle: Resource<EnvironmentHandle>,
    ) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.environment(&handle)?.environment.variables().to_vec())
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

/// The value as the guest may see it.
fn shown(lent: &Lent, setting: &Setting, value: Secret) -> String {
    if setting.kind == SettingKind::Secret {
        let home = home(lent, setting.belongs_to.as_deref());
        lent.vault().placeholder(&setting.name, &value, home)
    } else {
        value.expose().to_owned()
    }
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
    match value.and_then(|value| Origin::of_text(value.expose()).ok()) {
        Some(origin) => Home::Only(origin),
        // What belongs to a server that isn't named can't go anywhere.
        None => Home::Nowhere,
    }
}

/// A URL that the user has just typed opens its origin, as it would have from the start.
fn open_network(
    run: &Run,
    lent: &Lent,
    setting: &Setting,
    answer: &Secret,
) -> Result<(), GuestError> {
    if !setting.grants_network {
        return Ok(());
    }
    let origin = Origin::of_text(answer.expose())
        .map_err(|error| invalid(setting.name.clone(), &format!("can't be used: {error}")))?;
    tracing::debug!(target = run.target, %origin, "granted by an answer");
    let mut grant = lent.grant();
    *grant = std::mem::take(&mut *grant).with_origin(origin);
    Ok(())
}

fn invalid(name: String, reason: &str) -> GuestError {
    let reason = reason.to_owned();
    failure::Error::InvalidSetting(failure::InvalidSetting { name, reason }).into()
}
