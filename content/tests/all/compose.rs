//! Composed components, which are instantiated and called: what they import has to be there, and what they answer has to be right.

use std::collections::BTreeSet;

use bowline_content::Inherit;
use bowline_content::compose::{ComposeError, Composed, Dependency, Part, compose};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

/// Exports `run`, which is the function `f` of what it imports as `import`.
fn caller(import: &str) -> Vec<u8> {
    wat(&format!(
        r#"(component
            (import "{import}" (instance $i (export "f" (func (result u32)))))
            (alias export $i "f" (func $f))
            (export "run" (func $f)))"#
    ))
}

/// Exports as `export` an instance whose `f` gives this number.
fn callee(export: &str, number: u32) -> Vec<u8> {
    wat(&format!(
        r#"(component
            (core module $m (func (export "f") (result i32) i32.const {number}))
            (core instance $m (instantiate $m))
            (func $f (result u32) (canon lift (core func $m "f")))
            (instance $i (export "f" (func $f)))
            (export "{export}" (instance $i)))"#
    ))
}

/// Imports `import` with these declarations of an instance type; its `f` calls the core function that `body` is, to which `$host` is the
/// imported `function` lowered.
fn asking(
    import: &str,
    declarations: &str,
    function: &str,
    parameters: &str,
    body: &str,
) -> Vec<u8> {
    wat(&format!(
        r#"(component
            (import "{import}" (instance $host {declarations}))
            (core module $memory
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096))
            (core instance $memory (instantiate $memory))
            (alias core export $memory "memory" (core memory $mem))
            (alias core export $memory "realloc" (core func $realloc))
            (alias export $host "{function}" (func $asked))
            (core func $asked (canon lower (func $asked)
                (memory $mem) (realloc $realloc)))
            (core module $m
                (import "m" "memory" (memory 1))
                (import "m" "asked" (func $host {parameters}))
                (func (export "f") (result i32) {body}))
            (core instance $m (instantiate $m (with "m" (instance
                (export "memory" (memory $mem))
                (export "asked" (func $asked))))))
            (func $f (result u32) (canon lift (core func $m "f")))
            (instance $i (export "f" (func $f)))
            (export "a:b/c@1.0.0" (instance $i)))"#
    ))
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn dependency(name: &str, bytes: Vec<u8>) -> Dependency {
    Dependency {
        name: name.to_owned(),
        bytes,
        export: None,
        inherit: Inherit::nothing(),
    }
}

fn composed(bytes: Vec<u8>, dependencies: Vec<Dependency>) -> Result<Composed, ComposeError> {
    compose(Part {
        bytes,
        dependencies,
    })
}

/// What `run` gives, without a host.
fn run(component: &[u8]) -> wasmtime::Result<u32> {
    let engine = Engine::default();
    let component = Component::new(&engine, component)?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &component)?;
    let run = instance.get_typed_func::<(), (u32,)>(&mut store, "run")?;
    Ok(run.call(&mut store, ())?.0)
}

#[test]
fn a_dependency_satisfies_what_its_name_matches() {
    for (name, import, export) in [
        ("a:b/c@1.0.0", "a:b/c@1.0.0", "a:b/c@1.0.0"),
        ("a:b/c", "a:b/c@1.0.0", "a:b/c@1.0.0"),
        ("a:b", "a:b/c@1.0.0", "a:b/c@1.0.0"),
        ("a:b@1.0.0", "a:b/c@1.0.0", "a:b/c@1.0.0"),
        ("plain-name", "plain-name", "plain-name"),
        // Of a later compatible version.
        ("a:b", "a:b/c@1.0.0", "a:b/c@1.2.0"),
    ] {
        let whole = composed(caller(import), vec![dependency(name, callee(export, 42))]);
        let whole = whole.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(run(&whole.bytes).unwrap(), 42, "{name}");
        assert_eq!(whole.refused, []);
    }
}

#[test]
fn another_export_can_be_named() {
    let mut other = dependency("a:b/c", callee("x:y/z@3.0.0", 7));
    other.export = Some("x:y/z@3.0.0".to_owned());
    let whole = composed(caller("a:b/c@1.0.0"), vec![other]).unwrap();
    assert_eq!(run(&whole.bytes).unwrap(), 7);
}

#[test]
fn the_same_parts_give_the_same_bytes() {
    let make = || {
        composed(
            caller("a:b/c@1.0.0"),
            vec![dependency("a:b", environment())],
        )
        .unwrap()
    };
    assert_eq!(make(), make());
}

