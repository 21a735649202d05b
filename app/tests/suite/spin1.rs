//! What an old reader makes of our bindles is what we packed.

use std::collections::BTreeMap;

use bowline_app::{Application, BindleId, Bundle, Limits, Manifest};

use crate::spin1_reader::{AppTrigger, Executor, KnownTrigger, Loaded, Trigger, load};
use crate::support::{Folder, WASM, corpus};

/// Packs, and reads as Spin 1.x does.
pub fn read_back(application: &Application) -> Option<Loaded> {
    let id = BindleId::new(application.name(), application.revision_version().clone()).unwrap();
    let bundle = Bundle::pack(application, id).ok()?;
    let parcels: BTreeMap<_, _> = bundle
        .contents()
        .iter()
        .map(|content| (content.digest().to_string(), content.read().unwrap()))
        .collect();
    let invoice = bundle.invoice().to_toml().unwrap();
    Some(load(&invoice, &parcels).unwrap_or_else(|error| panic!("{error}\n{invoice}")))
}

/// Whether what was read is what was packed.
pub fn same(application: &Application, loaded: &Loaded) {
    assert_eq!(loaded.name, application.name());
    assert_eq!(loaded.version, application.revision());
    assert_eq!(loaded.description.as_deref(), application.description());
    assert_eq!(loaded.authors, application.authors());
    assert_eq!(loaded.variables.len(), application.variables().len());
    for variable in application.variables() {
        let read = &loaded.variables[&variable.name];
        assert_eq!(
            (read.required, &read.default, read.secret),
            (variable.required, &variable.default, variable.secret)
        );
    }
    let used: Vec<_> = application
        .components()
        .iter()
        .filter(|component| {
            let mut triggers = application.triggers().iter();
            triggers.any(|trigger| trigger.component.as_ref() == Some(&component.id))
        })
        .collect();
    assert_eq!(loaded.components.len(), used.len());
    for (read, component) in loaded.components.iter().zip(used) {
        assert_eq!(read.id, component.id);
        assert_eq!(read.description, component.description);
        assert_eq!(read.wasm, component.source.read().unwrap());
        assert_eq!(read.environment, component.environment);
        assert_eq!(read.config, component.variables);
        assert_eq!(
            read.stores,
            [
                component.key_value_stores.clone(),
                component.sqlite_databases.clone(),
                component.ai_models.clone()
            ]
        );
        let files: BTreeMap<_, _> = component
            .files
            .iter()
            .map(|file| (file.path.clone(), file.content.read().unwrap()))
            .collect();
        assert_eq!(read.files, files);
    }
}

#[test]
fn the_corpus_reads_back() {
    let mut read = Vec::new();
    for (name, text) in corpus("valid") {
        let folder = Folder::with(&text);
        folder.write("static/index.html", b"x");
        folder.write("release.wasm", WASM);
        let manifest = Manifest::open(folder.path(), None).unwrap();
        let binaries = manifest
            .unresolved()
            .into_iter()
            .map(|unresolved| (unresolved.id, folder.path().join("hello.wasm")))
            .collect();
        let application = Application::assemble(&manifest, &binaries, &Limits::default()).unwrap();
        if let Some(loaded) = read_back(&application) {
            same(&application, &loaded);
            read.push(name);
        }
    }
    assert_eq!(
        read,
        [
            "dependencies",
            "http-hosts",
            "minimal-v1",
            "minimal-v2",
            "other-trigger-v1",
            "profile",
            "profile-not-asked-for",
            "redis-v1",
            "whole-v1"
        ]
    );
}

#[test]
fn an_application_of_the_old_form_means_the_same() {
    let whole = corpus("valid")
        .into_iter()
        .find(|(name, _)| name == "whole-v1")
        .unwrap()
        .1;
    let folder = Folder::with(&whole);
    folder.write("static/index.html", b"x");
    let manifest = Manifest::open(folder.path(), None).unwrap();
    let binaries = BTreeMap::from([("remote".to_owned(), folder.path().join("hello.wasm"))]);
    let application = Application::assemble(&manifest, &binaries, &Limits::default()).unwrap();
    let loaded = read_back(&application).unwrap();
    let http = KnownTrigger::Http {
        base: "/base".to_owned(),
    };
    assert_eq!(loaded.trigger, AppTrigger::Known(http));
    let [first, hello, remote] = &loaded.components[..] else {
        panic!("{loaded:?}")
    };
    assert_eq!(first.allowed_http_hosts, [""; 0]);
    assert_eq!(remote.allowed_http_hosts, ["insecure:allow-all"]);
    assert_eq!(
        remote.trigger,
        Trigger::Http {
            route: "/remote".to_owned(),
            executor: Some(Executor::Wagi {
                entrypoint: None,
                argv: Some("remote".to_owned()),
            }),
        }
    );
    assert_eq!(hello.id, "hello-world");
    assert_eq!(
        hello.allowed_http_hosts,
        [
            "example.com",
            "example.com:8080",
            "schemes.example.com",
            "self"
        ]
    );
    let files: Vec<_> = hello.files.keys().collect();
    assert_eq!(files, ["index.html", "static/index.html"]);
}
