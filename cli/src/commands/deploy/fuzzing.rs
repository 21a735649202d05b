//! What has to hold for every text that may be met as a saved plan; see `crate::fuzzing`.

use std::fs;

use super::saved::Saved;

/// A file for `bowline deploy --plan`.
///
/// One that is read is written as one that reads the same. What is wrong with another is told in a clean line.
///
/// # Panics
/// When that does not hold.
pub fn plan_file(text: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else {
        return;
    };
    let path = folder.path().join("plan.json");
    let written = fs::write(&path, text);
    assert!(written.is_ok(), "{written:?}");
    match Saved::read(&path) {
        Ok(saved) => {
            let written = saved.write(&path);
            assert!(written.is_ok(), "{written:?}");
            match Saved::read(&path) {
                Ok(again) => assert_eq!(again, saved),
                Err(error) => assert_eq!(error.message(), "", "it was written by us"),
            }
        }
        Err(error) => {
            let message = error.message();
            assert!(!message.contains(char::is_control), "{message:?}");
            assert!(!error.hints().is_empty(), "{message:?}");
        }
    }
}
