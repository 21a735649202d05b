//! What has to hold for every text that a reader of this program may meet: one function for each fuzz target.
//!
//! Each takes any bytes, and panics where something does not hold. They are public in fuzzing builds only (`make fuzz`, which
//! compiles with `--cfg fuzzing`); the tests here run them over the seeds.

use std::fs;
use std::io::Write as _;

pub use crate::commands::deploy::fuzzing::plan_file;
use crate::description::Setting;
use crate::environments::old;
use crate::settings::host;
use crate::settings::kind::Kind;
use crate::settings::project::Project;
use crate::targets::{LOCK_FILE, Lock};

/// A `bowline.lock`, which anybody may have edited.
///
/// One that is read is written as one that reads the same, whose targets can each be found by their names. What is wrong with
/// another is told in a clean line that names the file.
///
/// # Panics
/// When that does not hold.
pub fn lock_file(text: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else {
        return;
    };
    let written = fs::write(folder.path().join(LOCK_FILE), text);
    assert!(written.is_ok(), "{written:?}");
    match Lock::read(folder.path()) {
        Ok(lock) => {
            assert!(lock.is_some(), "the file is there");
            let Some(lock) = lock else { return };
            let written = lock.write();
            assert!(written.is_ok(), "{written:?}");
            match Lock::read(folder.path()) {
                Ok(again) => assert_eq!(again.as_ref(), Some(&lock)),
                Err(error) => assert_eq!(error.message(), "", "it was written by us"),
            }
            for target in lock.targets() {
                assert_eq!(lock.find(&target.name), Some(target));
                assert!(lock.of(&target.digest).is_some());
            }
        }
        Err(error) => {
            let message = error.message();
            assert!(message.contains(LOCK_FILE), "{message:?}");
            assert!(!message.contains(char::is_control), "{message:?}");
        }
    }
}

/// A `bowline.toml`, or what a `spin.toml` says in its place: it came with a cloned repository.
///
/// Each value that is read is one of its setting's kind, and none is a secret's. What is wrong with another file is told in a clean
/// line, as are the warnings.
///
/// # Panics
/// When that does not hold.
pub fn project_settings(text: &[u8]) {
    let setting = |name: &str, kind| Setting {
        name: name.to_owned(),
        variable: None,
        description: String::new(),
        kind,
        default: None,
        required: false,
        conflicts_with: Vec::new(),
        grants_network: false,
        prompt: None,
        belongs_to: None,
    };
    let mut settings = host::bindle(true);
    settings.extend([
        setting("hippo-url", Kind::Url),
        setting("hippo-channel", Kind::Text),
        setting("hippo-size", Kind::Integer),
        setting("hippo-wait", Kind::Boolean),
        setting("hippo-password", Kind::Secret),
    ]);
    let Ok(folder) = tempfile::tempdir() else {
        return;
    };
    let written = fs::write(folder.path().join("bowline.toml"), text);
    assert!(written.is_ok(), "{written:?}");
    match Project::read(folder.path(), &settings) {
        Ok(project) => {
            for (name, value) in &project.values {
                let setting = settings.iter().find(|setting| setting.name == *name);
                let fits = setting.is_some_and(|setting| {
                    setting.kind != Kind::Secret && setting.kind.check(value.text()).is_ok()
                });
                assert!(fits, "{name} {:?}", value.text());
                assert!(!value.text().contains(char::is_control));
            }
            let clean = |note: &String| !note.contains(char::is_control);
            assert!(project.notes.iter().all(clean), "{:?}", project.notes);
        }
        Err(error) => {
            let message = error.message();
            assert!(!message.contains(char::is_control), "{message:?}");
        }
    }
}

/// A login that an old tool left, or whatever stands in its place.
///
/// What is wrong with it is told in a clean line that repeats nothing of it.
///
/// # Panics
/// When that does not hold.
pub fn old_login(text: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else {
        return;
    };
    // A file that others could read would be told of, each time.
    let file = tempfile::Builder::new()
        .prefix("config")
        .suffix(".json")
        .rand_bytes(0)
        .tempfile_in(folder.path());
    let Ok(mut file) = file else {
        return;
    };
    let written = file.write_all(text);
    assert!(written.is_ok(), "{written:?}");
    let path = file.path();
    if let Err(error) = old::read(folder.path(), "default") {
        let message = error.message();
        assert!(!message.contains(char::is_control), "{message:?}");
        let place = message.replace(&path.display().to_string(), "");
        let is_ours = place.starts_with(" is no login as `spin login` leaves one: line ")
            || place == "can't read ";
        assert!(is_ours, "{message:?}");
    }
}

#[cfg(test)]
mod tests {
    use bowline_replay::replay;

    #[test]
    fn lock_files() {
        replay("lock_file", 3_000, super::lock_file);
    }

    #[test]
    fn settings_of_projects() {
        replay("project_settings", 2_000, super::project_settings);
    }

    #[test]
    fn logins_of_old_tools() {
        replay("old_login", 2_000, super::old_login);
    }

    #[test]
    fn plan_files() {
        replay("plan_file", 3_000, super::plan_file);
    }
}
