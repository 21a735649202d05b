//! Runs the body of a fuzz target as an ordinary test, so that every run of the suites meets what the fuzzer starts from.
//!
//! The seeds are in `fuzz/seeds`, a folder for each target. Beside them the body gets texts that are made from them at random,
//! the same ones in each run: it shows that a body still holds after a change, and finds what is easy to find. The rest is for
//! `make fuzz`.

#![expect(
    clippy::expect_used,
    reason = "a test's helper that fails must fail the test"
)]

use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;

/// Longest text that is made.
const LONGEST: usize = 64 * 1024;

/// Pieces that mean something to one reader or another.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\"",
    b"'",
    b"\\",
    b"\\u0000",
    b"/",
    b"//",
    b"..",
    b"/../",
    b".",
    b"%",
    b"%2f",
    b"%2e",
    b"%00",
    b"+",
    b"@",
    b":",
    b":80",
    b"?",
    b"#",
    b"*",
    b",",
    b";",
    b"=",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[",
    b"-",
    b"-1",
    b"0",
    b"18446744073709551616",
    b"1e999",
    b"true",
    b"null",
    b"http",
    b"xn--",
    b"[::1]",
    b"127.1",
    b"localhost",
    b"q0123456789abcdef",
    b"\x01",
    b"\x1b[2J",
    b"\x7f",
    b"\xff",
    b"\xc3\xa9",
    b"\xe2\x80\xae",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x94\x91",
];

/// Calls `body` with each seed of a fuzz target, and then `rounds` times with something made from them.
///
/// # Panics
/// When the body does, after showing the input; or when the target has no seeds.
pub fn replay(target: &str, rounds: u32, body: impl Fn(&[u8])) {
    let seeds = seeds(target);
    for seed in &seeds {
        check(seed, &body);
    }
    let mut random = Rng::with_seed(0x00b0_1173);
    for _ in 0..rounds {
        let made = made(&seeds, &mut random);
        check(&made, &body);
    }
}

fn check(input: &[u8], body: impl Fn(&[u8])) {
    let shown = Shown(input);
    body(input);
    drop(shown);
}

/// Shows the input that a body fails for.
struct Shown<'i>(&'i [u8]);

impl Drop for Shown<'_> {
    #[expect(
        clippy::print_stderr,
        reason = "the test runner shows it with the failure"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input is b\"{}\"", self.0.escape_ascii());
        }
    }
}

/// The seeds, in the order of their names.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("each fuzz target has a folder of seeds")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
        .iter()
        .map(|file| fs::read(file).expect("a seed can be read"))
        .collect()
}

/// One of the seeds, changed in a few places.
fn made(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let any = |random: &mut Rng| seeds[random.usize(..seeds.len())].clone();
    let mut text = any(random);
    for _ in 0..random.usize(1..=6) {
        let from = random.usize(..=text.len());
        let to = (from + random.usize(..=16)).min(text.len());
        match random.u8(..8) {
            0 => drop(text.drain(from..to)),
            1 => text.truncate(from),
            2 => {
                let repeated = text[from..to].to_vec();
                text.splice(from..from, repeated);
            }
            3 => {
                let other = any(random);
                text.truncate(from);
                text.extend_from_slice(&other[random.usize(..=other.len())..]);
            }
            4 => {
                if let Some(byte) = text.get_mut(from) {
                    *byte ^= 1 << random.u8(..8);
                }
            }
            5 => drop(text.splice(from..to, [random.u8(..)])),
            way => {
                let piece = PIECES[random.usize(..PIECES.len())];
                let end = if way == 6 { from } else { to };
                text.splice(from..end, piece.iter().copied());
            }
        }
    }
    text.truncate(LONGEST);
    text
}
