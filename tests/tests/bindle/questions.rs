//! What a server holds, and where it is.

use bowline_app::BindleId;
use bowline_host::bindle::{ClientOptions, Error};
use bowline_tests::bindle_server::BindleServer;
use bowline_tests::meddler::{Act, Meddler, Seen};
use bowline_tests::sample::{Sample, client, options, push, quick, signer};

fn id(text: &str) -> BindleId {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_bindle_exists_once_it_is_complete() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let here = client(options(&server.url(), &signer));
    assert!(!here.exists(&id("shop/1.0.0")).await.unwrap());

    let meddler = Meddler::start(Some(server.address()), |seen| {
        if seen.is_upload() {
            Act::refusal(400, "no room")
        } else {
            Act::Forward
        }
    });
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    let error = push(&client(options(&meddler.url(), &signer)), &bundle)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Refused { message, .. } if message == "no room"),
        "{error}"
    );
    assert!(
        !here.exists(bundle.id()).await.unwrap(),
        "its invoice is there, its parcels are not"
    );

    push(&here, &bundle).await.unwrap();
    assert!(here.exists(bundle.id()).await.unwrap());
}

#[tokio::test]
async fn versions_are_of_exactly_that_name_sorted_and_not_yanked() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let client = client(options(&server.url(), &signer));
    let sample = Sample::with(&[("a.txt", b"a")]);
    // More than two pages.
    for minor in 0..45 {
        push(&client, &sample.bundle(&format!("shop/1.{minor}.0")))
            .await
            .unwrap();
    }
    push(&client, &sample.bundle("shop/1.10.0+q1"))
        .await
        .unwrap();
    push(&client, &sample.bundle("shop-old/9.0.0"))
        .await
        .unwrap();
    push(&client, &sample.bundle("my/shop/8.0.0"))
        .await
        .unwrap();
    server
        .reference_client()
        .yank_invoice("shop/1.3.0")
        .await
        .unwrap();

    let versions = client.versions("shop").await.unwrap();
    assert_eq!(versions.len(), 45);
    assert!(versions.is_sorted());
    let texts: Vec<_> = versions.iter().map(ToString::to_string).collect();
    assert!(texts.contains(&"1.10.0+q1".to_owned()) && !texts.contains(&"1.3.0".to_owned()));
    assert_eq!(texts[0], "1.0.0");
    assert_eq!(texts[44], "1.44.0");
    assert!(client.versions("nothing").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_address_may_lack_v1_or_end_in_a_slash() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    for (n, suffix) in ["", "/", "/v1", "/v1/"].iter().enumerate() {
        let url = format!("http://{}{suffix}", server.address());
        let receipt = push(&client(options(&url, &signer)), &bundle)
            .await
            .unwrap();
        assert_eq!(receipt.existed, n > 0, "{url}");
    }
}

#[tokio::test]
async fn a_server_mounted_elsewhere_is_found() {
    let meddler = Meddler::start(None, |seen| {
        if seen.path.starts_with("/bindle/_r/missing/") {
            Act::answer(200, "application/toml", "missing = []")
        } else {
            Act::answer(404, "text/plain", "")
        }
    });
    let url = meddler.url().replace("/v1", "/bindle");
    let mut options = ClientOptions::new(url.parse().unwrap());
    options.timing = quick();
    let client = client(options);
    assert!(client.exists(&id("shop/1.0.0")).await.unwrap());
    assert!(client.exists(&id("shop/1.0.0")).await.unwrap());
    assert_eq!(meddler.seen().len(), 3, "found out once");
}

#[tokio::test]
async fn endless_promises_of_more_end() {
    let meddler = Meddler::start(None, |_| {
        let empty = "query = 'shop'\nstrict = true\noffset = 0\nlimit = 20\ntotal = 100\nmore = true\nyanked = false\ninvoices = []\n";
        Act::answer(200, "application/toml", empty)
    });
    let client = client(options(&meddler.url(), &signer()));
    assert!(client.versions("shop").await.unwrap().is_empty());
    assert_eq!(meddler.seen().len(), 1);
}

