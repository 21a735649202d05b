//! Walking the folder of an application for the files of one component.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glob::{Pattern, PatternError};
use toml::Spanned;
use unicode_normalization::UnicodeNormalization as _;
use walkdir::WalkDir;

use super::pattern::{Excluded, FilesPattern, is_glob};
use super::{Collected, Folder, is_absent, sensitive};
use crate::check_guest_path;
use crate::error::{Fault, LoadError};
use crate::manifest::{ComponentTable, FilesEntry};

/// Folders inside each other. Paths that components see have at most 64 parts.
const DEEPEST: usize = 100;

/// The work on one component.
struct Collector<'f, 'd> {
    folder: &'f mut Folder<'d>,
    excluded: Excluded,
    collected: Collected,
    /// By what they are, so that a thousand files of one kind give one warning: the first file and their number.
    suspicions: BTreeMap<&'static str, (String, usize)>,
    warnings: Vec<String>,
}

/// Which files an entry of `files` means, and where the component sees them.
struct Selection<'s> {
    span: Range<usize>,
    /// The folder to walk, relative to the application folder.
    base: &'s str,
    /// What has to match; everything if none.
    pattern: Option<&'s FilesPattern>,
    /// Where the component sees the content of `base`; its own path if none.
    destination: Option<&'s str>,
}

impl Folder<'_> {
    /// Finds all files that a component sees.
    pub(crate) fn collect(
        &mut self,
        component: &ComponentTable,
        warnings: &mut Vec<String>,
    ) -> Result<Collected, LoadError> {
        let mut excluded = Vec::new();
        for pattern in &component.exclude_files {
            let text = pattern.get_ref().trim_start_matches("./");
            excluded.push(Pattern::new(text).map_err(|error| self.bad_pattern(pattern, &error))?);
        }
        let mut collector = Collector {
            folder: self,
            excluded: Excluded::new(excluded),
            collected: Collected {
                component: component.id.get_ref().clone(),
                files: BTreeMap::new(),
                again: Vec::new(),
            },
            suspicions: BTreeMap::new(),
            warnings: Vec::new(),
        };
        for entry in &component.files {
            match entry {
                FilesEntry::Pattern(pattern) => collector.pattern(pattern)?,
                FilesEntry::Placement {
                    source,
                    destination,
                } => collector.placement(source, destination)?,
            }
        }
        collector.refuse_nesting(component.id.span())?;
        collector.warn_of_twins();
        let id = component.id.get_ref();
        let suspicions = std::mem::take(&mut collector.suspicions).into_iter().map(|(what, (first, count))| {
            let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
            format!("component `{id}` gets {what}: `{first}`{more}; leave it out with `exclude_files` if that is not meant")
        });
        warnings.extend(suspicions);
        warnings.append(&mut collector.warnings);
        Ok(collector.collected)
    }

    fn bad_pattern(&self, pattern: &Spanned<String>, error: &PatternError) -> LoadError {
        let fault = Fault::Invalid {
            what: format!("the pattern `{}`", pattern.get_ref().escape_debug()),
            reason: error.msg.to_owned(),
        };
        self.document.error(pattern.span(), fault)
    }
}

impl Collector<'_, '_> {
    /// `"static/**/*"`: what matches keeps its path. A name that exists is meant literally, as in Spin.
    fn pattern(&mut self, text: &Spanned<String>) -> Result<(), LoadError> {
        let path = self.folder.relative(text)?;
        let span = text.span();
        match std::fs::metadata(self.folder.root.join(&path)) {
            Ok(metadata) if metadata.is_dir() => self.walk(&Selection {
                span,
                base: &path,
                pattern: None,
                destination: None,
            }),
            Ok(_) => self.add(&span, &path, path.clone()),
            Err(error) if !is_absent(&error) => {
                Err(self
                    .folder
                    .unreadable(span, &self.folder.root.join(&path), error))
            }
            Err(_) if !is_glob(&path) => {
                Err(self.folder.document.error(span, Fault::NoFile { path }))
            }
            Err(_) => {
                let pattern = FilesPattern::new(&path)
                    .map_err(|error| self.folder.bad_pattern(text, &error))?;
                let before = self.collected.files.len() + self.collected.again.len();
                if !pattern.folders_only {
                    self.walk(&Selection {
                        span,
                        base: &pattern.base,
                        pattern: Some(&pattern),
                        destination: None,
                    })?;
                }
                if self.collected.files.len() + self.collected.again.len() == before {
                    let instead = if pattern.folders_only {
                        format!("; did you mean `{path}/*`?")
                    } else {
                        String::new()
                    };
                    self.warnings.push(format!(
                        "the pattern `{path}` of component `{}` matches no file{instead}",
                        self.collected.component
                    ));
                }
                Ok(())
            }
        }
    }