#[test]
fn what_does_not_fit_is_said() {
    let import = "a:b/c@1.0.0";
    let said = |dependencies: Vec<Dependency>| {
        composed(caller(import), dependencies)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        said(vec![dependency("a:x", callee(import, 1))]),
        "the dependency `a:x` satisfies no import of the component (it imports a:b/c@1.0.0)"
    );
    assert_eq!(
        said(vec![dependency("a:b", callee("a:b/c@2.0.0", 1))]),
        "the dependency `a:b` does not export a:b/c@1.0.0 (it exports a:b/c@2.0.0)"
    );
    assert_eq!(
        said(vec![
            dependency("a:b", callee(import, 1)),
            dependency("a:b/c", callee(import, 2)),
        ]),
        "the import a:b/c@1.0.0 is satisfied by several dependencies: a:b, a:b/c"
    );
    assert_eq!(
        said(vec![dependency("a:b c", callee(import, 1))]),
        "`a:b c` is not the name of a dependency"
    );
    let module = b"\0asm\x01\0\0\0".to_vec();
    assert_eq!(
        said(vec![dependency("a:b", module.clone())]),
        "the dependency `a:b` is a core WebAssembly module, and only components can be composed"
    );
    let error = composed(module, vec![dependency("a:b", callee(import, 1))]).unwrap_err();
    assert!(
        error.to_string().starts_with("the component is a core"),
        "{error}"
    );
    assert_eq!(error.hint().unwrap(), "build it for wasm32-wasip2");
    for broken in ["", "<html>", "\0asm\r\0\u{1}\0\u{b}x"] {
        let text = said(vec![dependency("a:b", broken.into())]);
        assert!(text.contains("can't be composed"), "{text}");
    }
    let text_instead = wat(r#"(component
            (core module $m (func (export "f")))
            (core instance $m (instantiate $m))
            (func $f (canon lift (core func $m "f")))
            (instance $i (export "f" (func $f)))
            (export "a:b/c@1.0.0" (instance $i)))"#);
    assert!(said(vec![dependency("a:b", text_instead)]).contains("in another form"),);
}

/// A dependency that counts the environment variables that it sees.
fn environment() -> Vec<u8> {
    asking(
        "wasi:cli/environment@0.2.0",
        r#"(export "get-environment" (func (result (list (tuple string string)))))"#,
        "get-environment",
        "(param i32)",
        "i32.const 64 call $host i32.const 68 i32.load",
    )
}

#[test]
fn what_is_not_inherited_is_refused() {
    let part = |inherit| {
        let mut asks = dependency("a:b", environment());
        asks.inherit = inherit;
        composed(caller("a:b/c@1.0.0"), vec![asks]).unwrap()
    };
    let whole = part(Inherit::nothing());
    assert_eq!(run(&whole.bytes).unwrap(), 0, "there are no variables");
    assert_eq!(whole.refused.len(), 1);
    assert_eq!(whole.refused[0].dependency, "a:b");
    assert_eq!(whole.refused[0].interfaces, ["wasi:cli/environment@0.2.0"]);

    let other = Inherit::Only(BTreeSet::from(["files".to_owned()]));
    assert_eq!(run(&part(other).bytes).unwrap(), 0);
    for inherit in [
        Inherit::All,
        Inherit::Only(BTreeSet::from(["environment".to_owned()])),
    ] {
        let whole = part(inherit);
        assert_eq!(whole.refused, []);
        let error = run(&whole.bytes).unwrap_err();
        assert!(
            format!("{error:?}").contains("wasi:cli/environment"),
            "the host has to have it: {error:?}"
        );
    }
}

#[test]
fn a_refusal_is_the_error_that_means_it() {
    // The result: whether it is an error at 64, the error's number at 68. Arguments have to be taken, however long they are.
    let store = asking(
        "fermyon:spin/key-value@2.0.0",
        r#"
            (export "error" (type $e (sub resource)))
            (type $v (variant (case "store-table-full") (case "no-such-store") (case "access-denied") (case "other" string)))
            (export "failure" (type $x (eq $v)))
            (type $r (result (own $e) (error $x)))
            (export "open" (func (param "label" string) (result $r)))
        "#,
        "open",
        "(param i32 i32 i32)",
        "i32.const 0 i32.const 60000 i32.const 64 call $host
         i32.const 64 i32.load8_u i32.const 100 i32.mul i32.const 68 i32.load8_u i32.add",
    );
    let whole = composed(caller("a:b/c@1.0.0"), vec![dependency("a:b", store)]).unwrap();
    assert_eq!(
        run(&whole.bytes).unwrap(),
        102,
        "an error, and its third case"
    );
}

#[test]
fn what_can_not_say_no_traps() {
    let number = asking(
        "acme:vault/codes",
        r#"(export "code" (func (result u32)))"#,
        "code",
        "(result i32)",
        "call $host",
    );
    let whole = composed(caller("a:b/c@1.0.0"), vec![dependency("a:b", number)]).unwrap();
    let error = run(&whole.bytes).unwrap_err();
    assert!(format!("{error:?}").contains("unreachable"), "{error:?}");
}

#[test]
fn what_is_harmless_stays() {
    let clock = asking(
        "wasi:clocks/monotonic-clock@0.2.0",
        r#"(export "now" (func (result u64)))"#,
        "now",
        "(result i64)",
        "call $host i32.wrap_i64",
    );
    let whole = composed(caller("a:b/c@1.0.0"), vec![dependency("a:b", clock)]).unwrap();
    assert_eq!(whole.refused, []);
    let error = format!("{:?}", run(&whole.bytes).unwrap_err());
    assert!(error.contains("wasi:clocks/monotonic-clock"), "{error}");
}

#[test]
fn types_nested_too_deep_are_refused_before_they_are_read() {
    // One section of one type: an instance that declares an instance that declares ...
    let mut types = vec![1];
    for _ in 0..200 {
        types.extend([0x42, 1, 1]);
    }
    types.extend([0x42, 0]);
    let mut deep = b"\0asm\x0d\0\x01\0\x07".to_vec();
    let size = types.len();
    deep.extend([
        0x80 | u8::try_from(size & 0x7f).unwrap(),
        u8::try_from(size >> 7).unwrap(),
    ]);
    deep.extend(types);
    let error = composed(caller("a:b/c@1.0.0"), vec![dependency("a:b", deep)]).unwrap_err();
    assert!(error.to_string().contains("nesting"), "{error}");
}
