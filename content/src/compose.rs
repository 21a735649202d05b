//! Puts a component and its dependencies together into one component, by Spin's rules, so that nothing of it is fetched where it runs.
//!
//! Each dependency is instantiated on its own and satisfies the imports that its name matches. What it imports itself stays an import of
//! the whole; but what carries configuration of the component, or reaches out of it, is refused to a dependency that does not inherit that:
//! such imports are satisfied by a component that says no ([`Refused`] tells of them).

mod inherit;
mod names;
mod refuse;

use std::collections::BTreeMap;

use bowline_host::{ArtifactError, text};
use serde::{Deserialize, Serialize};
use wac_graph::types::{Package, WorldId};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

use crate::{MAX_SIZE, interfaces};

pub use inherit::{Inherit, keys as inheritable};
use names::{DependencyName, export_for};

/// Bytes of the stack on which foreign types are read. They are read recursively, and their number is bounded.
const STACK: usize = 256 << 20;

/// A component that others are composed into.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What satisfies its imports.
    pub dependencies: Vec<Dependency>,
}

/// A component that satisfies imports of another.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The key in the manifest: `greet`, `acme:greeter`, `acme:greeter/hello@1.0.0`.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The export that satisfies the import, where it isn't the one of the same name.
    pub export: Option<String>,
    /// What of the component's configuration it inherits.
    pub inherit: Inherit,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The component.
    pub bytes: Vec<u8>,
    /// What is refused to dependencies.
    pub refused: Vec<Refused>,
}

/// Interfaces of the host that a dependency imports, and does not get.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Refused {
    /// The dependency's name in the manifest.
    pub dependency: String,
    /// The interfaces, with their versions.
    pub interfaces: Vec<String>,
}

/// A component and its dependencies do not fit together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// It is a core module, which nothing can be composed into, or with.
    #[error("{who} is a core WebAssembly module, and only components can be composed")]
    CoreModule {
        /// `the component`, or the dependency.
        who: String,
    },
    /// It is broken, or larger than what is composed.
    #[error("{who} can't be composed: {reason}")]
    Unusable {
        /// `the component`, or the dependency.
        who: String,
        /// Why; clean.
        reason: String,
    },
    /// The name of a dependency is none.
    #[error("`{name}` is not the name of a dependency")]
    Name {
        /// What the manifest says; clean.
        name: String,
    },
    /// The component has no import of that name.
    #[error("the dependency `{name}` satisfies no import of the component{}", list(" (it imports ", .imports))]
    Unmatched {
        /// The dependency.
        name: String,
        /// What the component imports; clean.
        imports: Vec<String>,
    },
    /// Several dependencies satisfy one import.
    #[error("the import {import} is satisfied by several dependencies: {}", .names.join(", "))]
    Conflict {
        /// The import; clean.
        import: String,
        /// The dependencies.
        names: Vec<String>,
    },
    /// The dependency lacks the export.
    #[error("the dependency `{name}` does not export {export}{}", list(" (it exports ", .exports))]
    MissingExport {
        /// The dependency.
        name: String,
        /// The export; clean.
        export: String,
        /// What it exports; clean.
        exports: Vec<String>,
    },
    /// The export is of another type than the import.
    #[error(
        "the dependency `{name}` exports {export} in another form than the component imports it"
    )]
    Mismatch {
        /// The dependency.
        name: String,
        /// The export; clean.
        export: String,
        /// How they differ; clean.
        reason: String,
    },
    /// The whole can't be written, or what was written is not valid.
    #[error("the component and its dependencies can't be put together: {0}")]
    Encode(String),
    /// A thread broke down on it.
    #[error(
        "the component and its dependencies can't be put together: the composer broke down on them"
    )]
    BrokeDown,
}

