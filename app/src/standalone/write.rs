//! Writing a bundle to a folder.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{INVOICE, PARCELS, StandaloneError, name, parcel};
use crate::content::BLOCK;
use crate::invoice::Invoice;
use crate::parallel;
use crate::{Bundle, Content, Digest};

/// Writes `bundle` below the folder `to`, which is made if it isn't there, and returns the folder of the bindle. `invoice` is the bundle's
/// own, with signatures or without.
///
/// What stands under the final name is whole: it is written under another name, and then moved. A bindle of the same id that is
/// there is replaced. The bytes are hashed while they are copied, so a file that has changed since it was read is noticed.
///
/// # Errors
/// [`StandaloneError::Occupied`] if something that is no bindle has the folder's name, [`StandaloneError::Invoice`] if `invoice` is
/// another's, and [`StandaloneError::Io`].
pub fn write(bundle: &Bundle, invoice: &Invoice, to: &Path) -> Result<PathBuf, StandaloneError> {
    let folder = to.join(name(bundle.id()));
    let refuse = |reason: String| StandaloneError::Invoice {
        path: folder.join(INVOICE),
        reason,
    };
    if invoice.parcel != bundle.invoice().parcel {
        return Err(refuse("it lists other parcels".to_owned()));
    }
    let text = invoice
        .to_toml()
        .map_err(|error| refuse(error.to_string()))?;
    check_place(to)?;
    let replaces = check_old(&folder)?;
    fs::create_dir_all(to).map_err(StandaloneError::io("make the folder", to))?;

    let scratch = scratch(to)?;
    let made = scratch.path().join("new");
    let parcels = made.join(PARCELS);
    fs::create_dir_all(&parcels).map_err(StandaloneError::io("make the folder", &parcels))?;
    parallel::each(
        bundle.contents(),
        || vec![0; BLOCK],
        |buffer, content| {
            let path = parcels.join(parcel(&content.digest()));
            let copied = copy(content, &path, buffer);
            copied.map_err(StandaloneError::io("copy", content.path().unwrap_or(&path)))
        },
    )?;
    // Last, so that a folder with an invoice has its parcels, too.
    let path = made.join(INVOICE);
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(StandaloneError::io("write", &path))?;

    let moving = || StandaloneError::io("replace", &folder);
    if replaces {
        fs::rename(&folder, scratch.path().join("old")).map_err(moving())?;
    }
    fs::rename(&made, &folder).map_err(moving())?;
    Ok(folder)
}

/// A folder beside the final one, which is removed in the end with all that is left in it.
fn scratch(to: &Path) -> Result<tempfile::TempDir, StandaloneError> {
    tempfile::Builder::new()
        .prefix(".bowline-")
        .tempdir_in(to)
        .map_err(StandaloneError::io("write to", to))
}

fn copy(content: &Content, path: &Path, buffer: &mut [u8]) -> io::Result<()> {
    let mut reader = content.open()?;
    let mut file = File::create_new(path)?;
    loop {
        match reader.read(buffer) {
            // As the invoice: what has a bindle's name has to be whole after a power cut, too.
            Ok(0) => return file.sync_all(),
            Ok(read) => file.write_all(&buffer[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn check_place(to: &Path) -> Result<(), StandaloneError> {
    match fs::metadata(to) {
        Ok(metadata) if !metadata.is_dir() => Err(occupied(to, "it is no folder")),
        Ok(_) if to.join("spin.toml").exists() => Err(occupied(
            to,
            "it is the folder of an application, whose files would be mixed with the bindle's",
        )),
        Ok(_) if to.join(INVOICE).exists() => Err(occupied(
            to,
            "it is a bindle itself; the folder around it is meant",
        )),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StandaloneError::io("read", to)(error)),
    }
}

/// Whether there is an older bindle to be replaced. Anything else is left alone.
fn check_old(folder: &Path) -> Result<bool, StandaloneError> {
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StandaloneError::io("read", folder)(error)),
        Ok(metadata) if !metadata.is_dir() => return Err(occupied(folder, "it is no folder")),
        Ok(_) => {}
    }
    let foreign = || occupied(folder, "it holds other things than a bindle");
    for (path, name) in entries(folder)? {
        match name.as_deref() {
            Some(INVOICE) if is_file(&path) => {}
            Some(PARCELS) if path.is_dir() && !path.is_symlink() => {
                let is_parcel = |(path, name): (PathBuf, Option<String>)| {
                    let digest = name.as_deref().and_then(|name| name.strip_suffix(".dat"));
                    digest.is_some_and(|digest| digest.parse::<Digest>().is_ok()) && is_file(&path)
                };
                if !entries(&path)?.into_iter().all(is_parcel) {
                    return Err(foreign());
                }
            }
            _ => return Err(foreign()),
        }
    }
    Ok(true)
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

fn entries(folder: &Path) -> Result<Vec<(PathBuf, Option<String>)>, StandaloneError> {
    let failed = || StandaloneError::io("read", folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        found.push((entry.path(), entry.file_name().into_string().ok()));
    }
    Ok(found)
}

fn occupied(path: &Path, reason: &str) -> StandaloneError {
    StandaloneError::Occupied {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}
