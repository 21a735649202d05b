//! What has to hold for every text that a reader of this program may meet: one function for each fuzz target.
//!
//! Each takes any bytes, and panics where something does not hold. They are public in fuzzing builds only (`make fuzz`, which
//! compiles with `--cfg fuzzing`); the tests here run them over the seeds.

use std::fs;

pub use crate::commands::deploy::fuzzing::plan_file;
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

#[cfg(test)]
mod tests {
    use bowline_replay::replay;

    #[test]
    fn lock_files() {
        replay("lock_file", 3_000, super::lock_file);
    }

    #[test]
    fn plan_files() {
        replay("plan_file", 3_000, super::plan_file);
    }
}
