//! Fetching a bindle from the Bindle server, trusting nothing that the server or the invoice says.
//!
//! Signatures aren't checked here: the server is this platform's own and refuses an invoice that no
//! trusted key signed. What a signature covers, the digests, is checked on every byte.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bowline_app::archive::Archive;
use bowline_app::invoice::{Invoice, Label};
use bowline_app::{BindleId, Digest, Limits};
use futures::{StreamExt as _, TryStreamExt as _};
use url::Url;

use super::content::Content;
use super::unpack::Unpacking;

/// Most bytes of an invoice: room for the largest number of parcels with long names.
const INVOICE: usize = 32 * 1024 * 1024;

/// Most parcels of a bindle: those of the largest application that Bowline packs, twice.
const PARCELS: usize = 20_000;

/// How many parcels are fetched at once.
const AT_ONCE: usize = 6;

/// How long the server may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// Fetches bindles from one server.
pub struct Puller {
    server: Url,
    client: reqwest::Client,
}

/// An invoice whose labels were checked: digests are digests, and sizes stay within limits.
pub struct Checked {
    /// The invoice.
    pub invoice: Invoice,
    sizes: BTreeMap<Digest, u64>,
}

impl Puller {
    /// For the server at `server`, whose URL ends with `/v1/`.
    ///
    /// # Errors
    /// This machine's TLS set-up can't be read.
    pub fn new(server: Url) -> Result<Self> {
        let client = reqwest::Client::builder()
            // The server is on this machine: a proxy has nothing to do with it.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(SILENCE)
            .read_timeout(SILENCE)
            .build()?;
        Ok(Self { server, client })
    }

    /// Fetches the invoice of a bindle.
    ///
    /// # Errors
    /// There is no such bindle, it was yanked, or its invoice isn't what it should be.
    pub async fn invoice(&self, id: &BindleId) -> Result<Checked> {
        let mut response = self.get(&format!("_i/{id}")).await?;
        let mut text = Vec::new();
        while let Some(bytes) = response.chunk().await? {
            ensure!(
                text.len() + bytes.len() <= INVOICE,
                "the invoice of {id} is longer than {INVOICE} bytes"
            );
            text.extend_from_slice(&bytes);
        }
        let text = std::str::from_utf8(&text).context("the invoice isn't text")?;
        let invoice = Invoice::from_toml(text).context("the invoice can't be read")?;
        Checked::new(invoice, id)
    }

    /// Fetches the content with one digest, unless it is here already.
    ///
    /// # Errors
    /// The invoice has no such parcel, or the server doesn't deliver what the label promises.
    pub async fn fetch(
        &self,
        id: &BindleId,
        checked: &Checked,
        digest: Digest,
        content: &Content,
    ) -> Result<()> {
        let size = checked.size(id, digest)?;
        if content.has(digest) {
            return Ok(());
        }
        let transfer = async {
            let mut response = self.get(&format!("_i/{id}@{digest}")).await?;
            let mut incoming = content.receive(digest, size).await?;
            while let Some(bytes) = response.chunk().await? {
                incoming.write(&bytes).await?;
            }
            incoming.finish().await
        };
        transfer
            .await
            .with_context(|| format!("fetching the parcel {digest} of {id}"))
    }

