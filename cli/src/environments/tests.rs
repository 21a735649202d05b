use super::*;
use crate::paths::HOME_VARIABLE;

struct World {
    folder: tempfile::TempDir,
    paths: Paths,
    credentials: Credentials,
    environments: Environments,
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    let variables = Variables::from_pairs([
        (HOME_VARIABLE, folder.path()),
        ("XDG_CONFIG_HOME", old.as_path()),
    ]);
    let paths = Paths::find(&variables).unwrap();
    World {
        credentials: Credentials::new(&paths, &variables).unwrap(),
        environments: Environments::new(&paths),
        folder,
        paths,
    }
}

impl World {
    fn set(&self, name: &str) {
        let set = |document: &mut Document| {
            let settings = &mut document.of(name).settings;
            settings.insert("acme-url".into(), "https://acme.test".into());
            Ok(())
        };
        self.environments.change(set).unwrap();
    }

    fn select(&self, flag: Option<&str>, variable: Option<&str>) -> Result<Selected, Error> {
        let variables = Variables::from_pairs(variable.map(|name| (VARIABLE, name)));
        self.environments.select(flag.map(OsStr::new), &variables)
    }
}

#[test]
fn flag_beats_variable_beats_the_one_in_use() {
    let world = world();
    world.set("staging");
    let name = |flag, variable| world.select(flag, variable).unwrap().name().to_owned();
    assert_eq!(name(None, None), "default");
    let used = |document: &mut Document| {
        document.current = Some("staging".into());
        Ok(())
    };
    world.environments.change(used).unwrap();
    assert_eq!(name(None, None), "staging");
    assert_eq!(name(None, Some("live")), "live");
    assert_eq!(name(None, Some("")), "staging");
    assert_eq!(name(Some("test"), Some("live")), "test");
    let selected = world.select(None, None).unwrap();
    assert_eq!(
        selected.environment.settings["acme-url"],
        "https://acme.test"
    );
}

#[test]
fn names_lead_nowhere() {
    let world = world();
    for name in ["", "../x", "a/b", "A", "a b", ".", "a\u{1b}[2J", "-a"] {
        let error = world.select(Some(name), None).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage, "{name}");
        assert!(!error.message().contains('\u{1b}'));
    }
}

#[test]
fn one_that_is_not_there_is_refused_with_those_that_are() {
    let world = world();
    world.set("staging");
    let check = |name: &str| {
        let selected = world.select(Some(name), None).unwrap();
        selected.must_exist(&world.paths, &world.credentials, world.folder.path())
    };
    check("staging").unwrap();
    check("default").unwrap();
    let error = check("stagin").unwrap_err();
    assert_eq!(error.exit(), Exit::NotFound);
    assert_eq!(error.message(), "there is no environment 'stagin'");
    assert_eq!(
        error.hints(),
        [
            "did you mean 'staging'?",
            "there are: default, staging",
            "--environment-name names it; `bowline env set stagin` makes it"
        ]
    );
    // The login of an old tool makes one, too.
    let old = world.folder.path().join("old/fermyon");
    std::fs::create_dir_all(&old).unwrap();
    std::fs::write(old.join("stagin.json"), "{}").unwrap();
    check("stagin").unwrap();
}

#[test]
fn a_file_that_is_not_understood_is_left_as_it_is() {
    let world = world();
    world.set("staging");
    let path = world.paths.environments();
    let text = std::fs::read_to_string(&path).unwrap();
    for broken in [
        text[..text.len() - 3].to_owned(),
        text.replace("version = 1", "version = 2"),
        text.replace("name =", "nam ="),
        text.replace("\"staging\"", "\"../staging\""),
        "[]".to_owned(),
    ] {
        std::fs::write(&path, &broken).unwrap();
        assert_eq!(
            world.environments.read().unwrap_err().exit(),
            Exit::Usage,
            "{broken}"
        );
        let change = world.environments.change(|_: &mut Document| Ok(()));
        assert_eq!(change.unwrap_err().exit(), Exit::Usage);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), broken);
    }
}
