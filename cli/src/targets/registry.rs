//! Gets a target from a registry of OCI artifacts, in the form in which `wkg` publishes components.
//!
//! `oci-client` reads references, and knows the forms of manifests. All requests go through bowline's own HTTP client, with its
//! certificates, proxies and timeouts: `oci-client` would read manifests of any size into memory, and follow redirects to anywhere
//! (docs/adr/0011, docs/adr/0025).

use bowline_app::Digest;
use bowline_host::client::is_this_machine;
use bowline_host::{Limits, Secret};
use oci_client::Reference;
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciManifest};
use url::Url;

use super::download::{Download, Expected, other_content};
use super::fetch::Network;
use super::{credentials, hex};
use crate::error::Error;
use crate::exit::Exit;
use crate::fault;
use crate::output;
use crate::text;

mod login;

/// Media type of the configuration, as `wkg` writes it.
pub const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";

/// Media type of the component, as `wkg` writes it.
pub const LAYER_TYPE: &str = "application/wasm";

/// Bytes of a manifest; one of a component has some 500.
const MAX_MANIFEST: u64 = 1 << 20;

/// A component, and the digest of the manifest that named it.
pub(super) struct Pulled {
    pub(super) bytes: Vec<u8>,
    pub(super) manifest: Digest,
}

/// Gets the component of an artifact. With `manifest`, the artifact with that digest, whatever its tag stands for by now.
///
/// # Errors
/// When the registry can't be reached, refuses, or holds something else than one component, within the limits; when what it gives
/// out does not have the digest that was asked for, that its manifest names, or that it claims itself.
pub(super) async fn pull(
    reference: &Reference,
    manifest: Option<&Digest>,
    limits: &Limits,
    network: &Network,
) -> Result<Pulled, Error> {
    let reference = match manifest {
        Some(digest) => reference.clone_with_digest(hex::text(digest)),
        None => reference.clone(),
    };
    let registry = Registry::log_in(&reference, network).await?;
    let (component, manifest) = registry.manifest().await?;
    let bytes = registry.component(&component, &manifest, limits).await?;
    Ok(Pulled { bytes, manifest })
}

struct Registry<'a> {
    reference: &'a Reference,
    /// URL of the repository.
    base: Url,
    authorization: Option<Secret>,
    network: &'a Network,
}

impl<'a> Registry<'a> {
    async fn log_in(reference: &'a Reference, network: &'a Network) -> Result<Self, Error> {
        let host = reference.resolve_registry();
        let scheme = scheme(host);
        let base = format!("{scheme}://{host}/v2/{}/", reference.repository());
        let base = Url::parse(&base).map_err(|error| {
            Error::new(Exit::Usage, format!("'{host}' is no registry")).cause(&error)
        })?;
        let (name, variables) = (reference.registry().to_owned(), network.variables.clone());
        // Helpers are programs that may wait for a person.
        let login = tokio::task::spawn_blocking(move || credentials::find(&name, &variables))
            .await
            .map_err(|error| {
                Error::new(Exit::Internal, "a thread of bowline broke down").cause(&error)
            })??;
        let authorization = login::authorization(reference, &base, &login, network).await?;
        Ok(Self {
            reference,
            base,
            authorization,
            network,
        })
    }

    fn url(&self, kind: &str, name: &str) -> Result<Url, Error> {
        self.base.join(&format!("{kind}/{name}")).map_err(|error| {
            Error::new(
                Exit::Usage,
                format!("'{}' can't be asked for", self.reference),
            )
            .cause(&error)
        })
    }

