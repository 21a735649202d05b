//! What is going on, on stderr, while a command works.
//!
//! On a terminal the current step turns with a spinner or fills a bar. Elsewhere, and with `-v`, whose log would tangle with
//! it, each step is one plain line. With `-q` there is nothing but warnings.

use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bowline_app::Hashing;
use bowline_host::bindle::Receipt;
use bowline_host::{Denial, GuestStream, Observer, Sending, Upload, Usage};
use indicatif::{ProgressBar, ProgressStyle};

use crate::events::Events;
use crate::output::{self, Pushed};
use crate::text;

/// Redraws of the spinner; ten a second look smooth and cost nothing.
const TICK: Duration = Duration::from_millis(100);
/// How often plain output says how far a push is: seldom enough for a log, often enough to tell it from a hanging one.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);
/// Bytes that take long enough to hash for people to look at a bar.
const WORTH_A_BAR: u64 = 64 * 1024 * 1024;

/// Bytes of one file that take long enough to send for people to look at a bar.
const WORTH_A_BAR_TO_SEND: u64 = 8 * 1024 * 1024;

/// How steps are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Style {
    /// Not at all.
    Quiet,
    /// One line each.
    Lines,
    /// Moving.
    Live,
}

impl Style {
    /// What suits this terminal.
    #[must_use]
    pub fn choose(quiet: bool, verbose: bool) -> Self {
        if quiet {
            Self::Quiet
        } else if verbose || !std::io::stderr().is_terminal() {
            Self::Lines
        } else {
            Self::Live
        }
    }
}

/// Shows steps one after another. It can be shared between threads.
pub struct Progress {
    style: Style,
    events: Arc<Events>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    step: Option<String>,
    transfer: Option<Transfer>,
    denials: Vec<String>,
    pushed: Option<Pushed>,
    used: Vec<Usage>,
}

/// Bytes that move: a push, a download, or the hashing of files.
struct Transfer {
    step: String,
    /// What has happened to the bytes that are done.
    done: &'static str,
    bytes: u64,
    total: u64,
    last_said: Instant,
}

impl Progress {
    /// Shows nothing until the first step.
    #[must_use]
    pub fn new(style: Style) -> Self {
        Self {
            style,
            events: Arc::default(),
            state: Mutex::default(),
        }
    }

    /// Tells all of it as events, too.
    #[must_use]
    pub fn telling(mut self, events: &Arc<Events>) -> Self {
        self.events = Arc::clone(events);
        self
    }

    /// A step starts, and with it the one before has ended.
    pub fn start(&self, step: &str) {
        let step = text::one_line(step);
        self.events.phase(&step);
        let mut state = self.state();
        self.end_step(&mut state);
        match self.style {
            Style::Quiet => {}
            Style::Lines => output::line(&step),
            Style::Live => {
                state.bar = Some(spinner(step.clone()));
            }
        }
        state.step = Some(step);
    }

    /// A step starts that writes to the terminal itself: nothing moves meanwhile.
    pub fn start_writing(&self, step: &str) {
        let step = text::one_line(step);
        self.events.phase(&step);
        let mut state = self.state();
        self.end_step(&mut state);
        if self.style != Style::Quiet {
            output::line(&step);
        }
    }

    /// A step starts that gets so many bytes; [`got`](Self::got) says of each piece.
    pub fn start_getting(&self, step: &str, total: u64) {
        let step = text::one_line(step);
        self.events.phase(&step);
        let mut state = self.state();
        self.end_step(&mut state);
        self.show(&mut state, step, "Fetched", 0, total);
    }

    /// So many bytes more are here, of those that were announced.
    pub fn got(&self, more: u64) {
        let mut state = self.state();
        if let Some(transfer) = &mut state.transfer {
            transfer.bytes = transfer.bytes.saturating_add(more);
            self.draw(&mut state);
        }
    }

    /// The last step has ended well.
    pub fn finish(&self) {
        self.end_step(&mut self.state());
    }

