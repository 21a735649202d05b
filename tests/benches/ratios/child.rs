//! Measurements in processes of their own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::measure::peak_memory;
use crate::{native, packing, push};

/// The child's side.
pub fn main(arguments: &[String]) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve", key] => push::serve(key),
        ["push-ours", url, key, folder] => push::ours(url, key, folder),
        ["push-archived", url, key, folder] => push::archived(url, key, folder),
        ["push-theirs", url, key, folder] => push::theirs(url, key, folder),
        ["pack", folder] => packing::pack(folder),
        ["pack-known", folder, cache] => packing::pack_known(folder, cache),
        ["deploy", folder] => native::deploy(folder),
        _ => panic!("not how this program starts itself: {arguments:?}"),
    }
}

/// What a child found.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// The thing itself.
    pub work: Duration,
    /// With what has to be done before.
    pub whole: Duration,
    /// The most memory of the process, in KiB; 0 where the system does not tell.
    pub memory: u64,
}

/// Tells the parent.
pub fn report(work: Duration, whole: Duration) {
    println!(
        "{} {} {}",
        work.as_nanos(),
        whole.as_nanos(),
        peak_memory().unwrap_or(0)
    );
}

/// Runs this program as a child, and reads what it found.
pub fn measure(arguments: &[&str]) -> Found {
    let output = command(arguments)
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can start itself");
    let text = String::from_utf8(output.stdout).expect("a child writes text");
    assert!(output.status.success(), "{arguments:?} failed: {text}");
    let numbers: Vec<u64> = text
        .split_whitespace()
        .map(|number| number.parse().expect("a child writes numbers"))
        .collect();
    let [work, whole, memory] = numbers[..] else {
        panic!("{arguments:?} wrote {text}")
    };
    Found {
        work: Duration::from_nanos(work),
        whole: Duration::from_nanos(whole),
        memory,
    }
}

/// A child that serves until this is dropped, and the first line that it wrote.
pub struct Server {
    child: Child,
    pub url: String,
}

impl Server {
    pub fn start(arguments: &[&str]) -> Server {
        let mut child = command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can start itself");
        let mut url = String::new();
        let out = child.stdout.take().expect("its output is piped");
        BufReader::new(out)
            .read_line(&mut url)
            .expect("the server tells its address");
        Server {
            child,
            url: url.trim().to_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is its sign to clean up.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a file"));
    command.arg("child").args(arguments);
    command
}
