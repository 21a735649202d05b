//! The application: everything that is deployed, checked and hashed.

mod load;
mod restore;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use semver::{BuildMetadata, Version};
use serde_json::Value;

use crate::error::{LoadError, Location};
use crate::manifest::{Manifest, Places};
use crate::record::{
    self, ApplicationRecord, ComponentContents, ComponentRecord, ContentLabel, TriggerRecord,
    VariableRecord,
};
use crate::{Content, Digest, Reading};

/// A Spin application, immutable once it was loaded.
///
/// Nothing in it depends on where the application lies, on the order of tables or files, or on the machine.
#[derive(Clone, Debug)]
pub struct Application {
    manifest: PathBuf,
    name: String,
    version: Version,
    revision: Version,
    digest: Digest,
    description: Option<String>,
    authors: Vec<String>,
    components: Vec<Component>,
    triggers: Vec<Trigger>,
    trigger_settings: BTreeMap<String, Value>,
    variables: Vec<Variable>,
    contents: Vec<Content>,
    by_digest: HashMap<Digest, usize>,
    warnings: Vec<String>,
}

/// One component of an application.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Component {
    /// The id that triggers use.
    pub id: String,
    /// One line for people.
    pub description: Option<String>,
    /// The WebAssembly binary: a component, or a core module that Spin turns into one.
    pub source: Content,
    /// What the component sees of files, sorted by path.
    pub files: Vec<MountedFile>,
    /// Environment variables of the component.
    pub environment: BTreeMap<String, String>,
    /// Configuration of the component: texts in which `{{ name }}` stands for a variable of the application.
    pub variables: BTreeMap<String, String>,
    /// Hosts that the component may call, `scheme://host:port` each, sorted; hosts of manifest version 1 are rewritten.
    pub allowed_outbound_hosts: Vec<String>,
    /// Labels of key-value stores, sorted.
    pub key_value_stores: Vec<String>,
    /// Labels of SQLite databases, sorted.
    pub sqlite_databases: Vec<String>,
    /// Names of language models, sorted.
    pub ai_models: Vec<String>,
    pub(crate) places: Places,
    pub(crate) host_places: Places,
}

impl Component {
    /// Where the manifest names the component.
    pub fn location(&self) -> Location {
        self.places.whole()
    }

    /// Where the manifest has a key of the component, e.g. `sqlite_databases`; where it names the component if it lacks the
    /// key.
    pub fn location_of(&self, key: &str) -> Location {
        self.places.key(key)
    }

    /// Where the manifest allows a host, which is one of [`Component::allowed_outbound_hosts`].
    pub fn host_location(&self, host: &str) -> Location {
        self.host_places.key(host)
    }
}

/// A file that a component sees.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MountedFile {
    /// Where the component sees it: relative to its root, `/`-separated; fulfils [`crate::check_guest_path`].
    pub path: String,
    /// Its bytes.
    pub content: Content,
}

/// What makes a component run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trigger {
    /// `http`, `redis`, or whatever a platform knows.
    pub kind: String,
    /// The id, if the manifest gives one.
    pub id: Option<String>,
    /// The id of the component that runs; none if the trigger answers itself (`static_response`), or has all of its
    /// components in `components`.
    pub component: Option<String>,
    /// Further components, by what the kind of trigger calls them: lists of ids, none of them empty.
    pub components: BTreeMap<String, Vec<String>>,
    /// What the kind of trigger calls its further binaries, `middleware` for one. They are nowhere but in
    /// [`Trigger::config`], so a trigger that has any runs as its author means it only where somebody composes them.
    pub dependencies: Vec<String>,
    /// Route of an HTTP trigger as the manifest has it, without the base; none for a private route.
    pub route: Option<String>,
    /// The whole table in the form of manifest version 2, `component` and `id` included; always an object, keys sorted.
    /// Components are ids in it, also those that the manifest has in the trigger's table itself.
    pub config: Value,
    pub(crate) places: Places,
}

impl Trigger {
    /// Where the manifest has the trigger.
    pub fn location(&self) -> Location {
        self.places.whole()
    }

    /// Where the manifest has a key of the trigger, e.g. `route`; where it has the trigger if that lacks the key.
    pub fn location_of(&self, key: &str) -> Location {
        self.places.key(key)
    }
}

/// A variable that the application can be configured with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Variable {
    /// `lower_snake_case`.
    pub name: String,
    /// The value without configuration. Given exactly when the variable is not required.
    pub default: Option<String>,
    /// Whether the application can't run without a value.
    pub required: bool,
    /// Whether the value must not be shown.
    pub secret: bool,
    /// One line for people.
    pub description: Option<String>,
    pub(crate) places: Places,
}

