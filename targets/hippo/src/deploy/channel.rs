//! The channel: found or created, set to the revision, started.

use bowline_target::Failure;
use uuid::Uuid;

use super::Run;
use crate::api::{App, Channel, CreateChannel, PatchChannel, Strategy, USE_SPECIFIED_REVISION};
use crate::describe::names;
use crate::text::clean;

impl Run<'_> {
    /// The channel, set to the revision.
    pub(super) fn set_channel(&self, app: &App) -> Result<Channel, Failure> {
        match self.listed(app) {
            Some(id) => self.switch(app, id),
            None => {
                let channel = self.create(app)?;
                // A channel can't be made with variables.
                if self.facts.variables.is_empty() {
                    Ok(channel)
                } else {
                    self.switch(app, channel.id)
                }
            }
        }
    }

    /// The channel of this name that the application lists.
    pub(super) fn listed(&self, app: &App) -> Option<Uuid> {
        let mut channels = app.channels.iter();
        let found = channels.find(|channel| channel.name == self.config.channel);
        found.map(|channel| channel.id)
    }

    fn read(&self, id: Uuid) -> Result<Channel, Failure> {
        let name = &self.config.channel;
        self.client
            .channel(id)
            .map_err(|trouble| self.fail(&trouble, &format!("reading channel '{name}'")))
    }

    /// Whether the channel is to run the revision. The strategy counts as well: a range would soon move on.
    fn is_set(&self, app: &App, channel: &Channel) -> bool {
        channel.revision_selection_strategy == Strategy::Specified
            && self.active(app, channel).is_some()
            && self.other_domain(channel).is_none()
    }

    /// The domain that the channel is to have and has not.
    pub(super) fn other_domain(&self, channel: &Channel) -> Option<&str> {
        let domain = self.config.domain.as_deref();
        domain.filter(|domain| *domain != channel.domain)
    }

    /// Id of the channel's revision, if that is the one to deploy.
    pub(super) fn active(&self, app: &App, channel: &Channel) -> Option<Uuid> {
        let active = channel.active_revision.as_ref()?;
        (active.app_id == app.id && active.revision_number == self.facts.revision)
            .then_some(active.id)
    }

    /// A channel that is to be this application's.
    pub(super) fn read_of(&self, app: &App, id: Uuid) -> Result<Channel, Failure> {
        let channel = self.read(id)?;
        if channel.app_id == app.id {
            return Ok(channel);
        }
        Err(Failure::Unexpected(format!(
            "Hippo lists channel '{}' with application '{}' and gives it to another one",
            self.config.channel, app.name
        )))
    }

    fn switch(&self, app: &App, id: Uuid) -> Result<Channel, Failure> {
        let channel = self.read_of(app, id)?;
        let variables = self.variables_to_set(&channel)?;
        let is_set = self.is_set(app, &channel);
        if is_set && variables.is_none() {
            return Ok(channel);
        }
        let revision = match self.active(app, &channel) {
            Some(revision) => revision,
            None => self.revision(app)?,
        };
        let domain = self.other_domain(&channel);
        if let Some(domain) = domain {
            // A patch is not checked for domains that are taken.
            self.check_free(domain, Some(id))?;
        }
        let name = &self.config.channel;
        self.host.step(&if is_set {
            format!("Setting the variables of channel '{name}'")
        } else {
            format!("Switching channel '{name}' to {}", self.facts.revision)
        });
        let patch = PatchChannel {
            domain,
            revision_selection_strategy: USE_SPECIFIED_REVISION,
            active_revision_id: revision,
            environment_variables: variables,
        };
        let doing = format!("switching channel '{name}'");
        // Patching sets values, so doing it twice is as good as once.
        for last in [false, true] {
            let patched = self.client.patch_channel(id, &patch);
            if let Err(trouble) = &patched
                && !trouble.may_have_acted()
            {
                return Err(self.fail(trouble, &doing));
            }
            let channel = self.read(id)?;
            if self.is_set(app, &channel) && self.has_variables(&channel) {
                return Ok(channel);
            }
            match patched {
                Ok(()) => {
                    return Err(Failure::Conflict(format!(
                        "{doing} had no lasting effect: somebody else changes it at the same time"
                    )));
                }
                Err(trouble) if last => return Err(self.fail(&trouble, &doing)),
                Err(_) => {}
            }
        }
        Err(Failure::Unexpected(format!("{doing} failed")))
    }

    fn create(&self, app: &App) -> Result<Channel, Failure> {
        let revision = self.revision(app)?;
        let name = &self.config.channel;
        let doing = format!("creating channel '{name}'");
        self.host.step(&format!("Creating channel '{name}'"));
        let created = self.client.create_channel(&CreateChannel {
            app_id: app.id,
            name,
            domain: self.config.domain.as_deref(),
            revision_selection_strategy: USE_SPECIFIED_REVISION,
            active_revision_id: revision,
        });
        let trouble = match created {
            Ok(id) => return self.created(app, id),
            Err(trouble) => trouble,
        };
        if trouble.exists_already("Domain") {
            return Err(Failure::Conflict(format!(
                "{doing} failed: the domain '{}' belongs to another channel; say another with --{}",
                self.config.domain.as_deref().unwrap_or_default(),
                names::DOMAIN
            )));
        }
        if !trouble.may_have_acted() && !trouble.exists_already("Name") {
            return Err(self.fail(&trouble, &doing));
        }
        let app = self
            .client
            .app(app.id)
            .map_err(|again| self.fail(&again, &doing))?;
        match app.channels.iter().find(|channel| channel.name == *name) {
            Some(channel) => {
                self.saved_after_all(&trouble, &format!("channel '{name}'"));
                let channel = self.switch(&app, channel.id)?;
                // As after an answer that came, except that this one may be somebody else's: it stays.
                self.check_free(&channel.domain, Some(channel.id))?;
                Ok(channel)
            }
            None => Err(self.fail(&trouble, &doing)),
        }
    }

    /// Reads a new channel back, among all others: Hippo does not check whether a domain of its own making is free, and
    /// makes the same of `Foo_Bar` and `foo-bar`.
    fn created(&self, app: &App, id: Uuid) -> Result<Channel, Failure> {
        let channels = self
            .client
            .channels()
            .map_err(|trouble| self.fail(&trouble, "listing channels"))?;
        let Some(channel) = channels.iter().find(|channel| channel.id == id) else {
            return Err(Failure::Unexpected(format!(
                "Hippo created channel '{}', and does not list it",
                self.config.channel
            )));
        };
        let Some(other) = channels
            .iter()
            .find(|it| it.id != id && it.domain.eq_ignore_ascii_case(&channel.domain))
        else {
            return Ok(channel.clone());
        };
        // It would take the other one's requests, so it can't stay; it is seconds old and belongs to this deploy.
        let removed = self.client.delete_channel(id);
        let rest = match removed {
            Ok(()) => String::new(),
            Err(trouble) => {
                format!("; removing the new channel again failed, so do that by hand ({trouble})")
            }
        };
        Err(Failure::Conflict(format!(
            "Hippo gave channel '{}' of application '{}' the domain '{}', which is that of channel '{}' of another application: say another with --{}{rest}",
            self.config.channel,
            app.name,
            clean(&channel.domain, 100),
            clean(&other.name, 64),
            names::DOMAIN
        )))
    }

    /// Refuses a domain that another channel has than `id`.
    pub(super) fn check_free(&self, domain: &str, id: Option<Uuid>) -> Result<(), Failure> {
        let channels = self
            .client
            .channels()
            .map_err(|trouble| self.fail(&trouble, "listing channels"))?;
        match channels
            .iter()
            .find(|it| Some(it.id) != id && it.domain.eq_ignore_ascii_case(domain))
        {
            None => Ok(()),
            Some(other) => Err(Failure::Conflict(format!(
                "the domain '{domain}' belongs to another channel, '{}': say another with --{}",
                clean(&other.name, 64),
                names::DOMAIN
            ))),
        }
    }

    /// Has the channel run what it is set to: patching restarts nothing, and a channel that was saved while Nomad was away
    /// never started.
    pub(super) fn start(&self, channel: &Channel) -> Result<(), Failure> {
        let name = &self.config.channel;
        self.host.step(&format!("Starting channel '{name}'"));
        let trouble = match self.client.start_channel(channel.id) {
            Ok(()) => return Ok(()),
            Err(trouble) => trouble,
        };
        let doing = format!("starting channel '{name}'");
        if !trouble.may_have_acted() {
            return Err(self.fail(&trouble, &doing));
        }
        // It can't be read back what a channel is to do; but asking for the same state again is no second deed.
        self.client
            .start_channel(channel.id)
            .map_err(|again| self.fail(&again, &doing))
    }
}
