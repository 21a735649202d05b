//! No manifest takes more than 64 MiB to read. A program of its own: what is measured is the whole process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that can't measure must fail")]

use std::fmt::Write as _;

use bowline_app::Manifest;

const MOST: u64 = 64 << 20;

/// As long as a manifest may be.
const LONGEST: usize = 256 << 10;

#[test]
fn the_worst_manifests_stay_small() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spin.toml");
    for (name, text) in worst() {
        assert!(text.len() <= LONGEST, "{name}");
        std::fs::write(&path, &text).unwrap();
        drop(text);
        // Most of them are wrong, which is no less work.
        let before = status("VmRSS:");
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let read = Manifest::open(&path, None);
        let peak = status("VmHWM:");
        let taken = peak.saturating_sub(before);
        assert!(
            taken < MOST,
            "{name} takes {} MiB; read: {}",
            taken >> 20,
            read.is_ok()
        );
    }
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

fn worst() -> Vec<(&'static str, String)> {
    let head = "spin_manifest_version = 2\n[application]\nname = \"a\"\n";
    let many = |start: &str, each: &dyn Fn(usize) -> String, end: &str| {
        let mut text = start.to_owned();
        for number in 0.. {
            let next = each(number);
            if text.len() + next.len() + end.len() > LONGEST {
                break;
            }
            text += &next;
        }
        text + end
    };
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
