//! Servers that lie, stall, drip, drown or fall silent.

use std::time::Duration;

use bowline_host::bindle::Error;
use bowline_tests::bindle_server::BindleServer;
use bowline_tests::meddler::{Act, Meddler};
use bowline_tests::sample::{Sample, client, options, push, signer};

async fn push_to(meddler: &Meddler) -> Error {
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    push(&client(options(&meddler.url(), &signer())), &bundle)
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_web_page_is_no_bindle_server() {
    for status in [200, 201, 404] {
        let page = "<html>\n<title>\u{1b}[31mWelcome</title></html>";
        let meddler = Meddler::start(None, move |_| Act::answer(status, "text/html", page));
        let error = push_to(&meddler).await;
        assert!(
            matches!(&error, Error::NotBindle { .. }),
            "{status}: {error}"
        );
        let text = error.to_string();
        assert!(
            text.contains("Welcome") && text.contains(&status.to_string()),
            "{text}"
        );
        assert!(!text.contains('\u{1b}') && !text.contains('\n'), "{text}");
    }
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_again_and_then_reported() {
    let meddler = Meddler::start(None, |_| {
        Act::Answer(b"HTTP/1.1 202 X\r\ncontent-length: 1000\r\n\r\n[invoice]\n".to_vec())
    });
    let error = push_to(&meddler).await;
    assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
    assert_eq!(meddler.seen().len(), 5, "once, and four repetitions");
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    for status in ["202 X", "400 X"] {
        let mut head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/toml\r\n\r\n").into_bytes();
        head.extend(std::iter::repeat_n(b'#', 1 << 20));
        let meddler = Meddler::start(None, move |_| Act::AnswerForEver(head.clone()));
        let error = push_to(&meddler).await;
        assert!(matches!(error, Error::NotBindle { .. }), "{error:?}");
        assert!(error.to_string().len() < 1000);
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let meddler = Meddler::start(None, |_| Act::Silence);
    let mut options = options(&meddler.url(), &signer());
    options.timing.answer = Duration::from_millis(50);
    options.timing.retries = 1;
    let sample = Sample::new();
    let bundle = sample.bundle("shop/1.0.0");
    let error = push(&client(options), &bundle).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
    assert_eq!(meddler.seen().len(), 2);
}

#[tokio::test]
async fn an_upload_that_nobody_reads_is_given_up() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    // Far more than socket buffers take.
    let sample = Sample::with(&[("large.bin", &vec![1; 30 * 1024 * 1024])]);
    let meddler = Meddler::start(Some(server.address()), |seen| {
        if seen.length > Some(20_000_000) {
            Act::Stall
        } else {
            Act::Forward
        }
    });
    let mut options = options(&meddler.url(), &signer);
    options.timing.idle = Duration::from_millis(300);
    options.timing.retries = 1;
    let error = push(&client(options), &sample.bundle("shop/1.0.0"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
    assert_eq!(server.sweep(), 0);
}

#[tokio::test]
async fn a_slow_server_is_no_error() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let meddler = Meddler::start(Some(server.address()), |_| {
        Act::ForwardAfter(Duration::from_millis(50))
    });
    let sample = Sample::with(&[("a.txt", b"a")]);
    let bundle = sample.bundle("shop/1.0.0");
    let receipt = push(&client(options(&meddler.url(), &signer)), &bundle)
        .await
        .unwrap();
    assert_eq!(receipt.uploaded, bundle.contents().len());
}

#[tokio::test]
async fn refusals_keep_their_meaning() {
    let refuse =
        |status, error: &'static str| Meddler::start(None, move |_| Act::refusal(status, error));
    let error = push_to(&refuse(401, "unauthorized")).await;
    assert!(
        matches!(
            error,
            Error::Unauthorized {
                credentials_given: false,
                ..
            }
        ),
        "{error}"
    );
    let error = push_to(&refuse(403, "access denied")).await;
    assert!(matches!(error, Error::Forbidden { .. }), "{error}");
    let error = push_to(&refuse(413, "too much")).await;
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    let error = push_to(&refuse(400, "bad \u{1b}[2Jversion")).await;
    assert!(
        matches!(&error, Error::Refused { status: 400, message, .. } if message == "bad [2Jversion"),
        "{error}"
    );
    let meddler = refuse(503, "later");
    let error = push_to(&meddler).await;
    assert!(
        matches!(error, Error::Unavailable { status: 503, .. }),
        "{error}"
    );
    assert_eq!(meddler.seen().len(), 5);
}

#[tokio::test]
async fn passing_trouble_passes() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    // Everything fails the first time.
    let mut tried = std::collections::BTreeSet::new();
    let meddler = Meddler::start(Some(server.address()), move |seen| {
        let first = tried.insert((seen.method.clone(), seen.path.clone()));
        if first {
            Act::answer(503, "text/plain", "busy")
        } else {
            Act::Forward
        }
    });
    let sample = Sample::with(&[("a.txt", b"a"), ("b.txt", b"b")]);
    let bundle = sample.bundle("shop/1.0.0");
    push(&client(options(&meddler.url(), &signer)), &bundle)
        .await
        .unwrap();
    assert_eq!(server.parcels(), bundle.contents().len());
}

#[tokio::test]
async fn lost_answers_do_no_harm() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    // The invoice is created and one parcel stored, but nobody hears of it.
    let (mut lost_creation, mut lost_upload) = (false, false);
    let meddler = Meddler::start(Some(server.address()), move |seen| {
        let lost = if seen.is_upload() {
            &mut lost_upload
        } else {
            &mut lost_creation
        };
        if seen.method == "POST" && !std::mem::replace(lost, true) {
            return Act::LoseAnswer;
        }
        Act::Forward
    });
    let sample = Sample::with(&[("a.txt", b"a"), ("b.txt", b"b")]);
    let bundle = sample.bundle("shop/1.0.0");
    let receipt = push(&client(options(&meddler.url(), &signer)), &bundle)
        .await
        .unwrap();
    assert_eq!(receipt.uploaded, bundle.contents().len());
    assert_eq!(server.parcels(), bundle.contents().len());
    assert_eq!(
        meddler.uploads(),
        bundle.contents().len(),
        "nothing was sent twice"
    );
}

#[tokio::test]
async fn a_server_that_forgets_what_it_confirmed_is_found_out() {
    let signer = signer();
    let server = BindleServer::start(&[&signer.public_key()]);
    let meddler = Meddler::start(Some(server.address()), |seen| {
        if seen.is_upload() {
            Act::answer(200, "application/toml", "message = 'ok'")
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
        matches!(&error, Error::NotBindle { excerpt, .. } if excerpt.contains("lacks them")),
        "{error}"
    );
}
