//! The certificate that this process shows to servers that ask for one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use bowline_host::{ClientIdentity, IdentityError, Secret};

use super::{Flags, read};
use crate::error::Error;
use crate::exit::Exit;
use crate::variables::Variables;

/// Variable that names the file of the client certificate.
pub const CLIENT_CERT_VARIABLE: &str = "BOWLINE_CLIENT_CERT";

/// Variable that names the file of its private key.
pub const CLIENT_KEY_VARIABLE: &str = "BOWLINE_CLIENT_KEY";

/// Where certificate and key are, and who says so.
pub(super) struct Files {
    certificate: (PathBuf, String),
    key: (PathBuf, String),
}

impl Files {
    /// The key is in the certificate's file, unless something names another. A certificate of a flag does not take the key of a variable: that
    /// belongs to the certificate of the other variable.
    pub(super) fn find(flags: &Flags, variables: &Variables) -> Result<Option<Self>, Error> {
        let named = |file: &OsStr, source: &str| (PathBuf::from(file), source.to_owned());
        let variable = |name: &str| {
            let file = variables.os(name)?;
            Some(named(file, &format!("the variable {name}")))
        };
        let flag = |file: &Option<_>, source| file.as_deref().map(|file| named(file, source));
        let key = flag(&flags.client_key, "--client-key");
        let (certificate, others_key) = match flag(&flags.client_cert, "--client-cert") {
            Some(certificate) => (certificate, None),
            None => {
                match (
                    variable(CLIENT_CERT_VARIABLE),
                    variable(CLIENT_KEY_VARIABLE),
                ) {
                    (Some(certificate), key) => (certificate, key),
                    (None, other) => {
                        return match key.or(other) {
                        None => Ok(None),
                        Some((_, source)) => Err(Error::new(
                            Exit::Usage,
                            format!("{source} names a private key, but nothing names its certificate"),
                        )
                        .hint(format!("set --client-cert or {CLIENT_CERT_VARIABLE}"))),
                    };
                    }
                }
            }
        };
        let key = key.or(others_key).unwrap_or_else(|| certificate.clone());
        Ok(Some(Self { certificate, key }))
    }

    pub(super) fn read(&self, warn: &mut impl FnMut(&str)) -> Result<ClientIdentity, Error> {
        let ((file, source), (key_file, key_source)) = (&self.certificate, &self.key);
        let certificates = read(file, "the client certificate", source)?;
        let key = read(key_file, "the private key", key_source)?;
        let key = String::from_utf8(key).map_err(|_| self.refused(&IdentityError::NoKey))?;
        if let Some(mode) = readable_by_all(key_file) {
            warn(&format!(
                "every user of this machine can read the private key in {} (mode {mode:o}); `chmod 600` keeps it yours",
                key_file.display()
            ));
        }
        Ok(ClientIdentity::new(certificates, Secret::new(key)))
    }

    /// What is wrong with the files.
    pub(super) fn refused(&self, error: &IdentityError) -> Error {
        let ((file, source), (key_file, key_source)) = (&self.certificate, &self.key);
        let (file, key) = (file.display(), key_file.display());
        let message = match error {
            IdentityError::NoCertificate => format!("{file} has no PEM-encoded certificate in it"),
            IdentityError::CertificatePem(_) => {
                format!("{file} is not a file of PEM-encoded certificates")
            }
            IdentityError::NoKey => format!("{key} has no PEM-encoded private key in it"),
            IdentityError::KeyPem(_) => format!("the private key in {key} is damaged"),
            IdentityError::Encrypted => {
                format!(
                    "the private key in {key} is protected by a passphrase, and bowline asks for none"
                )
            }
            IdentityError::Mismatch => {
                format!("the private key in {key} does not belong to the certificate in {file}")
            }
            _ => format!("the client certificate in {file} can't be used with the key in {key}"),
        };
        let made = Error::new(Exit::Usage, message);
        let made = match std::error::Error::source(error) {
            Some(source) => made.cause(source),
            None => made,
        };
        match error {
            IdentityError::Encrypted => made.hint(format!(
                "write it without one, where nobody else can read it: `(umask 077; openssl pkey -in {key} -out plain.pem)`"
            )),
            IdentityError::NoKey if file.to_string() == key.to_string() => {
                made.hint(format!("--client-key or {CLIENT_KEY_VARIABLE} names the key's file"))
            }
            IdentityError::NoKey | IdentityError::KeyPem(_) => {
                made.hint(format!("the file is named by {key_source}"))
            }
            _ => made.hint(format!("the certificate's file is named by {source}")),
        }
    }
}

/// The permissions of a file that everybody on this machine may read.
#[cfg(unix)]
fn readable_by_all(file: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o777;
    (mode & 0o004 != 0).then_some(mode)
}

/// Who may read a file is not asked here.
#[cfg(not(unix))]
fn readable_by_all(_: &Path) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        flags: [Option<&str>; 2],
        variables: [Option<&str>; 2],
    ) -> Result<Option<[String; 2]>, String> {
        let [client_cert, client_key] = flags.map(|flag| flag.map(Into::into));
        let flags = Flags {
            client_cert,
            client_key,
            ..Flags::default()
        };
        let names = [CLIENT_CERT_VARIABLE, CLIENT_KEY_VARIABLE];
        let set = names.into_iter().zip(variables);
        let variables = Variables::from_pairs(set.filter_map(|(name, value)| Some((name, value?))));
        match Files::find(&flags, &variables) {
            Ok(files) => Ok(files.map(|files| {
                [files.certificate.0, files.key.0].map(|file| file.display().to_string())
            })),
            Err(error) => Err(error.message().to_owned()),
        }
    }

    #[test]
    fn which_files_are_taken() {
        let pair = |one: &str, other: &str| Ok(Some([one.to_owned(), other.to_owned()]));
        let some = Some;
        assert_eq!(found([None, None], [None, None]), Ok(None));
        assert_eq!(found([some("c"), None], [None, None]), pair("c", "c"));
        assert_eq!(found([some("c"), some("k")], [None, None]), pair("c", "k"));
        assert_eq!(found([None, None], [some("C"), some("K")]), pair("C", "K"));
        assert_eq!(found([None, None], [some("C"), None]), pair("C", "C"));
        assert_eq!(
            found([some("c"), None], [some("C"), some("K")]),
            pair("c", "c")
        );
        assert_eq!(
            found([None, some("k")], [some("C"), some("K")]),
            pair("C", "k")
        );
        for (flags, variables, source) in [
            ([None, some("k")], [None, None], "--client-key"),
            (
                [None, None],
                [None, some("K")],
                "the variable BOWLINE_CLIENT_KEY",
            ),
        ] {
            assert_eq!(
                found(flags, variables),
                Err(format!(
                    "{source} names a private key, but nothing names its certificate"
                ))
            );
        }
    }
}