impl ComposeError {
    /// What to do about it, as a sentence without a final period.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::CoreModule { .. } => "build it for wasm32-wasip2".to_owned(),
            Self::Name { .. } => {
                "write the name of an import, a package or an interface: `greet`, \"acme:greeter\", \"acme:greeter/hello@1.0.0\""
                    .to_owned()
            }
            Self::Unmatched { .. } => "check its name and version, or leave it out".to_owned(),
            Self::Conflict { .. } => "name them by interface, so that each import has one".to_owned(),
            Self::MissingExport { .. } => "name another of its exports: `export = \"...\"`".to_owned(),
            Self::Mismatch { reason, .. } => reason.clone(),
            _ => return None,
        })
    }
}

fn list(before: &str, names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("{before}{})", names.join(", "))
    }
}

/// Composes. It computes for some milliseconds for each megabyte, on a thread of its own, and waits for that.
///
/// # Errors
/// [`ComposeError`].
pub fn compose(part: Part) -> Result<Composed, ComposeError> {
    let composing = std::thread::Builder::new()
        .name("compose".to_owned())
        .stack_size(STACK)
        .spawn(move || Composition::default().compose(&part));
    match composing.map(std::thread::JoinHandle::join) {
        Ok(Ok(composed)) => composed,
        Ok(Err(_)) | Err(_) => Err(ComposeError::BrokeDown),
    }
}

#[derive(Default)]
struct Composition {
    graph: CompositionGraph,
    refused: Vec<Refused>,
    count: usize,
}

/// A component in the graph.
#[derive(Clone, Copy)]
struct Instance {
    world: WorldId,
    node: NodeId,
}

impl Composition {
    fn compose(mut self, part: &Part) -> Result<Composed, ComposeError> {
        let whole = self.add("the component", &part.bytes)?;
        let imports = self.names(whole, |world| world.imports.keys());
        let mut satisfied: BTreeMap<&String, Vec<&Dependency>> = BTreeMap::new();
        for dependency in &part.dependencies {
            let name =
                DependencyName::parse(&dependency.name).ok_or_else(|| ComposeError::Name {
                    name: text::line(&dependency.name, 100),
                })?;
            let mut found = false;
            for import in imports.iter().filter(|import| name.matches(import)) {
                satisfied.entry(import).or_default().push(dependency);
                found = true;
            }
            if !found {
                return Err(ComposeError::Unmatched {
                    name: dependency.name.clone(),
                    imports: clean(imports.iter()),
                });
            }
        }
        let conflict = satisfied.iter().find(|(_, by)| by.len() > 1);
        if let Some((import, by)) = conflict {
            return Err(ComposeError::Conflict {
                import: text::line(import, 200),
                names: by
                    .iter()
                    .map(|dependency| dependency.name.clone())
                    .collect(),
            });
        }
        let mut instances = BTreeMap::new();
        for dependency in &part.dependencies {
            let instance = self.dependency(dependency)?;
            instances.insert(&dependency.name, instance);
        }
        for (import, by) in satisfied {
            for dependency in by {
                if let Some(instance) = instances.get(&dependency.name) {
                    self.satisfy(whole, import, dependency, *instance)?;
                }
            }
        }
        for export in self.names(whole, |world| world.exports.keys()) {
            let alias = self.graph.alias_instance_export(whole.node, &export);
            let alias = alias.map_err(|error| encode(&error))?;
            self.graph
                .export(alias, &export)
                .map_err(|error| encode(&error))?;
        }
        let bytes = self
            .graph
            .encode(EncodeOptions::default())
            .map_err(|error| encode(&error))?;
        if bytes.len() as u64 > MAX_SIZE {
            return Err(ComposeError::Encode(format!(
                "together they have more than {} MiB",
                MAX_SIZE >> 20
            )));
        }
        Ok(Composed {
            bytes,
            refused: self.refused,
        })
    }

