//! `dependencies`: what fills the imports of a component.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use semver::{BuildMetadata, Version, VersionReq};
use toml::Spanned;
use toml::de::DeValue;

use super::names::{check_kebab, check_package, most_similar};
use super::source::{self, Source};
use super::table::{Reading, Table, wrong_type};
use super::{ComponentTable, Model};
use crate::Digest;
use crate::error::{Fault, LoadError, Location};

/// What fills imports of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dependency {
    /// The imports that are meant.
    pub name: DependencyName,
    /// The component that fills them.
    pub source: DependencySource,
    /// The export of that component which does, if it has another name than the import.
    pub export: Option<String>,
    /// Which of the rights of the component it gets too.
    pub inherit: Inherit,
    /// Where the manifest says so.
    pub location: Location,
}

/// Imports, as a manifest names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DependencyName {
    /// An import with a plain name, such as `my-import`.
    Plain(String),
    /// Interfaces of a package.
    Package {
        /// `namespace:name`.
        package: String,
        /// One interface of it; all if none.
        interface: Option<String>,
        /// The package's version; any if none.
        version: Option<Version>,
    },
}

/// Where the component that fills an import comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DependencySource {
    /// The newest fitting version of a package.
    Package {
        /// The registry, as in [`Source::Package`].
        registry: Option<String>,
        /// `namespace:name`.
        package: String,
        /// The versions that fit.
        version: VersionReq,
    },
    /// A file.
    File {
        /// Its path, as in [`Source::File`].
        path: String,
    },
    /// A download.
    Url {
        /// An `http` or `https` URL.
        url: String,
        /// SHA-256 of the bytes.
        digest: Digest,
    },
    /// The binary of another component of the application, which has no dependencies and no rights of its own.
    Component {
        /// The component's id.
        id: String,
        /// Where its binary comes from.
        source: Source,
    },
}

/// Which of the rights of a component its dependency gets too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Inherit {
    /// None: what it imports of Spin is refused to it.
    Nothing,
    /// All.
    Everything,
    /// Those of some keys of the component's table: some of [`Inherit::KEYS`], sorted.
    Keys(Vec<String>),
}

impl fmt::Display for DependencySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package {
                package, version, ..
            } => write!(f, "the package `{package}` ({version})"),
            Self::File { path } => write!(f, "the file `{}`", path.escape_debug()),
            Self::Url { url, .. } => write!(f, "the URL `{url}`"),
            Self::Component { id, source } => write!(f, "component `{id}`, {source}"),
        }
    }
}

impl Inherit {
    /// The keys that [`Inherit::Keys`] may hold.
    pub const KEYS: &'static [&'static str] = &[
        "ai_models",
        "allowed_outbound_hosts",
        "environment",
        "files",
        "key_value_stores",
        "sqlite_databases",
        "variables",
    ];
}

impl fmt::Display for DependencyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(name) => f.write_str(name),
            Self::Package {
                package,
                interface,
                version,
            } => {
                f.write_str(package)?;
                if let Some(interface) = interface {
                    write!(f, "/{interface}")?;
                }
                if let Some(version) = version {
                    write!(f, "@{version}")?;
                }
                Ok(())
            }
        }
    }
}

impl DependencyName {
    fn parse(text: &str) -> Result<Self, String> {
        if !text.contains([':', '/']) {
            check_kebab(text)?;
            return Ok(Self::Plain(text.to_owned()));
        }
        let (path, version) = match text.split_once('@') {
            Some((path, version)) => {
                let version = Version::parse(version)
                    .map_err(|error| format!("`{version}` is no version ({error})"))?;
                (path, Some(version))
            }
            None => (text, None),
        };
        let (package, interface) = match path.split_once('/') {
            Some((package, interface)) => (package, Some(interface)),
            None => (path, None),
        };
        check_package(package)?;
        if let Some(interface) = interface {
            check_kebab(interface)?;
        }
        Ok(Self::Package {
            package: package.to_owned(),
            interface: interface.map(str::to_owned),
            version,
        })
    }

    /// Whether no import can be meant by both.
    fn is_apart_from(&self, other: &Self) -> bool {
        let (
            Self::Package {
                package,
                interface,
                version,
            },
            Self::Package {
                package: other_package,
                interface: other_interface,
                version: other_version,
            },
        ) = (self, other)
        else {
            return self != other;
        };
        package != other_package
            || matches!((interface, other_interface), (Some(one), Some(other)) if one != other)
            || matches!((version, other_version), (Some(one), Some(other)) if track(one) != track(other))
    }
}

