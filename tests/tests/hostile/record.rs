//! What the journal holds of an attack.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bowline_app::Digest;
use bowline_host::journal::{Journal, Outcome as Ended};

use crate::attack::{Attack, Outcome};
use crate::scene::{Scene, assert_clean};

/// Demands that the journal of this home tells all of the one run that there was.
pub fn check(home: &Path, attack: &Attack, scene: &Scene, component: &[u8]) {
    let outcome = attack.program_outcome();
    let journal = Journal::at(home.join("state/journal"));
    let runs = journal.runs().unwrap();
    let requests = scene.server.heard().len();
    let [run] = &runs[..] else {
        // What is never run has nothing to be written down.
        assert!(
            runs.is_empty() && requests == 0 && !is_run(outcome),
            "runs in the journal: {runs:?}"
        );
        return;
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
    if let Outcome::Refused(_) | Outcome::Shrugged(..) = outcome {
        assert!(!log.denied.is_empty(), "no refusal is noted: {log:?}");
    }
    let end = log.end.as_ref().unwrap();
    let done = matches!(outcome, Outcome::Nothing(_));
    assert_eq!(end.outcome == Ended::Done, done, "{log:?}");
}

/// Whether the outcome is one of a target that was run.
fn is_run(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Nothing(_) | Outcome::Refused(_) | Outcome::Shrugged(..)
    )
}
