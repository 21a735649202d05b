//! Finding the WebAssembly file that a path of the manifest means.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use crate::error::{Fault, LoadError, Location};

/// Finds the file at `path`, relative to `folder`. What is found has no links on its way.
///
/// Builds put binaries above the folder of the application (`../target/...` in a workspace of several packages), and Spin takes
/// them from there, so a path may say so. What only a link says stays refused: the manifest has to show where it leads.
pub(super) fn find(
    folder: &Path,
    component: &str,
    path: &str,
    command: Option<String>,
    location: &Location,
) -> Result<PathBuf, LoadError> {
    let error = |fault| LoadError::new(fault, Some(location.clone()));
    let refuse = |reason: &str| {
        let fault = Fault::Invalid {
            what: format!("the path `{}`", path.escape_debug()),
            reason: reason.to_owned(),
        };
        Err(error(fault))
    };
    if path.is_empty() {
        return refuse("it is empty");
    }
    if path.contains(char::is_control) {
        return refuse("control characters are not possible");
    }
    let file = folder.join(path);
    let not_wasm = || {
        error(Fault::NotWasm {
            component: component.to_owned(),
            path: file.clone(),
        })
    };
    let unreadable = |path: &Path, source| {
        let path = path.to_owned();
        error(Fault::Unreadable { path, source })
    };
    match std::fs::metadata(&file) {
        // A pipe would wait for ever, a device would never end, and what claims to be empty may be either.
        Ok(metadata) if metadata.is_file() && metadata.len() > 0 => {}
        Ok(_) => return Err(not_wasm()),
        Err(found) if is_absent(&found) => {
            return Err(error(Fault::NotBuilt {
                component: component.to_owned(),
                path: file.clone(),
                command,
            }));
        }
        Err(source) => return Err(unreadable(&file, source)),
    }
    let root = std::fs::canonicalize(folder).map_err(|source| unreadable(folder, source))?;
    let target = std::fs::canonicalize(&file).map_err(|source| unreadable(&file, source))?;
    if !starts_as_wasm(&target).map_err(|source| unreadable(&file, source))? {
        return Err(not_wasm());
    }
    if target.starts_with(&root) || says_outside(path) {
        return Ok(target);
    }
    Err(error(Fault::Outside {
        path: path.to_owned(),
        target: Some(target),
    }))
}

/// A manifest may name any file of the machine, so no more is read of one that is not what it should be.
fn starts_as_wasm(file: &Path) -> io::Result<bool> {
    let mut start = Vec::with_capacity(4);
    File::open(file)?.take(4).read_to_end(&mut start)?;
    Ok(start == b"\0asm")
}

/// Whether the path itself leaves the folder that it is relative to.
fn says_outside(path: &str) -> bool {
    let mut depth = 0_usize;
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(_) => depth += 1,
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_whether_it_leaves() {
        for path in ["a.wasm", "./a", "a/../b", "a/b/../../c"] {
            assert!(!says_outside(path), "{path}");
        }
        for path in ["../a", "a/../../b", "./../a", "/a"] {
            assert!(says_outside(path), "{path}");
        }
    }
}
