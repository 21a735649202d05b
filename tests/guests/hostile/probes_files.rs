//! Looks for files.

use std::fs;

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let mut found = Vec::new();
    let mut look = |what: &str, there: bool| {
        if there {
            found.push(what.to_owned());
        }
    };
    for folder in [".", "..", "/", "/home", "/root", "/tmp", "~"] {
        look(folder, fs::read_dir(folder).is_ok());
    }
    for file in [
        "spin.toml",
        "/etc/passwd",
        "/proc/self/environ",
        "/proc/self/exe",
        "/dev/stdin",
        "/dev/tty",
        "\\\\?\\C:\\Windows\\win.ini",
    ] {
        look(file, fs::read(file).is_ok());
        look(file, fs::metadata(file).is_ok());
        look(file, fs::canonicalize(file).is_ok());
    }
    look("new file", fs::write("/tmp/bowline-was-here", "x").is_ok());
    look("new folder", fs::create_dir("bowline-was-here").is_ok());
    let preopened = wasip2::filesystem::preopens::get_directories();
    look("a folder that was opened before", !preopened.is_empty());
    look(
        "current folder",
        std::env::current_dir().is_ok_and(|folder| folder != std::path::Path::new("/")),
    );
    look("content", app.open("../../etc/passwd").is_ok());
    look("content", app.open(&"0".repeat(64)).is_ok());
    look("content", app.open("").is_ok());
    Ok(seen(app, format!("found {found:?}")))
}
