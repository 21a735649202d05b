//! What `bowline package` says.

use std::fmt::Write as _;

use serde::Serialize;

use super::{GOOD, Report, parcels, size};
use crate::text;

/// An application, packed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Packaged {
    /// Name of the application.
    pub application: String,
    /// The version of this very content.
    pub revision: String,
    /// SHA-256 over everything that would be deployed, `sha256:<hex>`.
    pub application_digest: String,
    /// `name/version` of the bindle.
    pub id: String,
    /// Every parcel, in the invoice's order. Several may have the same bytes.
    pub parcels: Vec<Parcel>,
    /// Number of parcels with different bytes.
    pub distinct: usize,
    /// Their bytes together.
    pub bytes: u64,
    /// What a server was asked, if one is named.
    pub against: Option<Against>,
    /// The folder of the bindle, the one with `invoice.toml` in it; none with `--check`.
    pub folder: Option<String>,
    /// Who signed the invoice in that folder.
    pub signature: Option<Signature>,
}

/// A part of a bindle.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Parcel {
    /// Its name: for files that components see, their path.
    pub name: String,
    /// The groups that it is in: `files-<component>` for files of a component.
    pub groups: Vec<String>,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Their number.
    pub size: u64,
    /// Their media type.
    pub media_type: String,
    /// Whether it would be sent to the server; none when no server was asked.
    pub new: Option<bool>,
}

/// What a push to a server would do now.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Against {
    /// Scheme, host and port of the server.
    pub server: String,
    /// It has this very bindle, complete.
    pub exists: bool,
    /// Parcels that would be sent, at most.
    pub upload: usize,
    /// Their bytes.
    pub upload_bytes: u64,
    /// Parcels that it is known to have.
    pub present: usize,
    /// Exactly so many would be sent, not only at most.
    pub exact: bool,
}

/// Who signed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Signature {
    /// The name under which the key signs.
    pub by: String,
    /// The public key, base64, which a Bindle server has to trust.
    pub key: String,
}

impl Report for Packaged {
    fn text(&self) -> String {
        let line = |text: &str| text::one_line(text);
        let count = |number: usize| parcels(u64::try_from(number).unwrap_or(u64::MAX));
        let done = match self.folder {
            Some(_) => "Packed",
            None => "Checked",
        };
        let mut text = format!(
            "{GOOD}{done}{GOOD:#} {} {}: {} ({})\n",
            line(&self.application),
            line(&self.revision),
            count(self.distinct),
            size(self.bytes)
        );
        if let Some(folder) = &self.folder {
            let _ = writeln!(text, "  {}", line(folder));
        }
        if let Some(against) = &self.against {
            let server = line(&against.server);
            let _ = match against {
                Against { exists: true, .. } => writeln!(text, "  {server} has it already"),
                Against {
                    upload,
                    upload_bytes,
                    exact,
                    ..
                } => writeln!(
                    text,
                    "  {server} lacks {}{} ({})",
                    if *exact { "" } else { "at most " },
                    count(*upload),
                    size(*upload_bytes)
                ),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::uncoloured;

    fn packaged() -> Packaged {
        Packaged {
            application: "shop".into(),
            revision: "1.0.0+q0".into(),
            application_digest: String::new(),
            id: "shop/1.0.0+q0".into(),
            parcels: Vec::new(),
            distinct: 3,
            bytes: 2048,
            against: None,
            folder: None,
            signature: None,
        }
    }

    #[test]
    fn people_see_what_was_done_and_what_a_server_lacks() {
        let mut packaged = packaged();
        assert_eq!(
            uncoloured(&packaged.text()),
            "Checked shop 1.0.0+q0: 3 parcels (2.00 KiB)\n"
        );
        packaged.folder = Some("bindle/ab".into());
        let mut against = Against {
            server: "https://b".into(),
            exists: false,
            upload: 1,
            upload_bytes: 10,
            present: 2,
            exact: false,
        };
        packaged.against = Some(against.clone());
        assert_eq!(
            uncoloured(&packaged.text()),
            "Packed shop 1.0.0+q0: 3 parcels (2.00 KiB)\n  bindle/ab\n  https://b lacks at most 1 parcel (10 B)\n"
        );
        against.exact = true;
        packaged.against = Some(against.clone());
        assert!(packaged.text().contains("lacks 1 parcel (10 B)"));
        against.exists = true;
        packaged.against = Some(against);
        assert!(packaged.text().contains("has it already"));
    }
}
