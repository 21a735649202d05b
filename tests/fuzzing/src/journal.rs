//! The journal, which is read after crashes.

use bowline_host::journal::{Fate, RunLog};

/// The run that the seeds are of.
const RUN: &str = "0199f0a0-0000-7000-8000-000000000001";

/// The file of a run.
///
/// Whatever is in it is read: each line is an entry, or counted as damage. What is known is never more than what the file says,
/// so a file that stops anywhere tells of the requests before that place what the whole one does, or that they may have been done.
///
/// # Panics
/// When that does not hold.
pub fn journal(text: &[u8]) {
    let run = RUN.parse().expect("it is the name of a run");
    let read = |text: &[u8]| RunLog::read(run, text).expect("memory can be read");
    let whole = read(text);
    let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64;
    let answers = whole
        .effects
        .iter()
        .filter(|effect| effect.answer.is_some());
    let known = whole.effects.len() + answers.count() + whole.denied.len();
    let known = known + usize::from(whole.start.is_some()) + usize::from(whole.end.is_some());
    let known = known + usize::from(whole.application.is_some());
    assert_eq!(known as u64 + whole.damage.unreadable, lines);
    assert_eq!(
        whole.damage.torn,
        !text.is_empty() && !text.ends_with(b"\n")
    );
    assert!(whole.start.as_ref().is_none_or(|start| start.run == run));

    let half = read(&text[..text.len() / 2]);
    assert!(half.effects.len() <= whole.effects.len());
    for (before, after) in half.effects.iter().zip(&whole.effects) {
        assert_eq!(before.request, after.request);
        match (before.fate(), after.fate()) {
            (one, other) if one == other => {}
            (Fate::MaybeDone, _) => assert!(before.answer.is_none(), "{before:?} became {after:?}"),
            // A question that was never sent is told as a question until that is known.
            (Fate::Asked, Fate::NeverSent) => assert!(before.answer.is_none(), "{before:?}"),
            (one, other) => assert_eq!(one, other, "{before:?} became {after:?}"),
        }
    }
}
