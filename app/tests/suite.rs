//! The crate as its users see it: applications on disk, what they become, and what is said when they are wrong.

#[cfg(test)]
#[path = "suite/archives.rs"]
mod archives;
#[cfg(test)]
#[path = "suite/binaries.rs"]
mod binaries;
#[cfg(test)]
#[path = "suite/bundles.rs"]
mod bundles;
#[cfg(test)]
#[path = "suite/corpus.rs"]
mod corpus;
#[cfg(test)]
#[path = "suite/documents.rs"]
mod documents;
#[cfg(test)]
#[path = "suite/errors.rs"]
mod errors;
#[cfg(test)]
#[path = "suite/files.rs"]
mod files;
#[cfg(test)]
#[path = "suite/manifests.rs"]
mod manifests;
#[cfg(test)]
#[path = "suite/properties.rs"]
mod properties;
#[cfg(test)]
#[path = "suite/records.rs"]
mod records;
#[cfg(test)]
#[path = "suite/spin1.rs"]
mod spin1;
#[cfg(test)]
#[path = "suite/spin1_reader.rs"]
mod spin1_reader;
#[cfg(test)]
#[path = "suite/standalone.rs"]
mod standalone;
#[cfg(test)]
#[path = "suite/support.rs"]
mod support;
