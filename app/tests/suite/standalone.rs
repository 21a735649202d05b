//! Bindles as folders: written here, read from wherever they were carried.

use std::fs;
use std::path::{Path, PathBuf};

use bowline_app::invoice::Invoice;
use bowline_app::standalone::{self, StandaloneError};
use bowline_app::{Application, BindleId, Bundle, Digest, Reading};

use crate::support::{Folder, one_component};

const MANIFEST: &str = "files = [\"s/**/*\"]\nenvironment = { A = \"1\" }\nallowed_outbound_hosts = [\"https://a.com\"]\nkey_value_stores = [\"default\"]";

fn application() -> (Folder, Application) {
    let folder = Folder::with(&one_component(MANIFEST));
    folder.write("s/a.txt", b"a");
    folder.write("s/again.txt", b"a");
    folder.write("s/empty", b"");
    folder.write("s/large.bin", &vec![7; 700_000]);
    let application = folder.load().unwrap();
    (folder, application)
}

fn pack(application: &Application) -> Bundle {
    let id = BindleId::new(application.name(), application.revision_version().clone()).unwrap();
    Bundle::pack(application, id).unwrap()
}

/// An application's bindle in a folder.
struct Written {
    _source: Folder,
    to: tempfile::TempDir,
    folder: PathBuf,
    application: Application,
}

impl Written {
    fn new() -> Self {
        let (source, application) = application();
        let to = tempfile::tempdir().unwrap();
        let bundle = pack(&application);
        let folder = standalone::write(&bundle, bundle.invoice(), to.path()).unwrap();
        Self {
            _source: source,
            to,
            folder,
            application,
        }
    }

    fn open(&self) -> Result<Application, StandaloneError> {
        standalone::open(&self.folder, &Reading::default())
    }

    fn invoice(&self) -> Invoice {
        let text = fs::read_to_string(self.folder.join("invoice.toml")).unwrap();
        Invoice::from_toml(&text).unwrap()
    }

    /// What opening says after somebody has had his way with the invoice.
    fn after(&self, change: impl FnOnce(&mut Invoice)) -> String {
        let mut invoice = self.invoice();
        change(&mut invoice);
        let text = invoice.to_toml().unwrap();
        fs::write(self.folder.join("invoice.toml"), text).unwrap();
        self.refusal()
    }

    fn refusal(&self) -> String {
        let error = self.open().unwrap_err();
        let mut text = error.to_string();
        if let Some(source) = std::error::Error::source(&error) {
            text = format!("{text}: {source}");
        }
        text.replace(self.folder.to_str().unwrap(), "[BINDLE]")
    }

    fn parcel(&self, bytes: &[u8]) -> PathBuf {
        self.folder
            .join("parcels")
            .join(format!("{}.dat", Digest::of(bytes)))
    }
}

#[test]
fn what_is_written_is_read_as_the_same_application() {
    let written = Written::new();
    let again = written.open().unwrap();
    assert_eq!(again.digest(), written.application.digest());
    assert_eq!(again.record(), written.application.record());
    assert_eq!(again.revision(), written.application.revision());
    assert_eq!(pack(&again).invoice(), pack(&written.application).invoice());
    for content in pack(&again).contents() {
        assert_eq!(Digest::of(&content.read().unwrap()), content.digest());
    }
    // Each digest once, under its name.
    let parcels = fs::read_dir(written.folder.join("parcels"))
        .unwrap()
        .count();
    assert_eq!(parcels, pack(&again).contents().len());
}

#[test]
fn a_folder_is_found_by_itself_or_by_what_is_around_it() {
    let written = Written::new();
    for path in [
        written.folder.clone(),
        written.folder.join("invoice.toml"),
        written.to.path().to_owned(),
    ] {
        assert_eq!(
            standalone::find(&path).unwrap().as_deref(),
            Some(written.folder.as_path())
        );
    }
    let (folder, _) = application();
    assert_eq!(standalone::find(folder.path()).unwrap(), None);
    assert_eq!(standalone::find(Path::new("/nowhere")).unwrap(), None);
    folder.write("s/a.txt", b"changed");
    let bundle = pack(&folder.load().unwrap());
    standalone::write(&bundle, bundle.invoice(), written.to.path()).unwrap();
    let several = standalone::find(written.to.path()).unwrap_err();
    assert!(matches!(several, StandaloneError::Several { count: 2, .. }));
    // An application stays one, whatever lies beside its manifest.
    folder.write("invoice.toml", b"");
    assert_eq!(standalone::find(folder.path()).unwrap(), None);
}

