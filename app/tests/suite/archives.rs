//! The archive form: what is packed is what is read, and nothing else is.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io::Read as _;

use bowline_app::archive::{self, INDEX_MEDIA_TYPE, LARGEST_INDEX};
use bowline_app::invoice::Invoice;
use bowline_app::record::{Received, RecordError};
use bowline_app::{
    Application, BindleId, Bundle, ChangedFile, Content, Digest, PackError, RECORD_MEDIA_TYPE,
    SPIN_MEDIA_TYPE,
};

use crate::support::{Folder, WASM, one_component};

/// More than goes into an archive.
const LARGE: usize = 1024 * 1024 + 1;

fn folder() -> Folder {
    let folder = Folder::with(&one_component("files = [\"s/**/*\"]"));
    for number in 0..200 {
        folder.write(&format!("s/{number}.txt"), format!("{number}").as_bytes());
    }
    folder.write("s/empty.css", b"");
    folder.write("s/also-empty.html", b"");
    folder.write("s/large.bin", &vec![7; LARGE]);
    folder
}

fn pack(application: &Application) -> Result<Bundle, PackError> {
    let id = BindleId::new(application.name(), application.revision_version().clone()).unwrap();
    Bundle::pack_archived(application, id)
}

fn parcel(bundle: &Bundle, media_type: &str) -> Vec<u8> {
    let mut contents = bundle.contents().iter();
    let content = contents.find(|content| content.media_type() == media_type);
    content.unwrap().read().unwrap()
}

/// What a reader makes of it.
fn read(bundle: &Bundle) -> Result<Received, RecordError> {
    Received::read_archived(
        &parcel(bundle, RECORD_MEDIA_TYPE),
        &parcel(bundle, INDEX_MEDIA_TYPE),
        bundle.invoice(),
    )
}

/// Packs the application, reads it back, and cuts the archives up: every byte of a file, by its digest.
pub fn unpacked(application: &Application) -> Result<BTreeMap<Digest, Vec<u8>>, RecordError> {
    let bundle = pack(application).unwrap();
    let received = read(&bundle)?;
    assert_eq!(received.digest, application.digest());
    assert_eq!(received.record, application.record());
    let mut found = BTreeMap::new();
    for archive in &received.archives {
        let contents = bundle.contents().iter();
        let content = contents
            .clone()
            .find(|content| content.digest() == archive.digest);
        let mut reader = content.unwrap().open().unwrap();
        for (digest, size) in &archive.files {
            let mut bytes = Vec::new();
            reader.by_ref().take(*size).read_to_end(&mut bytes).unwrap();
            assert_eq!(Digest::of(&bytes), *digest);
            found.insert(*digest, bytes);
        }
        assert_eq!(reader.read(&mut [0]).unwrap(), 0, "nothing is left over");
    }
    for (component, contents) in application.components().iter().zip(&received.contents) {
        assert_eq!(component.source.digest(), contents.source.digest);
        for (file, label) in component.files.iter().zip(&contents.files) {
            assert_eq!(file.content.digest(), label.digest);
            assert_eq!(file.content.media_type(), label.media_type);
            let alone = || bundle.contents().iter().map(Content::digest);
            assert!(found.contains_key(&label.digest) || alone().any(|it| it == label.digest));
        }
    }
    Ok(found)
}

#[test]
fn small_files_share_parcels_and_large_ones_do_not() {
    let folder = folder();
    let application = folder.load().unwrap();
    let files = unpacked(&application).unwrap();
    assert_eq!(files.len(), 201, "each digest once");
    let bundle = pack(&application).unwrap();
    assert_eq!(bundle.archives(), 16);
    assert_eq!(archive::files(&application), 203);
    // Record, index, binary, archives, the large file.
    assert_eq!(bundle.invoice().parcel.len(), 3 + 16 + 1);
    assert!(archive::index_parcel(bundle.invoice()).is_some());
    assert!(
        bundle
            .contents()
            .iter()
            .all(|content| content.media_type() != SPIN_MEDIA_TYPE)
    );
    let large = Digest::of(&vec![7; LARGE]);
    assert_eq!(
        bundle.invoice().parcel.last().unwrap().label.name,
        large.to_string()
    );
}

#[test]
fn both_forms_have_one_revision() {
    let folder = folder();
    let application = folder.load().unwrap();
    let archived = pack(&application).unwrap();
    let plain = Bundle::pack(&application, archived.id().clone()).unwrap();
    assert_eq!(plain.archives(), 0);
    assert!(archive::index_parcel(plain.invoice()).is_none());
    let record = parcel(&plain, RECORD_MEDIA_TYPE);
    let (plain, archived) = (
        Received::read(&record, plain.invoice()).unwrap(),
        read(&archived).unwrap(),
    );
    assert_eq!(plain.digest, archived.digest);
    assert_eq!(plain.contents, archived.contents);
}

#[test]
fn of_a_changed_file_two_archives_and_the_index_are_new_at_most() {
    let folder = folder();
    let before = pack(&folder.load().unwrap()).unwrap();
    folder.write("s/7.txt", b"changed");
    let after = pack(&folder.load().unwrap()).unwrap();
    let known: Vec<_> = before.contents().iter().map(Content::digest).collect();
    let new = after.contents().iter();
    let new = new.filter(|content| !known.contains(&content.digest()));
    assert!(new.count() <= 3);
}

