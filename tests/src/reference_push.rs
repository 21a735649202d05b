//! The `bindle` crate's own way to push, to compare ours with.

use bindle::client::Client;
use bindle::client::tokens::NoToken;
use bindle::standalone::StandaloneRead;
use bindle::{Invoice, SecretKeyEntry, SignatureRole};
use bowline_app::Bundle;

/// A bundle in the folder layout that the reference client pushes from: it
/// wants a copy of every parcel, named by its digest.
pub struct Exported {
    folder: tempfile::TempDir,
    id: String,
}

impl Exported {
    /// Writes the bundle to a folder, signed as creator with `key`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn new(bundle: &Bundle, key: &SecretKeyEntry) -> Exported {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let text = bundle
            .invoice()
            .to_toml()
            .expect("the invoice can be written");
        let mut invoice: Invoice = toml::from_str(&text).expect("the reference reads our invoice");
        invoice
            .sign(SignatureRole::Creator, key)
            .expect("the reference signs our invoice");
        let root = folder.path().join(invoice.canonical_name());
        let parcels = root.join("parcels");
        std::fs::create_dir_all(&parcels).expect("a folder can be made");
        let text = toml::to_string(&invoice).expect("the invoice can be written");
        std::fs::write(root.join("invoice.toml"), text).expect("a file can be written");
        for content in bundle.contents() {
            let bytes = content.read().expect("the content can be read");
            let path = parcels.join(format!("{}.dat", content.digest()));
            std::fs::write(path, bytes).expect("a file can be written");
        }
        Exported {
            folder,
            id: bundle.id().to_string(),
        }
    }

    /// Pushes it as the reference client does.
    ///
    /// # Panics
    /// When that fails.
    pub async fn push(&self, client: &Client<NoToken>) {
        StandaloneRead::new(self.folder.path(), self.id.as_str())
            .await
            .expect("the folder can be read")
            .push(client)
            .await
            .expect("the reference client can push");
    }
}
