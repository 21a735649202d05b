//! A plan in a file, and whether it still holds.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use bowline_app::Digest;
use bowline_host::{Action, Change, Plan};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::exit::Exit;
use crate::text;

mod variables;

pub(super) use variables::Variables;

/// Form of the file. One of another form is refused: what it leaves out can't be compared.
const FORM: u32 = 1;
/// Bytes of a file. A plan has at most 1000 changes of at most some 800 characters.
const MAX: u64 = 8 << 20;

/// What a plan was made of, and what it says. It holds no value of any setting.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    /// Form of the file.
    bowline_plan: u32,
    /// What is to be deployed.
    pub(super) application: Application,
    /// With what.
    pub(super) target: Target,
    /// Whereto.
    pub(super) environment: Environment,
    /// With what values of the application's variables.
    #[serde(default, skip_serializing_if = "Variables::is_none")]
    pub(super) variables: Variables,
    /// What the target says that the plan relies on.
    basis: String,
    /// What was to be done, in its order.
    changes: Vec<Change>,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Application {
    pub(super) name: String,
    pub(super) revision: String,
    /// SHA-256 over everything that is deployed.
    pub(super) digest: Digest,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) version: String,
    /// SHA-256 of its file.
    pub(super) digest: Digest,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Environment {
    pub(super) name: String,
    /// Address of the Bindle server, where the target uses one.
    pub(super) bindle_server: Option<String>,
    /// Names of the settings that had a value. They are for explanation: their values are the target's to compare.
    pub(super) settings: BTreeSet<String>,
}

/// What every form of the file has.
#[derive(Deserialize)]
struct Form {
    bowline_plan: u32,
}

impl Saved {
    pub(super) fn new(
        application: Application,
        target: Target,
        environment: Environment,
        variables: Variables,
        plan: &Plan,
    ) -> Self {
        Self {
            bowline_plan: FORM,
            application,
            target,
            environment,
            variables,
            basis: plan.basis().to_owned(),
            changes: plan.changes().to_vec(),
        }
    }