    /// Adds a dependency, and what refuses it what it does not inherit.
    fn dependency(&mut self, dependency: &Dependency) -> Result<Instance, ComposeError> {
        let who = format!("the dependency `{}`", dependency.name);
        let instance = self.add(&who, &dependency.bytes)?;
        let made = refuse::refusing(&dependency.bytes, |import| {
            !dependency.inherit.allows(import)
        });
        let made = made.map_err(|reason| ComposeError::Unusable {
            who: who.clone(),
            reason: text::line(&reason, 300),
        })?;
        let Some(refuse::Refusing {
            component,
            interfaces,
        }) = made
        else {
            return Ok(instance);
        };
        let refusing = self.add(&who, &component)?;
        for interface in &interfaces {
            let failed = |error: &dyn std::fmt::Display| ComposeError::Unusable {
                who: who.clone(),
                reason: text::line(
                    &format!("it can't be refused {interface}, which it does not inherit: {error}"),
                    300,
                ),
            };
            let alias = self.graph.alias_instance_export(refusing.node, interface);
            let alias = alias.map_err(|error| failed(&error))?;
            self.graph
                .set_instantiation_argument(instance.node, interface, alias)
                .map_err(|error| failed(&error))?;
        }
        self.refused.push(Refused {
            dependency: dependency.name.clone(),
            interfaces: clean(interfaces.iter()),
        });
        Ok(instance)
    }

    fn satisfy(
        &mut self,
        whole: Instance,
        import: &str,
        dependency: &Dependency,
        instance: Instance,
    ) -> Result<(), ComposeError> {
        let exports = self.names(instance, |world| world.exports.keys());
        let wanted = dependency.export.as_deref().unwrap_or(import);
        let name = || dependency.name.clone();
        let Some(export) = export_for(wanted, exports.iter()) else {
            return Err(ComposeError::MissingExport {
                name: name(),
                export: text::line(wanted, 200),
                exports: clean(exports.iter()),
            });
        };
        let mismatch = |error: &dyn std::fmt::Display| ComposeError::Mismatch {
            name: name(),
            export: text::line(export, 200),
            reason: text::line(&format!("{error:#}"), 300),
        };
        let alias = self.graph.alias_instance_export(instance.node, export);
        let alias = alias.map_err(|error| mismatch(&error))?;
        self.graph
            .set_instantiation_argument(whole.node, import, alias)
            .map_err(|error| match std::error::Error::source(&error) {
                Some(source) => mismatch(&source),
                None => mismatch(&error),
            })
    }

    /// Adds a component to the graph, after a look at how large and how nested it is.
    fn add(&mut self, who: &str, bytes: &[u8]) -> Result<Instance, ComposeError> {
        let unusable = |reason: &str| ComposeError::Unusable {
            who: who.to_owned(),
            reason: text::line(reason, 300),
        };
        match interfaces::inspect(bytes, &interfaces::limits()) {
            Ok(_) => {}
            Err(ArtifactError::CoreModule) => {
                return Err(ComposeError::CoreModule {
                    who: who.to_owned(),
                });
            }
            Err(error) => return Err(unusable(&error.to_string())),
        }
        self.count += 1;
        let name = format!("part-{}", self.count);
        let package = Package::from_bytes(&name, None, bytes, self.graph.types_mut())
            .map_err(|error| unusable(&format!("{error:#}")))?;
        let world = package.ty();
        let package = self
            .graph
            .register_package(package)
            .map_err(|error| unusable(&error.to_string()))?;
        let node = self.graph.instantiate(package);
        Ok(Instance { world, node })
    }

    fn names<'g, I: Iterator<Item = &'g String>>(
        &'g self,
        instance: Instance,
        of: impl FnOnce(&'g wac_graph::types::World) -> I,
    ) -> Vec<String> {
        of(&self.graph.types()[instance.world]).cloned().collect()
    }
}

fn encode(error: &dyn std::fmt::Display) -> ComposeError {
    ComposeError::Encode(text::line(&format!("{error:#}"), 300))
}

fn clean<'n>(names: impl Iterator<Item = &'n String>) -> Vec<String> {
    names.take(30).map(|name| text::line(name, 200)).collect()
}