#[tokio::test]
async fn of_very_many_parcels_only_the_doubtful_ones_are_asked_for() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    // Known to the server before, one of them empty.
    let shared: [(&str, &[u8]); 2] = [("empty", b""), ("shared.txt", b"shared")];
    let known = Sample::with(&shared);
    push(
        &client(options(&server.url(), &signer)),
        &known.bundle("other/1.0.0"),
    )
    .await
    .unwrap();
    // Somebody's upload of this one was cut: the server claims to have it.
    let broken = bowline_app::Digest::of(&7u64.to_le_bytes());
    std::fs::create_dir_all(server.store().join(format!("parcels/{broken}"))).unwrap();

    let sample = Sample::filled(300, 8);
    for (name, bytes) in shared {
        sample.write(name, bytes);
    }
    let bundle = sample.bundle("shop/1.0.0");
    let meddler = Meddler::start(Some(server.address()), |_| Act::Forward);
    let mut options = options(&meddler.url(), &signer);
    options.timing.conflict_pauses.clear();
    let error = push(&client(options), &bundle).await.unwrap_err();
    assert!(
        matches!(&error, Error::PoisonedParcel { digest, .. } if *digest == broken),
        "{error}"
    );
    // The other bundle's own record, and all of this one but the broken one.
    assert_eq!(server.parcels(), 1 + bundle.contents().len() - 1);
    let seen = meddler.seen();
    // Not proved to be there by a look at it, the broken one makes us ask for the list: before the last attempt and
    // after it.
    assert!(seen.iter().any(|seen| seen.method == "HEAD"));
    assert_eq!(questions(&seen), 2);
}

/// How often the list of missing parcels was asked for.
fn questions(seen: &[Seen]) -> usize {
    seen.iter()
        .filter(|seen| seen.path.contains("/_r/missing/"))
        .count()
}

#[tokio::test]
async fn of_very_many_parcels_the_list_is_asked_for_when_single_looks_prove_nothing() {
    let signer = signer();
    let sample = Sample::filled(300, 8);
    let bundle = sample.bundle("shop/1.0.0");
    let server = BindleServer::start(&[&signer.public_key()]);
    // The component is there before, and looking at it does not prove that.
    push(
        &client(options(&server.url(), &signer)),
        &Sample::with(&[("a.txt", b"a")]).bundle("other/1.0.0"),
    )
    .await
    .unwrap();
    let meddler = Meddler::start(Some(server.address()), |seen| {
        if seen.method == "HEAD" {
            Act::answer(200, "application/octet-stream", "")
        } else {
            Act::Forward
        }
    });
    let mut options = options(&meddler.url(), &signer);
    options.timing.conflict_pauses.clear();
    push(&client(options), &bundle).await.unwrap();
    assert_eq!(questions(&meddler.seen()), 1);
}

#[tokio::test]
async fn a_list_of_missing_parcels_that_are_none_of_the_bindle_is_no_success() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    push(&client(options(&server.url(), &signer)), &bundle)
        .await
        .unwrap();
    for sha256 in ["0".repeat(64), "nonsense".to_owned()] {
        let meddler = Meddler::start(Some(server.address()), move |seen| {
            if seen.path.contains("/_r/missing/") {
                let label = format!(
                    "[[missing]]\nsha256 = \"{sha256}\"\nmediaType = \"x/y\"\nname = \"x\"\nsize = 1\n"
                );
                Act::answer(200, "application/toml", &label)
            } else {
                Act::Forward
            }
        });
        let error = push(&client(options(&meddler.url(), &signer)), &bundle)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::NotBindle { excerpt, .. } if excerpt.contains("none of this bindle")),
            "{error}"
        );
    }
}
