//! The ways in which text may be written: plain, in a JSON string, percent-encoded.

use std::collections::VecDeque;

/// A byte that was read, and the part of the text that stands for it, from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) byte: u8,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Reads text of one way, byte by byte. Whatever is no escape is read as it stands.
pub(super) struct Reading {
    way: Way,
    /// What could be an escape, and is not complete.
    begun: Vec<(u8, u64)>,
    ready: VecDeque<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain,
    /// RFC 8259, section 7.
    Json,
    /// RFC 3986, section 2.1.
    Percent,
    /// The same with `+` for a blank, as in forms.
    Form,
}

pub(super) const ALL: [Reading; 4] = [
    Reading::new(Way::Plain),
    Reading::new(Way::Json),
    Reading::new(Way::Percent),
    Reading::new(Way::Form),
];

/// Bytes that stand for others.
pub(super) const SPECIAL: &[u8] = b"\\%+";

enum Escape {
    /// More has to come before it can be told.
    Open,
    /// None; its first byte stands for itself.
    No,
    /// Stands for these bytes (the first `usize` of them); all of what was begun belongs to it.
    Yes([u8; 4], usize),
}

impl Reading {
    const fn new(way: Way) -> Self {
        Self {
            way,
            begun: Vec::new(),
            ready: VecDeque::new(),
        }
    }

    /// The next byte of the text, and its place.
    pub(super) fn push(&mut self, byte: u8, position: u64) {
        self.begun.push((byte, position));
        self.settle(false, position + 1);
    }

    /// The next byte that was read.
    pub(super) fn next(&mut self) -> Option<Token> {
        self.ready.pop_front()
    }

    /// The same, when nothing comes after `end`: escapes that were begun are none.
    pub(super) fn finish(&mut self, end: u64) -> Option<Token> {
        self.settle(true, end);
        self.next()
    }

    /// Where an escape begins that is not complete.
    pub(super) fn pending(&self) -> Option<u64> {
        self.begun.first().map(|(_, position)| *position)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.begun.is_empty()
    }

    fn settle(&mut self, is_end: bool, end: u64) {
        while let Some(&(first, start)) = self.begun.first() {
            let mut text = [0; 12];
            for (place, (byte, _)) in text.iter_mut().zip(&self.begun) {
                *place = *byte;
            }
            let text = text.get(..self.begun.len()).unwrap_or(&text);
            match escape(self.way, text) {
                Escape::Open if !is_end => return,
                Escape::Open | Escape::No => {
                    self.begun.remove(0);
                    self.ready.push_back(Token {
                        byte: first,
                        start,
                        end: start + 1,
                    });
                }
                Escape::Yes(bytes, count) => {
                    self.begun.clear();
                    let tokens = bytes.into_iter().take(count);
                    self.ready
                        .extend(tokens.map(|byte| Token { byte, start, end }));
                }
            }
        }
    }
}

/// What a text stands for that begins an escape or doesn't. It was asked for every beginning of the text before.
fn escape(way: Way, text: &[u8]) -> Escape {
    match (way, text) {
        (Way::Form, [b'+']) => one(b' '),
        (Way::Percent | Way::Form, [b'%']) => Escape::Open,
        (Way::Percent | Way::Form, [b'%', high]) if hex(*high).is_some() => Escape::Open,
        (Way::Percent | Way::Form, [b'%', high, low]) => match (hex(*high), hex(*low)) {
            (Some(high), Some(low)) => one(u8::try_from(high * 16 + low).unwrap_or(0)),
            _ => Escape::No,
        },
        (Way::Json, [b'\\']) => Escape::Open,
        (Way::Json, [b'\\', b'u', rest @ ..]) => unicode(rest),
        (Way::Json, [b'\\', short]) => match short {
            b'"' | b'\\' | b'/' => one(*short),
            b'b' => one(8),
            b'f' => one(12),
            b'n' => one(b'\n'),
            b'r' => one(b'\r'),
            b't' => one(b'\t'),
            _ => Escape::No,
        },
        _ => Escape::No,
    }
}

fn one(byte: u8) -> Escape {
    Escape::Yes([byte, 0, 0, 0], 1)
}

/// What follows `\u`: four digits, or twelve characters for what lies beyond the first plane.
fn unicode(rest: &[u8]) -> Escape {
    let (first, second) = rest.split_at(rest.len().min(4));
    let Some(high) = number(first) else {
        return Escape::No;
    };
    if first.len() < 4 {
        return Escape::Open;
    }
    let code = match high {
        0xd800..=0xdbff => {
            let digits = match second {
                [] | [b'\\'] => return Escape::Open,
                [b'\\', b'u', digits @ ..] => digits,
                _ => return Escape::No,
            };
            match number(digits) {
                Some(_) if digits.len() < 4 => return Escape::Open,
                Some(low @ 0xdc00..=0xdfff) => 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00),
                _ => return Escape::No,
            }
        }
        code => code,
    };
    let Some(character) = char::from_u32(code) else {
        return Escape::No;
    };
    let mut bytes = [0; 4];
    let count = character.encode_utf8(&mut bytes).len();
    Escape::Yes(bytes, count)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0, |number, digit| Some(number * 16 + hex(*digit)?))
}

fn hex(digit: u8) -> Option<u32> {
    char::from(digit).to_digit(16)
}
