//! What a push would send, told without changing anything.

use bowline_app::Bundle;
use bowline_host::bindle::{Client, Error, Preview};
use bowline_tests::bindle_server::BindleServer;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::sample::{Sample, client, options, push, signer};

/// Previews, and makes sure that a push of the same then does what was told.
async fn preview_and_push(client: &Client, bundle: &Bundle) -> Preview {
    let told = client.preview(bundle).await.unwrap();
    let done = push(client, bundle).await.unwrap();
    assert_eq!(told.exists, done.existed, "{told:?} {done:?}");
    assert!(done.uploaded <= told.upload, "{told:?} {done:?}");
    assert!(done.uploaded_bytes <= told.upload_bytes);
    if told.exact {
        assert_eq!(
            (done.uploaded, done.uploaded_bytes),
            (told.upload, told.upload_bytes)
        );
    }
    assert_eq!(told.upload + told.present, bundle.contents().len());
    told
}

fn bytes(bundle: &Bundle) -> u64 {
    bundle.contents().iter().map(|content| content.size()).sum()
}

#[tokio::test]
async fn asking_changes_nothing() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let meddler = Meddler::start(Some(server.address()), |_| Act::Forward);
    let client = client(options(&meddler.url(), &signer));
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");

    let told = client.preview(&bundle).await.unwrap();
    assert!(!told.exists && !told.exact);
    assert_eq!(told.upload, bundle.contents().len());
    assert_eq!(told.upload_bytes, bytes(&bundle));
    assert_eq!(told.present, 0);
    assert!(
        meddler.seen().iter().all(|seen| seen.method == "GET"),
        "{:?}",
        meddler.seen()
    );
    assert_eq!(server.parcels(), 0);
    assert!(client.versions("shop").await.unwrap().is_empty());

    preview_and_push(&client, &bundle).await;
    let told = preview_and_push(&client, &bundle).await;
    assert!(told.exists && told.exact);
    assert_eq!((told.upload, told.upload_bytes), (0, 0));
    assert_eq!(told.present, bundle.contents().len());
}

#[tokio::test]
async fn what_other_versions_brought_is_not_counted() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let client = client(options(&server.url(), &signer));
    let (a, b) = (vec![b'a'; 5_000], vec![b'b'; 6_000]);
    // Half of it is in one version, half in another, and a part of it in a third.
    for (version, files) in [
        ("shop/1.0.0", vec![("a.bin", a.as_slice())]),
        ("shop/2.0.0", vec![("b.bin", b.as_slice())]),
        ("shop/3.0.0", vec![]),
    ] {
        let sample = Sample::with(&files);
        push(&client, &sample.bundle(version)).await.unwrap();
    }
    let sample = Sample::with(&[("a.bin", &a), ("b.bin", &b), ("c.bin", b"c")]);
    let bundle = sample.bundle("shop/4.0.0");
    let told = preview_and_push(&client, &bundle).await;
    // Both files and the component are there.
    assert!(told.present >= 3, "{told:?}");
    assert!(told.upload_bytes < 5_000, "{told:?}");
}

#[tokio::test]
async fn what_only_other_names_brought_is_counted_at_most() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let client = client(options(&server.url(), &signer));
    let sample = Sample::with(&[("a.bin", &[b'a'; 5_000])]);
    for name in ["other/1.0.0", "my/shop/1.0.0", "shop-old/1.0.0"] {
        push(&client, &sample.bundle(name)).await.unwrap();
    }
    let bundle = sample.bundle("shop/1.0.0");
    let told = preview_and_push(&client, &bundle).await;
    assert!(!told.exact);
    assert_eq!(told.upload_bytes, bytes(&bundle));
}

#[tokio::test]
async fn of_a_push_that_was_cut_short_the_rest_is_told_exactly() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let meddler = Meddler::start(Some(server.address()), |seen| {
        if seen.is_upload() {
            Act::refusal(400, "no room")
        } else {
            Act::Forward
        }
    });
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    push(&client(options(&meddler.url(), &signer)), &bundle)
        .await
        .unwrap_err();

    let client = client(options(&server.url(), &signer));
    let told = preview_and_push(&client, &bundle).await;
    assert!(!told.exists && told.exact);
    assert_eq!(told.upload_bytes, bytes(&bundle));
}

#[tokio::test]
async fn a_push_that_would_fail_is_told_so() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let client = client(options(&server.url(), &signer));
    let sample = Sample::with(&[("a.txt", b"a")]);
    push(&client, &sample.bundle("shop/1.0.0")).await.unwrap();
    push(&client, &sample.bundle("shop/2.0.0")).await.unwrap();
    sample.write("a.txt", b"changed");
    let taken = client
        .preview(&sample.bundle("shop/1.0.0"))
        .await
        .unwrap_err();
    assert!(matches!(taken, Error::VersionTaken { .. }), "{taken}");
    server
        .reference_client()
        .yank_invoice("shop/2.0.0")
        .await
        .unwrap();
    let yanked = client
        .preview(&sample.bundle("shop/2.0.0"))
        .await
        .unwrap_err();
    assert!(matches!(yanked, Error::Yanked { .. }), "{yanked}");
    // A yanked version proves nothing, and does no harm.
    let told = client.preview(&sample.bundle("shop/3.0.0")).await.unwrap();
    assert_eq!((told.upload, told.upload_bytes), (1, 7), "{told:?}");
}

#[tokio::test]
async fn pages_that_are_too_long_are_asked_for_one_by_one() {
    // Twenty invoices of a megabyte each are longer than an answer may be.
    let name = "x".repeat(1 << 15);
    let label = format!("sha256 = 's'\nmediaType = 'a/b'\nname = '{name}'\nsize = 1\n");
    let parcels = format!("[[invoices.parcel]]\n[invoices.parcel.label]\n{label}").repeat(32);
    let meddler = Meddler::start(None, move |seen| {
        let Some(query) = seen.path.strip_prefix("/v1/_q?") else {
            return Act::refusal(404, "not found");
        };
        let number = |name: &str| {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(name));
            value.and_then(|value| value.parse::<u64>().ok()).unwrap()
        };
        let (offset, limit) = (number("o="), number("l="));
        let end = (offset + limit).min(20);
        let mut page = format!(
            "query = 'shop'\nstrict = true\noffset = {offset}\nlimit = {limit}\ntotal = 20\nmore = {}\nyanked = false\n",
            end < 20
        );
        for n in offset..end {
            page.push_str(&format!(
                "[[invoices]]\nbindleVersion = '1.0.0'\n[invoices.bindle]\nname = 'shop'\nversion = '1.{n}.0'\n{parcels}"
            ));
        }
        Act::answer(200, "application/toml", &page)
    });
    let client = client(options(&meddler.url(), &signer()));
    assert_eq!(client.versions("shop").await.unwrap().len(), 20);
    assert_eq!(meddler.seen().len(), 1 + 20);
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/2.0.0");
    let told = client.preview(&bundle).await.unwrap();
    assert_eq!(told.present, 0);
}
