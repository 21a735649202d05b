//! From a manifest and the files that it names to an application: collect, hash, put together.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::{Application, Component, MountedFile, Trigger, Variable, revision};
use crate::bundle::WASM_MEDIA_TYPE;
use crate::content::Kind;
use crate::error::{Fault, LoadError};
use crate::files::{Collected, Folder, Hashes};
use crate::manifest::{
    ComponentTable, Document, Manifest, Places, Source, Spans, TriggerTable, Use, VariableTable,
};
use crate::{Content, Digest, Reading, record};

pub(super) fn assemble(
    manifest: &Manifest,
    binaries: &BTreeMap<String, PathBuf>,
    reading: &Reading<'_>,
) -> Result<Application, LoadError> {
    let document = manifest.document();
    let mut warnings = manifest.warnings().to_vec();
    let tables: Vec<_> = manifest.deployed().collect();
    refuse_unknown(&tables, binaries)?;

    let limits = reading.limits();
    let mut folder = Folder::of(document, &limits)?;
    let mut sources = Vec::new();
    let mut collected = Vec::new();
    for component in &tables {
        sources.push(source(manifest, component, binaries)?);
        collected.push(folder.collect(component, &mut warnings)?);
    }
    let every_file = sources
        .iter()
        .chain(collected.iter().flat_map(Collected::files));
    let hashes = Hashes::of(every_file, reading)?;

    let mut components = Vec::new();
    for ((table, source), files) in tables.into_iter().zip(sources).zip(collected) {
        let files = files.check(&hashes)?;
        components.push(component(
            document,
            table,
            &source,
            files,
            &hashes,
            &mut warnings,
        )?);
    }
    let application = put_together(manifest, components, warnings)?;
    tracing::debug!(
        application = application.name,
        digest = %application.digest,
        contents = application.contents.len(),
        "application assembled"
    );
    Ok(application)
}

fn refuse_unknown(
    tables: &[&ComponentTable],
    binaries: &BTreeMap<String, PathBuf>,
) -> Result<(), LoadError> {
    let is_known = |id: &String| tables.iter().any(|table| table.id.get_ref() == id);
    match binaries.keys().find(|id| !is_known(id)) {
        None => Ok(()),
        Some(id) => Err(Fault::UnknownComponent {
            component: id.escape_debug().to_string(),
            similar: None,
        }
        .into()),
    }
}

/// The finished binary of a component.
fn source(
    manifest: &Manifest,
    component: &ComponentTable,
    binaries: &BTreeMap<String, PathBuf>,
) -> Result<Arc<Path>, LoadError> {
    let id = component.id.get_ref();
    if let Some(path) = binaries.get(id) {
        let path = std::fs::canonicalize(path).map_err(|source| Fault::Unreadable {
            path: path.clone(),
            source,
        })?;
        return Ok(path.into());
    }
    let location = manifest.document().location(component.source.span());
    let unresolved = |reason: String| {
        let component = id.clone();
        let fault = Fault::Unresolved { component, reason };
        Err(LoadError::new(fault, Some(location.clone())))
    };
    match component.source.get_ref() {
        Source::File { .. } if !component.dependencies.is_empty() => {
            unresolved("its dependencies are to be composed into it".to_owned())
        }
        Source::File { path } => Ok(manifest.find(id, path, &location)?.into()),
        elsewhere => unresolved(format!("it comes from {elsewhere}")),
    }
}