/// What versions have in common that can stand for each other.
fn track(version: &Version) -> String {
    let mut version = version.clone();
    version.build = BuildMetadata::EMPTY;
    if version.pre.is_empty() && version.major > 0 {
        return version.major.to_string();
    }
    if version.pre.is_empty() && version.minor > 0 {
        return format!("0.{}", version.minor);
    }
    version.to_string()
}

/// A dependency as its table has it, before other components were looked at.
#[derive(Clone, Debug)]
pub(crate) struct DependencyTable {
    pub(crate) name: DependencyName,
    pub(crate) from: From,
    pub(crate) export: Option<String>,
    /// None if the table does not say.
    pub(crate) inherit: Option<Inherit>,
    pub(crate) span: Range<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum From {
    Source(DependencySource),
    Component(Spanned<String>),
}

/// Dependencies of a component, by the text of their names.
pub(crate) type Dependencies = BTreeMap<String, DependencyTable>;

const EXPECTED: &str = "a version such as \">=1.0\", or a table with `version`, `path`, `url` and `digest`, or `component`";

/// Reads the key `dependencies` of a component or profile.
pub(super) fn read(table: &Table<'_>) -> Result<Dependencies, LoadError> {
    let mut dependencies = Dependencies::new();
    let Some(table) = table.table("dependencies")? else {
        return Ok(dependencies);
    };
    for (name, value) in table.entries() {
        let parsed = DependencyName::parse(name.get_ref())
            .map_err(|reason| {
                let fault = Fault::Invalid {
                    what: format!("the dependency name `{}`", name.get_ref().escape_debug()),
                    reason,
                };
                table.error(name.span(), fault)
            })
            .and_then(|parsed| one(&table, parsed, &name, value));
        if let Some(dependency) = table.reading.keep(parsed)? {
            dependencies.insert(name.into_inner(), dependency);
        }
    }
    Ok(dependencies)
}

/// Further binaries of a trigger, by what its kind calls them, in the order in which they are used.
pub(crate) type TriggerDependencies = BTreeMap<String, Vec<From>>;

/// Reads the key `dependencies` of a trigger.
pub(super) fn read_of_trigger(trigger: &Table<'_>) -> Result<TriggerDependencies, LoadError> {
    let mut all = TriggerDependencies::new();
    let Some(table) = trigger.table("dependencies")? else {
        return Ok(all);
    };
    let expected =
        "a list of tables with `version` and `package`, `path`, `url` and `digest`, or `component`";
    for (name, _) in table.entries() {
        let mut of_name = Vec::new();
        for item in table.items(name.get_ref(), expected)? {
            let place = format!("an entry of `{}` of {}", name.get_ref(), table.place());
            let entry = Table::of(table.reading, item, place)?;
            inherit(&entry)?;
            of_name.push(from(
                &entry,
                None,
                &Spanned::new(item.span(), String::new()),
            )?);
        }
        all.insert(name.into_inner(), of_name);
    }
    Ok(all)
}

/// Refuses dependencies that could fill the same import.
pub(super) fn check_apart(table: &Table<'_>, dependencies: &Dependencies) -> Result<(), LoadError> {
    // Only names of one package can meet, and they are neighbours by package.
    let mut by_package: BTreeMap<&str, Vec<&DependencyTable>> = BTreeMap::new();
    for dependency in dependencies.values() {
        let DependencyName::Package { package, .. } = &dependency.name else {
            continue;
        };
        let others = by_package.entry(package).or_default();
        if let Some(other) = others
            .iter()
            .find(|other| !dependency.name.is_apart_from(&other.name))
        {
            let fault = Fault::Invalid {
                what: format!("the dependency `{}`", dependency.name),
                reason: format!("it means imports that `{}` means too", other.name),
            };
            return Err(table.error(dependency.span.clone(), fault));
        }
        others.push(dependency);
        if others.len() > MOST_OF_A_PACKAGE {
            let fault = Fault::TooLarge {
                what: format!("there are too many dependencies on the package `{package}`"),
                limit: MOST_OF_A_PACKAGE.to_string(),
            };
            return Err(table.error(dependency.span.clone(), fault));
        }
    }
    Ok(())
}

/// What depends on a component of the application finds one that has nothing but a binary.
pub(super) fn check(reading: &Reading<'_>, model: &Model) -> Result<(), LoadError> {
    let by_id: BTreeMap<&str, &ComponentTable> = model.components_by_id();
    let of_components = model.components.iter().flat_map(|component| {
        let dependencies = component.dependencies.values();
        dependencies.map(|dependency| (Some(component.id.get_ref()), &dependency.from))
    });
    let of_triggers = model.triggers.iter().flat_map(|trigger| {
        let dependencies = trigger.dependencies.values().flatten();
        dependencies.map(|from| (None, from))
    });
    for (of, from) in of_components.chain(of_triggers) {
        let From::Component(id) = from else {
            continue;
        };
        let fault = match by_id.get(id.get_ref().as_str()) {
            None => Fault::UnknownComponent {
                component: id.get_ref().escape_debug().to_string(),
                similar: most_similar(id.get_ref(), by_id.keys().copied()),
            },
            Some(_) if of == Some(id.get_ref()) => Fault::Invalid {
                what: format!("component `{}`", id.get_ref()),
                reason: "it can't depend on itself".to_owned(),
            },
            Some(component) => match rights(component).as_slice() {
                [] => continue,
                keys => Fault::Invalid {
                    what: format!("component `{}` as a dependency", id.get_ref()),
                    reason: format!(
                        "only its binary would be used, and it has {} too; move that to the component that depends on it",
                        keys.iter()
                            .map(|key| format!("`{key}`"))
                            .collect::<Vec<_>>()
                            .join(", ")
                    ),
                },
            },
        };
        reading.keep(Err::<(), _>(reading.error(id.span(), fault)))?;
    }
    Ok(())
}

/// The keys of a component by which it is more than a binary.
fn rights(component: &ComponentTable) -> Vec<&'static str> {
    let has = [
        ("ai_models", !component.ai_models.is_empty()),
        (
            "allowed_outbound_hosts",
            !component.hosts.outbound.is_empty(),
        ),
        ("dependencies", !component.dependencies.is_empty()),
        ("environment", !component.environment.is_empty()),
        ("files", !component.files.is_empty()),
        ("key_value_stores", !component.key_value_stores.is_empty()),
        ("sqlite_databases", !component.sqlite_databases.is_empty()),
        ("variables", !component.variables.is_empty()),
    ];
    let has = has.into_iter().filter(|(_, has)| *has);
    has.map(|(key, _)| key).collect()
}