    /// Reads a file that anybody may have written.
    ///
    /// # Errors
    /// [`Exit::Usage`], saying what is wrong with it.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let name = text::one_line(&path.display().to_string());
        let unusable = |why: &str| {
            Error::new(Exit::Usage, format!("the plan {name} can't be used: {why}"))
                .hint("make it anew with `bowline plan --save`")
        };
        let bytes = read(path).map_err(|error| {
            Error::new(Exit::Usage, format!("can't read the plan {name}"))
                .cause(&error)
                .hint("`--plan` takes a file that `bowline plan --save` has written")
        })?;
        let malformed = |error: serde_json::Error| {
            if error.is_eof() {
                unusable("it ends too early")
            } else {
                unusable(&text::one_line(&error.to_string()))
            }
        };
        // Its form first: of another one the rest can't be judged.
        let form: Form = serde_json::from_slice(&bytes).map_err(malformed)?;
        if form.bowline_plan != FORM {
            return Err(unusable(&format!(
                "it has form {}, and this bowline reads form {FORM}",
                form.bowline_plan
            )));
        }
        let mut saved: Self = serde_json::from_slice(&bytes).map_err(malformed)?;
        // The texts in it are as hostile as those of a target.
        let plan =
            Plan::new(saved.changes, saved.basis).map_err(|error| unusable(&error.to_string()))?;
        saved.changes = plan.changes().to_vec();
        saved.basis = plan.basis().to_owned();
        Ok(saved)
    }

    /// Writes it, all or nothing, readable by this user only: it tells what runs where.
    ///
    /// # Errors
    /// [`Exit::Internal`] when that can't be done.
    pub(super) fn write(&self, path: &Path) -> Result<(), Error> {
        let write = || {
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            // Temporary files are their owner's alone, and this one keeps that when it gets its name.
            let mut file = tempfile::Builder::new()
                .prefix(".bowline-plan-")
                .tempfile_in(folder)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            Ok::<(), io::Error>(())
        };
        write().map_err(|error| {
            let name = text::one_line(&path.display().to_string());
            Error::new(Exit::Internal, format!("can't save the plan as {name}")).cause(&error)
        })
    }

    /// What has moved, in words, of what is known first: the target, and the environment's name.
    pub(super) fn moved_before(&self, target: &Target, environment: &str) -> Vec<String> {
        let mut moved = Vec::new();
        if self.target.digest != target.digest {
            moved.push(format!(
                "the target was {}, and is {}",
                self.target.shown(),
                target.shown()
            ));
        }
        if self.environment.name != environment {
            moved.push(format!(
                "the environment was '{}', and is '{}'",
                text::one_line(&self.environment.name),
                text::one_line(environment)
            ));
        }
        moved
    }

    /// What has moved on this side besides, in words: the application, the Bindle server.
    pub(super) fn moved_here(
        &self,
        application: &Application,
        environment: &Environment,
    ) -> Vec<String> {
        let mut moved = Vec::new();
        if self.application.digest != application.digest {
            moved.push(format!(
                "the application was {}, and is {}",
                self.application.shown(),
                application.shown()
            ));
        }
        if self.environment.bindle_server != environment.bindle_server {
            let shown = |server: &Option<String>| match server {
                Some(server) => text::one_line(server),
                None => "none".to_owned(),
            };
            moved.push(format!(
                "the Bindle server was {}, and is {}",
                shown(&self.environment.bindle_server),
                shown(&environment.bindle_server)
            ));
        }
        moved
    }

    /// What has moved on the platform, or what of the settings, in words, by a plan that was made now.
    pub(super) fn moved_there(&self, now: &Plan, environment: &Environment) -> Vec<String> {
        let mut moved = self.other_changes(now);
        if self.basis == now.basis() {
            // What the changes are about is compared even so: somebody may have edited the file. How much is to be uploaded, for
            // one, may differ without any consequence.
            let heads = |changes: &[Change]| -> Vec<(Action, String, String)> {
                let head = |it: &Change| (it.action, it.kind.clone(), it.name.clone());
                changes.iter().map(head).collect()
            };
            if heads(&self.changes) == heads(now.changes()) {
                return Vec::new();
            }
            moved.push(
                "nothing that the target relies on has moved: the file is not as it was written"
                    .to_owned(),
            );
            return moved;
        }
        let (then, now) = (&self.environment.settings, &environment.settings);
        let names = |names: Vec<&String>| {
            let names: Vec<String> = names.into_iter().map(|name| text::one_line(name)).collect();
            names.join(", ")
        };
        let (gone, new) = (
            then.difference(now).collect::<Vec<_>>(),
            now.difference(then).collect::<Vec<_>>(),
        );
        if !gone.is_empty() {
            moved.push(format!("settings that had a value then: {}", names(gone)));
        }
        if !new.is_empty() {
            moved.push(format!("settings that have a value now: {}", names(new)));
        }
        if moved.is_empty() {
            moved.push(
                "what the plan relies on at the platform or in the settings; the same is still to be done"
                    .to_owned(),
            );
        }
        moved
    }

    /// Changes that are others now.
    fn other_changes(&self, now: &Plan) -> Vec<String> {
        // Several changes may be about one thing: to remove it, and to create it anew.
        let mut left: Vec<&Change> = now.changes().iter().collect();
        let mut moved = Vec::new();
        for then in &self.changes {
            let about = format!("{} '{}'", then.kind, then.name);
            let found = left
                .iter()
                .position(|now| then.kind == now.kind && then.name == now.name);
            match found.map(|at| left.remove(at)) {
                Some(now) if now == then => {}
                Some(now) => {
                    moved.push(format!("{about} was {}, and is {}", wish(then), wish(now)));
                }
                None => moved.push(format!(
                    "{about} was {}, and is no part of the plan any more",
                    wish(then)
                )),
            }
        }
        moved.extend(left.into_iter().map(|now| {
            format!(
                "{} '{}' is {}, and was no part of the plan",
                now.kind,
                now.name,
                wish(now)
            )
        }));
        moved
    }
}

/// `to update (runs 1.1.0 instead of 1.0.0)`
fn wish(change: &Change) -> String {
    let action = match change.action {
        Action::Create => "to create",
        Action::Update => "to update",
        Action::Remove => "to remove",
        Action::Keep => "to keep",
    };
    match &change.detail {
        Some(detail) => format!("{action} ({detail})"),
        None => action.to_owned(),
    }
}

