//! What a deploy would do, found out by the questions with which it begins.

use bowline_target::{Action, Change, ChangeSet, Failure, bindle::PushPreview};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::variables::Outlook as VariableOutlook;
use super::{Facts, Run};
use crate::api::{App, Channel, DEAD, Strategy};
use crate::config::Config;
use crate::port::Host;
use crate::text::{clean, size};

/// Says what [`deploy`](super::deploy) would do now, and does nothing. A deploy after it changes exactly what the plan says, as long as
/// nobody else changes what the plan relied on, which its basis stands for.
///
/// # Errors
/// Those that the deploy would end with, as far as they can be known: an application of another origin, a domain that is taken, ...
pub fn plan(host: &dyn Host, config: &Config, facts: &Facts) -> Result<ChangeSet, Failure> {
    Run::new(host, config, facts)?.plan()
}

/// The channel as it is, and what a deploy would do about it.
struct Outlook {
    there: Option<Channel>,
    /// It is all right, and does not run.
    stopped: bool,
    change: Change,
}

impl Run<'_> {
    fn plan(&self) -> Result<ChangeSet, Failure> {
        let Facts { name, revision, .. } = self.facts;
        self.host
            .step(&format!("Comparing '{name}' {revision} with Hippo"));
        let app = self.find_app()?;
        self.check_variables()?;
        self.check_domain(app.as_ref())?;
        self.tell_archives();
        let pushed = self.host.preview(&format!("{name}/{revision}"))?;
        let channel = self.foresee_channel(app.as_ref())?;
        let registered = self.is_registered(app.as_ref(), channel.there.as_ref())?;

        let made = |there: bool| {
            if there { Action::Keep } else { Action::Create }
        };
        let basis = self.basis(app.as_ref(), &pushed, registered, &channel);
        let application = change(made(app.is_some()), "application", name, None);
        let registration = change(made(registered), "revision", revision, None);
        let variables = self.foresee_variables(channel.there.as_ref());
        let mut changes = vec![
            push_change(&pushed, &format!("{name}/{revision}")),
            application,
            registration,
        ];
        changes.extend(variables.iter().map(VariableOutlook::change));
        changes.push(channel.change);
        Ok(ChangeSet { changes, basis })
    }

    /// Whether the application has the revision already. A deploy doesn't look for one that its channel runs.
    fn is_registered(&self, app: Option<&App>, channel: Option<&Channel>) -> Result<bool, Failure> {
        let Some(app) = app else {
            return Ok(false);
        };
        if channel.is_some_and(|channel| self.active(app, channel).is_some()) {
            return Ok(true);
        }
        Ok(self.find_revision(app)?.is_some())
    }

    fn foresee_channel(&self, app: Option<&App>) -> Result<Outlook, Failure> {
        let name = &self.config.channel;
        let listed = app.and_then(|app| Some((app, self.listed(app)?)));
        let Some((app, id)) = listed else {
            let domain = match self.config.domain.as_deref() {
                Some(domain) => {
                    self.check_free(domain, None)?;
                    format!("at {domain}")
                }
                None => "at a domain of Hippo's making".to_owned(),
            };
            return Ok(Outlook {
                there: None,
                stopped: false,
                change: change(Action::Create, "channel", name, Some(domain)),
            });
        };
        let channel = self.read_of(app, id)?;
        let mut differences = self.differences(app, &channel);
        if let Some(domain) = self.other_domain(&channel) {
            self.check_free(domain, Some(id))?;
        }
        // Switching starts it in any case.
        let stopped = differences.is_empty() && self.is_dead(&channel)?;
        if stopped {
            differences.push("is started: it does not run".to_owned());
        }
        let (action, detail) = if differences.is_empty() {
            (Action::Keep, None)
        } else {
            (Action::Update, Some(differences.join("; ")))
        };
        Ok(Outlook {
            there: Some(channel),
            stopped,
            change: change(action, "channel", name, detail),
        })
    }

    /// What switching would change of a channel.
    fn differences(&self, app: &App, channel: &Channel) -> Vec<String> {
        let mut differences = Vec::new();
        if self.active(app, channel).is_none() {
            let before = channel
                .active_revision
                .as_ref()
                .map_or("none".to_owned(), |it| clean(&it.revision_number, 128));
            differences.push(format!("runs {} instead of {before}", self.facts.revision));
        }
        if channel.revision_selection_strategy != Strategy::Specified {
            differences.push("stays with this revision instead of following a range".to_owned());
        }
        if let Some(domain) = self.other_domain(channel) {
            let before = clean(&channel.domain, 253);
            differences.push(format!("answers at {domain} instead of {before}"));
        }
        differences
    }

    /// Whether Hippo says that the channel's job doesn't run. It says so, too, when it can't reach Nomad.
    fn is_dead(&self, channel: &Channel) -> Result<bool, Failure> {
        let name = &self.config.channel;
        let statuses = self.client.statuses(channel.id).map_err(|trouble| {
            self.fail(
                &trouble,
                &format!("asking for the state of channel '{name}'"),
            )
        })?;
        Ok(statuses
            .iter()
            .any(|it| it.channel_id == channel.id && it.status.eq_ignore_ascii_case(DEAD)))
    }

    /// A digest over what the plan relies on: what of the settings matters to it, and what it has found.
    fn basis(
        &self,
        app: Option<&App>,
        pushed: &PushPreview,
        registered: bool,
        channel: &Outlook,
    ) -> String {
        /// Its form; a plan of another form is another plan.
        const FORM: &str = "hippo 1";
        #[derive(Serialize)]
        struct Found<'a> {
            form: &'a str,
            server: String,
            name: &'a str,
            revision: &'a str,
            channel: &'a str,
            domain: Option<&'a str>,
            application: Option<(String, &'a str)>,
            /// It has no channel yet, so that Hippo would make another domain.
            first: bool,
            /// Whether Bindle has it; how much would be sent is no matter, for others may send some of it meanwhile.
            pushed: bool,
            registered: bool,
            is: Option<(String, &'a str, bool, Option<&'a str>)>,
            stopped: bool,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            variables: &'a [(&'a str, &'static str, Option<&'a str>)],
        }
        let variables = self.foresee_variables(channel.there.as_ref());
        let variables: Vec<_> = variables.iter().map(VariableOutlook::basis).collect();
        let found = Found {
            form: FORM,
            server: self.config.base.join(""),
            name: &self.facts.name,
            revision: &self.facts.revision,
            channel: &self.config.channel,
            domain: self.config.domain.as_deref(),
            application: app.map(|app| (app.id.to_string(), app.storage_id.as_str())),
            first: app.is_none_or(|app| app.channels.is_empty()),
            pushed: pushed.exists,
            registered,
            is: channel.there.as_ref().map(|it| {
                let active = it.active_revision.as_ref();
                (
                    it.id.to_string(),
                    it.domain.as_str(),
                    it.revision_selection_strategy == Strategy::Specified,
                    active.map(|revision| revision.revision_number.as_str()),
                )
            }),
            stopped: channel.stopped,
            variables: &variables,
        };
        // Text, numbers and lists of them can always be written; an empty text would be no basis, and be refused by the host.
        let text = serde_json::to_string(&found).unwrap_or_default();
        let digest = Sha256::digest(text.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

pub(super) fn change(action: Action, kind: &str, name: &str, detail: Option<String>) -> Change {
    Change {
        action,
        kind: kind.to_owned(),
        name: name.to_owned(),
        detail,
    }
}

/// What a push would do to the bindle.
fn push_change(pushed: &PushPreview, id: &str) -> Change {
    if pushed.exists {
        return change(Action::Keep, "bindle", id, None);
    }
    let most = if pushed.exact { "" } else { "at most " };
    let parcels = match pushed.upload {
        1 => "1 parcel".to_owned(),
        count => format!("{count} parcels"),
    };
    let mut detail = format!("{most}{parcels} to upload ({})", size(pushed.upload_bytes));
    match pushed.present {
        0 => {}
        1 => detail.push_str(", 1 is there"),
        count => detail.push_str(&format!(", {count} are there")),
    }
    // Only of a bindle that is there in part the server tells exactly that something is missing.
    let action = if pushed.exact && pushed.upload > 0 {
        Action::Update
    } else {
        Action::Create
    };
    change(action, "bindle", id, Some(detail))
}
