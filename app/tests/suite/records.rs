//! The record of an application: written here, read from a server.

use bowline_app::record::{ApplicationRecord, RecordError, fingerprint};

use crate::support::{Folder, one_component};

fn record() -> ApplicationRecord {
    let folder = Folder::with(&one_component(
        "files = [\"s/**/*\"]\nenvironment = { A = \"1\" }\nallowed_outbound_hosts = [\"https://a.com\"]",
    ));
    folder.write("s/a.txt", b"a");
    folder.write("s/b/c.txt", b"b");
    folder.load().unwrap().record()
}

/// As a server would send it, with a digest that fits.
fn sent(mut record: ApplicationRecord) -> Result<ApplicationRecord, RecordError> {
    record.digest = fingerprint(&record);
    ApplicationRecord::from_json(&record.to_json().unwrap())
}

#[test]
fn a_record_reads_back_as_it_was_written() {
    let record = record();
    assert_eq!(
        ApplicationRecord::from_json(&record.to_json().unwrap()).unwrap(),
        record
    );
    assert_eq!(record.routes()[0].pattern, "/...");
    assert_eq!(record.component("hello").unwrap().files.len(), 2);
    let text = String::from_utf8(record.to_json().unwrap()).unwrap();
    let settings = [(r"[0-9a-f]{64}", "<sha>")];
    insta::with_settings!({ filters => settings, prepend_module_to_snapshot => false, omit_expression => true }, { insta::assert_snapshot!("record", text); });
}

#[test]
fn a_changed_record_is_noticed() {
    let mut record = record();
    record.components[0]
        .environment
        .insert("A".to_owned(), "2".to_owned());
    let error = ApplicationRecord::from_json(&record.to_json().unwrap()).unwrap_err();
    assert!(matches!(error, RecordError::Digest { .. }), "{error}");
}

#[test]
fn paths_that_lead_out_are_refused() {
    for path in [
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a\\b",
        "a\0b",
        "",
        "a//b",
        "./a",
    ] {
        let mut record = record();
        record.components[0].files[0].path = path.to_owned();
        assert!(
            matches!(sent(record), Err(RecordError::Path { .. })),
            "{path:?}"
        );
    }
}

#[test]
fn records_that_contradict_themselves_are_refused() {
    type Change = fn(&mut ApplicationRecord);
    let changes: &[(&str, Change)] = &[
        ("no components", |record| record.components.clear()),
        ("unknown component", |record| {
            record.triggers[0].component = "other".to_owned()
        }),
        ("config is no table", |record| {
            record.triggers[0].config = 5.into()
        }),
        ("settings are no table", |record| {
            drop(record.trigger_settings.insert("http".to_owned(), 5.into()))
        }),
        ("kind", |record| record.triggers[0].kind = "a\n".to_owned()),
        ("route", |record| {
            record.triggers[0].route = Some("/\u{1b}[2J".to_owned())
        }),
        ("version", |record| record.version = "1".to_owned()),
        ("name", |record| record.name = "a b".to_owned()),
        ("id", |record| record.components[0].id = "../a".to_owned()),
        ("id twice", |record| {
            record.components.push(record.components[0].clone())
        }),
        ("size", |record| record.components[0].source.size = u64::MAX),
        ("path twice", |record| {
            record.components[0].files[1].path = "s/a.txt".to_owned()
        }),
        ("path inside a file", |record| {
            record.components[0].files[1].path = "s/a.txt/b".to_owned()
        }),
    ];
    for (what, change) in changes {
        let mut record = record();
        change(&mut record);
        assert!(
            matches!(sent(record), Err(RecordError::Invalid(_))),
            "{what}"
        );
    }
}

#[test]
fn other_formats_and_other_texts_are_refused() {
    let mut record = record();
    record.format = 2;
    assert!(matches!(sent(record.clone()), Err(RecordError::Format(2))));
    record.format = 1;
    let text = String::from_utf8(record.to_json().unwrap()).unwrap();
    for text in [
        text.replace("\"name\"", "\"nam\""),
        text.replacen('{', "{\"extra\": 1,", 1),
        text.replace("\"sha256\": \"", "\"sha256\": \"../"),
        String::new(),
        "[".repeat(1_000_000),
    ] {
        assert!(matches!(
            ApplicationRecord::from_json(text.as_bytes()),
            Err(RecordError::Json(_))
        ));
    }
    let endless = vec![b' '; bowline_app::record::LARGEST + 1];
    assert!(matches!(
        ApplicationRecord::from_json(&endless),
        Err(RecordError::TooLarge(_))
    ));
}
