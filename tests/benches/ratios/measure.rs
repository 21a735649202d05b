//! Taking times and writing them down.

use std::time::{Duration, Instant};

/// The middle one of several measurements: a machine that others use, too, is sometimes slow and never fast.
pub fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

/// How long this takes.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// Measures two things in turn, so that what disturbs the machine disturbs both, and gives both medians.
pub fn in_turn(
    times: usize,
    mut one: impl FnMut() -> Duration,
    mut other: impl FnMut() -> Duration,
) -> (Duration, Duration) {
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..times {
        ones.push(one());
        others.push(other());
    }
    (median(ones), median(others))
}

/// Begins a group of lines.
pub fn heading(text: &str) {
    println!("\n== {text}");
}

/// One figure, and what it should be.
pub fn figure(what: &str, value: impl std::fmt::Display, aim: &str) {
    let aim = if aim.is_empty() {
        String::new()
    } else {
        format!("   aim: {aim}")
    };
    println!("{what:<58} {value:>10}{aim}");
}

/// A time against a baseline of the same run.
pub fn ratio(what: &str, ours: Duration, against: &str, baseline: Duration, aim: &str) {
    figure(what, time(ours), "");
    figure(&format!("  against {against}"), time(baseline), "");
    let ratio = ours.as_secs_f64() / baseline.as_secs_f64();
    figure("  ratio", format!("{ratio:.2}"), aim);
}

/// A time with a unit that suits it.
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// The most memory that this process has ever held, in KiB, where the system tells (`VmHWM` of Linux).
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
