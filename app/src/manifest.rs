//! `spin.toml`, both versions, read into one form.
//!
//! The reading is strict: a key that is not known is refused. What Spin knows is kept, whether or not a platform can run it:
//! that is found out before anything is deployed. Nothing is dropped silently.

mod binary;
mod build;
mod component;
mod dependency;
mod document;
mod hosts;
mod names;
mod profile;
mod read;
mod source;
mod table;
mod targets;
mod template;
mod tool;
mod triggers;
mod v1;
mod v2;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use semver::Version;
use serde_json::Value;

use crate::error::{LoadError, Location};

pub use build::Build;
pub(crate) use component::{ComponentTable, FilesEntry};
pub use dependency::{Dependency, DependencyName, DependencySource, Inherit};
pub(crate) use document::{Document, Places, Spans};
pub(crate) use hosts::{ALLOW_ALL, http_hosts};
pub use source::Source;
pub use targets::TargetEnvironment;
pub use tool::tool_table;
pub(crate) use triggers::{TriggerTable, Use};
pub(crate) use variables::VariableTable;

use read::Head;

/// A manifest of either version, read and checked, before any file but itself was looked at.
#[derive(Clone, Debug)]
pub struct Manifest {
    document: Arc<Document>,
    model: Model,
}

/// What a manifest says.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    head: Head,
    targets: Vec<TargetEnvironment>,
    /// Sorted by id.
    components: Vec<ComponentTable>,
    /// Sorted by kind, component and contents.
    triggers: Vec<TriggerTable>,
    trigger_settings: BTreeMap<String, Value>,
    /// Sorted by name.
    variables: Vec<VariableTable>,
    profiles: BTreeSet<String>,
    warnings: Vec<String>,
}

/// A component whose binary is not simply a file: it comes from elsewhere, or is put together from several.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unresolved {
    /// The component's id.
    pub id: String,
    /// Where its own binary comes from.
    pub source: Source,
    /// Where the manifest says that.
    pub location: Location,
    /// What fills its imports, sorted by name.
    pub dependencies: Vec<Dependency>,
}

impl Manifest {
    /// Reads and checks the manifest `path`, or `spin.toml` in the folder `path`, as it is in a build profile.
    ///
    /// # Errors
    /// It can't be read, or is wrong: see [`crate::Fault`]. All that is wrong is told at once as far as that is possible,
    /// see [`LoadError::others`].
    pub fn open(path: &Path, profile: Option<&str>) -> Result<Self, LoadError> {
        let document = Arc::new(Document::read(path)?);
        let model = read::read(&document, profile)?;
        Ok(Self { document, model })
    }

    /// Where the manifest is, as it was asked for.
    pub fn path(&self) -> &Path {
        self.document.path()
    }

    /// The folder of the application, as it was asked for.
    pub fn folder(&self) -> &Path {
        self.document.folder()
    }

    /// The application's name.
    pub fn name(&self) -> &str {
        &self.model.head.name
    }

    /// The version that the manifest gives; `0.0.0` if it gives none.
    pub fn version(&self) -> &Version {
        &self.model.head.version
    }

    /// The environments that the application has to be compatible with, as the manifest has them.
    pub fn targets(&self) -> &[TargetEnvironment] {
        &self.model.targets
    }

    /// The environments that a component has to be compatible with: its own, or else those of the application.
    pub fn targets_of(&self, component: &str) -> &[TargetEnvironment] {
        self.component(component)
            .and_then(|component| component.targets.as_deref())
            .unwrap_or(&self.model.targets)
    }

    /// The names of all build profiles, sorted.
    pub fn profiles(&self) -> impl Iterator<Item = &str> {
        self.model.profiles.iter().map(String::as_str)
    }

    /// What is not wrong but should be looked at: one sentence each, without a final period.
    pub fn warnings(&self) -> &[String] {
        &self.model.warnings
    }

    /// The components whose finished binaries [`crate::Application::assemble`] has to be given, sorted by id.
    pub fn unresolved(&self) -> Vec<Unresolved> {
        self.deployed()
            .filter(|component| {
                !matches!(component.source.get_ref(), Source::File { .. })
                    || !component.dependencies.is_empty()
            })
            .map(|component| Unresolved {
                id: component.id.get_ref().clone(),
                source: component.source.get_ref().clone(),
                location: self.document.location(component.source.span()),
                dependencies: self.dependencies(component),
            })
            .collect()
    }