    /// `{ source = "static", destination = "/" }`.
    fn placement(
        &mut self,
        source: &Spanned<String>,
        destination: &Spanned<String>,
    ) -> Result<(), LoadError> {
        let path = self.folder.relative(source)?;
        let mounted = self.destination(destination)?;
        match std::fs::metadata(self.folder.root.join(&path)) {
            Ok(metadata) if metadata.is_dir() => self.walk(&Selection {
                span: source.span(),
                base: &path,
                pattern: None,
                destination: Some(&mounted),
            }),
            Ok(_) if mounted.is_empty() => {
                let fault = Fault::Invalid {
                    what: format!("the destination `{}`", destination.get_ref().escape_debug()),
                    reason: format!(
                        "`{path}` is a file, which needs a path of its own, such as `/{}`",
                        path.rsplit('/').next().unwrap_or(&path)
                    ),
                };
                Err(self.folder.document.error(destination.span(), fault))
            }
            Ok(_) => self.add(&source.span(), &path, mounted),
            Err(error) if is_absent(&error) => Err(self.folder.document.error(
                source.span(),
                Fault::NoFile {
                    path: source.get_ref().clone(),
                },
            )),
            Err(error) => {
                Err(self
                    .folder
                    .unreadable(source.span(), &self.folder.root.join(&path), error))
            }
        }
    }

    /// An absolute path that the component sees, without its first `/`.
    fn destination(&self, destination: &Spanned<String>) -> Result<String, LoadError> {
        let text = destination.get_ref();
        let refuse = |reason: String| {
            let fault = Fault::Invalid {
                what: format!("the destination `{}`", text.escape_debug()),
                reason,
            };
            self.folder.document.error(destination.span(), fault)
        };
        let Some(path) = text.strip_prefix('/') else {
            return Err(refuse(
                "expected an absolute path such as `/` or `/assets`".to_owned(),
            ));
        };
        let parts: Vec<_> = path
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .collect();
        let path = parts.join("/");
        if !path.is_empty() {
            check_guest_path(&path).map_err(|fault| refuse(fault.to_string()))?;
        }
        Ok(path)
    }

