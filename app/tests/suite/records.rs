//! The record of an application: written here, read from a server.

use bowline_app::invoice::Invoice;
use bowline_app::record::{ApplicationRecord, FORMAT, Received, RecordError};
use bowline_app::{Application, BindleId, Bundle, Digest, RECORD_MEDIA_TYPE};

use crate::support::{Folder, WASM, one_component};

fn folder() -> Folder {
    let folder = Folder::with(&one_component(
        "files = [\"s/**/*\"]\nenvironment = { A = \"1\" }\nallowed_outbound_hosts = [\"https://a.com\"]",
    ));
    folder.write("s/a.txt", b"a");
    folder.write("s/b/c.txt", b"b");
    folder
}

fn record() -> ApplicationRecord {
    folder().load().unwrap().record()
}

/// As a server would send it.
fn sent(record: ApplicationRecord) -> Result<ApplicationRecord, RecordError> {
    ApplicationRecord::from_json(&record.to_json().unwrap())
}

fn pack(application: &Application) -> Bundle {
    let id = BindleId::new(application.name(), application.revision_version().clone()).unwrap();
    Bundle::pack(application, id).unwrap()
}

/// The text of the record in a bundle.
fn text(bundle: &Bundle) -> Vec<u8> {
    let mut contents = bundle.contents().iter();
    let content = contents.find(|content| content.media_type() == RECORD_MEDIA_TYPE);
    content.unwrap().read().unwrap()
}

/// What a reader makes of the application once a server has had its way with the invoice.
fn received(change: impl Fn(&mut Invoice)) -> Result<Received, RecordError> {
    let bundle = pack(&folder().load().unwrap());
    let mut invoice = bundle.invoice().clone();
    change(&mut invoice);
    Received::read(&text(&bundle), &invoice)
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
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, { insta::assert_snapshot!("record", text); });
}

#[test]
fn the_invoice_gives_the_record_its_contents() {
    let application = folder().load().unwrap();
    let bundle = pack(&application);
    let received = Received::read(&text(&bundle), bundle.invoice()).unwrap();
    assert_eq!(received.record, application.record());
    assert_eq!(received.digest, application.digest());
    let [component] = received.contents.as_slice() else {
        panic!("one component: {:?}", received.contents);
    };
    assert_eq!(component.source.digest, Digest::of(WASM));
    let files: Vec<_> = component.files.iter().map(|file| file.digest).collect();
    assert_eq!(files, [Digest::of(b"a"), Digest::of(b"b")]);
}

#[test]
fn of_a_changed_file_the_file_alone_is_new() {
    let folder = folder();
    let before = pack(&folder.load().unwrap());
    folder.write("s/a.txt", b"changed");
    let after = pack(&folder.load().unwrap());
    assert_ne!(before.id(), after.id());
    let known: Vec<_> = before.contents().iter().map(|old| old.digest()).collect();
    let new: Vec<_> = after
        .contents()
        .iter()
        .map(|content| content.digest())
        .filter(|digest| !known.contains(digest))
        .collect();
    assert_eq!(new, [Digest::of(b"changed")]);
}

/// Without the version's help: it carries no digest.
#[test]
fn an_invoice_that_does_not_fit_the_record_is_noticed() {
    const FIRST_FILE: usize = 3;
    type Change = fn(&mut Invoice);
    let changes: &[(&str, Change)] = &[
        ("no manifest and no record", |invoice| {
            invoice.parcel.clear()
        }),
        ("another record", |invoice| {
            let manifest = invoice.parcel[0].label.sha256.clone();
            invoice.parcel[1].label.sha256 = manifest;
        }),
        ("names exchanged", |invoice| {
            invoice.parcel[FIRST_FILE].label.name = "s/b/c.txt".to_owned();
            invoice.parcel[FIRST_FILE + 1].label.name = "s/a.txt".to_owned();
        }),
        ("order exchanged", |invoice| {
            invoice.parcel.swap(FIRST_FILE, FIRST_FILE + 1)
        }),
        ("one less", |invoice| drop(invoice.parcel.pop())),
        ("one more", |invoice| {
            invoice.parcel.push(invoice.parcel[FIRST_FILE].clone())
        }),
        ("no group", |invoice| {
            invoice.parcel[FIRST_FILE].conditions = None
        }),
        ("a group for the binary", |invoice| {
            invoice.parcel[2].conditions = invoice.parcel[FIRST_FILE].conditions.clone()
        }),
        ("no digest", |invoice| {
            invoice.parcel[FIRST_FILE].label.sha256 = "../../x".to_owned()
        }),
        ("size", |invoice| {
            invoice.parcel[FIRST_FILE].label.size = u64::MAX
        }),
    ];
    for (what, change) in changes {
        let read = received(|invoice| {
            invoice.bindle.version = "1.0.0".to_owned();
            change(invoice);
        });
        assert!(matches!(read, Err(RecordError::Parcels(_))), "{what}");
    }
}

#[test]
fn other_content_under_the_same_version_is_noticed() {
    let other = Digest::of(b"other").to_string();
    let read = received(|invoice| invoice.parcel[3].label.sha256.clone_from(&other));
    assert!(
        matches!(read, Err(RecordError::Revision { .. })),
        "{read:?}"
    );
    let read = received(|invoice| invoice.parcel[3].label.media_type = "text/html".to_owned());
    assert!(
        matches!(read, Err(RecordError::Revision { .. })),
        "{read:?}"
    );

    // A record that was changed, in an invoice that says so.
    let bundle = pack(&folder().load().unwrap());
    let mut record = record();
    record.components[0]
        .environment
        .insert("A".to_owned(), "2".to_owned());
    let text = record.to_json().unwrap();
    let mut invoice = bundle.invoice().clone();
    invoice.parcel[1].label.sha256 = Digest::of(&text).to_string();
    let read = Received::read(&text, &invoice);
    assert!(
        matches!(read, Err(RecordError::Revision { .. })),
        "{read:?}"
    );
}

#[test]
fn a_version_without_a_digest_claims_nothing() {
    for version in [
        "1.0.0",
        "1.0.0+q1",
        "2.0.0+b.7",
        "1.0.0+qABCDEF0123456789",
        "no version",
    ] {
        let read = received(|invoice| invoice.bindle.version = version.to_owned());
        assert!(read.is_ok(), "{version}: {read:?}");
    }
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
        record.components[0].files[0] = path.to_owned();
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
            record.triggers[0].component = Some("other".to_owned())
        }),
        ("no component", |record| record.triggers[0].component = None),
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
        ("path twice", |record| {
            record.components[0].files[1] = "s/a.txt".to_owned()
        }),
        ("path inside a file", |record| {
            record.components[0].files[1] = "s/a.txt/b".to_owned()
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
    record.format = 1;
    assert!(matches!(sent(record.clone()), Err(RecordError::Format(1))));
    record.format = FORMAT;
    let text = String::from_utf8(record.to_json().unwrap()).unwrap();
    for text in [
        text.replace("\"name\"", "\"nam\""),
        text.replacen('{', "{\"extra\": 1,", 1),
        text.replace("\"s/a.txt\"", "5"),
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