impl Variable {
    /// Where the manifest declares the variable.
    pub fn location(&self) -> Location {
        self.places.whole()
    }
}

/// A path of an HTTP application and what answers there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Route {
    /// The path with its base. A last part `...` stands for anything below; a part `:name` for one part.
    pub pattern: String,
    /// The id of the component; none where the trigger answers itself, with a static response.
    pub component: Option<String>,
}

/// How large an application may be.
///
/// They keep a wrong pattern or a hostile folder from filling memory or time. Bindle servers take quadratic time in the
/// number of parcels, so many more files than the default would not deploy in reasonable time anyway.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Files that all components together see. 10,000.
    pub files: usize,
    /// Bytes of one file. 2 GiB: a transfer that breaks starts again from its first byte.
    pub file_bytes: u64,
    /// Bytes of all different files. 8 GiB.
    pub total_bytes: u64,
    /// Files and folders looked at while matching patterns. 500,000.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 10_000,
            file_bytes: 2 << 30,
            total_bytes: 8 << 30,
            entries: 500_000,
        }
    }
}

impl Application {
    /// Loads the application whose manifest is `path`, or lies in the folder `path` as `spin.toml`.
    ///
    /// # Errors
    /// Anything that keeps the application from being deployed, see [`crate::Fault`];
    /// [`Fault::Unresolved`](crate::Fault::Unresolved) if a binary has to be fetched or composed first.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        Self::load_within(path, &Limits::default())
    }

    /// Like [`Application::load`], with limits of one's own.
    ///
    /// # Errors
    /// As for [`Application::load`].
    pub fn load_within(path: &Path, limits: &Limits) -> Result<Self, LoadError> {
        Self::assemble(&Manifest::open(path, None)?, &BTreeMap::new(), limits)
    }

    /// Collects and hashes everything that `manifest` names.
    ///
    /// `binaries` are the finished WebAssembly files of components, by id. There has to be one for each of
    /// [`Manifest::unresolved`]; there may be others, which take the place of what the manifest names.
    ///
    /// # Errors
    /// Anything that keeps the application from being deployed, see [`crate::Fault`].
    pub fn assemble(
        manifest: &Manifest,
        binaries: &BTreeMap<String, PathBuf>,
        limits: &Limits,
    ) -> Result<Self, LoadError> {
        let reading = Reading::default().within(limits);
        Self::assemble_by(manifest, binaries, &reading)
    }

    /// Like [`Application::assemble`], while somebody watches, or with digests that are known from before.
    ///
    /// # Errors
    /// As for [`Application::assemble`].
    pub fn assemble_by(
        manifest: &Manifest,
        binaries: &BTreeMap<String, PathBuf>,
        reading: &Reading<'_>,
    ) -> Result<Self, LoadError> {
        load::assemble(manifest, binaries, reading)
    }

    /// The manifest, as it was asked for.
    pub fn manifest(&self) -> &Path {
        &self.manifest
    }

    /// The name: ASCII letters, digits, `.`, `_`, `-`; at most 128 of them.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version that the manifest gives; `0.0.0` if it gives none.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The version under which this very content is deployed: the manifest's, with `q` and the first 16 digits of
    /// [`Application::digest`] as (the last part of) its build metadata, e.g. `1.2.0+q0123456789abcdef`.
    pub fn revision(&self) -> String {
        self.revision.to_string()
    }

    /// [`Application::revision`], typed.
    pub fn revision_version(&self) -> &Version {
        &self.revision
    }

    /// SHA-256 over everything that is deployed: applications with the same digest are the same.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// One line for people.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// `Name <address>` of each author, in the manifest's order.
    pub fn authors(&self) -> &[String] {
        &self.authors
    }

    /// The components, sorted by id. There are none if all triggers answer themselves.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The triggers, sorted by kind and component.
    pub fn triggers(&self) -> &[Trigger] {
        &self.triggers
    }

    /// Settings of whole trigger kinds, e.g. `{"redis": {"address": ...}}`; each value is an object.
    pub fn trigger_settings(&self) -> &BTreeMap<String, Value> {
        &self.trigger_settings
    }

    /// The variables, sorted by name.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// All public HTTP routes, sorted.
    pub fn routes(&self) -> Vec<Route> {
        let triggers = self
            .triggers
            .iter()
            .map(|trigger| (&trigger.kind, &trigger.route, &trigger.component));
        routes(&self.trigger_settings, triggers)
    }

    /// The content with this digest.
    pub fn content(&self, digest: &Digest) -> Option<&Content> {
        self.by_digest
            .get(digest)
            .and_then(|at| self.contents.get(*at))
    }

    /// All content, each digest once.
    pub fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// What is not wrong but should be looked at: one sentence each, without a final period.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The application in the form that travels with the bindle. It does not depend on what is in binaries and files.
    pub fn record(&self) -> ApplicationRecord {
        let components = self
            .components
            .iter()
            .map(|component| ComponentRecord {
                id: component.id.clone(),
                description: component.description.clone(),
                files: component
                    .files
                    .iter()
                    .map(|file| file.path.clone())
                    .collect(),
                environment: component.environment.clone(),
                variables: component.variables.clone(),
                allowed_outbound_hosts: component.allowed_outbound_hosts.clone(),
                key_value_stores: component.key_value_stores.clone(),
                sqlite_databases: component.sqlite_databases.clone(),
                ai_models: component.ai_models.clone(),
            })
            .collect();
        let triggers: Vec<_> = self
            .triggers
            .iter()
            .map(|trigger| TriggerRecord {
                kind: trigger.kind.clone(),
                id: trigger.id.clone(),
                component: trigger.component.clone(),
                route: trigger.route.clone(),
                config: trigger.config.clone(),
            })
            .collect();
        let variables = self
            .variables
            .iter()
            .map(|variable| VariableRecord {
                name: variable.name.clone(),
                default: variable.default.clone(),
                required: variable.required,
                secret: variable.secret,
                description: variable.description.clone(),
            })
            .collect();
        ApplicationRecord {
            format: record::format_for(&triggers),
            name: self.name.clone(),
            version: self.version.to_string(),
            description: self.description.clone(),
            authors: self.authors.clone(),
            components,
            triggers,
            trigger_settings: self.trigger_settings.clone(),
            variables,
        }
    }

    /// What the record leaves to the invoice.
    fn component_contents(&self) -> Vec<ComponentContents> {
        self.components
            .iter()
            .map(|component| ComponentContents {
                source: ContentLabel::of(&component.source),
                files: component
                    .files
                    .iter()
                    .map(|file| ContentLabel::of(&file.content))
                    .collect(),
            })
            .collect()
    }
}