#[test]
fn writing_again_replaces_the_bindle_and_nothing_else() {
    let written = Written::new();
    let bundle = pack(&written.application);
    let write = || standalone::write(&bundle, bundle.invoice(), written.to.path());
    fs::write(written.parcel(b"a"), "spoiled").unwrap();
    fs::write(written.to.path().join("mine.txt"), "mine").unwrap();
    assert_eq!(write().unwrap(), written.folder);
    written.open().unwrap();
    let left = fs::read_dir(written.to.path()).unwrap().count();
    assert_eq!(left, 2, "no scratch folder stays");

    for (foreign, is_folder) in [
        ("notes.txt", false),
        ("parcels/notes.txt", false),
        ("x", true),
    ] {
        let path = written.folder.join(foreign);
        if is_folder {
            fs::create_dir(&path).unwrap();
        } else {
            fs::write(&path, "mine").unwrap();
        }
        let error = write().unwrap_err();
        assert!(matches!(error, StandaloneError::Occupied { .. }), "{error}");
        assert!(path.exists());
        if is_folder {
            fs::remove_dir(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
    }
    write().unwrap();
}

#[test]
fn places_that_are_no_place_for_bindles_are_refused() {
    let (source, application) = application();
    let bundle = pack(&application);
    let write = |to: &Path| standalone::write(&bundle, bundle.invoice(), to).unwrap_err();
    let file = source.write("file", b"");
    for (to, reason) in [
        (source.path(), "the folder of an application"),
        (file.as_path(), "it is no folder"),
    ] {
        let error = write(to);
        assert!(error.to_string().contains(reason), "{error}");
    }
    let written = Written::new();
    let error = write(&written.folder);
    assert!(error.to_string().contains("a bindle itself"), "{error}");
}

#[test]
fn a_file_that_changes_while_it_is_copied_is_noticed() {
    let (source, application) = application();
    let bundle = pack(&application);
    source.write("s/large.bin", &vec![8; 700_000]);
    let to = tempfile::tempdir().unwrap();
    let error = standalone::write(&bundle, bundle.invoice(), to.path()).unwrap_err();
    assert!(error.to_string().contains("large.bin"), "{error}");
    assert_eq!(
        fs::read_dir(to.path()).unwrap().count(),
        0,
        "nothing is left"
    );
}

#[test]
fn parcels_that_are_not_what_they_should_be_are_refused() {
    let written = Written::new();
    let path = written.parcel(b"a");
    fs::write(&path, "b").unwrap();
    let said = written.refusal();
    assert!(said.contains("is not the one of its invoice"), "{said}");
    fs::write(&path, "longer").unwrap();
    let said = written.refusal();
    assert!(
        said.contains("it has 6 bytes, and it has to have 1"),
        "{said}"
    );
    fs::remove_file(&path).unwrap();
    let said = written.refusal();
    assert!(said.contains("it is not there"), "{said}");
    fs::create_dir(&path).unwrap();
    let said = written.refusal();
    assert!(said.contains("it is no plain file"), "{said}");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_out_of_the_folder() {
    let written = Written::new();
    let elsewhere = written.to.path().join("secret");
    fs::write(&elsewhere, "a").unwrap();
    let path = written.parcel(b"a");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    let said = written.refusal();
    assert!(said.contains("it is no plain file"), "{said}");
}

#[test]
fn invoices_that_say_something_else_are_refused() {
    type Change = fn(&mut Invoice);
    let changes: [(Change, &str); 12] = [
        (
            |invoice| invoice.parcel.clear(),
            "it lists no record of Bowline",
        ),
        (
            |invoice| invoice.parcel.truncate(1),
            "it lists no record of Bowline",
        ),
        (
            |invoice| invoice.parcel[1].label.media_type = "text/plain".into(),
            "no record of Bowline",
        ),
        (
            |invoice| invoice.parcel[1].label.sha256 = "../../etc/passwd".into(),
            "the digest of the parcel",
        ),
        (
            |invoice| invoice.parcel[3].label.sha256 = invoice.parcel[2].label.sha256.clone(),
            "has two sizes",
        ),
        (|invoice| invoice.parcel.swap(3, 4), "stands where"),
        (
            |invoice| invoice.parcel[0].label.name = "spin.toml".into(),
            "the parcel `spin.",
        ),
        (
            |invoice| invoice.bindle.version = "1.0.0+q0123456789abcdef".into(),
            "that of another application",
        ),
        (
            |invoice| invoice.bindle.version = "9.9.9".into(),
            "the name or version",
        ),
        (
            |invoice| invoice.bindle.description = Some("other".into()),
            "the description",
        ),
        (
            |invoice| invoice.yanked = Some(true),
            "what it says about the whole",
        ),
        (
            |invoice| {
                invoice
                    .parcel
                    .extend(vec![invoice.parcel[3].clone(); 30_000])
            },
            "20002 is the limit",
        ),
    ];
    for (change, expected) in changes {
        let said = Written::new().after(change);
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn a_manifest_for_hippo_that_says_more_than_the_record_is_refused() {
    // The record is what people and targets are shown; Hippo reads the manifest.
    let written = Written::new();
    let invoice = written.invoice();
    let honest = &invoice.parcel[0].label.sha256;
    let text =
        fs::read_to_string(written.folder.join("parcels").join(format!("{honest}.dat"))).unwrap();
    let evil = text.replace("a.com", "b.com");
    assert_ne!(evil, text);
    fs::write(written.parcel(evil.as_bytes()), &evil).unwrap();
    let said = written.after(|invoice| {
        let label = &mut invoice.parcel[0].label;
        label.sha256 = Digest::of(evil.as_bytes()).to_string();
        label.name = format!("spin.{}.toml", label.sha256);
    });
    assert!(
        said.contains("is not as its application's invoice has it"),
        "{said}"
    );
}

#[test]
fn texts_that_are_no_invoice_are_refused() {
    let written = Written::new();
    let path = written.folder.join("invoice.toml");
    for (text, expected) in [
        (&b"\xff"[..], "it is not UTF-8"),
        (b"x = ", "can't be used"),
        (b"", "missing field"),
    ] {
        fs::write(&path, text).unwrap();
        let said = written.refusal();
        assert!(said.contains(expected), "{said}");
    }
    let large = fs::File::create(&path).unwrap();
    large.set_len(40 << 20).unwrap();
    let said = written.refusal();
    assert!(said.contains("33554432 is the limit"), "{said}");
}
