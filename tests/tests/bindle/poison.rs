//! What the reference server's file store never forgets: uploads that were cut.

use bowline_host::bindle::Error;
use bowline_tests::bindle_server::BindleServer;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::sample::{Sample, client, options, push, signer};

#[tokio::test]
async fn a_cut_upload_is_reported_as_poisoned_and_mended_by_the_operator() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let mut cut = false;
    let meddler = Meddler::start(Some(server.address()), move |seen| {
        if seen.is_upload() && seen.length == Some(500_000) && !cut {
            cut = true;
            return Act::CutAfter(100_000);
        }
        Act::Forward
    });
    let sample = Sample::with(&[("big.bin", &[9; 500_000]), ("small.txt", b"s")]);
    let bundle = sample.bundle("shop/1.0.0");
    let big = bundle
        .contents()
        .iter()
        .find(|content| content.size() == 500_000)
        .unwrap()
        .digest();
    let client = client(options(&meddler.url(), &signer));

    let error = push(&client, &bundle).await.unwrap_err();
    assert!(
        matches!(&error, Error::PoisonedParcel { digest, .. } if *digest == big),
        "{error}"
    );
    assert!(
        error.to_string().contains(&format!("parcels/{big}")),
        "{error}"
    );
    assert_eq!(
        server.parcels(),
        bundle.contents().len() - 1,
        "the others are there"
    );
    // Any other bindle with that content meets the same.
    let error = push(&client, &sample.bundle("shop/2.0.0"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::PoisonedParcel { digest, .. } if *digest == big),
        "{error}"
    );

    assert_eq!(server.sweep(), 1);
    let receipt = push(&client, &bundle).await.unwrap();
    assert_eq!(receipt.uploaded, 1);
    assert!(push(&client, &bundle).await.unwrap().existed);
}

#[tokio::test]
async fn a_killed_server_is_completed_after_its_restart() {
    let signer = signer();
    let mut server = BindleServer::start(&[&signer.public_key()]);
    let sample = Sample::with(&[("big.bin", &[5; 3_000_000])]);
    let bundle = sample.bundle("shop/1.0.0");
    {
        // The upload of the big file stops half-way, and with it the server.
        let meddler = Meddler::start(Some(server.address()), |seen| match seen.length {
            Some(3_000_000) => Act::CutAfter(1_500_000),
            _ => Act::Forward,
        });
        let mut options = options(&meddler.url(), &signer);
        options.timing.conflict_pauses.clear();
        push(&client(options), &bundle).await.unwrap_err();
    }
    server.kill();
    let error = push(&client(options(&server.url(), &signer)), &bundle)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unreachable(_)), "{error}");

    server.restart(&[&signer.public_key()]);
    assert_eq!(server.sweep(), 1);
    let receipt = push(&client(options(&server.url(), &signer)), &bundle)
        .await
        .unwrap();
    assert_eq!(receipt.uploaded, 1);
    assert_eq!(server.parcels(), bundle.contents().len());
}

#[tokio::test]
async fn a_half_written_invoice_is_named() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    let name = bowline_app::Digest::of(b"shop/1.0.0").to_string();
    let folder = server.store().join("invoices").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("invoice.toml.part"), "half").unwrap();
    let client = client(options(&server.url(), &signer));
    let error = push(&client, &bundle).await.unwrap_err();
    assert!(matches!(error, Error::StuckInvoice { .. }), "{error}");
    std::fs::remove_file(folder.join("invoice.toml.part")).unwrap();
    push(&client, &bundle).await.unwrap();
}

#[tokio::test]
async fn a_file_that_changes_meanwhile_sends_nothing_and_poisons_nothing() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    for size in [100, 9 * 1024 * 1024] {
        let sample = Sample::with(&[("a.bin", &vec![1; size])]);
        let bundle = sample.bundle(&format!("shop/1.0.0+s{size}"));
        let path = sample.path().join("static/a.bin");
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::fs::write(&path, vec![2; size]).unwrap();
        // As a build tool that restores times would leave it.
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(modified).unwrap();
        let meddler = Meddler::start(Some(server.address()), |_| Act::Forward);
        let client = client(options(&meddler.url(), &signer));
        let error = push(&client, &bundle).await.unwrap_err();
        assert!(
            matches!(&error, Error::ContentChanged { path: named } if named.ends_with("a.bin")),
            "{error:?}"
        );
        assert!(
            meddler
                .seen()
                .iter()
                .all(|seen| seen.length != Some(size as u64))
        );
        assert_eq!(server.sweep(), 0);

        std::fs::write(&path, vec![1; size]).unwrap();
        let again = sample.bundle(&format!("shop/1.0.0+s{size}"));
        push(&client, &again).await.unwrap();
    }
}
