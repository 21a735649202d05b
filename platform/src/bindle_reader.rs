//! Hippo's side of Bindle: the few reads that it makes of the server.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bindle::signature::KeyRing;
use bindle::{Invoice, Matches};
use bowline_app::RECORD_MEDIA_TYPE;
use bowline_app::record::{ApplicationRecord, TriggerRecord};
use bytes::Bytes;
use http::header::ACCEPT;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use url::Url;
use url::form_urlencoded;
use uuid::Uuid;

use crate::store::revisions::Component;

/// The media type of the manifest that Hippo reads.
const MANIFEST_MEDIA_TYPE: &str = "application/vnd.fermyon.spin+toml";

/// The largest answer that is read. A query answers with up to 50 whole invoices, and an invoice
/// takes about 300 bytes for each file.
const ANSWER_LIMIT: usize = 64 << 20;

/// The longest wait for one answer: what Hippo's own client waits.
const TIMEOUT: Duration = Duration::from_secs(100);

/// What a revision's bindle says about it.
#[derive(Default)]
pub(crate) struct Details {
    pub(crate) description: Option<String>,
    pub(crate) components: Vec<Component>,
}

/// A client of one Bindle server.
#[derive(Clone)]
pub(crate) struct BindleReader {
    base: Url,
    client: Client<HttpConnector, Empty<Bytes>>,
}

impl BindleReader {
    /// A client of the server at `base`, which ends in `/v1/`.
    pub(crate) fn new(base: Url) -> Self {
        Self {
            base,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// The first 50 invoices whose name contains `text`, past `offset` of them, in the order of
    /// `name/version` as text. Yanked ones are among them.
    pub(crate) async fn query(&self, text: &str, offset: u64) -> anyhow::Result<Vec<Invoice>> {
        let matches: Matches = self.toml(&query_path(text, offset)).await?;
        Ok(matches.invoices)
    }

    /// The public keys with which the server signs, in base64.
    pub(crate) async fn host_keys(&self) -> anyhow::Result<Vec<String>> {
        let ring: KeyRing = self.toml("bindle-keys?roles=host").await?;
        Ok(ring.key.into_iter().map(|entry| entry.key).collect())
    }

    /// Reads what the bindle `name/version` says about itself. Without a manifest that Hippo can
    /// read, that is nothing.
    ///
    /// Fails when there is no such bindle, when it is yanked, or when its manifest isn't one.
    pub(crate) async fn details(&self, name: &str, version: &str) -> anyhow::Result<Details> {
        let id: bindle::Id = format!("{name}/{version}")
            .parse()
            .with_context(|| format!("{name}/{version} can't be the name of a bindle"))?;
        let invoice: Invoice = self.toml(&format!("_i/{id}")).await?;
        let parcel = |media_type: &str| {
            let mut parcels = invoice.parcel.iter().flatten();
            parcels.find(|parcel| parcel.label.media_type == media_type)
        };
        let components = match (parcel(MANIFEST_MEDIA_TYPE), parcel(RECORD_MEDIA_TYPE)) {
            (Some(manifest), _) => {
                let content = self
                    .get(&format!("_i/{id}@{}", manifest.label.sha256))
                    .await?;
                let text = std::str::from_utf8(&content).context("the manifest isn't text")?;
                components(&text.parse().context("the manifest isn't TOML")?)?
            }
            // A bindle whose files are in archives has no manifest that would say something else.
            (None, Some(record)) => {
                let content = self
                    .get(&format!("_i/{id}@{}", record.label.sha256))
                    .await?;
                recorded(&ApplicationRecord::from_json(&content)?, &invoice)
            }
            (None, None) => return Ok(Details::default()),
        };
        Ok(Details {
            description: invoice.bindle.description,
            components,
        })
    }

    async fn toml<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let content = self.get(path).await?;
        toml::from_slice(&content)
            .with_context(|| format!("Bindle answered {path} with something else"))
    }

    async fn get(&self, path: &str) -> anyhow::Result<Bytes> {
        let exchange = async {
            let uri: Uri = format!("{}{path}", self.base).parse()?;
            let request = Request::get(uri)
                .header(ACCEPT, "application/toml")
                .body(Empty::new())?;
            let response = self.client.request(request).await?;
            let status = response.status();
            if status != StatusCode::OK {
                bail!("Bindle answered {path} with {status}");
            }
            match Limited::new(response.into_body(), ANSWER_LIMIT)
                .collect()
                .await
            {
                Ok(body) => Ok(body.to_bytes()),
                Err(error) => bail!("Bindle's answer to {path} can't be read: {error}"),
            }
        };
        tokio::time::timeout(TIMEOUT, exchange)
            .await
            .with_context(|| format!("Bindle didn't answer {path} in time"))?
    }
}

fn query_path(text: &str, offset: u64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::from("_q?"));
    if !text.is_empty() {
        query.append_pair("q", text);
    }
    query.append_pair("o", &offset.to_string());
    query.finish()
}

