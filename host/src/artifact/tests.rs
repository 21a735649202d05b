use super::*;

/// A component that imports instances of these names and exports the first of its instances under those.
fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let name = |out: &mut Vec<u8>, name: &str| {
        out.push(0);
        out.push(u8::try_from(name.len()).unwrap());
        out.extend(name.as_bytes());
    };
    let section = |id: u8, count: usize, content: Vec<u8>| {
        let mut out = vec![id];
        let mut size = content.len() + 1;
        while size >= 0x80 {
            out.push(u8::try_from(size & 0x7f).unwrap() | 0x80);
            size >>= 7;
        }
        out.push(u8::try_from(size).unwrap());
        out.push(u8::try_from(count).unwrap());
        out.extend(content);
        out
    };
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.extend(section(7, 1, vec![0x42, 0]));
    let mut content = Vec::new();
    for import in imports {
        name(&mut content, import);
        content.extend([5, 0]);
    }
    bytes.extend(section(10, imports.len(), content));
    let mut content = Vec::new();
    for export in exports {
        name(&mut content, export);
        content.extend([5, 0, 0]);
    }
    bytes.extend(section(11, exports.len(), content));
    bytes
}

fn look(imports: &[&str], exports: &[&str]) -> Result<Artifact, ArtifactError> {
    Artifact::from_bytes(component(imports, exports))
}

const TARGET: &str = "bowline:deploy/deploy-target@0.1.0";

#[test]
fn a_target_is_accepted_and_described() {
    let imports = [
        "bowline:deploy/failure@0.1.0",
        "wasi:http/outgoing-handler@0.2.12",
        "wasi:cli/exit@0.2.3",
    ];
    let artifact = look(&imports, &[TARGET, "bowline:deploy/authentication@0.1.0"]).unwrap();
    assert_eq!(artifact.contract_version(), &Version::new(0, 1, 0));
    assert_eq!(artifact.imports(), imports);
    assert_eq!(artifact.exports().len(), 2);
    assert!(artifact.imports_http());
    assert!(artifact.exports_authentication() && !artifact.imports_bindle());
    assert_eq!(artifact.digest(), &Digest::of(artifact.bytes()));
}

#[test]
fn every_interface_of_the_contract_lets_a_target_do_something() {
    for interface in imports::CONTRACT {
        let import = format!("{interface}@0.1.0");
        let artifact = look(&[import.as_str()], &[TARGET]).unwrap();
        let does_nothing = artifact.inspection().capabilities.is_empty();
        // It holds nothing but words for what can go wrong.
        assert_eq!(
            does_nothing,
            *interface == "bowline:deploy/failure",
            "{interface}"
        );
    }
}

#[test]
fn a_version_that_sends_or_logs_in_asks_for_more() {
    let (failure, http) = ("bowline:deploy/failure@0.1.0", "bowline:deploy/http@0.1.0");
    let login = "bowline:deploy/authentication@0.1.0";
    let before = look(&[failure], &[TARGET]).unwrap();
    let added = |imports: &[&str], exports: &[&str]| {
        let after = look(imports, exports).unwrap();
        let comparison = Inspection::compare(before.inspection(), after.inspection());
        assert_eq!(
            comparison.asks_for_more(),
            !comparison.capabilities.added.is_empty()
        );
        comparison.capabilities.added
    };
    assert_eq!(added(&[failure, http], &[TARGET]), [Capability::Http]);
    assert_eq!(added(&[failure], &[TARGET, login]), [Capability::Login]);
    assert_eq!(added(&[failure], &[TARGET]), []);
}

#[test]
fn what_is_no_component_is_told_apart() {
    for (bytes, message) in [
        (&b""[..], "it is not WebAssembly"),
        (b"\x7fELF", "it is not WebAssembly"),
        (b"\0asm", "it is broken: "),
        (b"\0asm\x0d\0\x01\0\x0a\xff", "it is broken: "),
        (
            b"\0asm\x01\0\0\0",
            "it is a core WebAssembly module, not a component",
        ),
    ] {
        let error = Artifact::from_bytes(bytes).unwrap_err().to_string();
        assert!(error.starts_with(message), "{bytes:?}: {error}");
    }
    let whole = component(&[], &[]);
    for end in 9..whole.len() {
        let cut = Artifact::from_bytes(whole[..end].to_vec()).unwrap_err();
        assert!(
            matches!(
                cut,
                ArtifactError::Malformed(_) | ArtifactError::NotATarget { .. }
            ),
            "{end}: {cut}"
        );
    }
}

#[test]
fn the_contract_version_is_compared_before_anything_else() {
    let error = |export| {
        look(&["bowline:deploy/failure@0.1.0"], &[export])
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(error("bowline:deploy/deploy-target@0.1.7"), None);
    assert_eq!(
        error("bowline:deploy/deploy-target@0.2.0").unwrap(),
        "it was built for version 0.2.0 of the contract bowline:deploy, this host speaks 0.1.0"
    );
    assert!(
        error("bowline:deploy/deploy-target@1.1.0")
            .unwrap()
            .contains("built for version 1.1.0")
    );
    assert!(
        error("bowline:deploy/deploy-target@0.1.0-rc.1")
            .unwrap()
            .contains("0.1.0-rc.1")
    );
    assert_eq!(
        error("wasi:http/incoming-handler@0.2.3").unwrap(),
        "it is a component, but not a deploy target: it does not export bowline:deploy/deploy-target (it exports wasi:http/incoming-handler@0.2.3)"
    );
}

#[test]
fn foreign_imports_are_named() {
    let imports = [
        "bowline:deploy/failure@0.1.0",
        "wasi:keyvalue/store@0.2.0",
        "wasi:http/types@0.3.0",
        "bowline:deploy/shell@0.1.0",
        "bowline:deploy/console@0.2.0",
        "run",
    ];
    let error = look(&imports, &[TARGET]).unwrap_err().to_string();
    assert_eq!(
        error,
        "it imports what a deploy target can't have: wasi:keyvalue/store@0.2.0, wasi:http/types@0.3.0, \
         bowline:deploy/shell@0.1.0, bowline:deploy/console@0.2.0, run"
    );
}

#[test]
fn hostile_names_are_cleaned_and_few() {
    let names: Vec<String> = (0..50).map(|n| format!("a:b/c\u{1b}[31m{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let error = look(&names, &[TARGET]).unwrap_err().to_string();
    assert!(!error.contains('\u{1b}') && error.len() < 400, "{error}");
}

#[test]
fn size_is_bounded_before_reading_on() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("large.wasm");
    File::create(&path)
        .unwrap()
        .set_len(Limits::default().component_size + 1)
        .unwrap();
    assert!(matches!(
        Artifact::read(&path),
        Err(ArtifactError::Limit(LimitExceeded::ComponentSize(_)))
    ));
    let missing = Artifact::read(&home.path().join("none.wasm")).unwrap_err();
    assert!(matches!(missing, ArtifactError::Read { .. }));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(tail in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        bytes.extend(tail);
        let _ = Artifact::from_bytes(bytes);
    }
}