impl Application {
    fn shown(&self) -> String {
        let (name, revision) = (text::one_line(&self.name), text::one_line(&self.revision));
        format!("{name} {revision} (sha256:{}...)", self.digest.prefix(12))
    }
}

impl Target {
    fn shown(&self) -> String {
        let (name, version) = (text::one_line(&self.name), text::one_line(&self.version));
        format!("'{name}' {version} (sha256:{}...)", self.digest.prefix(12))
    }
}

/// A plan that does not hold any more.
pub(super) fn moved(path: &Path, moved: &[String]) -> Error {
    let name = text::one_line(&path.display().to_string());
    Error::new(
        Exit::Conflict,
        format!("the plan {name} does not hold any more; nothing was deployed"),
    )
    .excerpt(format!("what has moved\n- {}", moved.join("\n- ")))
    .hint("look at what is to be done now with `bowline plan`, and save it again")
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for somebody to write to it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        ));
    }
    let mut bytes = Vec::new();
    let read = File::open(path)?.take(MAX + 1).read_to_end(&mut bytes)?;
    if read as u64 > MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {} MiB, as no plan is", MAX >> 20),
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: Action, name: &str, detail: Option<&str>) -> Change {
        serde_json::from_value(serde_json::json!({
            "action": action, "kind": "channel", "name": name, "detail": detail,
        }))
        .unwrap()
    }

    fn plan(changes: &[Change], basis: &str) -> Plan {
        Plan::new(changes.to_vec(), basis.to_owned()).unwrap()
    }

    fn application(seed: &str) -> Application {
        Application {
            name: "shop".into(),
            revision: format!("1.0.0+q{seed}"),
            digest: Digest::of(seed.as_bytes()),
        }
    }

    fn target(seed: &str) -> Target {
        Target {
            name: "hippo".into(),
            version: "0.1.0".into(),
            digest: Digest::of(seed.as_bytes()),
        }
    }

    fn environment(name: &str, server: Option<&str>, settings: &[&str]) -> Environment {
        Environment {
            name: name.into(),
            bindle_server: server.map(str::to_owned),
            settings: settings.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    fn saved() -> Saved {
        let changes = [
            change(Action::Create, "a", None),
            change(Action::Update, "b", Some("runs 2 instead of 1")),
        ];
        Saved::new(
            application("one"),
            target("t"),
            environment("default", Some("http://b/v1"), &["hippo-url"]),
            Variables::default(),
            &plan(&changes, "basis"),
        )
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.plan");
        std::fs::write(&path, "old and public").unwrap();
        saved().write(&path).unwrap();
        assert_eq!(Saved::read(&path).unwrap(), saved());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        let nowhere = folder.path().join("none/shop.plan");
        assert_eq!(saved().write(&nowhere).unwrap_err().exit(), Exit::Internal);
    }

    #[test]
    fn a_broken_file_is_refused_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.plan");
        let whole = serde_json::to_string(&saved()).unwrap();
        let edited = |from: &str, to: &str| {
            assert!(whole.contains(from), "{from} is not in {whole}");
            whole.replacen(from, to, 1)
        };
        let digest = Digest::of(b"one").to_string();
        for (text, why) in [
            (String::new(), "it ends too early"),
            (whole[..whole.len() / 2].to_owned(), "it ends too early"),
            ("plan".to_owned(), "expected value"),
            ("{}".to_owned(), "missing field `bowline_plan`"),
            (
                edited(":1,", ":2,"),
                "it has form 2, and this bowline reads form 1",
            ),
            (edited(":1,", ":-1,"), "invalid value"),
            (
                edited("\"basis\":", "\"extra\":1,\"basis\":"),
                "unknown field `extra`",
            ),
            (
                edited("\"basis\":\"basis\"", "\"basis\":\"\""),
                "its basis is empty",
            ),
            (
                edited("\"create\"", "\"destroy\""),
                "unknown variant `destroy`",
            ),
            (
                edited("\"kind\":\"channel\"", "\"kind\":\"\\u001b\""),
                "change 1 names no kind",
            ),
            (edited(&digest, &digest.to_uppercase()), "digest"),
            (format!("{whole} x"), "trailing characters"),
        ] {
            std::fs::write(&path, &text).unwrap();
            let error = Saved::read(&path).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage);
            assert!(error.message().contains(why), "{}: {text}", error.message());
            assert!(error.message().contains("shop.plan"));
        }
        for (path, why) in [
            (folder.path().to_owned(), "no regular file"),
            (folder.path().join("none"), "No such file"),
        ] {
            let error = Saved::read(&path).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage);
            assert!(error.causes()[0].contains(why), "{:?}", error.causes());
        }
        let file = File::create(&path).unwrap();
        file.set_len(MAX + 1).unwrap();
        let error = Saved::read(&path).unwrap_err();
        assert!(error.causes()[0].contains("larger than 8 MiB"));
    }

    #[test]
    fn hostile_texts_do_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.plan");
        let mut hostile = saved();
        hostile.application.name = "\u{1b}[31mshop\n".into();
        hostile.changes[1].detail = Some("\u{1b}]0;owned\u{7}".into());
        hostile.write(&path).unwrap();
        let read = Saved::read(&path).unwrap();
        let mut said = read.moved_here(&application("two"), &saved().environment);
        said.extend(read.moved_there(&plan(&[], "other"), &saved().environment));
        let said = said.join("");
        assert!(!said.chars().any(char::is_control), "{said:?}");
    }

    #[test]
    fn each_thing_that_moved_here_is_named() {
        let saved = saved();
        let mut same = saved.moved_before(&target("t"), "default");
        same.extend(saved.moved_here(&application("one"), &saved.environment));
        assert!(same.is_empty(), "{same:?}");
        let mut moved = saved.moved_before(&target("u"), "staging");
        let staging = environment("staging", None, &[]);
        moved.extend(saved.moved_here(&application("two"), &staging));
        let [first, second, third, fourth] = moved.as_slice() else {
            panic!("{moved:?}")
        };
        assert!(first.starts_with("the target was 'hippo' 0.1.0 (sha256:"));
        assert_eq!(second, "the environment was 'default', and is 'staging'");
        assert!(third.starts_with("the application was shop 1.0.0+qone (sha256:"));
        assert_eq!(fourth, "the Bindle server was http://b/v1, and is none");
    }

    #[test]
    fn each_thing_that_moved_there_is_named() {
        let saved = saved();
        let environment = |settings: &[&str]| environment("default", None, settings);
        let as_then = environment(&["hippo-url"]);
        let [a, b] = [&saved.changes[0], &saved.changes[1]].map(Clone::clone);
        let moved =
            |changes: &[Change], basis: &str| saved.moved_there(&plan(changes, basis), &as_then);
        assert!(moved(&[a.clone(), b.clone()], "basis").is_empty());
        // Somebody else has sent some of the parcels.
        let fewer = change(Action::Update, "b", Some("less"));
        assert!(moved(&[a.clone(), fewer.clone()], "basis").is_empty());

        assert_eq!(
            moved(&[a.clone(), fewer], "other"),
            ["channel 'b' was to update (runs 2 instead of 1), and is to update (less)"]
        );
        let kept = change(Action::Keep, "a", None);
        let new = change(Action::Remove, "c", None);
        assert_eq!(
            moved(&[kept, new], "other"),
            [
                "channel 'a' was to create, and is to keep",
                "channel 'b' was to update (runs 2 instead of 1), and is no part of the plan any more",
                "channel 'c' is to remove, and was no part of the plan",
            ]
        );
        assert_eq!(
            saved.moved_there(
                &plan(&[a.clone(), b.clone()], "other"),
                &environment(&["hippo-domain"])
            ),
            [
                "settings that had a value then: hippo-url",
                "settings that have a value now: hippo-domain",
            ]
        );
        assert!(
            moved(&[a.clone(), b.clone()], "other")[0].contains("the same is still to be done")
        );
        let again = [change(Action::Remove, "a", None), a.clone(), b.clone()];
        let twice = Saved {
            changes: again.to_vec(),
            ..saved.clone()
        };
        let gone = twice.moved_there(&plan(&again[..2], "other"), &as_then);
        assert_eq!(gone.len(), 1, "{gone:?}");
        let edited = moved(&[a], "basis");
        assert!(
            edited.last().unwrap().contains("not as it was written"),
            "{edited:?}"
        );
    }
}
