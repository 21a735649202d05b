use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::client::HttpOptions;

/// Answers one connection after the other with these texts, the last again and again, and remembers the request lines.
async fn server(answers: &[&str]) -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (lines, answers) = (
        Arc::clone(&seen),
        answers.iter().map(ToString::to_string).collect::<Vec<_>>(),
    );
    tokio::spawn(async move {
        for number in 0.. {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let n = socket.read(&mut buffer).await.unwrap();
            let request = String::from_utf8_lossy(&buffer[..n]).into_owned();
            lines
                .lock()
                .unwrap()
                .push(request.lines().next().unwrap_or_default().to_owned());
            let answer = answers.get(number).or(answers.last()).unwrap();
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, seen)
}

fn answer(status: u16, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn client() -> HttpClient {
    HttpClient::new(&HttpOptions {
        system_proxy: false,
        ..HttpOptions::default()
    })
    .unwrap()
}

fn info() -> Readiness {
    Readiness::new(
        "/.well-known/spin/info",
        Some(("/bindle_version".to_owned(), "1.0.0+q1".to_owned())),
    )
}

#[tokio::test]
async fn it_waits_for_the_revision_itself() {
    let (url, seen) = server(&[
        &answer(404, "no such application"),
        &answer(200, r#"{"bindle_version":"0.9.0"}"#),
        &answer(200, r#"{"bindle_version":"1.0.0+q1"}"#),
    ])
    .await;
    let outcome = wait(
        &client(),
        Reach::Anywhere,
        &url,
        &info(),
        Duration::from_secs(60),
    )
    .await;
    assert!(matches!(outcome, Outcome::Ready), "{outcome:?}");
    assert_eq!(
        *seen.lock().unwrap(),
        ["GET /base/.well-known/spin/info HTTP/1.1"; 3]
    );
}

#[tokio::test]
async fn what_was_seen_last_is_told() {
    for (body, expected) in [
        (
            answer(200, r#"{"bindle_version":"0.9.0\u001b[31m"}"#),
            "it answers with '0.9.0[31m' where",
        ),
        (
            answer(200, "{}"),
            "it answers with nothing where '1.0.0+q1' is expected",
        ),
        (
            answer(200, "<html>"),
            "it answers with something else than JSON",
        ),
        (answer(503, "{}"), "it answers with status 503"),
        (answer(302, "{}"), "it answers with status 302"),
    ] {
        let (url, _) = server(&[&body]).await;
        let outcome = wait(&client(), Reach::Anywhere, &url, &info(), Duration::ZERO).await;
        let Outcome::NotReady(seen) = outcome else {
            panic!("{body}: {outcome:?}")
        };
        assert!(seen.to_string().starts_with(expected), "{seen}");
    }
    let url = "http://127.0.0.1:9/".parse().unwrap();
    let outcome = wait(&client(), Reach::Anywhere, &url, &info(), Duration::ZERO).await;
    assert!(
        matches!(outcome, Outcome::NotReady(Unready::Unreachable(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let long = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}",
        " ".repeat(3 << 20)
    );
    let (url, _) = server(&[&long]).await;
    let outcome = wait(&client(), Reach::Anywhere, &url, &info(), Duration::ZERO).await;
    assert!(
        matches!(
            outcome,
            Outcome::NotReady(Unready::NotJson | Unready::Unreachable(_))
        ),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn what_can_never_run_is_not_waited_for() {
    let (url, _) = server(&[&answer(501, "needs \u{1b}fermyon:spin/llm\n")]).await;
    let outcome = wait(
        &client(),
        Reach::Anywhere,
        &url,
        &info(),
        Duration::from_secs(60),
    )
    .await;
    let Outcome::Impossible(reason) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(reason, "needs fermyon:spin/llm");
}

#[tokio::test]
async fn without_an_expectation_any_success_will_do() {
    let (url, _) = server(&[&answer(500, ""), &answer(204, "")]).await;
    let outcome = wait(
        &client(),
        Reach::Anywhere,
        &url,
        &Readiness::new("/health", None),
        Duration::from_secs(60),
    )
    .await;
    assert!(matches!(outcome, Outcome::Ready), "{outcome:?}");
}

#[test]
fn the_question_stays_with_the_deployment() {
    let base: Url = "http://app.test:80/a/?x#y".parse().unwrap();
    let ask = |path: &str| question(&base, &Readiness::new(path, None)).to_string();
    assert_eq!(ask("/health"), "http://app.test/a/health");
    assert_eq!(ask("/h?a=1"), "http://app.test/a/h?a=1");
    assert_eq!(ask("/@evil.test"), "http://app.test/a/@evil.test");
    assert_eq!(ask("/../../x"), "http://app.test/x");
}

#[tokio::test]
async fn waiting_without_end_is_no_overflow() {
    let (url, _) = server(&[&answer(200, "{\"bindle_version\":\"1.0.0+q1\"}")]).await;
    let outcome = wait(&client(), Reach::Anywhere, &url, &info(), Duration::MAX).await;
    assert!(matches!(outcome, Outcome::Ready), "{outcome:?}");
}

#[tokio::test]
async fn a_deployment_is_at_a_private_address_only_where_its_platform_is() {
    let reach_of = async |origin: &str| {
        let grant = Grant::none().with_origin(origin.parse().unwrap());
        reach(&grant).await
    };
    for private in [
        "http://127.0.0.1:5309",
        "https://10.0.0.1",
        "http://[::1]:1",
        "http://hippo.localhost",
        "https://unknown.invalid",
    ] {
        assert_eq!(reach_of(private).await, Reach::Anywhere, "{private}");
    }
    assert_eq!(reach_of("https://1.1.1.1").await, Reach::PublicOnly);
    assert_eq!(reach(&Grant::none()).await, Reach::PublicOnly);
    let declared = "http://127.0.0.1:5309".parse().unwrap();
    let grant = Grant::none().with_rule(declared, Reach::PrivateToo);
    assert_eq!(reach(&grant).await, Reach::PrivateToo);

    let (url, seen) = server(&[&answer(204, "")]).await;
    let ready = Readiness::new("/health", None);
    let patience = Duration::from_secs(1);
    let outcome = wait(&client(), Reach::PublicOnly, &url, &ready, patience).await;
    assert!(
        matches!(outcome, Outcome::NotReady(Unready::Private(_))),
        "{outcome:?}"
    );
    let mut named = url.clone();
    named.set_host(Some("localhost")).unwrap();
    let outcome = wait(&client(), Reach::PublicOnly, &named, &ready, patience).await;
    assert!(
        matches!(outcome, Outcome::NotReady(Unready::Unreachable(_))),
        "{outcome:?}"
    );
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_it_within_the_time_that_there_is() {
    let busy = |seconds| {
        format!(
            "HTTP/1.1 503 X\r\nretry-after: {seconds}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    };
    let ready = answer(200, r#"{"bindle_version":"1.0.0+q1"}"#);
    for (asked, at_least, at_most) in [(1, 1.0, 10.0), (9000, 1.5, 10.0)] {
        let (url, seen) = server(&[&busy(asked), &ready]).await;
        let started = Instant::now();
        let timeout = if asked == 1 { 60 } else { 2 };
        let timeout = Duration::from_secs(timeout);
        let outcome = wait(&client(), Reach::Anywhere, &url, &info(), timeout).await;
        assert!(matches!(outcome, Outcome::Ready), "{outcome:?}");
        let took = started.elapsed().as_secs_f64();
        assert!(took >= at_least && took < at_most, "{asked}: {took}");
        assert_eq!(seen.lock().unwrap().len(), 2);
    }
}