/// They are compared with each other, and no package has this many interfaces.
const MOST_OF_A_PACKAGE: usize = 200;

fn one(
    parent: &Table<'_>,
    parsed: DependencyName,
    name: &Spanned<String>,
    value: &Spanned<DeValue<'_>>,
) -> Result<DependencyTable, LoadError> {
    let place = format!("dependency `{}`", name.get_ref());
    let mut dependency = match value.get_ref() {
        DeValue::String(version) => DependencyTable {
            from: From::Source(DependencySource::Package {
                registry: None,
                package: package_of(parent, Some(&parsed), name, None)?,
                version: versions(parent, &Spanned::new(value.span(), version.to_string()))?,
            }),
            name: parsed,
            export: None,
            inherit: None,
            span: 0..0,
        },
        DeValue::Table(_) => {
            let table = Table::of(parent.reading, value, place)?;
            let from = from(&table, Some(&parsed), name)?;
            let export = table.string("export")?;
            let inherit = inherit(&table)?;
            let is_whole_package = matches!(
                parsed,
                DependencyName::Package {
                    interface: None,
                    ..
                }
            );
            let is_download = matches!(from, From::Source(DependencySource::Url { .. }));
            if let Some(export) = export.as_ref().filter(|_| is_whole_package && !is_download) {
                let fault = Fault::Invalid {
                    what: format!("`export` of {}", table.place()),
                    reason: format!(
                        "one export can't fill a whole package; name an interface, such as `{parsed}/...`"
                    ),
                };
                return Err(table.error(export.span(), fault));
            }
            DependencyTable {
                name: parsed,
                from,
                export: export.map(Spanned::into_inner),
                inherit,
                span: 0..0,
            }
        }
        other => {
            return Err(parent.error(value.span(), wrong_type(name.get_ref(), other, EXPECTED)));
        }
    };
    dependency.span = name.span();
    Ok(dependency)
}

fn from(
    table: &Table<'_>,
    parsed: Option<&DependencyName>,
    name: &Spanned<String>,
) -> Result<From, LoadError> {
    let has = |key: &str| table.get(key).is_some();
    // What a trigger depends on is used whole.
    let also: &[&str] = match parsed {
        Some(_) => &["export", "inherit_configuration"],
        None => &["inherit_configuration"],
    };
    let only = |keys: &[&str]| table.only(&[keys, also].concat());
    if has("component") {
        only(&["component"])?;
        let id = table.need_string("component", "the id of a component")?;
        return Ok(From::Component(id));
    }
    Ok(From::Source(if has("path") {
        only(&["path"])?;
        let path = table.need_string("path", "the path of a WebAssembly file")?;
        DependencySource::File {
            path: path.into_inner(),
        }
    } else if has("url") || has("digest") {
        only(&["url", "digest"])?;
        let (url, digest) = source::download(table)?;
        DependencySource::Url { url, digest }
    } else {
        only(&["version", "registry", "package"])?;
        let version = table.need_string("version", "versions that fit, such as \">=1.0\"")?;
        let package = source::package(table)?;
        DependencySource::Package {
            registry: source::registry(table)?,
            package: package_of(table, parsed, name, package)?,
            version: versions(table, &version)?,
        }
    }))
}

