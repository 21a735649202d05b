//! A Depot, a home, and a target in one of the languages.

use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use bowline_tests::command::{Bowline, Home};
use bowline_tests::depot::Depot;
use bowline_tests::programs::foreign_target;

/// The right token of the Depot.
pub const TOKEN: &str = "open-sesame-4711";

/// What a target is written in.
#[derive(Debug, Clone, Copy)]
pub enum Language {
    JavaScript,
    Python,
}

impl Language {
    /// Name of the target that deploys to a Depot.
    pub fn target(self) -> &'static str {
        match self {
            Self::JavaScript => "depot-js",
            Self::Python => "depot-py",
        }
    }

    /// Name of the component that breaks down.
    pub fn breaking(self) -> &'static str {
        match self {
            Self::JavaScript => "breaks-down-js",
            Self::Python => "breaks-down-py",
        }
    }
}

pub struct World {
    pub home: Home,
    pub depot: Depot,
    pub language: Language,
    pub target: PathBuf,
}

impl World {
    pub fn new(language: Language) -> World {
        Self::with_target(language, language.target())
    }

    /// With another target, by the name of its component.
    pub fn with_target(language: Language, target: &str) -> World {
        let world = World {
            home: Home::new(),
            depot: Depot::start(TOKEN),
            language,
            target: foreign_target(target),
        };
        compile_once(&world);
        world
    }

    /// The variable that sets one of the target's settings.
    pub fn variable(&self, setting: &str) -> String {
        let name = format!("{}-{setting}", self.language.target());
        name.to_uppercase().replace('-', "_")
    }

    /// `bowline deploy` with the target's file, to the Depot.
    pub fn deploy(&self, application: &Path) -> Bowline {
        let deploy = self.home.deploy(application);
        self.settings(deploy.approved_target(&self.target))
    }

    /// The target's settings.
    pub fn settings(&self, deploy: Bowline) -> Bowline {
        deploy
            .env(&self.variable("url"), self.depot.url())
            .env(&self.variable("token"), TOKEN)
    }
}

/// Compiling an interpreter takes some seconds, and each test has a home of its own: what one test has compiled, the others
/// get as a file, in later runs, too.
fn compile_once(world: &World) {
    let shared = world.target.with_extension("home");
    fs::create_dir_all(&shared).unwrap();
    let lock = File::create(shared.join("lock")).unwrap();
    lock.lock().unwrap();
    let ran = world
        .deploy(Path::new("."))
        .arg("--help")
        .env("BOWLINE_HOME", &shared)
        .run();
    ran.success();
    let compiled = world.home.path().join("cache/compiled");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&compiled)
        .unwrap();
    for entry in fs::read_dir(shared.join("cache/compiled")).unwrap() {
        let entry = entry.unwrap();
        let name = compiled.join(entry.file_name());
        // One file for all where that is possible: nothing ever changes it.
        if fs::hard_link(entry.path(), &name).is_err() {
            fs::copy(entry.path(), &name).unwrap();
        }
    }
}
