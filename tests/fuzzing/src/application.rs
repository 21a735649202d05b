//! Applications on disk, and bindles from servers.

use std::fs;
use std::path::Path;

use bowline_app::invoice::Invoice;
use bowline_app::record::{ApplicationRecord, Received};
use bowline_app::{
    Application, BindleId, Bundle, DependencySource, Limits, LoadError, Manifest,
    RECORD_MEDIA_TYPE, Source, check_guest_path, tool_table,
};

/// The smallest thing that passes for a component.
const WASM: &[u8] = b"\0asm\x0d\0\x01\0";

/// A `spin.toml` of either version, in a folder with a component and two files.
///
/// What assembles has one digest; what packs is read back as what was packed. What doesn't is told in clean lines, each with a
/// place that exists.
///
/// # Panics
/// When that does not hold.
pub fn manifest(text: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).expect("a file can be written");
    };
    write("spin.toml", text);
    write("hello.wasm", WASM);
    fs::create_dir(folder.path().join("static")).expect("a folder can be made");
    write("static/a.txt", b"a");
    write("static/b.css", b"b");
    let _ = tool_table(folder.path(), "bowline").map_err(|error| is_told(&error, text));
    let opened = match Manifest::open(folder.path(), None) {
        Ok(manifest) => manifest,
        Err(error) => return is_told(&error, text),
    };
    for profile in opened.profiles() {
        if let Err(error) = Manifest::open(folder.path(), Some(profile)) {
            is_told(&error, text);
        }
    }
    looks(&opened, text);
    match assembled(&opened, folder.path()) {
        Ok(application) => packs(&application, &opened, folder.path()),
        Err(error) => is_told(&error, text),
    }
}

/// A manifest of version 1: what comes after its first line.
///
/// # Panics
/// As [`manifest`].
pub fn manifest_one(text: &[u8]) {
    manifest(&[b"spin_manifest_version = \"1\"\n", text].concat());
}

/// A manifest of version 2: what comes after its first line.
///
/// # Panics
/// As [`manifest`].
pub fn manifest_two(text: &[u8]) {
    manifest(&[b"spin_manifest_version = 2\n", text].concat());
}

/// What others do with a manifest before there is an application.
fn looks(manifest: &Manifest, text: &[u8]) {
    for build in manifest.builds() {
        assert!(!build.commands.is_empty());
        manifest.targets_of(&build.component);
    }
    for unresolved in manifest.unresolved() {
        let mut paths = Vec::new();
        if let Source::File { path } = &unresolved.source {
            paths.push((path, &unresolved.location));
        }
        for dependency in &unresolved.dependencies {
            if let DependencySource::File { path } = &dependency.source {
                paths.push((path, &dependency.location));
            }
        }
        for (path, location) in paths {
            match manifest.find(&unresolved.id, path, location) {
                Ok(file) => assert!(fs::read(file).is_ok_and(|bytes| bytes.starts_with(b"\0asm"))),
                Err(error) => is_told(&error, text),
            }
        }
    }
}

fn assembled(manifest: &Manifest, folder: &Path) -> Result<Application, LoadError> {
    let unresolved = manifest.unresolved().into_iter();
    let binaries = unresolved
        .map(|unresolved| (unresolved.id, folder.join("hello.wasm")))
        .collect();
    Application::assemble(manifest, &binaries, &Limits::default())
}

fn packs(application: &Application, manifest: &Manifest, folder: &Path) {
    let again = assembled(manifest, folder).expect("what assembles once does again");
    assert_eq!(again.digest(), application.digest());
    let id = BindleId::new(application.name(), application.revision_version().clone())
        .expect("the name of an application is one for a bindle");
    let Ok(bundle) = Bundle::pack(application, id) else {
        return;
    };
    let text = bundle.invoice().to_toml().expect("sizes are small");
    let invoice = Invoice::from_toml(&text).expect("an invoice is read back");
    assert_eq!(invoice, *bundle.invoice());
    let record = bundle
        .contents()
        .iter()
        .find(|content| content.media_type() == RECORD_MEDIA_TYPE)
        .expect("each bundle has a record");
    let record = record.read().expect("it is in memory");
    let received = Received::read(&record, &invoice).expect("a record fits its own invoice");
    assert_eq!(received.record, application.record());
    assert_eq!(received.digest, application.digest());
}

fn is_told(error: &LoadError, text: &[u8]) {
    for other in error.others() {
        is_told(other, text);
    }
    let shown = error.to_string();
    assert!(
        !shown.is_empty() && !shown.contains(char::is_control),
        "{shown:?}"
    );
    assert!(error.hint().is_none_or(|hint| !hint.is_empty()));
    if let Some(location) = error.location() {
        let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
        assert!((1..=lines).contains(&location.line), "{location}");
        assert!(location.column >= 1 && location.length >= 1, "{location}");
        assert_eq!(location.snippet().lines().count(), 2, "{location}");
    }
}

/// The record of an application, a zero byte, and the invoice that it came with.
///
/// A record that is read is written as one that reads the same, and leads nowhere else than below the component's root. An
/// invoice is read back as it was written. What both together give has the digest that the version says.
///
/// # Panics
/// When that does not hold.
pub fn bindle(text: &[u8]) {
    let mut parts = text.splitn(2, |byte| *byte == 0);
    let (record, invoice) = (parts.next().unwrap_or(b""), parts.next().unwrap_or(b""));
    if let Ok(read) = ApplicationRecord::from_json(record) {
        let written = read.to_json().expect("a record can be written");
        let again = ApplicationRecord::from_json(&written).expect("a record is read back");
        assert_eq!(again, read);
        for path in read
            .components
            .iter()
            .flat_map(|component| &component.files)
        {
            assert!(check_guest_path(path).is_ok(), "{path:?}");
        }
        read.routes();
    }
    let Some(invoice) = read_invoice(invoice) else {
        return;
    };
    if let Ok(received) = Received::read(record, &invoice) {
        assert_eq!(received.contents.len(), received.record.components.len());
        let named: usize = received.contents.iter().map(|of| of.files.len() + 1).sum();
        assert_eq!(named + 2, invoice.parcel.len());
    }
}

/// An invoice of a server.
///
/// What is read is read back as it was written.
///
/// # Panics
/// When that does not hold.
pub fn invoice(text: &[u8]) {
    read_invoice(text);
}

fn read_invoice(text: &[u8]) -> Option<Invoice> {
    let text = std::str::from_utf8(text).ok()?;
    let invoice = Invoice::from_toml(text).ok()?;
    // It is read in pieces, which must not make another document of it.
    let whole: Invoice = toml::from_str(text).expect("the whole is an invoice, too");
    assert_eq!(invoice, whole);
    if let Ok(written) = invoice.to_toml() {
        let again = Invoice::from_toml(&written).expect("an invoice is read back");
        assert_eq!(again, invoice);
    }
    Some(invoice)
}
