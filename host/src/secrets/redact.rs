//! Takes secrets out of the answers that guests get.
//!
//! A platform that repeats a token in its answer, as it is, in a JSON string or percent-encoded, would hand it to a target that was
//! meant to see a placeholder only. Every byte that stands for a part of a whole secret becomes `*`, so lengths stay as announced.
//! An answer is looked at as it comes in: what could be the beginning of a secret waits for the next piece.
//!
//! Finding takes time that grows with the answer only, whatever secrets and answers look like, since both may come from a
//! platform that means harm: Knuth, Morris and Pratt's search, over the answer read in each of the ways that it may be written in.

use std::borrow::Cow;
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

/// All that is looked for.
#[derive(Debug)]
pub(crate) struct Patterns {
    list: Vec<Arc<Pattern>>,
    /// What each byte can be the beginning of.
    kinds: [Kind; 256],
}

/// What a byte of an answer can be the beginning of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing that is looked for.
    Dull,
    /// A secret, as it is.
    Secret,
    /// An escape, which may stand for anything.
    Escape,
}

impl FromIterator<Arc<Pattern>> for Patterns {
    fn from_iter<I: IntoIterator<Item = Arc<Pattern>>>(patterns: I) -> Self {
        let list: Vec<_> = patterns.into_iter().collect();
        let mut kinds = [Kind::Dull; 256];
        for first in list.iter().filter_map(|pattern| pattern.bytes.first()) {
            kinds[usize::from(*first)] = Kind::Secret;
        }
        for byte in reading::SPECIAL {
            kinds[usize::from(*byte)] = Kind::Escape;
        }
        Self { list, kinds }
    }
}

impl Patterns {
    /// Whether nothing is looked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The whole of a text, with stars in the place of secrets.
    pub(crate) fn redact<'a>(self: &Arc<Self>, text: &'a [u8]) -> Cow<'a, [u8]> {
        if self.dull_part(text, true) == text.len() {
            return Cow::Borrowed(text);
        }
        let mut redactor = Redactor::new(Arc::clone(self));
        let mut out = redactor.push(Bytes::copy_from_slice(text)).to_vec();
        out.extend_from_slice(&redactor.finish());
        Cow::Owned(out)
    }

    /// How many bytes at the beginning of the text belong to no secret, whatever follows it, if anything does. Most of most answers is passed
    /// over by this.
    fn dull_part(&self, text: &[u8], is_whole: bool) -> usize {
        if self.is_empty() {
            return text.len();
        }
        let kind = |byte: u8| self.kinds[usize::from(byte)];
        let begins = |rest: &[u8], pattern: &Pattern| {
            for (byte, wanted) in rest.iter().zip(&*pattern.bytes).take(SHORTEST) {
                // From an escape on, the text may read as anything.
                if kind(*byte) == Kind::Escape {
                    return true;
                }
                if byte != wanted {
                    return false;
                }
            }
            !is_whole || rest.len() >= SHORTEST
        };
        let mut rest = text;
        while let Some(dull) = rest.iter().position(|byte| kind(*byte) != Kind::Dull) {
            rest = &rest[dull..];
            if self.list.iter().any(|pattern| begins(rest, pattern)) {
                return text.len() - rest.len();
            }
            rest = &rest[1..];
        }
        text.len()
    }
}

/// Takes secrets out of one answer, piece by piece.
pub(crate) struct Redactor {
    patterns: Arc<Patterns>,
    /// Made when the first byte has come that may belong to a secret.
    views: Vec<View>,
    /// What came in and was not handed on yet.
    held: BytesMut,
    /// Bytes handed on before.
    done: u64,
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
    pub(crate) fn new(patterns: Arc<Patterns>) -> Self {
        Self {
            patterns,
            views: Vec::new(),
            held: BytesMut::new(),
            done: 0,
        }
    }

    /// Takes the next piece, and gives what can go on: nothing of it may belong to a secret that is not complete yet.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        // What waits is waited for by a view, so nothing is held while all are idle.
        let dull = if self.is_idle() {
            self.patterns.dull_part(&piece, false)
        } else {
            0
        };
        if self.held.is_empty() && dull == piece.len() {
            self.done += piece.len() as u64;
            return piece;
        }
        let mut at = self.held.len() + dull;
        self.held.extend_from_slice(&piece);
        while at < self.held.len() {
            if self.is_idle() {
                at += self.patterns.dull_part(&self.held[at..], false);
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
            .filter_map(|view| view.waits_from(&self.patterns.list));
        let end = self.done + self.held.len() as u64;
        let free = waiting.min().unwrap_or(end).saturating_sub(self.done);
        self.release(usize::try_from(free).unwrap_or(0))
    }

    /// Whether nothing that is looked for has begun.
    fn is_idle(&self) -> bool {
        self.views.iter().all(View::is_idle)
    }

    /// Looks for these from now on, those from before among them. Gives what can go on, as [`push`](Self::push) does.
    pub(crate) fn look_for(&mut self, patterns: Arc<Patterns>) -> Bytes {
        let held = std::mem::take(&mut self.held);
        *self = Self::new(patterns);
        self.push(held.freeze())
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

    fn read(&mut self, at: usize) {
        if self.views.is_empty() {
            let count = self.patterns.list.len();
            let views = reading::ALL.map(|reading| View {
                reading,
                matched: vec![0; count],
                starts: VecDeque::new(),
            });
            self.views = Vec::from(views);
        }
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
        let patterns = &self.patterns.list;
        let longest = patterns.iter().map(|pattern| pattern.bytes.len()).max();
        if Some(view.starts.len()) == longest {
            view.starts.pop_front();
        }
        view.starts.push_back(token.start);
        let mut strike = None;
        for (pattern, matched) in patterns.iter().zip(&mut view.matched) {
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
