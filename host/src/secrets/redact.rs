//! Takes secrets out of the answers that guests get.
//!
//! A platform that repeats a token in its answer, as it is, in a JSON string or percent-encoded, would hand it to a target that was
//! meant to see a placeholder only. Every byte that stands for a part of a whole secret becomes `*`, so lengths stay as announced.
//! An answer is looked at as it comes in: what could be the beginning of a secret waits for the next piece.
//!
//! Finding takes time that grows with the answer only, whatever secrets and answers look like, since both may come from a
//! platform that means harm: Knuth, Morris and Pratt's search, over the answer read in each of the ways that it may be written in.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use zeroize::Zeroizing;

mod reading;

use reading::{Reading, Token};

/// Secrets of fewer bytes stay in: such a text is in many an answer by chance, and a guest could find it by trying.
pub(crate) const SHORTEST: usize = 4;

/// What is looked for: one secret, with the table of the search.
pub(crate) struct Pattern {
    bytes: Zeroizing<Vec<u8>>,
    /// For each length of a matched part, the length of the longest beginning that is also its end.
    fallback: Vec<usize>,
}

impl Pattern {
    /// `None` for secrets that are too short to be looked for.
    pub(crate) fn new(secret: &str) -> Option<Self> {
        if secret.len() < SHORTEST {
            return None;
        }
        let bytes = Zeroizing::new(secret.as_bytes().to_vec());
        let mut fallback = vec![0; bytes.len() + 1];
        let mut length = 0;
        for end in 1..bytes.len() {
            while length > 0 && bytes[length] != bytes[end] {
                length = fallback[length];
            }
            if bytes[length] == bytes[end] {
                length += 1;
            }
            fallback[end + 1] = length;
        }
        Some(Self { bytes, fallback })
    }

    /// One more byte after `matched` ones: how many match then. All of them are a find, after which the search goes on from the
    /// longest beginning that could still become another.
    fn step(&self, mut matched: usize, byte: u8) -> usize {
        if matched == self.bytes.len() {
            matched = self.fallback[matched];
        }
        while matched > 0 && self.bytes[matched] != byte {
            matched = self.fallback[matched];
        }
        if self.bytes[matched] == byte {
            matched + 1
        } else {
            matched
        }
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pattern(…)")
    }
}

/// Takes secrets out of one answer, piece by piece.
pub(crate) struct Redactor {
    patterns: Vec<Arc<Pattern>>,
    views: Vec<View>,
    /// What came in and was not handed on yet.
    held: BytesMut,
    /// Bytes handed on before.
    done: u64,
    /// Bytes that begin no secret, in no way of writing.
    dull: [bool; 256],
}

/// The answer, read in one of the ways it may be written in.
struct View {
    reading: Reading,
    /// How much of each pattern matches at the end of what was read.
    matched: Vec<usize>,
    /// Where the last read bytes begin in the answer: as many as the longest pattern has.
    starts: VecDeque<u64>,
}

impl Redactor {
    /// Looks for these. Without any, everything goes through as it is.
    pub(crate) fn new(patterns: Vec<Arc<Pattern>>) -> Self {
        let mut dull = [true; 256];
        for byte in reading::SPECIAL
            .iter()
            .chain(patterns.iter().filter_map(|pattern| pattern.bytes.first()))
        {
            dull[usize::from(*byte)] = false;
        }
        let views = reading::ALL.map(|reading| View {
            reading,
            matched: vec![0; patterns.len()],
            starts: VecDeque::new(),
        });
        Self {
            views: Vec::from(views),
            patterns,
            held: BytesMut::new(),
            done: 0,
            dull,
        }
    }