/// The components of a Spin manifest of version 1, as far as Hippo reads them.
fn components(manifest: &toml::Table) -> anyhow::Result<Vec<Component>> {
    let text = |value: Option<&toml::Value>| Some(value?.as_str()?.to_owned());
    let kind = text(
        manifest
            .get("trigger")
            .and_then(|trigger| trigger.get("type")),
    );
    let Some(rows) = manifest.get("component") else {
        return Ok(Vec::new());
    };
    let rows = rows
        .as_array()
        .context("the manifest's 'component' isn't an array of tables")?;
    rows.iter()
        .map(|row| {
            ensure!(
                row.is_table(),
                "the manifest's 'component' isn't an array of tables"
            );
            let trigger = row.get("trigger");
            Ok(Component {
                id: Uuid::new_v4(),
                source: text(row.get("source")).unwrap_or_default(),
                name: text(row.get("id")).unwrap_or_default(),
                route: text(trigger.and_then(|trigger| trigger.get("route"))),
                channel: text(trigger.and_then(|trigger| trigger.get("channel"))),
                kind: kind.clone(),
            })
        })
        .collect()
}

/// The components that a record has, as Hippo would read them from a manifest of Spin 1.x.
fn recorded(record: &ApplicationRecord, invoice: &Invoice) -> Vec<Component> {
    let source = |id: &str| {
        let name = format!("{id}.wasm");
        let mut parcels = invoice.parcel.iter().flatten();
        parcels.find(|parcel| parcel.label.name == name)
    };
    let component = |trigger: &TriggerRecord| {
        // A trigger that answers by itself has none.
        let name = trigger.component.as_deref()?;
        Some(Component {
            id: Uuid::new_v4(),
            source: source(name)
                .map(|parcel| parcel.label.sha256.clone())
                .unwrap_or_default(),
            name: name.to_owned(),
            route: trigger.route.clone(),
            channel: trigger
                .config
                .get("channel")
                .and_then(serde_json::Value::as_str)
                .map(str::to_owned),
            kind: Some(trigger.kind.clone()),
        })
    };
    record.triggers.iter().filter_map(component).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(manifest: &str) -> anyhow::Result<Vec<Component>> {
        components(&manifest.parse().unwrap())
    }

    #[test]
    fn components_come_from_a_manifest_of_version_1() {
        let found = read(
            r#"
            spin_version = "1"
            trigger = { type = "http", base = "/" }
            [[component]]
            id = "web"
            source = "abc"
            [component.trigger]
            route = "/..."
            [[component]]
            id = "worker"
            source = "def"
            [component.trigger]
            channel = "jobs"
            "#,
        )
        .unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].name.as_str(), found[0].source.as_str()),
            ("web", "abc")
        );
        assert_eq!(found[0].route.as_deref(), Some("/..."));
        assert_eq!(found[1].channel.as_deref(), Some("jobs"));
        assert_eq!(found[1].kind.as_deref(), Some("http"));
    }

    #[test]
    fn other_shapes_of_component_are_refused() {
        assert!(read("title = 'none'").unwrap().is_empty());
        assert!(read("[component.web]\nsource = 'x'").is_err());
        assert!(read("component = ['web']").is_err());
    }
}