    fn dependencies(&self, component: &ComponentTable) -> Vec<Dependency> {
        let of = |from: &dependency::From| match from {
            dependency::From::Source(source) => Some(source.clone()),
            dependency::From::Component(id) => Some(DependencySource::Component {
                id: id.get_ref().clone(),
                source: self.component(id.get_ref())?.source.get_ref().clone(),
            }),
        };
        let tables = component.dependencies.values();
        let mut dependencies: Vec<_> = tables
            .filter_map(|table| {
                Some(Dependency {
                    name: table.name.clone(),
                    source: of(&table.from)?,
                    export: table.export.clone(),
                    inherit: table
                        .inherit
                        .clone()
                        .unwrap_or_else(|| component.inherit.clone()),
                    location: self.document.location(table.span.clone()),
                })
            })
            .collect();
        dependencies.sort_by(|a, b| a.name.cmp(&b.name));
        dependencies
    }

    /// How the components are built, in the order of the manifest. Those that only others depend on are among them.
    pub fn builds(&self) -> Vec<Build> {
        let mut components: Vec<_> = self.model.components.iter().collect();
        components.sort_by_key(|component| component.id.span().start);
        let builds = components.into_iter().filter_map(|component| {
            let build = component.build.as_ref()?;
            Some(Build {
                component: component.id.get_ref().clone(),
                commands: build.commands.get_ref().clone(),
                workdir: build.workdir.clone(),
                watch: build.watch.clone(),
                location: self.document.location(build.commands.span()),
            })
        });
        builds.collect()
    }

    /// Finds the file that a path of a [`Source::File`] or [`DependencySource::File`] means. `location` is where the manifest
    /// has it, for errors.
    ///
    /// The path may lead out of the folder of the application, as `../target/...` does where several packages are built
    /// together; a link that leads out is refused. The file is an ordinary one that starts as WebAssembly does; no more was
    /// read of it.
    ///
    /// # Errors
    /// [`crate::Fault::NotBuilt`] if there is none, [`crate::Fault::Outside`], [`crate::Fault::NotWasm`], [`crate::Fault::Invalid`] for what is no path.
    pub fn find(
        &self,
        component: &str,
        path: &str,
        location: &Location,
    ) -> Result<PathBuf, LoadError> {
        let command = self
            .component(component)
            .and_then(|component| Some(component.build.as_ref()?.shown()));
        binary::find(self.folder(), component, path, command, location)
    }

    /// The components that are deployed, sorted by id: all but those that others only depend on.
    pub(crate) fn deployed(&self) -> impl Iterator<Item = &ComponentTable> {
        let parts = self.model.parts();
        let components = self.model.components.iter();
        components.filter(move |component| !parts.contains(component.id.get_ref().as_str()))
    }

    fn component(&self, id: &str) -> Option<&ComponentTable> {
        let components = &self.model.components;
        let at = components
            .binary_search_by(|component| component.id.get_ref().as_str().cmp(id))
            .ok()?;
        components.get(at)
    }

    pub(crate) fn document(&self) -> &Arc<Document> {
        &self.document
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }
}

impl Model {
    pub(crate) fn description(&self) -> Option<&str> {
        self.head.description.as_deref()
    }

    pub(crate) fn authors(&self) -> &[String] {
        &self.head.authors
    }

    pub(crate) fn triggers(&self) -> &[TriggerTable] {
        &self.triggers
    }

    pub(crate) fn trigger_settings(&self) -> &BTreeMap<String, Value> {
        &self.trigger_settings
    }

    pub(crate) fn variables(&self) -> &[VariableTable] {
        &self.variables
    }

    fn components_by_id(&self) -> BTreeMap<&str, &ComponentTable> {
        let components = self.components.iter();
        components
            .map(|component| (component.id.get_ref().as_str(), component))
            .collect()
    }

    /// The components that no trigger runs and that others depend on: their binaries go into those of the others.
    fn parts(&self) -> BTreeSet<&str> {
        let of_components = self.components.iter().flat_map(|component| {
            let dependencies = component.dependencies.values();
            dependencies.map(|dependency| &dependency.from)
        });
        let of_triggers = self
            .triggers
            .iter()
            .flat_map(|trigger| trigger.dependencies.values().flatten());
        let mut parts: BTreeSet<&str> = of_components
            .chain(of_triggers)
            .filter_map(|from| match from {
                dependency::From::Component(id) => Some(id.get_ref().as_str()),
                dependency::From::Source(_) => None,
            })
            .collect();
        for used in self.triggers.iter().flat_map(TriggerTable::uses) {
            parts.remove(used.get_ref().as_str());
        }
        parts
    }
}
