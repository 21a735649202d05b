//! Who may push: keys, users, and what bindles refuse for ever.

use bowline_app::{Application, Bundle};
use bowline_host::bindle::{Credentials, Error};
use bowline_tests::bindle_server::BindleServer;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::sample::{Events, Sample, client, options, push, signer};
use std::sync::Arc;

/// User `ann` with the password `open sesame`, bcrypt at its lowest cost.
const USERS: &str = "ann:$2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy\n";

#[tokio::test]
async fn an_unknown_key_is_refused_with_what_to_do_and_then_accepted() {
    let (ours, other) = (signer(), signer());
    let mut server = BindleServer::start(&[&other.public_key()]);
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    let error = push(&client(options(&server.url(), &ours)), &bundle)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::SignatureRefused { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(&ours.public_key()) && text.contains("`tester`"),
        "{text}"
    );
    assert_eq!(server.parcels(), 0);

    server.restart(&[&ours.public_key()]);
    let receipt = push(&client(options(&server.url(), &ours)), &bundle)
        .await
        .unwrap();
    assert!(receipt.signed);
}

#[tokio::test]
async fn a_push_without_key_is_refused_by_servers_that_insist() {
    let server = BindleServer::start(&[]);
    let mut options = options(&server.url(), &signer());
    options.signer = None;
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    let error = push(&client(options), &bundle).await.unwrap_err();
    assert!(
        matches!(&error, Error::SignatureRefused { public_key, .. } if public_key == "(none)"),
        "{error}"
    );
}

#[tokio::test]
async fn an_old_server_that_refuses_our_key_gets_the_invoice_unsigned() {
    // The 0.8 line takes invoices without signatures and refuses unknown ones.
    let sample = Sample::new();
    let bundle = sample.bundle("shop/1.0.0");
    let created = format!("[invoice]\n{}", {
        let toml = bundle.invoice().to_toml().unwrap();
        toml.replace("[[parcel]]", "[[invoice.parcel]]")
            .replace("[parcel.label]", "[invoice.parcel.label]")
            .replace("[parcel.conditions]", "[invoice.parcel.conditions]")
            .replace("[[group]]", "[[invoice.group]]")
            .replace("[bindle]", "[invoice.bindle]")
    });
    let mut creations = 0;
    let meddler = Meddler::start(None, move |seen| {
        match (seen.method.as_str(), seen.path.as_str()) {
            ("POST", "/v1/_i") => {
                creations += 1;
                match creations {
                    1 => Act::refusal(400, "none of the signatures are made with a known key"),
                    _ => Act::answer(201, "application/toml", &created),
                }
            }
            ("GET", "/healthz") => Act::answer(
                200,
                "application/json",
                r#"{"status":"OK","version":"0.8.2"}"#,
            ),
            _ => Act::answer(200, "application/toml", "missing = []"),
        }
    });
    let events = Arc::new(Events::default());
    let client = client(options(&meddler.url(), &signer()));
    let receipt = client.push(&bundle, events.clone()).await.unwrap();
    assert!(!receipt.signed);
    assert_eq!(events.count("Unsigned"), 1);
    let posts: Vec<_> = meddler
        .seen()
        .into_iter()
        .filter(|seen| seen.method == "POST")
        .collect();
    assert!(posts[1].length < posts[0].length);
}

#[tokio::test]
async fn a_user_is_asked_for_and_checked() {
    let signer = signer();
    let server = BindleServer::start_with(&[&signer.public_key()], Some(USERS));
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    let with = |password: &str| {
        let mut options = options(&server.url(), &signer);
        options.credentials = Some(Credentials::new("ann".into(), password.into()).unwrap());
        client(options)
    };
    let anonymous = push(&client(options(&server.url(), &signer)), &bundle)
        .await
        .unwrap_err();
    assert!(
        matches!(&anonymous, Error::Forbidden { message, .. } if message == "access denied"),
        "{anonymous}"
    );
    let wrong = push(&with("guessed"), &bundle).await.unwrap_err();
    assert!(
        matches!(
            wrong,
            Error::Unauthorized {
                credentials_given: true,
                ..
            }
        ),
        "{wrong}"
    );
    assert!(!format!("{wrong} {wrong:?}").contains("guessed"));
    push(&with("open sesame"), &bundle).await.unwrap();
}

#[tokio::test]
async fn credentials_stay_with_the_server() {
    let elsewhere = Meddler::start(None, |_| Act::answer(200, "text/plain", "thanks"));
    let target = elsewhere.url();
    let meddler = Meddler::start(None, move |_| {
        Act::Answer(
            format!("HTTP/1.1 307 X\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .into_bytes(),
        )
    });
    let mut options = options(&meddler.url(), &signer());
    options.credentials = Some(Credentials::new("ann".into(), "secret".into()).unwrap());
    let sample = Sample::new();
    let bundle = sample.bundle("shop/1.0.0");
    let error = push(&client(options), &bundle).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotBindle { status: 307, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("redirects to"), "{error}");
    assert_eq!(
        meddler.seen()[0].header("authorization"),
        Some("Basic YW5uOnNlY3JldA==")
    );
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn another_bindle_of_the_same_name_is_left_alone() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let sample = Sample::with(&[("a.txt", b"a")]);
    let client = client(options(&server.url(), &signer));
    push(&client, &sample.bundle("shop/1.0.0")).await.unwrap();
    let before = server.parcels();
    sample.write("a.txt", b"other");
    let error = push(&client, &sample.bundle("shop/1.0.0"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::VersionTaken { .. }), "{error}");
    assert_eq!(server.parcels(), before);
}

#[tokio::test]
async fn a_yanked_bindle_stays_away() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    let client = client(options(&server.url(), &signer));
    push(&client, &bundle).await.unwrap();
    assert!(client.exists(bundle.id()).await.unwrap());
    server
        .reference_client()
        .yank_invoice("shop/1.0.0")
        .await
        .unwrap();
    let error = push(&client, &bundle).await.unwrap_err();
    assert!(matches!(error, Error::Yanked { .. }), "{error}");
    assert!(!client.exists(bundle.id()).await.unwrap());
}

/// The content is the same, and its bindle another: whoever knows the version must get what was signed.
#[tokio::test]
async fn a_version_in_one_form_is_not_taken_in_the_other() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let client = client(options(&server.url(), &signer));
    let sample = Sample::filled(3, 100);
    let plain = sample.bundle("shop/1.0.0");
    let application = Application::load(sample.path()).unwrap();
    let archived = Bundle::pack_archived(&application, "shop/1.0.0".parse().unwrap()).unwrap();
    assert!(archived.archives() > 0);
    push(&client, &plain).await.unwrap();
    let parcels = server.parcels();
    let error = push(&client, &archived).await.unwrap_err();
    assert!(matches!(error, Error::VersionTaken { .. }), "{error}");
    assert_eq!(server.parcels(), parcels, "nothing was sent");
    // As it is there, it can be pushed again.
    assert_eq!(push(&client, &plain).await.unwrap().uploaded, 0);
}
