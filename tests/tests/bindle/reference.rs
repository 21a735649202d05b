//! The `bindle` crate's own types and client as judges of what we write.

use std::path::Path;

use bindle::invoice::signature::{KeyEntry, KeyRing, SecretKeyFile, SecretKeyStorage as _};
use bindle::{Invoice, SignatureRole, VerificationStrategy};
use bowline_app::{Application, BindleId, Bundle, Limits, Manifest};
use bowline_host::bindle::Signer;
use bowline_tests::bindle_server::BindleServer;
use bowline_tests::sample::{Sample, client, options, push, signer};

#[tokio::test]
async fn what_we_push_is_pulled_and_verified_by_the_reference_client() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let sample = Sample::with(&[("a.txt", b"first"), ("b.txt", &[0; 10_000]), ("empty", b"")]);
    let bundle = sample.bundle("shop/1.0.0+q1");
    push(&client(options(&server.url(), &signer)), &bundle)
        .await
        .unwrap();

    let reader = server.reference_client();
    let invoice: Invoice = reader.get_invoice("shop/1.0.0+q1").await.unwrap().into();
    let signatures = invoice.signature.as_ref().unwrap();
    let roles: Vec<_> = signatures
        .iter()
        .map(|signature| signature.role.clone())
        .collect();
    assert_eq!(roles, [SignatureRole::Creator, SignatureRole::Host]);
    let parcels = invoice.parcel.unwrap();
    assert_eq!(parcels.len(), bundle.invoice().parcel.len());
    for (parcel, ours) in parcels.iter().zip(&bundle.invoice().parcel) {
        assert_eq!(parcel.label.name, ours.label.name);
        let bytes = reader
            .get_parcel("shop/1.0.0+q1", &parcel.label.sha256)
            .await
            .unwrap();
        let digest = parcel.label.sha256.parse().unwrap();
        let content = bundle
            .contents()
            .iter()
            .find(|content| content.digest() == digest)
            .unwrap();
        assert_eq!(bytes, content.read().unwrap());
    }
    assert!(
        reader
            .get_missing_parcels("shop/1.0.0+q1")
            .await
            .unwrap()
            .is_empty()
    );
}

#[test]
fn our_invoice_survives_the_reference_types() {
    let sample = Sample::with(&[("a.txt", b"a"), ("b.txt", b"b")]);
    let text = sample.bundle("shop/1.0.0").invoice().to_toml().unwrap();
    let theirs: Invoice = toml::from_str(&text).unwrap();
    let back = toml::to_string(&theirs).unwrap();
    let ours = bowline_app::invoice::Invoice::from_toml(&back).unwrap();
    assert_eq!(&ours, sample.bundle("shop/1.0.0").invoice());
}

#[test]
fn the_invoices_of_all_manifests_survive_the_reference_types() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/tests/manifests/valid");
    let mut packed = 0;
    for manifest in std::fs::read_dir(corpus).unwrap() {
        let folder = tempfile::tempdir().unwrap();
        let wasm = folder.path().join("hello.wasm");
        std::fs::copy(manifest.unwrap().path(), folder.path().join("spin.toml")).unwrap();
        std::fs::write(&wasm, b"\0asm\x0d\0\x01\0").unwrap();
        std::fs::copy(&wasm, folder.path().join("release.wasm")).unwrap();
        std::fs::create_dir(folder.path().join("static")).unwrap();
        std::fs::write(folder.path().join("static/index.html"), b"x").unwrap();
        let manifest = Manifest::open(folder.path(), None).unwrap();
        let unresolved = manifest.unresolved().into_iter();
        let binaries = unresolved.map(|part| (part.id, wasm.clone())).collect();
        let application = Application::assemble(&manifest, &binaries, &Limits::default()).unwrap();
        let id = BindleId::new(application.name(), application.revision_version().clone()).unwrap();
        let Ok(bundle) = Bundle::pack(&application, id) else {
            continue;
        };
        let text = bundle.invoice().to_toml().unwrap();
        let theirs: Invoice = toml::from_str(&text).unwrap();
        let back = toml::to_string(&theirs).unwrap();
        let ours = bowline_app::invoice::Invoice::from_toml(&back).unwrap();
        assert_eq!(&ours, bundle.invoice());
        packed += 1;
    }
    assert!(packed > 5, "only {packed} were packed");
}

#[tokio::test]
async fn key_files_are_exchanged_with_the_reference_tools() {
    let folder = tempfile::tempdir().unwrap();
    // Ours, read by theirs.
    let path = folder.path().join("ours.toml");
    let ours = Signer::load_or_create(&path, "ann").unwrap();
    let theirs = SecretKeyFile::load_file(&path).await.unwrap();
    let entry = theirs
        .get_first_matching(&SignatureRole::Creator, None)
        .unwrap();
    assert_eq!(KeyEntry::try_from(entry).unwrap().key, ours.public_key());
    assert_eq!(entry.label, "ann");

    // Theirs, read by ours: the creator's key is picked among others.
    let path = folder.path().join("theirs.toml");
    let mut file = SecretKeyFile::default();
    file.key.push(bindle::SecretKeyEntry::new(
        "host",
        vec![SignatureRole::Host],
    ));
    let creator = BindleServer::foreign_key("bob");
    file.key.push(creator.clone());
    file.save_file(&path).await.unwrap();
    let signer = Signer::load_or_create(&path, "unused").unwrap();
    assert_eq!(signer.label(), "bob");
    assert_eq!(
        signer.public_key(),
        KeyEntry::try_from(&creator).unwrap().key
    );
}

#[tokio::test]
async fn our_signature_satisfies_the_strictest_reader() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    push(&client(options(&server.url(), &signer)), &bundle)
        .await
        .unwrap();
    let invoice: Invoice = server
        .reference_client()
        .get_invoice("shop/1.0.0")
        .await
        .unwrap()
        .into();
    let ring = KeyRing::new(vec![KeyEntry {
        label: "ann".to_owned(),
        roles: vec![SignatureRole::Creator],
        key: signer.public_key(),
        label_signature: None,
    }]);
    assert!(
        VerificationStrategy::CreativeIntegrity
            .verify(invoice.clone(), &ring)
            .is_ok()
    );
    let mut forged = invoice;
    forged.parcel.as_mut().unwrap().reverse();
    assert!(
        VerificationStrategy::CreativeIntegrity
            .verify(forged, &ring)
            .is_err()
    );
}
