//! Pushing once, again, changed, interrupted and by two at once.

use std::sync::Arc;
use std::time::Duration;

use bowline_host::bindle::{Error, Event};
use bowline_tests::bindle_server::BindleServer;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::sample::{Events, Sample, client, options, push, signer};

const LARGE: usize = 9 * 1024 * 1024;

#[tokio::test]
async fn first_push_sends_everything_and_the_second_nothing() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let meddler = Meddler::start(Some(server.address()), |_| Act::Forward);
    let sample = Sample::with(&[
        ("a.txt", b"a"),
        ("b.txt", b"b"),
        ("same.txt", b"a"),
        ("empty", b""),
    ]);
    let bundle = sample.bundle("shop/1.0.0+q1");
    let parcels = bundle.contents().len();
    let client = client(options(&meddler.url(), &signer));

    let events = Arc::new(Events::default());
    let first = client.push(&bundle, events.clone()).await.unwrap();
    assert_eq!(first.id, "shop/1.0.0+q1");
    assert_eq!((first.existed, first.signed), (false, true));
    assert_eq!((first.uploaded, first.reused), (parcels, 0));
    let bytes: u64 = bundle.contents().iter().map(|content| content.size()).sum();
    assert_eq!(first.uploaded_bytes, bytes);
    assert_eq!(server.parcels(), parcels);
    assert_eq!(events.count("Stored"), parcels);
    assert_eq!(events.count("Withdrawn"), 0);
    for upload in meddler.seen().iter().filter(|seen| seen.is_upload()) {
        assert!(upload.length.is_some(), "{upload:?}");
        assert!(
            upload.path.starts_with("/v1/_i/shop/1.0.0+q1@"),
            "{upload:?}"
        );
    }

    let before = meddler.seen().len();
    let second = push(&client, &bundle).await.unwrap();
    assert_eq!((second.existed, second.signed), (true, true));
    assert_eq!(
        (second.uploaded, second.uploaded_bytes, second.reused),
        (0, 0, parcels)
    );
    assert_eq!(meddler.uploads(), parcels);
    assert_eq!(meddler.seen().len() - before, 3, "create, compare, verify");
}

#[tokio::test]
async fn a_changed_file_is_all_that_is_sent() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let sample = Sample::with(&[("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c")]);
    let client = client(options(&server.url(), &signer));
    let first = push(&client, &sample.bundle("shop/1.0.0+q1"))
        .await
        .unwrap();

    sample.write("b.txt", b"changed");
    let second = push(&client, &sample.bundle("shop/1.0.0+q2"))
        .await
        .unwrap();
    assert_eq!(
        (second.uploaded, second.uploaded_bytes, second.reused),
        (1, 7, first.uploaded - 1)
    );
}

#[tokio::test]
async fn large_parcels_are_streamed_from_a_snapshot_that_leaves_nothing_behind() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let sample = Sample::with(&[("large.bin", &vec![7; LARGE])]);
    let snapshots = tempfile::tempdir().unwrap();
    let mut options = options(&server.url(), &signer);
    options.snapshot_folder = Some(snapshots.path().to_owned());
    let events = Arc::new(Events::default());
    let bundle = sample.bundle("shop/1.0.0");
    client(options).push(&bundle, events.clone()).await.unwrap();
    assert!(
        events.count("Sent") >= LARGE / (256 * 1024),
        "sent in blocks"
    );
    assert_eq!(std::fs::read_dir(snapshots.path()).unwrap().count(), 0);
    assert_eq!(server.parcels(), bundle.contents().len());
}