fn component(
    document: &Arc<Document>,
    table: &ComponentTable,
    source: &Arc<Path>,
    files: BTreeMap<String, Arc<Path>>,
    hashes: &Hashes,
    warnings: &mut Vec<String>,
) -> Result<Component, LoadError> {
    let id = table.id.get_ref().clone();
    let wasm = hashes.get(source)?;
    if wasm.kind != Kind::Wasm {
        let fault = Fault::NotWasm {
            component: id,
            path: source.to_path_buf(),
        };
        return Err(document.error(table.source.span(), fault));
    }
    let mut mounted = Vec::with_capacity(files.len());
    for (path, file) in files {
        let hashed = hashes.get(&file)?;
        if hashed.kind == Kind::PrivateKey {
            warnings.push(format!(
                "component `{id}` gets `{path}`, which holds a private key; leave it out with `exclude_files` if that is not meant"
            ));
        }
        let media_type = mime_guess::from_path(&path).first_or_octet_stream();
        mounted.push(MountedFile {
            content: Content::from_file(Arc::clone(&file), hashed, media_type.essence_str()),
            path,
        });
    }
    Ok(Component {
        id,
        description: table.description.clone(),
        source: Content::from_file(Arc::clone(source), wasm, WASM_MEDIA_TYPE),
        files: mounted,
        environment: table.environment.clone(),
        variables: table
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), value.get_ref().clone()))
            .collect(),
        allowed_outbound_hosts: table.hosts.outbound.keys().cloned().collect(),
        key_value_stores: table.key_value_stores.clone(),
        sqlite_databases: table.sqlite_databases.clone(),
        ai_models: table.ai_models.clone(),
        host_places: Places::new(
            document,
            Spans {
                whole: table.spans.whole.clone(),
                keys: table.hosts.outbound.clone(),
            },
        ),
        places: Places::new(document, table.spans.clone()),
    })
}

fn put_together(
    manifest: &Manifest,
    components: Vec<Component>,
    warnings: Vec<String>,
) -> Result<Application, LoadError> {
    let document = manifest.document();
    let model = manifest.model();
    let triggers = model
        .triggers()
        .iter()
        .map(|table| trigger(document, table))
        .collect();
    let variables = model
        .variables()
        .iter()
        .map(|table| variable(document, table))
        .collect();
    let (contents, by_digest) = index(&components);
    let mut application = Application {
        manifest: manifest.path().to_owned(),
        name: manifest.name().to_owned(),
        revision: manifest.version().clone(),
        version: manifest.version().clone(),
        digest: Digest::of(b""),
        description: model.description().map(str::to_owned),
        authors: model.authors().to_vec(),
        components,
        triggers,
        trigger_settings: model.trigger_settings().clone(),
        variables,
        contents,
        by_digest,
        warnings,
    };
    application.digest =
        record::fingerprint(&application.record(), &application.component_contents());
    application.revision =
        revision(&application.version, &application.digest).map_err(|error| Fault::Invalid {
            what: format!("the version `{}`", application.version),
            reason: format!("it can't carry the digest as build metadata ({error})"),
        })?;
    Ok(application)
}

fn trigger(document: &Arc<Document>, table: &TriggerTable) -> Trigger {
    let id = |used: &Use| used.id().map(|id| id.get_ref().clone());
    Trigger {
        places: Places::new(document, table.spans.clone()),
        kind: table.kind.clone(),
        id: table.id.as_ref().map(|id| id.get_ref().clone()),
        component: table.component.as_ref().and_then(id),
        components: table
            .components
            .iter()
            .map(|(name, uses)| (name.clone(), uses.iter().filter_map(id).collect()))
            .collect(),
        dependencies: table.dependencies.keys().cloned().collect(),
        route: table.route.clone(),
        config: Value::Object(table.config.clone()),
    }
}

fn variable(document: &Arc<Document>, table: &VariableTable) -> Variable {
    Variable {
        name: table.name.clone(),
        default: table.default.clone(),
        required: table.required,
        secret: table.secret,
        description: table.description.clone(),
        places: Places::new(
            document,
            Spans {
                whole: table.span.clone(),
                keys: BTreeMap::new(),
            },
        ),
    }
}

/// All content of the components, each digest once, and where to find it.
pub(super) fn index(components: &[Component]) -> (Vec<Content>, HashMap<Digest, usize>) {
    let mut contents = Vec::new();
    let mut by_digest = HashMap::new();
    for component in components {
        let files = component.files.iter().map(|file| &file.content);
        for content in std::iter::once(&component.source).chain(files) {
            by_digest.entry(content.digest()).or_insert_with(|| {
                contents.push(content.clone());
                contents.len() - 1
            });
        }
    }
    (contents, by_digest)
}
