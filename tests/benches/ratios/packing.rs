//! Reading, hashing and packing applications, against `sha256sum` over the same files.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use bowline_app::{Application, BindleId, Bundle, HashCache, Manifest, Reading};
use bowline_tests::sample::Sample;

use crate::child;
use crate::measure::{figure, heading, in_turn, ratio, timed};

const TIMES: usize = 5;
/// What the binary and the runtime of this program need, without doing anything.
const IDLE: &str = "idle";

pub fn run() {
    let idle = child::measure(&["pack", IDLE]).memory;
    let large = Sample::new();
    for number in 0..10 {
        fill(&large, &format!("{number}.bin"), number, 2 << 30, 10);
    }
    let files: Vec<String> = (0..10).map(|n| format!("static/{n}.bin")).collect();
    compare(
        "2 GiB in 10 files",
        large.path(),
        idle,
        || {
            let mut sha256sum = Command::new("sha256sum");
            sha256sum.current_dir(large.path()).args(&files);
            sha256sum
        },
        ("sha256sum", "0.62 or less (1.6 times as fast)"),
    );
    drop(large);

    let small = Sample::new();
    for number in 0..100 {
        let folder = small.path().join(format!("static/{number}"));
        std::fs::create_dir(folder).expect("a folder can be made");
    }
    for number in 0..10_000_u64 {
        fill(
            &small,
            &format!("{}/{number}.txt", number % 100),
            number,
            2048,
            1,
        );
    }
    compare(
        "10,000 files of 2 KiB",
        small.path(),
        idle,
        || {
            let mut shell = Command::new("sh");
            let line = "find static -type f -print0 | xargs -0 sha256sum";
            shell.current_dir(small.path()).args(["-c", line]);
            shell
        },
        ("find | xargs sha256sum", "2.00 or less"),
    );
}

/// Writes a part of `total` bytes that is like no other.
fn fill(sample: &Sample, name: &str, seed: u64, total: usize, parts: usize) {
    let path = sample.path().join("static").join(name);
    let file = std::fs::File::create(path).expect("a file can be made");
    let mut writer = BufWriter::with_capacity(1 << 20, file);
    let mut block = vec![0_u8; (total / parts).min(1 << 20)];
    let mut state = seed + 1;
    for byte in &mut block {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        *byte = (state >> 33) as u8;
    }
    let mut left = total / parts;
    while left > 0 {
        let more = block.len().min(left);
        writer
            .write_all(&block[..more])
            .expect("a file can be written");
        left -= more;
    }
    writer.flush().expect("a file can be written");
}

fn compare(
    name: &str,
    folder: &Path,
    idle: u64,
    baseline: impl Fn() -> Command,
    (against, aim): (&str, &str),
) {
    heading(&format!("Packing {name}, median of {TIMES}"));
    let text = folder.to_str().expect("the path is text");
    let sums = || {
        let mut command = baseline();
        command.stdout(Stdio::null());
        let (status, took) = timed(|| command.status());
        assert!(status.expect("coreutils are there").success());
        took
    };
    // Once each without looking, so that everything is in memory.
    sums();
    child::measure(&["pack", text]);
    let mut most = 0;
    let ours = || {
        let (found, took) = timed(|| child::measure(&["pack", text]));
        most = most.max(found.memory);
        took
    };
    let (ours, theirs) = in_turn(TIMES, ours, sums);
    ratio(
        "reading, hashing and packing, the whole process",
        ours,
        against,
        theirs,
        aim,
    );
    figure(
        "most memory, above the idle process",
        format!("{:.1} MiB", most.saturating_sub(idle) as f64 / 1024.0),
        "under 64 MiB",
    );

    // What was written just now is not remembered, so it has to be older.
    let hashes = tempfile::tempdir().expect("a folder can be made");
    let cache = hashes.path().to_str().expect("the path is text");
    age(folder);
    child::measure(&["pack-known", text, cache]);
    let known = || timed(|| child::measure(&["pack-known", text, cache])).1;
    let (known, theirs) = in_turn(TIMES, known, sums);
    ratio(
        "the same once more, unchanged files not read",
        known,
        against,
        theirs,
        "",
    );
}

/// Waits until the files are old enough to be remembered.
fn age(folder: &Path) {
    let written = std::fs::metadata(folder.join("static"))
        .and_then(|metadata| metadata.modified())
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let age = SystemTime::now()
        .duration_since(written)
        .unwrap_or_default();
    std::thread::sleep(Duration::from_secs(5).saturating_sub(age));
}

/// The child: packs the application in `folder`.
pub fn pack(folder: &str) {
    let (_, took) = timed(|| {
        if folder != IDLE {
            let application = Application::load(Path::new(folder));
            finish(&application.expect("the application can be read"));
        }
    });
    child::report(took, took);
}

/// The child: the same with what is known from before.
pub fn pack_known(folder: &str, cache: &str) {
    let (_, took) = timed(|| {
        let manifest = Manifest::open(Path::new(folder), None).expect("the manifest can be read");
        let cache = HashCache::open(Path::new(cache), manifest.path());
        let reading = Reading::default().knowing(&cache);
        let application = Application::assemble_by(&manifest, &Default::default(), &reading);
        finish(&application.expect("the application can be read"));
        cache.save().expect("the cache can be written");
    });
    child::report(took, took);
}

fn finish(application: &Application) {
    let version = application.revision_version().clone();
    let id = BindleId::new(application.name(), version).expect("the name is good");
    let bundle = Bundle::pack(application, id).expect("the application can be packed");
    let text = bundle
        .invoice()
        .to_toml()
        .expect("the invoice can be written");
    assert!(!text.is_empty());
}
