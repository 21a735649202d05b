//! What the journal holds of an attack.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bowline_app::Digest;
use bowline_host::journal::{Journal, Outcome as Ended};

use crate::attack::{Attack, Outcome};
use crate::scene::{Scene, assert_clean};

/// Demands that the journal of this home tells all of the one run that there was, and of none where the target ended before.
pub fn check(home: &Path, attack: &Attack, scene: &Scene, component: &[u8]) {
    let journal = Journal::at(home.join("state/journal"));
    let runs = journal.runs().unwrap();
    let requests = scene.server.heard().len();
    if !attack.is_run() {
        assert!(runs.is_empty() && requests == 0, "it was run: {runs:?}");
        return;
    }
    let [run] = &runs[..] else {
        panic!("runs in the journal: {runs:?}");
    };
    let path = journal.path(*run);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_clean("the journal", &fs::read_to_string(&path).unwrap());

    let log = journal.read(*run).unwrap();
    let start = log.start.as_ref().unwrap();
    assert_eq!(start.target.digest, Digest::of(component));
    assert_eq!(log.damage, Default::default(), "{log:?}");
    let open = log.effects.iter().filter(|effect| effect.answer.is_none());
    assert_eq!(open.count(), 0, "requests without an end: {log:?}");
    assert!(
        log.effects.len() >= requests,
        "{requests} requests arrived: {log:?}"
    );
    // Where the program reports a refusal as the target's fault, it is a refusal to the library.
    if let Outcome::Refused(_) | Outcome::Shrugged(..) = attack.outcome {
        assert!(!log.denied.is_empty(), "no refusal is noted: {log:?}");
    }
    let end = log.end.as_ref().unwrap();
    let done = matches!(attack.program_outcome(), Outcome::Nothing(_));
    assert_eq!(end.outcome == Ended::Done, done, "{log:?}");
}