fn package_of(
    table: &Table<'_>,
    parsed: Option<&DependencyName>,
    name: &Spanned<String>,
    given: Option<String>,
) -> Result<String, LoadError> {
    match (given, parsed) {
        (Some(package), _) => Ok(package),
        (None, Some(DependencyName::Package { package, .. })) => Ok(package.clone()),
        (None, None) => Err(table.missing("package", "a package such as \"example:hello\"")),
        (None, Some(DependencyName::Plain(plain))) => {
            let fault = Fault::MissingKey {
                key: "package".to_owned(),
                place: format!("dependency `{plain}`"),
                expected: "the package that fills an import with a plain name".to_owned(),
            };
            Err(table.error(name.span(), fault))
        }
    }
}

fn versions(table: &Table<'_>, version: &Spanned<String>) -> Result<VersionReq, LoadError> {
    VersionReq::parse(version.get_ref()).map_err(|error| {
        let fault = Fault::Invalid {
            what: format!("the version `{}`", version.get_ref().escape_debug()),
            reason: format!("expected versions that fit, such as `>=1.0` ({error})"),
        };
        table.error(version.span(), fault)
    })
}

fn inherit(table: &Table<'_>) -> Result<Option<Inherit>, LoadError> {
    let key = "inherit_configuration";
    let Some(value) = table.get(key) else {
        return Ok(None);
    };
    match value.get_ref() {
        DeValue::Boolean(true) => Ok(Some(Inherit::Everything)),
        DeValue::Boolean(false) => Ok(Some(Inherit::Nothing)),
        DeValue::Array(_) => {
            let mut keys = Vec::new();
            for given in table.strings(key)? {
                if !Inherit::KEYS.contains(&given.get_ref().as_str()) {
                    let fault = Fault::UnknownKey {
                        key: given.get_ref().escape_debug().to_string(),
                        place: format!("`{key}` of {}", table.place()),
                        similar: most_similar(given.get_ref(), Inherit::KEYS.iter().copied()),
                        known: Inherit::KEYS.join(", "),
                    };
                    return Err(table.error(given.span(), fault));
                }
                keys.push(given.into_inner());
            }
            keys.sort();
            keys.dedup();
            Ok(Some(if keys.is_empty() {
                Inherit::Nothing
            } else {
                Inherit::Keys(keys)
            }))
        }
        other => {
            let expected = "true, false, or a list of keys such as [\"allowed_outbound_hosts\"]";
            Err(table.error(value.span(), wrong_type(key, other, expected)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DependencyName {
        DependencyName::parse(text).unwrap()
    }

    #[test]
    fn names_read_as_they_are_written() {
        for text in ["a-b", "a:b", "a:b/c-d", "a:b@1.2.3-rc.1", "a:b/c@0.1.0"] {
            assert_eq!(name(text).to_string(), text);
        }
        for text in [
            "", "a_b", "a:b@1", "a:b/", "a/b", ":b", "a:b:c", "a:b/c/d", "a b:c",
        ] {
            assert!(DependencyName::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_that_can_mean_one_import_are_not_apart() {
        for (one, other) in [
            ("a:b", "a:b/c"),
            ("a:b/c", "a:b/c@1.0.0"),
            ("a:b@1.0.0", "a:b@1.2.0"),
            ("a:b@0.1.0", "a:b@0.1.7"),
        ] {
            assert!(!name(one).is_apart_from(&name(other)), "{one} {other}");
        }
        for (one, other) in [
            ("a:b", "a:c"),
            ("a:b/c", "a:b/d"),
            ("a:b@1.0.0", "a:b@2.0.0"),
            ("a:b@0.1.0", "a:b@0.2.0"),
            ("a:b@0.0.1", "a:b@0.0.2"),
            ("a:b@1.0.0-rc.1", "a:b@1.0.0-rc.2"),
        ] {
            assert!(name(one).is_apart_from(&name(other)), "{one} {other}");
        }
    }
}
