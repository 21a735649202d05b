use proptest::prelude::*;

use super::*;

#[test]
fn what_was_exceeded_reads_well() {
    for (limit, text) in [
        (
            LimitExceeded::Memory(256 << 20),
            "more than 256 MiB of memory",
        ),
        (
            LimitExceeded::ResponseBody(1000),
            "a response body of more than 1000 bytes",
        ),
        (
            LimitExceeded::Compute(Duration::from_millis(1500)),
            "more than 1.5s of computing",
        ),
        (
            LimitExceeded::WallClock(Duration::from_secs(900)),
            "more than 15m altogether",
        ),
        (
            LimitExceeded::ComponentSize(50 << 20),
            "a component of more than 50 MiB",
        ),
        (LimitExceeded::Stack, "a deeper call stack than there is"),
    ] {
        assert_eq!(limit.to_string(), text);
    }
    assert_eq!(LimitExceeded::Requests(1).name(), "requests");
}

#[test]
fn every_limit_is_set_by_its_name_and_says_what_it_is() {
    for limit in Limits::all() {
        let mut limits = Limits::default();
        assert_eq!(limit.of(&limits), limit.default, "{}", limit.name);
        for value in [limit.least, limit.most] {
            limits.set(limit.name, &value.to_string()).unwrap();
            assert_eq!(limit.of(&limits), value, "{}", limit.name);
        }
        let changed: Vec<_> = limits.changed().map(|(limit, _)| limit.name).collect();
        assert_eq!(changed, [limit.name], "and no other");
        assert!(limit.what().ends_with('.'), "{}", limit.name);
        assert!(limit.reason().ends_with('.'), "{}", limit.name);
        assert!(limit.name.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase())
        }));
    }
    let names: std::collections::BTreeSet<_> = Limits::all().iter().map(|l| l.name).collect();
    assert_eq!(names.len(), Limits::all().len());
}

#[test]
fn values_have_units() {
    let mut limits = Limits::default();
    for (name, value) in [
        ("memory", "64MiB"),
        ("compute", "90s"),
        ("wall-clock", "2h"),
        ("describe-compute", "500ms"),
        ("requests", "7"),
        ("request-body", "1000"),
        ("output", " 3 KiB "),
    ] {
        limits.set(name, value).unwrap();
    }
    assert_eq!(limits.memory, 64 << 20);
    assert_eq!(limits.compute, Duration::from_secs(90));
    assert_eq!(limits.wall_clock, Duration::from_secs(7_200));
    assert_eq!(limits.describing().compute, Duration::from_millis(500));
    assert_eq!(limits.requests, 7);
    assert_eq!(limits.request_body, 1000);
    assert_eq!(limits.output, 3 << 10);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    for (name, value, message) in [
        (
            "memmory",
            "64MiB",
            "there is no limit 'memmory'; did you mean 'memory'?",
        ),
        ("", "1", "there is no limit ''"),
        ("x\u{1b}[2J", "1", "there is no limit 'x[2J'"),
        ("memory", "64MB", "the limit 'memory' can't be '64MB'"),
        ("memory", "lots", "the limit 'memory' can't be 'lots'"),
        ("memory", "-1", "the limit 'memory' can't be '-1'"),
        ("memory", "", "the limit 'memory' can't be ''"),
        (
            "memory",
            "99999999999GiB",
            "the limit 'memory' can't be '99999999999GiB'",
        ),
        (
            "memory",
            "1KiB",
            "the limit 'memory' can't be 1 KiB: it goes from 1 MiB to 4 GiB",
        ),
        ("compute", "30", "the limit 'compute' can't be '30'"),
        (
            "compute",
            "2h",
            "the limit 'compute' can't be 2h: it goes from 10ms to 1h",
        ),
        ("requests", "1.5", "the limit 'requests' can't be '1.5'"),
        ("requests", "+5", "the limit 'requests' can't be '+5'"),
    ] {
        let mut limits = Limits::default();
        let error = limits.set(name, value).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(limits, Limits::default());
    }
}

#[test]
fn the_table_is_one_of_markdown() {
    let text = documentation();
    assert_eq!(text.lines().count(), Limits::all().len() + 2);
    assert!(
        text.lines().all(|line| line.matches('|').count() == 6),
        "{text}"
    );
}

proptest! {
    #[test]
    fn amounts_are_read_as_they_are_written(number in any::<u64>(), kind in 0..3) {
        let amount = match kind {
            0 => Amount::Count(number),
            1 => Amount::Bytes(number),
            _ => Amount::Time(Duration::from_secs(number % 1_000_000)),
        };
        prop_assert_eq!(amount.read_alike(&amount.to_string()), Ok(amount));
    }

    #[test]
    fn no_text_makes_it_panic(name in any::<String>(), value in any::<String>()) {
        let _ = Limits::default().set(&name, &value);
        let _ = Limits::default().set("memory", &value);
        let _ = Limits::default().set("compute", &value);
    }
}