    /// What the manifest says of the component, and the manifest's own digest.
    async fn manifest(&self) -> Result<(OciDescriptor, Digest), Error> {
        let asked = self.reference.digest().and_then(hex::parse);
        let name = self
            .reference
            .digest()
            .or(self.reference.tag())
            .unwrap_or("latest");
        let place = self.reference.whole();
        let got = Download {
            what: "the manifest",
            url: self.url("manifests", name)?,
            accept: Some(OCI_IMAGE_MEDIA_TYPE),
            authorization: self.authorization.as_ref().map(Secret::expose),
            limit: MAX_MANIFEST,
            too_large: strange(
                &place,
                &format!("its manifest has more than {}", output::size(MAX_MANIFEST)),
            ),
            expected: asked.map(|digest| Expected {
                digest,
                by: "its reference".to_owned(),
                otherwise: Exit::UnexpectedAnswer,
            }),
        }
        .get(&self.network.http)
        .await?;
        // A registry that says of its own answer what isn't so is not believed in the rest either.
        if let Some(claimed) = got
            .claimed
            .as_deref()
            .filter(|text| text.starts_with("sha256:"))
        {
            match hex::parse(claimed) {
                Some(digest) if digest == got.digest => {}
                Some(digest) => {
                    let expected = Expected {
                        digest,
                        by: "the registry itself".to_owned(),
                        otherwise: Exit::UnexpectedAnswer,
                    };
                    return Err(other_content(
                        "the manifest",
                        &place,
                        &expected,
                        &got.digest,
                    ));
                }
                None => return Err(strange(&place, "its digest is malformed")),
            }
        }
        let manifest: OciManifest = serde_json::from_slice(&got.bytes)
            .map_err(|_| strange(&place, "its manifest is not that of an OCI artifact"))?;
        let OciManifest::Image(manifest) = manifest else {
            return Err(strange(&place, "it is an index of several artifacts"));
        };
        if manifest.config.media_type != CONFIG_TYPE {
            let found = text::one_line(&manifest.config.media_type);
            return Err(strange(
                &place,
                &format!("its configuration is of the type '{found}', not {CONFIG_TYPE}"),
            ));
        }
        let count = manifest.layers.len();
        let mut layers = manifest.layers.into_iter();
        match (layers.next(), layers.next()) {
            (Some(layer), None) if layer.media_type == LAYER_TYPE => Ok((layer, got.digest)),
            (Some(layer), None) => {
                let found = text::one_line(&layer.media_type);
                Err(strange(
                    &place,
                    &format!("its layer is of the type '{found}', not {LAYER_TYPE}"),
                ))
            }
            _ => Err(strange(&place, &format!("it has {count} layers, not one"))),
        }
    }

    async fn component(
        &self,
        layer: &OciDescriptor,
        manifest: &Digest,
        limits: &Limits,
    ) -> Result<Vec<u8>, Error> {
        let place = self.reference.whole();
        let size = u64::try_from(layer.size)
            .map_err(|_| strange(&place, "its manifest names a negative size"))?;
        if size > limits.component_size {
            return Err(fault::too_large(&place, limits));
        }
        let digest = hex::parse(&layer.digest)
            .ok_or_else(|| strange(&place, "its manifest names its component by no SHA-256"))?;
        let got = Download {
            what: "the component",
            url: self.url("blobs", &layer.digest)?,
            accept: None,
            authorization: self.authorization.as_ref().map(Secret::expose),
            limit: size,
            too_large: strange(&place, "its component is larger than its manifest says"),
            expected: Some(Expected {
                digest,
                by: format!("the manifest {}", hex::text(manifest)),
                otherwise: Exit::UnexpectedAnswer,
            }),
        }
        .get(&self.network.http)
        .await?;
        Ok(got.bytes)
    }
}

fn strange(place: &str, what: &str) -> Error {
    Error::new(
        Exit::UnexpectedAnswer,
        format!("{place} is not a WebAssembly component: {what}"),
    )
    .hint("publish targets with `wkg oci push`")
}

/// Registries on this machine speak plain HTTP, by Docker's convention; all others HTTPS.
fn scheme(host: &str) -> &'static str {
    match Url::parse(&format!("http://{host}/")) {
        Ok(url) if is_this_machine(&url) => "http",
        _ => "https",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_speaks_plain_http() {
        for host in [
            "localhost:5000",
            "127.0.0.1:5000",
            "[::1]:5000",
            "registry.localhost",
        ] {
            assert_eq!(scheme(host), "http", "{host}");
        }
        for host in [
            "ghcr.io",
            "10.0.0.1:5000",
            "localhost.example.com",
            "index.docker.io",
        ] {
            assert_eq!(scheme(host), "https", "{host}");
        }
    }
}
