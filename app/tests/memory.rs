//! No manifest and no invoice takes more than 64 MiB to read. A program of its own: what is measured is the whole process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that can't measure must fail")]

use std::fmt::Write as _;

use bowline_app::Manifest;
use bowline_app::invoice::Invoice;

const MOST: u64 = 64 << 20;

/// As long as a manifest may be.
const LONGEST: usize = 256 << 10;

/// As long as a server's answer may be.
const LONGEST_INVOICE: usize = 16 << 20;

/// One test: two would measure each other's memory.
#[test]
fn the_worst_texts_stay_small() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spin.toml");
    for (name, text) in worst() {
        assert!(text.len() <= LONGEST, "{name}");
        std::fs::write(&path, &text).unwrap();
        drop(text);
        // Most of them are wrong, which is no less work.
        bounded(name, || Manifest::open(&path, None).is_ok());
    }
    let mut read = Vec::new();
    for (name, text) in worst_invoices() {
        let mut is_read = false;
        bounded(name, || {
            // What it returns counts, too.
            let invoice = Invoice::from_toml(&text);
            is_read = invoice.is_ok();
            is_read
        });
        read.push(is_read);
    }
    assert_eq!(read[..4], [true, true, true, false]);
}

fn bounded(name: &str, read: impl FnOnce() -> bool) {
    let before = status("VmRSS:");
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let is_read = read();
    let taken = status("VmHWM:").saturating_sub(before);
    assert!(
        taken < MOST,
        "{name} takes {} MiB; read: {is_read}",
        taken >> 20
    );
}

/// Bytes that the kernel counts for this process.
fn status(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let value = status
        .lines()
        .find_map(|text| text.strip_prefix(line))
        .unwrap();
    let kib: u64 = value.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024
}

/// As many of `each` as fit into so many bytes.
fn fill(longest: usize, start: &str, each: &dyn Fn(usize) -> String, end: &str) -> String {
    let mut text = start.to_owned();
    for number in 0.. {
        let next = each(number);
        if text.len() + next.len() + end.len() > longest {
            break;
        }
        text += &next;
    }
    text + end
}

fn worst_invoices() -> Vec<(&'static str, String)> {
    let head = "bindleVersion = \"1.0.0\"\n[bindle]\nname = \"a\"\nversion = \"1.0.0\"\n";
    let label = |number: usize| {
        format!(
            "label.sha256=\"{number:064x}\"\nlabel.mediaType=\"application/octet-stream\"\nlabel.name=\"{number}\"\nlabel.size=1\n"
        )
    };
    let parcel = |number: usize| {
        format!(
            "[[parcel]]\n{}conditions.memberOf=[\"files\"]\nlabel.feature.wagi.file=\"true\"\n",
            label(number)
        )
    };
    let many = |start: &str, each: &dyn Fn(usize) -> String, end: &str| {
        fill(LONGEST_INVOICE, start, each, end)
    };
    let start = |more: &str| format!("{head}{more}");
    // As much as is read.
    let mut allowed = head.to_owned();
    for number in 0..20_000 {
        allowed += &parcel(number);
    }
    let mut annotated = head.to_owned();
    for number in 0..60 {
        write!(annotated, "[[parcel]]\n{}", label(number)).unwrap();
        annotated += "[parcel.label.annotations]\n";
        for key in 0..4_900 {
            writeln!(annotated, "a{key}=''").unwrap();
        }
    }
    let mut large = head.to_owned();
    for number in 0..16 {
        let name = "a".repeat((64 << 10) - 200);
        let label = label(number).replace("name=\"", &format!("name=\"{name}"));
        for _ in 0..16 {
            write!(large, "[[parcel]]\n{label}").unwrap();
        }
    }
    vec![
        ("20,000 parcels", allowed),
        ("annotations of parcels", annotated),
        ("names of parcels", large),
        ("parcels", many(head, &parcel, "")),
        (
            "empty parcels",
            many(head, &|_| "[[parcel]]\n".to_owned(), ""),
        ),
        (
            "unknown keys of an invoice",
            many("", &|n| format!("a{n:x}=1\n"), ""),
        ),
        (
            "keys of an annotation",
            many(&start("[annotations]\n"), &|n| format!("a{n:x}=''\n"), ""),
        ),
        (
            "numbers in an invoice",
            many("a=[", &|_| "1,".to_owned(), "]"),
        ),
        (
            "tables in an invoice",
            many("a=[", &|_| "{},".to_owned(), "]"),
        ),
        (
            "authors",
            many(&start("authors=["), &|_| "'',".to_owned(), "]"),
        ),
        (
            "a long name",
            many("bindleVersion = \"", &|_| "a".repeat(4096), "\"\n"),
        ),
        (
            "a long name with escapes",
            many("bindleVersion = \"", &|_| "\\t".repeat(2048), "\"\n"),
        ),
        ("blank lines", many(head, &|_| "\n".repeat(4096), "")),
        ("comments", many(head, &|_| "#\n".repeat(2048), "")),
        (
            "a key of many parts",
            many("a", &|_| ".a".repeat(2048), "=1\n"),
        ),
        ("an opened array", many("a = ", &|_| "[".repeat(4096), "")),
        ("dots", many("", &|_| ".".repeat(4096), "")),
    ]
}

fn worst() -> Vec<(&'static str, String)> {
    let head = "spin_manifest_version = 2\n[application]\nname = \"a\"\n";
    let many =
        |start: &str, each: &dyn Fn(usize) -> String, end: &str| fill(LONGEST, start, each, end);
    let mut deep = "a = ".to_owned();
    while deep.len() + 8 < LONGEST {
        write!(deep, "[").unwrap();
    }
    vec![
        (
            "unknown keys",
            many(head, &|number| format!("a{number:x}=1\n"), ""),
        ),
        (
            "keys in one line",
            many("a={", &|number| format!("a{number:x}=1,"), "}"),
        ),
        (
            "components",
            many(
                head,
                &|number| format!("component.a{number:x}.source=\"\"\n"),
                "",
            ),
        ),
        (
            "components in one line",
            many(
                &format!("{head}[x]\na = {{ "),
                &|number| format!("a{number:x}={{source=''}},"),
                "}",
            ),
        ),
        (
            "triggers",
            many(head, &|_| "[[trigger.a]]\n".to_owned(), ""),
        ),
        (
            "components in triggers",
            many(
                head,
                &|_| "[[trigger.a]]\ncomponent.source=''\n".to_owned(),
                "",
            ),
        ),
        (
            "numbers",
            many(
                &format!("{head}[[trigger.a]]\na=["),
                &|_| "1,".to_owned(),
                "]\n",
            ),
        ),
        (
            "tables",
            many(
                &format!("{head}[[trigger.a]]\na=["),
                &|_| "{},".to_owned(),
                "]\n",
            ),
        ),
        (
            "dependencies",
            many(
                &format!("{head}[component.a]\nsource=''\n[component.a.dependencies]\n"),
                &|number| format!("\"a:b/c{number:x}\"=\"1\"\n"),
                "",
            ),
        ),
        (
            "hosts",
            many(
                &format!("{head}[component.a]\nsource=''\nallowed_outbound_hosts=["),
                &|number| format!("\"http://{number:x}\","),
                "]\n",
            ),
        ),
        (
            "files",
            many(
                &format!("{head}[component.a]\nsource=''\nfiles=["),
                &|_| "'',".to_owned(),
                "]\n",
            ),
        ),
        (
            "variables",
            many(
                &format!("{head}[variables]\n"),
                &|number| format!("a{number:x}.default=''\n"),
                "",
            ),
        ),
        ("depth", deep),
    ]
}