    fn walk(&mut self, selection: &Selection<'_>) -> Result<(), LoadError> {
        let root = self.folder.root.clone();
        let start = if selection.base.is_empty() {
            root.clone()
        } else {
            root.join(selection.base)
        };
        match std::fs::metadata(&start) {
            Ok(_) => self
                .folder
                .inside(selection.span.clone(), selection.base, &start)?,
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => {
                return Err(self
                    .folder
                    .unreadable(selection.span.clone(), &start, error));
            }
        };
        let depth = selection
            .pattern
            .and_then(|pattern| pattern.depth)
            .unwrap_or(DEEPEST)
            .min(DEEPEST);
        let mut walk = WalkDir::new(&start)
            .follow_links(true)
            .min_depth(1)
            .max_depth(depth)
            .sort_by_file_name()
            .into_iter();
        while let Some(entry) = walk.next() {
            self.count_entry(selection)?;
            let entry = match entry {
                Ok(entry) => entry,
                // A link to a folder that it lies in: its files were seen already.
                Err(error) if error.loop_ancestor().is_some() => continue,
                Err(error) => {
                    self.unreadable_entry(selection, &root, error)?;
                    continue;
                }
            };
            let relative = self.relative_entry(&root, entry.path());
            if entry.file_type().is_dir() {
                if entry.depth() == DEEPEST && !self.excluded.matches(&relative.lossy) {
                    return Err(self.too_deep(selection, &relative.lossy));
                }
                if self.excluded.matches(&relative.lossy) {
                    // What lies below may still be wanted: an exclusion names files. Only a link that leaves is cut.
                    if entry.path_is_symlink() && !self.is_inside(entry.path()) {
                        walk.skip_current_dir();
                    }
                } else if entry.path_is_symlink() {
                    self.folder
                        .inside(selection.span.clone(), &relative.lossy, entry.path())?;
                }
                continue;
            }
            let wanted = selection
                .pattern
                .is_none_or(|pattern| pattern.matches(&relative.lossy));
            if !wanted || self.excluded.matches(&relative.lossy) {
                continue;
            }
            let Some(path) = relative.exact else {
                return Err(self.file_name(selection, relative.lossy, "its name is not UTF-8"));
            };
            let guest = match selection.destination {
                None => path.clone(),
                Some(destination) => {
                    let below = path
                        .strip_prefix(selection.base)
                        .unwrap_or(&path)
                        .trim_start_matches('/');
                    if destination.is_empty() {
                        below.to_owned()
                    } else {
                        format!("{destination}/{below}")
                    }
                }
            };
            self.add(&selection.span, &path, guest)?;
        }
        Ok(())
    }

    fn count_entry(&mut self, selection: &Selection<'_>) -> Result<(), LoadError> {
        self.folder.entries += 1;
        if self.folder.entries <= self.folder.limits.entries {
            return Ok(());
        }
        let fault = Fault::TooLarge {
            what: format!(
                "`files` of component `{}` look at too many files and folders",
                self.collected.component
            ),
            limit: self.folder.limits.entries.to_string(),
        };
        Err(self.folder.document.error(selection.span.clone(), fault))
    }

    /// Leaving out what lies deeper without a word would deploy half an application.
    fn too_deep(&self, selection: &Selection<'_>, path: &str) -> LoadError {
        let start: String = path.chars().take(40).collect();
        let fault = Fault::TooLarge {
            what: format!(
                "`files` of component `{}` look at folders that lie too deep inside each other (`{}...`)",
                self.collected.component,
                start.escape_debug()
            ),
            limit: format!("{DEEPEST} folders"),
        };
        self.folder.document.error(selection.span.clone(), fault)
    }

    /// A dangling link matters only if it would have been a file; anything else that can't be read does matter.
    fn unreadable_entry(
        &mut self,
        selection: &Selection<'_>,
        root: &Path,
        error: walkdir::Error,
    ) -> Result<(), LoadError> {
        let file = error.path().unwrap_or(root).to_owned();
        let path = self.relative_entry(root, &file).lossy;
        let source = error
            .into_io_error()
            .unwrap_or_else(|| std::io::Error::other("it can't be walked"));
        if self.excluded.matches(&path) {
            return Ok(());
        }
        if !is_absent(&source) {
            return Err(self
                .folder
                .unreadable(selection.span.clone(), &file, source));
        }
        if selection
            .pattern
            .is_none_or(|pattern| pattern.matches(&path))
        {
            self.warnings.push(format!(
                "`{}` is a link to nothing, so component `{}` does not get it",
                path.escape_debug(),
                self.collected.component
            ));
        }
        Ok(())
    }

    fn is_inside(&self, path: &Path) -> bool {
        std::fs::canonicalize(path).is_ok_and(|target| target.starts_with(&self.folder.root))
    }

    fn relative_entry(&self, root: &Path, path: &Path) -> Relative {
        let path = path.strip_prefix(root).unwrap_or(path);
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let lossy = parts.join("/");
        Relative {
            exact: path
                .iter()
                .all(|part| part.to_str().is_some())
                .then(|| lossy.clone()),
            lossy,
        }
    }

