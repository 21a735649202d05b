//! The digest of an application.

use sha2::{Digest as _, Sha256};

use super::{ApplicationRecord, ComponentContents, ComponentRecord, ContentLabel, TriggerRecord};
use crate::{Digest, json};

/// Names this way of hashing and of packing. It changes when either does, so that one revision never stands for two
/// different bindles, but for the two forms that [`crate::archive`] tells of.
const DOMAIN: &[u8] = b"bowline application 2";

/// SHA-256 over everything that is deployed: the record, and kind, component, path, digest, size and media type of each
/// content. `contents` are those of the record's components, in their order.
///
/// Each part is preceded by its length (64 bits, little-endian), so that no two different applications give the same
/// bytes: moving a letter from a path to the next one changes the digest.
pub(crate) fn fingerprint(record: &ApplicationRecord, contents: &[ComponentContents]) -> Digest {
    let mut hasher = Hasher(Sha256::new());
    hasher.parts(&[DOMAIN]);
    hasher.parts(&[b"manifest", manifest_text(record).as_bytes()]);
    for (component, contents) in record.components.iter().zip(contents) {
        hasher.content(b"source", &component.id, "", &contents.source);
        for (path, content) in component.files.iter().zip(&contents.files) {
            hasher.content(b"file", &component.id, path, content);
        }
    }
    Digest::from_bytes(hasher.0.finalize().into())
}

struct Hasher(Sha256);

impl Hasher {
    fn parts(&mut self, parts: &[&[u8]]) {
        self.0.update((parts.len() as u64).to_le_bytes());
        for part in parts {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    fn content(&mut self, kind: &[u8], component: &str, path: &str, content: &ContentLabel) {
        self.parts(&[
            kind,
            component.as_bytes(),
            path.as_bytes(),
            content.digest.as_bytes(),
            &content.size.to_le_bytes(),
            content.media_type.as_bytes(),
        ]);
    }
}

/// Everything but the contents, as JSON with sorted keys.
fn manifest_text(record: &ApplicationRecord) -> String {
    let components: Vec<_> = record
        .components
        .iter()
        .map(|component| {
            let ComponentRecord {
                id,
                description,
                files: _,
                environment,
                variables,
                allowed_outbound_hosts,
                key_value_stores,
                sqlite_databases,
                ai_models,
            } = component;
            serde_json::json!({
                "id": id,
                "description": description,
                "environment": environment,
                "variables": variables,
                "allowed_outbound_hosts": allowed_outbound_hosts,
                "key_value_stores": key_value_stores,
                "sqlite_databases": sqlite_databases,
                "ai_models": ai_models,
            })
        })
        .collect();
    let triggers: Vec<_> = record
        .triggers
        .iter()
        .map(|trigger| {
            let TriggerRecord { kind, id, component, route, config } = trigger;
            serde_json::json!({ "kind": kind, "id": id, "component": component, "route": route, "config": config })
        })
        .collect();
    let variables: Vec<_> = record
        .variables
        .iter()
        .map(|variable| {
            serde_json::json!({
                "name": variable.name,
                "default": variable.default,
                "required": variable.required,
                "secret": variable.secret,
                "description": variable.description,
            })
        })
        .collect();
    let text = serde_json::json!({
        "format": record.format,
        "name": record.name,
        "version": record.version,
        "description": record.description,
        "authors": record.authors,
        "components": components,
        "triggers": triggers,
        "trigger_settings": record.trigger_settings,
        "variables": variables,
    });
    json::sorted(&text).to_string()
}