#[test]
fn an_application_without_files_has_no_archive() {
    let application = Folder::with(&one_component("")).load().unwrap();
    let bundle = pack(&application).unwrap();
    assert_eq!((bundle.archives(), bundle.contents().len()), (0, 3));
    assert!(unpacked(&application).unwrap().is_empty());
}

#[test]
fn a_file_that_changes_before_it_is_packed_is_named() {
    let folder = folder();
    let application = folder.load().unwrap();
    let path = folder.write("s/7.txt", b"changed");
    let error = pack(&application).unwrap_err();
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<std::io::Error>())
        .unwrap();
    let changed = cause
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<ChangedFile>())
        .unwrap();
    assert_eq!(*changed.path, *std::fs::canonicalize(path).unwrap());
}

#[test]
fn a_file_that_is_gone_before_it_is_packed_is_named() {
    let folder = folder();
    let application = folder.load().unwrap();
    std::fs::remove_file(folder.path().join("s/7.txt")).unwrap();
    let error = pack(&application).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("7.txt"), "{cause}");
}

/// What a server does to something.
type Change<T> = fn(&mut T);

/// The reader's error for an index and an invoice that a server has changed.
#[track_caller]
fn refused(
    index: impl FnOnce(&mut serde_json::Value),
    invoice: impl FnOnce(&mut Invoice),
) -> String {
    let folder = folder();
    let bundle = pack(&folder.load().unwrap()).unwrap();
    let mut text = serde_json::from_slice(&parcel(&bundle, INDEX_MEDIA_TYPE)).unwrap();
    index(&mut text);
    let text = text.to_string().into_bytes();
    let mut changed = bundle.invoice().clone();
    changed.parcel[1].label.sha256 = Digest::of(&text).to_string();
    invoice(&mut changed);
    let record = parcel(&bundle, RECORD_MEDIA_TYPE);
    Received::read_archived(&record, &text, &changed)
        .unwrap_err()
        .to_string()
}

#[test]
fn an_index_of_other_files_is_refused() {
    let cases: [(&str, Change<serde_json::Value>); 7] = [
        ("has format 2", |index| index["format"] = 2.into()),
        ("can't be understood", |index| index["other"] = 1.into()),
        ("it has 202 files, and the record has 203", |index| {
            index["files"].as_array_mut().unwrap().pop();
        }),
        ("has two sizes", |index| {
            let mut again = index["files"][0].clone();
            again["size"] = 99.into();
            index["files"][1] = again;
        }),
        ("more than 2147483648 bytes", |index| {
            index["files"][0]["size"] = (1_u64 << 40).into();
        }),
        // What is said of sizes must be what the archives have.
        ("bytes of type", |index| {
            index["files"][0]["size"] = 1000.into();
        }),
        ("can't be understood", |index| {
            index["files"][0]["digest"] = "../../etc/passwd".into();
        }),
    ];
    for (expected, change) in cases {
        let error = refused(change, |_| ());
        assert!(error.contains(expected), "{error}");
    }
    // Two files at each other's places: same archives, another application.
    let error = refused(
        |index| index["files"].as_array_mut().unwrap().swap(3, 4),
        |_| (),
    );
    assert!(error.contains("another application"), "{error}");
    let error = refused(
        |index| index["files"][5]["media_type"] = "text/html+evil".into(),
        |_| (),
    );
    assert!(error.contains("another application"), "{error}");
}

#[test]
fn an_invoice_with_other_parcels_is_refused() {
    let cases: [(&str, Change<Invoice>); 8] = [
        ("more than it accounts for", |invoice| {
            let again = invoice.parcel[3].clone();
            invoice.parcel.push(again);
        }),
        ("there is none for", |invoice| {
            invoice.parcel.pop();
        }),
        ("stands where", |invoice| invoice.parcel.swap(3, 4)),
        ("bytes of type", |invoice| invoice.parcel[3].label.size += 1),
        ("bytes of type", |invoice| {
            invoice.parcel[3].label.media_type = "application/wasm".to_owned();
        }),
        ("another file stands where", |invoice| {
            invoice.parcel[19].label.sha256 = Digest::of(WASM).to_string();
        }),
        ("the second is not the index", |invoice| {
            invoice.parcel[1].label.sha256 = Digest::of(b"").to_string();
        }),
        ("the first is not the record", |invoice| {
            invoice.parcel[0].label.sha256 = Digest::of(b"").to_string();
        }),
    ];
    for (expected, change) in cases {
        let error = refused(|_| (), change);
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn an_endless_index_is_not_read() {
    let folder = folder();
    let bundle = pack(&folder.load().unwrap()).unwrap();
    let record = parcel(&bundle, RECORD_MEDIA_TYPE);
    let index = vec![b' '; LARGEST_INDEX + 1];
    let error = Received::read_archived(&record, &index, bundle.invoice()).unwrap_err();
    assert!(matches!(error, RecordError::Index(_)), "{error}");
}
