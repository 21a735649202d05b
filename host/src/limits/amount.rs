//! How much of something: a number, a size or a time, in text with its unit.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// How much of something. As text it has its unit: `1000`, `64 MiB`, `1.5s`. Serialised it is a number: a count, bytes, or
/// milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Amount {
    /// That many.
    Count(u64),
    /// That many bytes.
    Bytes(u64),
    /// That long.
    Time(Duration),
}

/// Why a text is no amount of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// A number is expected.
    #[error("expected a whole number, such as 100")]
    Count,
    /// A size is expected.
    #[error("expected a size, such as 512KiB, 64MiB or 1GiB")]
    Bytes,
    /// A time is expected.
    #[error("expected a time, such as 500ms, 30s, 5m or 1h")]
    Time,
}

impl Amount {
    /// Reads a text as an amount of the same kind as this one.
    ///
    /// # Errors
    /// [`AmountError`] says what is expected.
    pub fn read_alike(self, text: &str) -> Result<Self, AmountError> {
        let text = text.trim();
        match self {
            Self::Count(_) => number(text).map(Self::Count).ok_or(AmountError::Count),
            Self::Bytes(_) => size(text).map(Self::Bytes).ok_or(AmountError::Bytes),
            Self::Time(_) => time(text).map(Self::Time).ok_or(AmountError::Time),
        }
    }

    /// So much of the same kind.
    pub(crate) fn alike(self, number: u64) -> Self {
        match self {
            Self::Count(_) => Self::Count(number),
            Self::Bytes(_) => Self::Bytes(number),
            Self::Time(_) => Self::Time(Duration::from_millis(number)),
        }
    }

    /// As a bare number: a count, bytes, or milliseconds.
    pub fn number(self) -> u64 {
        match self {
            Self::Count(number) | Self::Bytes(number) => number,
            Self::Time(time) => u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// What [`number`](Self::number) counts: `count`, `bytes` or `milliseconds`.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Count(_) => "count",
            Self::Bytes(_) => "bytes",
            Self::Time(_) => "milliseconds",
        }
    }
}

fn number<T: FromStr>(digits: &str) -> Option<T> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// The digits at the start, and what follows them without white space.
fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    (digits, unit.trim_start())
}

fn size(text: &str) -> Option<u64> {
    let (digits, unit) = split(text);
    let shift = match unit {
        "" | "B" | "bytes" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number::<u64>(digits)?.checked_mul(1 << shift)
}

fn time(text: &str) -> Option<Duration> {
    let (digits, unit) = split(text);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let all = number::<u64>(digits)?.checked_mul(milliseconds)?;
    Some(Duration::from_millis(all))
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Count(number) => write!(f, "{number}"),
            Self::Bytes(bytes) => {
                for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
                    if bytes != 0 && bytes.trailing_zeros() >= shift {
                        return write!(f, "{} {unit}", bytes >> shift);
                    }
                }
                write!(f, "{bytes} bytes")
            }
            Self::Time(time) => {
                let seconds = time.as_secs();
                if time.subsec_nanos() == 0 && seconds != 0 {
                    for (unit, length) in [("h", 3_600), ("m", 60)] {
                        if seconds.is_multiple_of(length) {
                            return write!(f, "{}{unit}", seconds / length);
                        }
                    }
                }
                write!(f, "{time:?}")
            }
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.number())
    }
}

/// A type in which a limit is kept.
pub(super) trait Measured<Raw>: Copy {
    fn raw(self) -> Raw;
    fn of(raw: Raw) -> Self;
}

impl Measured<u64> for u64 {
    fn raw(self) -> u64 {
        self
    }

    fn of(raw: u64) -> Self {
        raw
    }
}

impl Measured<u64> for u32 {
    fn raw(self) -> u64 {
        self.into()
    }

    fn of(raw: u64) -> Self {
        Self::try_from(raw).unwrap_or(Self::MAX)
    }
}

impl Measured<u64> for usize {
    fn raw(self) -> u64 {
        self as u64
    }

    fn of(raw: u64) -> Self {
        Self::try_from(raw).unwrap_or(Self::MAX)
    }
}

impl Measured<Duration> for Duration {
    fn raw(self) -> Duration {
        self
    }

    fn of(raw: Duration) -> Self {
        raw
    }
}