#[tokio::test]
async fn an_interrupted_push_is_completed_by_the_next_one() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    // The first two uploads pass, then the server is gone.
    let mut uploads = 0;
    let meddler = Meddler::start(Some(server.address()), move |seen| {
        uploads += usize::from(seen.is_upload());
        if uploads > 2 {
            Act::answer(503, "text/plain", "down")
        } else {
            Act::Forward
        }
    });
    let files: Vec<(String, Vec<u8>)> = (0..20)
        .map(|n| (format!("{n}.txt"), vec![n; 100]))
        .collect();
    let sample = Sample::new();
    for (name, bytes) in &files {
        sample.write(name, bytes);
    }
    let bundle = sample.bundle("shop/1.0.0");
    let all = bundle.contents().len();
    let error = push(&client(options(&meddler.url(), &signer)), &bundle)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Unavailable { status: 503, .. }),
        "{error}"
    );
    let there = server.parcels();
    assert_eq!(there, 2);

    let receipt = push(&client(options(&server.url(), &signer)), &bundle)
        .await
        .unwrap();
    assert!(!receipt.existed);
    assert_eq!((receipt.uploaded, receipt.reused), (all - there, there));
    assert_eq!(server.parcels(), all);
}

#[tokio::test]
async fn two_at_once_both_succeed_and_share_the_work() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let sample = Sample::with(&[("large.bin", &vec![3; LARGE])]);
    for n in 0..30u8 {
        sample.write(&format!("{n}.txt"), &[n; 2000]);
    }
    let bundle = sample.bundle("shop/1.0.0");
    let mut waits = options(&server.url(), &signer);
    // On a busy machine the other's upload takes longer than a test waits elsewhere.
    waits.timing.conflict_pauses = vec![Duration::from_millis(100); 300];
    let (one, two) = (client(waits.clone()), client(waits));
    let (one, two) = tokio::join!(push(&one, &bundle), push(&two, &bundle));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(server.parcels(), bundle.contents().len());
    // When both send one parcel at the same moment, the server answers 500 to one of them.
    assert!(
        one.uploaded + two.uploaded >= bundle.contents().len(),
        "{one:?} {two:?}"
    );
    assert_eq!(server.sweep(), 0);
}

#[tokio::test]
async fn dropping_a_push_lets_its_running_uploads_end() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let meddler = Meddler::start(Some(server.address()), |seen| {
        if seen.is_upload() {
            Act::ForwardAfter(Duration::from_millis(200))
        } else {
            Act::Forward
        }
    });
    let sample = Sample::new();
    for n in 0..40u8 {
        sample.write(&format!("{n}.txt"), &[n; 3000]);
    }
    let bundle = sample.bundle("shop/1.0.0");
    let client = client(options(&meddler.url(), &signer));
    let (started, mut first_block) = tokio::sync::mpsc::unbounded_channel();
    let watch = Arc::new(move |event: Event<'_>| {
        if matches!(event, Event::Sent { .. }) {
            started.send(()).expect("the test listens");
        }
    });
    {
        let pushing = client.push(&bundle, watch);
        tokio::pin!(pushing);
        tokio::select! {
            result = &mut pushing => panic!("ended too early: {result:?}"),
            _ = first_block.recv() => {}
        }
    }
    assert!(client.settle(Duration::from_secs(60)).await);
    let uploads = meddler.uploads();
    assert!(uploads < bundle.contents().len(), "no new uploads start");
    assert_eq!(server.parcels(), uploads, "those that ran are whole");
    assert_eq!(server.sweep(), 0, "nothing is poisoned");
    push(&client, &bundle).await.unwrap();
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_is_waited_for() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    // Three uploads in a row find nobody; what came before and after passes.
    let mut uploads = 0;
    let meddler = Meddler::start(Some(server.address()), move |seen| {
        uploads += usize::from(seen.is_upload());
        if seen.is_upload() && (3..6).contains(&uploads) {
            Act::answer(502, "text/html", "<h1>Bad gateway</h1>")
        } else {
            Act::Forward
        }
    });
    let sample = Sample::new();
    for n in 0..10u8 {
        sample.write(&format!("{n}.txt"), &[n; 100]);
    }
    let bundle = sample.bundle("shop/1.0.0");
    let events = Arc::new(Events::default());
    let client = client(options(&meddler.url(), &signer));
    let receipt = client.push(&bundle, events.clone()).await.unwrap();
    assert_eq!(receipt.uploaded, bundle.contents().len());
    assert_eq!(events.count("Withdrawn"), 3);
    assert!(events.count("Waiting") > 0);
}