    /// Fetches the contents with these digests, several at once.
    ///
    /// # Errors
    /// As [`Puller::fetch`], for the first that fails.
    pub async fn fetch_all(
        &self,
        id: &BindleId,
        checked: &Checked,
        digests: impl IntoIterator<Item = Digest>,
        content: &Content,
    ) -> Result<()> {
        // Collected first, so that the future holds no borrowed iterator.
        let digests: Vec<Digest> = digests.into_iter().collect();
        futures::stream::iter(digests)
            .map(|digest| self.fetch(id, checked, digest, content))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Fetches archives, several at once, and puts their files into the store.
    ///
    /// # Errors
    /// The invoice has no such parcel, or what the server delivers isn't those files and nothing else.
    pub async fn unpack_all(
        &self,
        id: &BindleId,
        checked: &Checked,
        archives: &[Archive],
        content: &Content,
    ) -> Result<()> {
        // Collected first, so that the future holds no borrowed iterator.
        let transfers: Vec<_> = archives
            .iter()
            .map(|archive| self.unpack(id, checked, archive, content))
            .collect();
        futures::stream::iter(transfers)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn unpack(
        &self,
        id: &BindleId,
        checked: &Checked,
        archive: &Archive,
        content: &Content,
    ) -> Result<()> {
        let digest = archive.digest;
        checked.size(id, digest)?;
        if archive.files.iter().all(|(file, _)| content.has(*file)) {
            return Ok(());
        }
        let transfer = async {
            let mut response = self.get(&format!("_i/{id}@{digest}")).await?;
            let mut unpacking = Unpacking::new(archive, content);
            while let Some(bytes) = response.chunk().await? {
                unpacking.write(&bytes).await?;
            }
            unpacking.finish().await
        };
        transfer
            .await
            .with_context(|| format!("unpacking the archive {digest} of {id}"))
    }

    async fn get(&self, path: &str) -> Result<reqwest::Response> {
        let url = self.server.join(path)?;
        let response = self
            .client
            .get(url)
            .send()
            .await
            .context("the Bindle server can't be reached")?;
        match response.status().as_u16() {
            200 => Ok(response),
            403 => bail!("the Bindle server refuses {path}: it was yanked"),
            404 => bail!("the Bindle server has no {path}"),
            status => bail!("the Bindle server answers {status} for {path}"),
        }
    }
}

impl Checked {
    /// What the label of this parcel says.
    fn size(&self, id: &BindleId, digest: Digest) -> Result<u64> {
        let size = self.sizes.get(&digest);
        size.copied()
            .with_context(|| format!("the bindle {id} has no parcel {digest}"))
    }

    /// Refuses a parcel that would be read into memory and is larger than that.
    ///
    /// # Errors
    /// It is too large, or there is none.
    pub fn is_at_most(&self, id: &BindleId, digest: Digest, largest: usize) -> Result<()> {
        let size = self.size(id, digest)?;
        ensure!(
            usize::try_from(size).is_ok_and(|size| size <= largest),
            "the parcel {digest} of {id} has {size} bytes, and {largest} is the most that is read"
        );
        Ok(())
    }

    fn new(invoice: Invoice, id: &BindleId) -> Result<Self> {
        let spec = &invoice.bindle;
        ensure!(
            spec.name == id.name() && spec.version == id.version().to_string(),
            "asked for {id}, the Bindle server sent another bindle"
        );
        ensure!(invoice.yanked != Some(true), "{id} was yanked");
        ensure!(
            invoice.parcel.len() <= PARCELS,
            "{id} has more than {PARCELS} parcels"
        );
        let limits = Limits::default();
        let mut sizes = BTreeMap::new();
        let mut total = 0_u64;
        for parcel in &invoice.parcel {
            let Label { sha256, size, .. } = &parcel.label;
            let digest: Digest = sha256.parse().with_context(|| format!("a label of {id}"))?;
            ensure!(
                *size <= limits.file_bytes,
                "the parcel {digest} is larger than {} bytes",
                limits.file_bytes
            );
            if let Some(known) = sizes.insert(digest, *size) {
                ensure!(
                    known == *size,
                    "the labels of {digest} disagree on its size"
                );
            } else {
                total = total.saturating_add(*size);
            }
        }
        ensure!(
            total <= limits.total_bytes,
            "{id} is larger than {} bytes",
            limits.total_bytes
        );
        Ok(Self { invoice, sizes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "hello/1.0.0+q1";

    fn check(labels: &str) -> Result<Checked> {
        let text = format!(
            "bindleVersion = \"1.0.0\"\n[bindle]\nname = \"hello\"\nversion = \"1.0.0+q1\"\n{labels}"
        );
        Checked::new(Invoice::from_toml(&text)?, &ID.parse()?)
    }

    fn label(sha256: &str, size: u64) -> String {
        format!(
            "[[parcel]]\n[parcel.label]\nsha256 = \"{sha256}\"\nmediaType = \"x/y\"\nname = \"x\"\nsize = {size}\n"
        )
    }

    #[test]
    fn labels_that_could_do_harm_are_refused() {
        let good = Digest::of(b"x").to_string();
        assert!(check(&label(&good, 1)).is_ok());
        assert!(check(&label("../../../x", 1)).is_err());
        assert!(check(&label(&good.to_uppercase(), 1)).is_err());
        let largest = Limits::default().file_bytes;
        assert!(check(&label(&good, largest)).is_ok());
        assert!(check(&label(&good, largest + 1)).is_err());
        assert!(check(&(label(&good, 1) + &label(&good, 2))).is_err());
        let many: String = (0_u8..5)
            .map(|n| label(&Digest::of(&[n]).to_string(), largest))
            .collect();
        assert!(check(&many).is_err());
    }

    #[test]
    fn another_bindle_than_asked_for_is_refused() {
        let text = "bindleVersion = \"1.0.0\"\n[bindle]\nname = \"hello\"\nversion = \"1.0.1\"\n";
        let invoice = Invoice::from_toml(text).unwrap();
        assert!(Checked::new(invoice, &ID.parse().unwrap()).is_err());
        let text = "bindleVersion = \"1.0.0\"\nyanked = true\n[bindle]\nname = \"hello\"\nversion = \"1.0.0+q1\"\n";
        let invoice = Invoice::from_toml(text).unwrap();
        assert!(Checked::new(invoice, &ID.parse().unwrap()).is_err());
    }
}