    fn file_name(&self, selection: &Selection<'_>, path: String, reason: &str) -> LoadError {
        let fault = Fault::FileName {
            path: path.escape_debug().to_string(),
            reason: reason.to_owned(),
        };
        self.folder.document.error(selection.span.clone(), fault)
    }

    /// Lets the component see the file `path` of the application folder as `guest`.
    fn add(&mut self, span: &Range<usize>, path: &str, guest: String) -> Result<(), LoadError> {
        if self.excluded.matches(path) {
            return Ok(());
        }
        let document = self.folder.document;
        check_guest_path(&guest).map_err(|fault| {
            let fault = Fault::FileName {
                path: guest.escape_debug().to_string(),
                reason: fault.to_string(),
            };
            document.error(span.clone(), fault)
        })?;
        let place = self.folder.root.join(path);
        let file: PathBuf = self.folder.inside(span.clone(), path, &place)?;
        let is_file = std::fs::metadata(&file).is_ok_and(|metadata: Metadata| metadata.is_file());
        if !is_file {
            self.warnings.push(format!(
                "`{path}` is no ordinary file, so component `{}` does not get it",
                self.collected.component
            ));
            return Ok(());
        }
        if let Some(what) = sensitive::suspicion(path) {
            let (_, count) = self
                .suspicions
                .entry(what)
                .or_insert_with(|| (path.to_owned(), 0));
            *count += 1;
        }
        let file: Arc<Path> = file.into();
        match self.collected.files.get(&guest) {
            Some(first) if *first == file => {}
            Some(_) => self
                .collected
                .again
                .push((guest, file, document.location(span.clone()))),
            None => {
                self.collected.files.insert(guest, file);
                self.folder.files += 1;
            }
        }
        if self.folder.files > self.folder.limits.files {
            let fault = Fault::TooLarge {
                what: "the components see too many files".to_owned(),
                limit: self.folder.limits.files.to_string(),
            };
            return Err(document.error(span.clone(), fault));
        }
        Ok(())
    }

    /// Paths that differ in the case of letters only, or in the code points that make the same letters (Unicode's canonical equivalence):
    /// fine here, and one file on other systems.
    fn warn_of_twins(&mut self) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let mut twins = Vec::new();
        for path in self.collected.files.keys() {
            let folded = path.to_lowercase().nfc().collect();
            match seen.get(&folded) {
                Some(first) => twins.push((*first, path)),
                None => {
                    seen.insert(folded, path);
                }
            }
        }
        let Some((first, second)) = twins.first() else {
            return;
        };
        let (difference, systems) = if first.to_lowercase() == second.to_lowercase() {
            (
                "in the case of letters only",
                "where case does not matter, as on Windows and macOS",
            )
        } else {
            (
                "in how Unicode writes the same letters only",
                "where that does not matter, as on macOS",
            )
        };
        let more = match twins.len() {
            1 => String::new(),
            count => format!(", and so do {} more", count - 1),
        };
        self.warnings.push(format!(
            "component `{}` gets `{first}` and `{second}`, which differ {difference}{more}: {systems}, one would take the place of \
             the other",
            self.collected.component
        ));
    }

    /// No path may be a file and a folder at once.
    fn refuse_nesting(&self, span: Range<usize>) -> Result<(), LoadError> {
        let files = &self.collected.files;
        for (path, second) in files {
            let folder = path
                .match_indices('/')
                .find_map(|(at, _)| files.get_key_value(&path[..at]));
            if let Some((folder, first)) = folder {
                let fault = Fault::Clash {
                    component: self.collected.component.clone(),
                    path: folder.clone(),
                    first: first.to_path_buf(),
                    second: second.to_path_buf(),
                };
                return Err(self.folder.document.error(span, fault));
            }
        }
        Ok(())
    }
}

/// The path of an entry below the application folder.
struct Relative {
    /// Unless it is not UTF-8.
    exact: Option<String>,
    lossy: String,
}
