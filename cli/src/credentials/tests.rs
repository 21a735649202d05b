use std::fs;
use std::thread;

use super::*;

struct World {
    folder: tempfile::TempDir,
    credentials: Credentials,
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let variables = Variables::from_pairs([(HOME_VARIABLE, folder.path())]);
    let paths = Paths::find(&variables).unwrap();
    World {
        credentials: Credentials::new(&paths, &variables).unwrap(),
        folder,
    }
}

impl World {
    fn file(&self) -> PathBuf {
        self.folder
            .path()
            .join("config/credentials/credentials.toml")
    }

    fn keep(&self, environment: &str, setting: Option<&str>, secret: &str) -> Record {
        let mut record = Record::new(environment, "acme", Digest::of(b"acme"));
        record.setting = setting.map(str::to_owned);
        record.servers = [("acme-url".to_owned(), "https://acme.test".to_owned())].into();
        self.credentials.keep(record, &Secret::new(secret)).unwrap()
    }

    fn read(&self, environment: &str, setting: Option<&str>) -> Option<String> {
        let record = self
            .credentials
            .find(environment, "acme", setting)
            .unwrap()?;
        let secret = self.credentials.secret(&record).unwrap();
        Some(secret.expose().to_owned())
    }
}

/// What a person may have as a password.
const ODD: &str = "quote\" ' \\ line\nend\r\n\ttab ümlaut 密碼 \u{1f511} \u{0}end ";

#[test]
fn secrets_are_kept_as_they_are_by_environment_and_setting() {
    let world = world();
    assert_eq!(world.read("default", None), None);
    world.keep("default", None, ODD);
    world.keep("default", Some("acme-token"), "two");
    world.keep("staging", None, "three");
    assert_eq!(world.read("default", None).as_deref(), Some(ODD));
    assert_eq!(
        world.read("default", Some("acme-token")).as_deref(),
        Some("two")
    );
    assert_eq!(world.read("staging", None).as_deref(), Some("three"));
    // The later one counts.
    world.keep("default", None, "four");
    assert_eq!(world.read("default", None).as_deref(), Some("four"));
    assert_eq!(world.credentials.of("default").unwrap().len(), 2);
    let gone = world
        .credentials
        .forget(|record| record.environment == "default")
        .unwrap();
    assert_eq!(gone.len(), 2);
    assert_eq!(world.credentials.environments().unwrap(), ["staging"]);
}

#[test]
fn debug_output_holds_no_secret() {
    let record = world().keep("default", None, "canary");
    assert!(!format!("{record:?}").contains("canary"), "{record:?}");
}

#[test]
fn whoever_keeps_at_the_same_time_loses_nothing() {
    let world = world();
    thread::scope(|scope| {
        for at in 0..8 {
            let world = &world;
            scope.spawn(move || {
                for turn in 0..5 {
                    world.keep(&format!("env-{at}"), None, &format!("{at}.{turn}"));
                }
            });
        }
    });
    for at in 0..8 {
        let kept = world.read(&format!("env-{at}"), None);
        assert_eq!(kept, Some(format!("{at}.4")));
    }
}

#[test]
fn a_file_that_is_not_understood_is_left_as_it_is() {
    let world = world();
    world.keep("default", None, "canary");
    let text = fs::read_to_string(world.file()).unwrap();
    for (broken, why) in [
        (
            text[..text.len() / 2].to_owned(),
            "is not as bowline writes it",
        ),
        (
            text.replace("version = 1", "version = 9"),
            "it has the form 9",
        ),
        (
            text.replace("kept-at", "kept"),
            "is not as bowline writes it",
        ),
        ("{\"token\": \"canary\"}".to_owned(), "line 1 is not"),
        (
            text.replace("version = 1", "version = 1\nmore = \"canary\""),
            "is not as bowline writes it",
        ),
    ] {
        fs::write(world.file(), &broken).unwrap();
        let find = world.credentials.find("default", "acme", None).unwrap_err();
        let record = Record::new("other", "acme", Digest::of(b"acme"));
        let keep = world.credentials.keep(record, &Secret::new("new"));
        for error in [find, keep.unwrap_err()] {
            assert_eq!(error.exit(), Exit::Usage);
            assert!(error.message().contains(why), "{error:?}");
            assert!(error.hints()[0].contains("leaves it as it is"), "{error:?}");
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
        assert_eq!(fs::read_to_string(world.file()).unwrap(), broken);
    }
}

#[cfg(unix)]
#[test]
fn it_is_this_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world();
    world.keep("default", None, "canary");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (file, folder) = (world.file(), world.file().parent().unwrap().to_owned());
    assert_eq!((mode(&file), mode(&folder)), (0o600, 0o700));
    // What others could read is closed to them, and used.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(world.read("default", None).as_deref(), Some("canary"));
    assert_eq!(mode(&file), 0o600);
    world.keep("staging", None, "more");
    assert_eq!((mode(&file), mode(&folder)), (0o600, 0o700));
}

#[test]
fn a_clock_says_only_what_seems_to_be() {
    let mut record = Record::new("default", "acme", Digest::of(b"acme"));
    assert!(!record.seems_expired());
    record.expires_at = Some(now() - 3600);
    assert!(record.seems_expired());
    record.expires_at = Some(now() + 3600);
    assert!(!record.seems_expired());
}

#[test]
fn the_place_is_the_users_choice() {
    let place = |variables: &[(&str, &str)]| {
        let variables = Variables::from_pairs(variables.iter().copied());
        let home = Variables::from_pairs([(HOME_VARIABLE, "/nowhere")]);
        Credentials::new(&Paths::find(&home).unwrap(), &variables).map(|kept| kept.place)
    };
    assert_eq!(place(&[]).unwrap(), Place::Best);
    assert_eq!(place(&[(HOME_VARIABLE, "/x")]).unwrap(), Place::File);
    let both = [(HOME_VARIABLE, "/x"), (PLACE_VARIABLE, "keyring")];
    assert_eq!(place(&both).unwrap(), Place::Keyring);
    assert_eq!(place(&[(PLACE_VARIABLE, "file")]).unwrap(), Place::File);
    let error = place(&[(PLACE_VARIABLE, "pocket")]).unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
}
