//! Files that several bowlines may change at once, and that only this user may read.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::exit::Exit;
use crate::output;
use crate::paths;

/// Bytes of an index, of approvals, or of a lock file: thousands of targets fit.
pub(crate) const MAX_TEXT: u64 = 4 << 20;

/// Reads a TOML file that bowline writes. `None` when there is none.
///
/// # Errors
/// When it can't be read, is no TOML, or not what is expected; naming the file and the place in it.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let Some(text) = read_text(path)? else {
        return Ok(None);
    };
    toml::from_str(&text)
        .map(Some)
        .map_err(|error| malformed(path, &error))
}

/// Refuses a file that a later bowline wrote, in a form that this one does not know.
///
/// # Errors
/// [`Exit::Usage`] when the form is another than the one that is known.
pub(crate) fn check_form(path: &Path, form: i64, known: u32) -> Result<(), Error> {
    if form == i64::from(known) {
        return Ok(());
    }
    let path = path.display();
    let message = format!("{path} has the form {form}, this bowline knows form {known}");
    Err(Error::new(Exit::Usage, message).hint("use the bowline that wrote it, or a later one"))
}

/// The text of a file. `None` when there is none.
///
/// # Errors
/// When it can't be read, is no UTF-8, or larger than [`MAX_TEXT`].
pub(crate) fn read_text(path: &Path) -> Result<Option<String>, Error> {
    let cannot = |error: &io::Error| {
        Error::new(Exit::Usage, format!("can't read {}", path.display())).cause(error)
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(&error)),
    };
    let mut text = String::new();
    let read = file
        .take(MAX_TEXT + 1)
        .read_to_string(&mut text)
        .map_err(|error| cannot(&error))?;
    if read as u64 > MAX_TEXT {
        return Err(cannot(&io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {} MiB", MAX_TEXT >> 20),
        )));
    }
    Ok(Some(text))
}

/// Makes sure that a file with secrets is this user's alone. One that others can read is closed to them, and the user is told; there
/// may be none.
///
/// # Errors
/// When it is somebody else's, or its permissions can't be changed.
pub(crate) fn guard(path: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let Ok(there) = fs::metadata(path) else {
            return Ok(());
        };
        let own = rustix::process::geteuid().as_raw();
        if there.uid() != own && there.uid() != 0 && own != 0 {
            return Err(Error::new(
                Exit::Usage,
                format!("{} belongs to another user", path.display()),
            )
            .hint("who wrote it may know what is in it, or want you to use it; move it away"));
        }
        let mode = there.permissions().mode();
        if mode & 0o077 != 0 {
            let closed = fs::Permissions::from_mode(mode & 0o700);
            fs::set_permissions(path, closed).map_err(|error| {
                Error::new(
                    Exit::Usage,
                    format!("{} holds secrets, and others can read it", path.display()),
                )
                .cause(&error)
                .hint(format!("run: chmod 600 {}", path.display()))
            })?;
            output::warning(&format!(
                "others could read the secrets in {}; it is yours alone now. If somebody may have read it, log in again",
                path.display()
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Closes a folder of secrets to everybody else.
///
/// # Errors
/// When its permissions can't be changed.
pub(crate) fn close_folder(folder: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let close = || {
            if fs::metadata(folder)?.permissions().mode() & 0o077 != 0 {
                fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
            }
            Ok(())
        };
        close().map_err(|error: io::Error| {
            Error::new(
                Exit::Internal,
                format!("can't close the folder {} to others", folder.display()),
            )
            .cause(&error)
        })?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// A TOML file that says something else than expected.
pub(crate) fn malformed(path: &Path, error: &toml::de::Error) -> Error {
    // toml's own text shows the line, which stands for itself.
    let shown = error.to_string();
    let made = Error::new(
        Exit::Usage,
        format!("{} can't be used: {}", path.display(), error.message()),
    );
    match shown.split_once('\n') {
        Some((place, lines)) if error.span().is_some() => {
            let lines: Vec<&str> = lines.lines().filter(|line| line.contains('|')).collect();
            made.excerpt(format!(
                "{}\n{}",
                place.trim_start_matches("TOML parse error "),
                lines.join("\n")
            ))
        }
        _ => made,
    }
}

/// The text of a TOML file.
///
/// # Errors
/// Only when a value has no TOML form, which none of bowline's has.
pub(crate) fn to_toml(value: &impl Serialize) -> Result<String, Error> {
    toml::to_string(value).map_err(|error| {
        Error::new(
            Exit::Internal,
            "what is to be kept can't be written as TOML",
        )
        .cause(&error)
    })
}

/// Puts these bytes in the place of `path`, all or nothing, readable by this user only. The folder is made where it is missing.
///
/// # Errors
/// When the folder or the file can't be written.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    paths::create_private(folder)?;
    replace(path, bytes, None)
}

/// Puts these bytes in the place of `path`, all or nothing. A file that is there keeps its permissions; `mode` is that of a new
/// one, and without it only this user may read it.
///
/// # Errors
/// When the file can't be written.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<(), Error> {
    let write = || {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // Temporary files are readable by their owner only, and this one keeps that when it gets its name.
        let mut file = tempfile::Builder::new()
            .prefix(".bowline-new-")
            .tempfile_in(folder)?;
        file.write_all(bytes)?;
        #[cfg(unix)]
        if let Some(mode) = mode {
            use std::os::unix::fs::PermissionsExt as _;
            let permissions = match fs::metadata(path) {
                Ok(there) => there.permissions(),
                Err(_) => fs::Permissions::from_mode(mode),
            };
            file.as_file().set_permissions(permissions)?;
        }
        #[cfg(not(unix))]
        let _ = mode;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The new name is there for good once the folder is, too.
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    };
    write().map_err(|error: io::Error| {
        Error::new(Exit::Internal, format!("can't write {}", path.display())).cause(&error)
    })
}

/// Keeps other bowlines from changing what is in `folder` until it is dropped. Waits for one that does.
///
/// # Errors
/// When the folder or its lock can't be made.
pub(crate) fn hold(folder: &Path, name: &str) -> Result<File, Error> {
    paths::create_private(folder)?;
    let path = folder.join(name);
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let hold = || {
        let file = options.open(&path)?;
        file.lock()?;
        Ok(file)
    };
    hold().map_err(|error: io::Error| {
        Error::new(Exit::Internal, format!("can't lock {}", path.display())).cause(&error)
    })
}
