//! How the files of an application are read: within which bounds, by what is known of them, and who watches.

use std::fmt;

use crate::{HashCache, Limits};

/// How to read the files of an application. The default reads every file, and tells nobody.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct Reading<'a> {
    /// How much there may be; [`Limits::default`] without it.
    pub limits: Option<&'a Limits>,
    /// Digests of files that have not changed since. What is found in it is not read again here; whoever sends it away
    /// reads it, and compares.
    pub cache: Option<&'a HashCache>,
    /// Told again and again how far it is, from the threads that read; it has to return quickly.
    pub observer: Option<&'a (dyn Fn(Hashing) + Sync)>,
}

/// How far reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hashing {
    /// Bytes that were hashed.
    pub bytes: u64,
    /// Bytes that are to be hashed, without what a cache knew.
    pub total: u64,
    /// Files that are to be hashed.
    pub files: usize,
}

impl<'a> Reading<'a> {
    /// Within these limits.
    #[must_use]
    pub fn within(mut self, limits: &'a Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// With what is known of files, which is brought up to date.
    #[must_use]
    pub fn knowing(mut self, cache: &'a HashCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// While somebody watches.
    #[must_use]
    pub fn watched(mut self, observer: &'a (dyn Fn(Hashing) + Sync)) -> Self {
        self.observer = Some(observer);
        self
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits.cloned().unwrap_or_default()
    }
}

impl fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading")
            .field("limits", &self.limits)
            .field("cache", &self.cache)
            .field("observed", &self.observer.is_some())
            .finish()
    }
}
