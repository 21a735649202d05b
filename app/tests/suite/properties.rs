//! What holds for every application: the digest depends on the content, and on nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bowline_app::{Application, BindleId, Bundle, Limits, Manifest};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::archives;
use crate::spin1;
use crate::support::{Folder, WASM, corpus};

/// Components by id: their files by name, and their environment.
type Components = BTreeMap<String, (BTreeMap<String, Vec<u8>>, BTreeMap<String, String>)>;

fn components() -> impl Strategy<Value = Components> {
    let files = btree_map(
        "[a-z]{1,3}(/[a-z]{1,3}x){0,1}\\.[ch]",
        vec(any::<u8>(), 0..5),
        0..4,
    );
    let environment = btree_map("[A-Z]{1,3}", "[a-z\"\\\\ ]{0,4}", 0..4);
    btree_map("[a-z]{1,4}", (files, environment), 1..4)
}

/// Writes the application; the seed decides over the order of everything that has none.
fn write(components: &Components, seed: u64) -> Folder {
    let shuffle = |count: usize, salt: u64| -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|at| {
            (*at as u64 + 1)
                .wrapping_mul(seed ^ salt | 1)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                >> 7
        });
        order
    };
    let ids: Vec<_> = components.keys().collect();
    let mut tables = vec!["[application]\nname = \"p\"\nversion = \"1.0.0\"\n".to_owned()];
    for id in &ids {
        tables.push(format!(
            "[[trigger.http]]\ncomponent = \"{id}\"\nroute = \"/{id}\"\n"
        ));
    }
    let folder = Folder::new();
    for id in shuffle(ids.len(), 1).into_iter().map(|at| ids[at]) {
        let (files, environment) = &components[id];
        let names: Vec<_> = files.keys().collect();
        for name in shuffle(names.len(), 2).into_iter().map(|at| names[at]) {
            folder.write(&format!("{id}/{name}"), &files[name]);
        }
        folder.write(&format!("{id}.wasm"), b"\0asm\x0d\0\x01\0");
        let mut table = format!(
            "[component.{id}]\nsource = \"{id}.wasm\"\nfiles = [\"{id}/**/*\"]\n[component.{id}.environment]\n"
        );
        let pairs: Vec<_> = environment.iter().collect();
        for (key, value) in shuffle(pairs.len(), 3).into_iter().map(|at| pairs[at]) {
            writeln!(table, "{key} = {}", toml_text(value)).unwrap();
        }
        tables.push(table);
    }
    let mut manifest = "spin_manifest_version = 2\n".to_owned();
    for at in shuffle(tables.len(), 4) {
        manifest += &tables[at];
    }
    folder.write("spin.toml", manifest.as_bytes());
    folder
}

fn toml_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The digest, and the invoices of both forms.
fn invoice(folder: &Folder) -> (String, [String; 2]) {
    let application = folder.load().unwrap();
    let id = BindleId::new(application.name(), application.revision_version().clone()).unwrap();
    let plain = Bundle::pack(&application, id.clone()).unwrap();
    let archived = Bundle::pack_archived(&application, id).unwrap();
    (
        application.digest().to_string(),
        [plain, archived].map(|bundle| bundle.invoice().to_toml().unwrap()),
    )
}

/// The tables of a manifest in another order.
fn shuffled(text: &str, seed: u64) -> String {
    let version_one = text.contains("\"1\"\n");
    let mut tables: Vec<String> = Vec::new();
    for line in text.lines() {
        // Tables inside of one of several tables stay with it.
        let is_inside =
            line.starts_with("[trigger.") || (version_one && line.starts_with("[component."));
        if tables.is_empty() || (line.starts_with('[') && !is_inside) {
            tables.push(String::new());
        }
        let table = tables.last_mut().unwrap();
        *table += line;
        *table += "\n";
    }
    let head = tables.remove(0);
    let mut random = seed;
    for at in (1..tables.len()).rev() {
        random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        let other = usize::try_from(random >> 33).unwrap() % (at + 1);
        tables.swap(at, other);
    }
    head + &tables.concat()
}

/// The digest and the invoice, if there can be one, of a manifest whose binaries are all at hand.
fn meaning(text: &str) -> (String, Option<String>) {
    let folder = Folder::with(text);
    folder.write("static/index.html", b"x");
    folder.write("release.wasm", WASM);
    let manifest = Manifest::open(folder.path(), None)
        .unwrap_or_else(|error| panic!("{}\n{text}", folder.render(&error)));
    let binaries = manifest
        .unresolved()
        .into_iter()
        .map(|unresolved| (unresolved.id, folder.path().join("hello.wasm")))
        .collect();
    let application = Application::assemble(&manifest, &binaries, &Limits::default()).unwrap();
    let id = BindleId::new(application.name(), application.revision_version().clone()).unwrap();
    let invoice = Bundle::pack(&application, id)
        .ok()
        .map(|bundle| bundle.invoice().to_toml().unwrap());
    (application.digest().to_string(), invoice)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_place_change_nothing(components in components(), seeds in any::<(u64, u64)>()) {
        prop_assert_eq!(invoice(&write(&components, seeds.0)), invoice(&write(&components, seeds.1)));
    }

    #[test]
    fn an_old_reader_loads_what_was_packed(components in components()) {
        let folder = write(&components, 0);
        let application = folder.load().unwrap();
        let loaded = spin1::read_back(&application).unwrap();
        spin1::same(&application, &loaded);
    }

    #[test]
    fn the_order_of_tables_changes_nothing(which in any::<prop::sample::Index>(), seed in any::<u64>()) {
        let corpus = corpus("valid");
        let (name, text) = which.get(&corpus);
        let (before, after) = (meaning(text), meaning(&shuffled(text, seed)));
        prop_assert_eq!(before, after, "{}", name);
    }

    #[test]
    fn archives_read_back_as_what_was_packed(components in components()) {
        let folder = write(&components, 0);
        let application = folder.load().unwrap();
        prop_assert!(archives::unpacked(&application).is_ok());
    }

    #[test]
    fn different_content_has_a_different_digest(first in components(), second in components()) {
        let digests = (invoice(&write(&first, 0)).0, invoice(&write(&second, 0)).0);
        prop_assert_eq!(first == second, digests.0 == digests.1);
    }

    #[test]
    fn moving_a_file_or_a_byte_changes_the_digest(components in components(), byte in any::<u8>()) {
        let before = invoice(&write(&components, 0)).0;
        let mut moved = components.clone();
        let mut longer = components;
        let files = moved.values_mut().next().map(|(files, _)| files).unwrap();
        if let Some((name, bytes)) = files.pop_first() {
            files.insert(format!("{name}c"), bytes);
            prop_assert_ne!(&before, &invoice(&write(&moved, 0)).0);
        }
        longer.values_mut().next().map(|(files, _)| files).unwrap().insert("zzzz.c".to_owned(), vec![byte]);
        prop_assert_ne!(&before, &invoice(&write(&longer, 0)).0);
    }

    #[test]
    fn no_manifest_text_makes_the_reader_panic(text in "[a-z\\[\\]{}=\",.#\n0-9 _-]{0,200}", tail in "\\PC{0,40}") {
        let head = "spin_manifest_version = 2\n[application]\nname = \"p\"\nversion = \"1.0.0\"\n";
        for text in [format!("{text}{tail}"), format!("{head}{text}{tail}")] {
            if let Err(error) = Folder::with(&text).load() {
                prop_assert!(!error.to_string().is_empty());
                if let Some(location) = error.location() {
                    prop_assert!(location.snippet().lines().count() == 2);
                }
            }
        }
    }
}