/// Public HTTP routes with their base, sorted.
pub(crate) fn routes<'t>(
    settings: &BTreeMap<String, Value>,
    triggers: impl Iterator<Item = (&'t String, &'t Option<String>, &'t Option<String>)>,
) -> Vec<Route> {
    let base = settings
        .get("http")
        .and_then(|http| http.get("base"))
        .and_then(Value::as_str)
        .unwrap_or("/");
    let mut routes: Vec<_> = triggers
        .filter(|(kind, _, _)| kind.as_str() == "http")
        .filter_map(|(_, route, component)| {
            route.as_ref().map(|route| Route {
                pattern: join_route(base, route),
                component: component.clone(),
            })
        })
        .collect();
    routes.sort();
    routes
}

fn join_route(base: &str, route: &str) -> String {
    let base = base.trim_matches('/');
    let route = route.trim_start_matches('/');
    match (base, route) {
        ("", route) => format!("/{route}"),
        (base, "") => format!("/{base}"),
        (base, route) => format!("/{base}/{route}"),
    }
}

/// The part of a revision's build metadata that names its content.
pub(crate) fn mark(digest: &Digest) -> String {
    format!("q{}", digest.prefix(16))
}

/// The manifest's version with the digest joined to its build metadata.
fn revision(version: &Version, digest: &Digest) -> Result<Version, semver::Error> {
    let mark = mark(digest);
    let build = if version.build.is_empty() {
        mark
    } else {
        format!("{}.{mark}", version.build)
    };
    Ok(Version {
        build: BuildMetadata::new(&build)?,
        ..version.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_joined_to_the_base() {
        for (base, route, joined) in [
            ("/", "/...", "/..."),
            ("/", "", "/"),
            ("", "a", "/a"),
            ("/base", "/", "/base"),
            ("/base/", "/a/:id", "/base/a/:id"),
            ("base", "/...", "/base/..."),
        ] {
            assert_eq!(join_route(base, route), joined, "{base:?} {route:?}");
        }
    }

    #[test]
    fn a_revision_keeps_the_version_and_its_build_metadata() {
        let digest = Digest::of(b"");
        let revision = |text: &str| {
            revision(&Version::parse(text).unwrap(), &digest)
                .unwrap()
                .to_string()
        };
        assert_eq!(revision("1.2.0"), "1.2.0+qe3b0c44298fc1c14");
        assert_eq!(
            revision("1.2.0-rc.1+b.7"),
            "1.2.0-rc.1+b.7.qe3b0c44298fc1c14"
        );
    }
}