    /// Nothing moves any more; the current step is left as it is, because it did not end well.
    pub fn abandon(&self) {
        let mut state = self.state();
        state.step = None;
        state.transfer = None;
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Shows a warning above whatever moves.
    pub fn warning(&self, message: &str) {
        self.events.warning(message);
        self.above(&output::render_warning(message));
    }

    /// Shows a line above whatever moves, also with `-q`.
    pub fn above(&self, line: &str) {
        // The bar is a handle: holding the lock while something is written is not needed.
        let bar = self.state().bar.clone();
        match bar {
            Some(bar) => bar.suspend(|| output::line(line)),
            None => output::line(line),
        }
    }

    /// Does something for which nothing may move, such as asking. The bar is gone meanwhile, not held: whoever stops the run must not
    /// wait for an answer.
    pub fn paused<T>(&self, work: impl FnOnce() -> T) -> T {
        let step = {
            let mut state = self.state();
            let bar = state.bar.take();
            if let Some(bar) = &bar {
                bar.finish_and_clear();
            }
            bar.and_then(|_| state.step.clone())
        };
        let result = work();
        if let Some(step) = step {
            let mut state = self.state();
            if state.bar.is_none() && state.step.as_ref() == Some(&step) {
                state.bar = Some(spinner(step));
            }
        }
        result
    }

    /// What the host refused to the target, each once, in the order it happened.
    #[must_use]
    pub fn denials(&self) -> Vec<String> {
        self.state().denials.clone()
    }

    /// The step that is under way.
    #[must_use]
    pub fn current(&self) -> Option<String> {
        self.state().step.clone()
    }

    /// What all pushes together sent, when there was one.
    #[must_use]
    pub fn pushed(&self) -> Option<Pushed> {
        self.state().pushed
    }

    /// What the operations used that have ended, in their order.
    #[must_use]
    pub fn used(&self) -> Vec<Usage> {
        self.state().used.clone()
    }

    fn end_step(&self, state: &mut State) {
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
        state.transfer = None;
        if let (Some(step), Style::Live) = (state.step.take(), self.style) {
            output::line(&output::render_done(&step));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves at worst an old bar behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the reading of the application's files is. What takes no time is not shown.
    pub fn hashing(&self, hashing: Hashing) {
        let Hashing {
            bytes,
            total,
            files,
            ..
        } = hashing;
        if total < WORTH_A_BAR {
            return;
        }
        let noun = if files == 1 { "file" } else { "files" };
        let step = format!("Hashing {files} {noun} ({})", output::size(total));
        self.show(&mut self.state(), step, "Hashed", bytes, total);
    }

    /// Shows how much of a step's bytes is done, beginning the step if it is another than before.
    fn show(&self, state: &mut State, step: String, done: &'static str, bytes: u64, total: u64) {
        if let Some(transfer) = state.transfer.as_mut().filter(|it| it.step == step) {
            transfer.bytes = bytes;
        } else {
            if self.style == Style::Lines {
                output::line(&step);
            }
            state.step = Some(step.clone());
            let last_said = Instant::now();
            self.fill(
                state,
                Transfer {
                    step,
                    done,
                    bytes,
                    total,
                    last_said,
                },
            );
        }
        self.draw(state);
    }

    /// A bar begins, where there are any.
    fn fill(&self, state: &mut State, transfer: Transfer) {
        if self.style == Style::Live {
            let bar = state.bar.get_or_insert_with(ProgressBar::new_spinner);
            bar.reset();
            bar.set_length(transfer.total);
            bar.set_message(transfer.step.clone());
            bar.set_style(bar_style());
            bar.enable_steady_tick(TICK);
        }
        state.transfer = Some(transfer);
    }

    /// Brings what is shown of the bytes up to date.
    fn draw(&self, state: &mut State) {
        let Some(transfer) = &mut state.transfer else {
            return;
        };
        match (self.style, &state.bar) {
            (Style::Live, Some(bar)) => bar.set_position(transfer.bytes),
            (Style::Lines, _) if transfer.last_said.elapsed() >= PLAIN_INTERVAL => {
                transfer.last_said = Instant::now();
                output::line(&format!(
                    "{} {} of {}",
                    transfer.done,
                    output::size(transfer.bytes),
                    output::size(transfer.total)
                ));
            }
            _ => {}
        }
    }
}

fn spinner(step: String) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(step);
    bar.enable_steady_tick(TICK);
    bar
}

/// What is done, how fast, and how long it still takes.
const BAR: &str = "{spinner} {msg} [{wide_bar}] {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template(BAR)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

impl Observer for Progress {
    fn step(&self, message: &str) {
        self.start(message);
    }

    fn warn(&self, message: &str) {
        self.warning(message);
    }

    fn link(&self, message: &str, url: &str) {
        self.events.link(message, url);
        self.above(&format!(
            "{}: {}",
            text::one_line(message),
            text::one_line(url)
        ));
    }

    fn guest_output(&self, stream: GuestStream, line: &str) {
        tracing::debug!(target: "bowline::target", ?stream, "{}", text::one_line(line));
    }

    fn denied(&self, denial: &Denial) {
        let denial = denial.to_string();
        tracing::debug!(target: "bowline::grant", "refused {denial}");
        let mut state = self.state();
        // A target that tries the same thing again and again is no news.
        if !state.denials.contains(&denial) && state.denials.len() < 20 {
            self.events.denied(&denial);
            state.denials.push(denial);
        }
    }

    fn used(&self, usage: &Usage) {
        self.state().used.push(usage.clone());
    }

    fn packed(&self, files: usize, archives: usize) {
        if archives > 0 && self.style != Style::Quiet {
            self.above(&format!("Packed {files} files into {archives} archives"));
        }
    }

    fn upload(&self, upload: &Upload) {
        let Upload {
            sent,
            total,
            stored,
            parcels,
            ..
        } = *upload;
        // Nothing to send is no push.
        if parcels == 0 {
            return;
        }
        self.events.upload(sent, total, parcels);
        let mut state = self.state();
        let step = format!(
            "Pushing {} ({})",
            output::parcels(parcels.into()),
            output::size(total)
        );
        self.show(&mut state, step.clone(), "Pushed", sent, total);
        if let (Some(bar), Style::Live, true) = (&state.bar, self.style, parcels > 1) {
            bar.set_message(format!("{step}, {stored} done"));
        }
    }

    /// The bar is the target's step's, and goes when all of the file has left: the step goes on.
    fn sending(&self, sending: &Sending) {
        let Sending { sent, total, .. } = *sending;
        if total < WORTH_A_BAR_TO_SEND {
            return;
        }
        let mut state = self.state();
        let step = state.step.clone().unwrap_or_else(|| "Sending".to_owned());
        let is_under_way = |it: &&mut Transfer| it.total == total && it.bytes <= sent;
        if let Some(transfer) = state.transfer.as_mut().filter(is_under_way) {
            transfer.bytes = sent;
        } else {
            self.fill(
                &mut state,
                Transfer {
                    step: step.clone(),
                    done: "Sent",
                    bytes: sent,
                    total,
                    last_said: Instant::now(),
                },
            );
        }
        self.draw(&mut state);
        if sent == total {
            state.transfer = None;
            if let Some(bar) = &state.bar {
                bar.set_style(ProgressStyle::default_spinner());
                bar.unset_length();
            }
        }
    }

    fn pushed(&self, receipt: &Receipt) {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let mut state = self.state();
        // After a login in the middle the target pushes once more: what was sent then counts as well, what was reused doesn't.
        let before = state.pushed.unwrap_or_default();
        state.pushed = Some(Pushed {
            uploaded: before.uploaded.saturating_add(count(receipt.uploaded)),
            uploaded_bytes: before.uploaded_bytes.saturating_add(receipt.uploaded_bytes),
            reused: if before == Pushed::default() {
                count(receipt.reused)
            } else {
                before.reused
            },
            archives: count(receipt.archives),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_of_bars_is_well_formed() {
        ProgressStyle::with_template(BAR).unwrap();
    }

    #[test]
    fn denials_are_kept_once() {
        let progress = Progress::new(Style::Quiet);
        progress.denied(&Denial::Bindle);
        progress.denied(&Denial::Bindle);
        progress.denied(&Denial::Request("a bad request".into()));
        assert_eq!(
            progress.denials(),
            ["the use of Bindle, which is not granted", "a bad request"]
        );
    }

    #[test]
    fn large_files_fill_bars_of_their_step() {
        let progress = Progress::new(Style::Quiet);
        progress.start("Sending a");
        let send = |sent, total| {
            let mut sending = Sending::default();
            (sending.sent, sending.total) = (sent, total);
            progress.sending(&sending);
            let state = progress.state();
            assert_eq!(state.step.as_deref(), Some("Sending a"));
            state.transfer.as_ref().map(|transfer| transfer.bytes)
        };
        let large = WORTH_A_BAR_TO_SEND;
        assert_eq!(send(1, large - 1), None);
        assert_eq!(send(0, large), Some(0));
        assert_eq!(send(7, large), Some(7));
        // Another one of the same size, after one that broke off.
        assert_eq!(send(3, large), Some(3));
        assert_eq!(send(large, large), None);
    }

    fn upload(sent: u64, total: u64, parcels: u32) -> Upload {
        let mut upload = Upload::default();
        (upload.sent, upload.total, upload.parcels) = (sent, total, parcels);
        upload
    }

    #[test]
    fn steps_follow_each_other() {
        let progress = Progress::new(Style::Quiet);
        progress.start("one\u{1b}[2J");
        assert_eq!(progress.state().step.as_deref(), Some("one[2J"));
        progress.upload(&upload(0, 10, 1));
        assert_eq!(
            progress.state().step.as_deref(),
            Some("Pushing 1 parcel (10 B)")
        );
        progress.start("two");
        assert!(progress.state().transfer.is_none());
        progress.got(5);
        progress.start_getting("three", 10);
        progress.got(5);
        progress.got(2);
        assert_eq!(progress.state().transfer.as_ref().unwrap().bytes, 7);
        progress.finish();
        assert_eq!(progress.state().step, None);
    }
}