    /// Takes the next piece, and gives what can go on: nothing of it may belong to a secret that is not complete yet.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Bytes {
        let from = self.held.len();
        self.held.extend_from_slice(piece);
        if self.patterns.is_empty() {
            return self.release(self.held.len());
        }
        let mut at = from;
        while at < self.held.len() {
            if self.views.iter().all(View::is_idle) {
                // Nothing can begin here; most of most answers is passed over by this.
                let rest = &self.held[at..];
                let dull = rest
                    .iter()
                    .take_while(|byte| self.dull[usize::from(**byte)]);
                at += dull.count();
                if at == self.held.len() {
                    break;
                }
            }
            self.read(at);
            at += 1;
        }
        let waiting = self
            .views
            .iter()
            .filter_map(|view| view.waits_from(&self.patterns));
        let end = self.done + self.held.len() as u64;
        let free = waiting.min().unwrap_or(end).saturating_sub(self.done);
        self.release(usize::try_from(free).unwrap_or(0))
    }

    /// Looks for these from now on, those from before among them. Gives what can go on, as [`push`](Self::push) does.
    pub(crate) fn look_for(&mut self, patterns: Vec<Arc<Pattern>>) -> Bytes {
        let held = std::mem::take(&mut self.held);
        *self = Self::new(patterns);
        self.push(&held)
    }

    /// The rest, when no more comes.
    pub(crate) fn finish(&mut self) -> Bytes {
        for index in 0..self.views.len() {
            let end = self.done + self.held.len() as u64;
            while let Some(token) = self.views[index].reading.finish(end) {
                self.take(index, token);
            }
        }
        self.release(self.held.len())
    }

    /// Bytes that wait for the next piece.
    pub(crate) fn waiting(&self) -> u64 {
        self.held.len() as u64
    }

    /// Whole text in one go.
    pub(crate) fn whole(patterns: Vec<Arc<Pattern>>, text: &[u8]) -> Vec<u8> {
        let mut redactor = Self::new(patterns);
        let mut out = redactor.push(text).to_vec();
        out.extend_from_slice(&redactor.finish());
        out
    }

    fn read(&mut self, at: usize) {
        let byte = self.held[at];
        let position = self.done + at as u64;
        for index in 0..self.views.len() {
            self.views[index].reading.push(byte, position);
            while let Some(token) = self.views[index].reading.next() {
                self.take(index, token);
            }
        }
    }

    /// One byte that was read; secrets that end with it are struck out.
    fn take(&mut self, index: usize, token: Token) {
        let view = &mut self.views[index];
        let longest = self
            .patterns
            .iter()
            .map(|pattern| pattern.bytes.len())
            .max();
        if Some(view.starts.len()) == longest {
            view.starts.pop_front();
        }
        view.starts.push_back(token.start);
        let mut strike = None;
        for (pattern, matched) in self.patterns.iter().zip(&mut view.matched) {
            *matched = pattern.step(*matched, token.byte);
            if *matched == pattern.bytes.len() {
                let start = view.starts[view.starts.len() - *matched];
                strike = Some(strike.map_or(start, |other: u64| other.min(start)));
            }
        }
        if let Some(start) = strike {
            let range =
                |position: u64| usize::try_from(position.saturating_sub(self.done)).unwrap_or(0);
            let (start, end) = (range(start), range(token.end));
            if let Some(found) = self.held.get_mut(start..end) {
                found.fill(b'*');
            }
        }
    }

    fn release(&mut self, count: usize) -> Bytes {
        let out = self.held.split_to(count.min(self.held.len()));
        self.done += out.len() as u64;
        out.freeze()
    }
}

impl View {
    fn is_idle(&self) -> bool {
        self.reading.is_idle() && self.matched.iter().all(|matched| *matched == 0)
    }

    /// From where on the answer may belong to a secret that is not complete yet.
    fn waits_from(&self, patterns: &[Arc<Pattern>]) -> Option<u64> {
        let matched = self.matched.iter().zip(patterns).map(|(matched, pattern)| {
            // A secret that was found can be the beginning of the next.
            if *matched == pattern.bytes.len() {
                pattern.fallback[*matched]
            } else {
                *matched
            }
        });
        let longest = matched.max().unwrap_or(0);
        let begun = (longest > 0).then(|| self.starts[self.starts.len() - longest]);
        begun.into_iter().chain(self.reading.pending()).min()
    }
}

#[cfg(test)]
mod tests;
