//! From a manifest on disk to an application: collect, hash, put together.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::{Application, Component, Limits, MountedFile, Trigger, Variable, revision};
use crate::bundle::WASM_MEDIA_TYPE;
use crate::content::Hashed;
use crate::error::{Fault, LoadError};
use crate::files::{Collected, Folder, Hashes};
use crate::manifest::{ComponentTable, Document, Manifest, TriggerTable, VariableTable};
use crate::{Content, Digest, record};

pub(super) fn load(path: &Path, limits: &Limits) -> Result<Application, LoadError> {
    let document = Document::read(path)?;
    let mut manifest = Manifest::read(&document)?;
    let mut warnings = std::mem::take(&mut manifest.warnings);

    let mut folder = Folder::of(&document, limits)?;
    let mut sources = Vec::new();
    let mut collected = Vec::new();
    for component in &manifest.components {
        sources.push(folder.source(component)?);
        collected.push(folder.collect(component, &mut warnings)?);
    }
    let every_file = sources
        .iter()
        .chain(collected.iter().flat_map(Collected::files));
    let hashes = Hashes::of(every_file, limits)?;

    let mut components = Vec::new();
    for ((table, source), files) in std::mem::take(&mut manifest.components)
        .into_iter()
        .zip(sources)
        .zip(collected)
    {
        let files = files.check(&hashes)?;
        components.push(component(
            &document,
            table,
            &source,
            files,
            &hashes,
            &mut warnings,
        )?);
    }
    let application = assemble(&document, manifest, components, warnings)?;
    tracing::debug!(
        application = application.name,
        digest = %application.digest,
        contents = application.contents.len(),
        "application loaded"
    );
    Ok(application)
}

fn component(
    document: &Document,
    table: ComponentTable,
    source: &Arc<Path>,
    files: BTreeMap<String, Arc<Path>>,
    hashes: &Hashes,
    warnings: &mut Vec<String>,
) -> Result<Component, LoadError> {
    let id = table.id.into_inner();
    let wasm = hashes.get(source)?;
    if !wasm.head.starts_with(b"\0asm") {
        let fault = Fault::NotWasm {
            component: id,
            path: source.to_path_buf(),
        };
        return Err(document.error(table.source.span(), fault));
    }
    let mut mounted = Vec::with_capacity(files.len());
    for (path, file) in files {
        let hashed = hashes.get(&file)?;
        if holds_private_key(hashed) {
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
        description: table.description,
        source: Content::from_file(Arc::clone(source), wasm, WASM_MEDIA_TYPE),
        files: mounted,
        environment: table.environment,
        variables: table
            .variables
            .into_iter()
            .map(|(name, value)| (name, value.into_inner()))
            .collect(),
        allowed_outbound_hosts: table.hosts.outbound,
        key_value_stores: table.key_value_stores,
        sqlite_databases: table.sqlite_databases,
        ai_models: table.ai_models,
        hosts_location: document.location(table.hosts_span),
    })
}

/// PEM names what it holds in its first line.
fn holds_private_key(file: &Hashed) -> bool {
    file.head.starts_with(b"-----BEGIN ")
        && file
            .head
            .windows(16)
            .any(|window| window == b"PRIVATE KEY-----")
}

fn assemble(
    document: &Document,
    manifest: Manifest,
    components: Vec<Component>,
    warnings: Vec<String>,
) -> Result<Application, LoadError> {
    let triggers = manifest
        .triggers
        .into_iter()
        .map(|table| trigger(document, table))
        .collect();
    let variables = manifest.variables.into_iter().map(variable).collect();
    let (contents, by_digest) = index(&components);
    let mut application = Application {
        manifest: document.path().to_owned(),
        name: manifest.name,
        revision: manifest.version.clone(),
        version: manifest.version,
        digest: Digest::of(b""),
        description: manifest.description,
        authors: manifest.authors,
        components,
        triggers,
        trigger_settings: manifest.trigger_settings,
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

fn trigger(document: &Document, table: TriggerTable) -> Trigger {
    Trigger {
        location: document.location(table.span),
        kind: table.kind,
        id: table.id,
        component: table.component.into_inner(),
        route: table.route,
        config: Value::Object(table.config),
    }
}

fn variable(table: VariableTable) -> Variable {
    Variable {
        name: table.name,
        default: table.default,
        required: table.required,
        secret: table.secret,
        description: table.description,
    }
}

/// All content of the components, each digest once, and where to find it.
fn index(components: &[Component]) -> (Vec<Content>, HashMap<Digest, usize>) {
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
