//! Which TLS servers the client talks to, and what it says of the others.

use axum::http::{Response, Version};
use bowline_host::{HttpClient, HttpOptions, TransportError, TransportErrorKind};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

use crate::secure::{Authority, Identity, SecureServer, cut};

async fn get(options: &HttpOptions, url: &str) -> Result<reqwest::Response, TransportError> {
    let client = HttpClient::new(options).unwrap();
    let answer = client.reqwest().get(url).send().await;
    answer.map_err(TransportError::new)
}

/// Why the server is not trusted.
async fn refusal(options: &HttpOptions, server: &SecureServer) -> String {
    let url = server.url("localhost");
    let error = get(options, &url).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Certificate, "{error:?}");
    assert!(error.never_sent());
    assert!(
        server.seen().is_empty(),
        "nothing is said to a server that is not trusted"
    );
    let message = error.to_string();
    let reason = message.strip_prefix(&format!("can't reach {url}: "));
    reason.unwrap_or_else(|| panic!("{message}")).to_owned()
}

fn insecure() -> HttpOptions {
    let mut options = HttpOptions::default();
    options.insecure = true;
    options
}

#[tokio::test]
async fn an_unknown_authority_is_trusted_when_told_so_only() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"], |_| {});
    let server = SecureServer::obliging(identity).await;
    let expected = "its TLS certificate is signed by an authority that is not trusted; if you know that authority, add its \
                    certificate to the trusted ones";
    assert_eq!(refusal(&HttpOptions::default(), &server).await, expected);
    let other = Authority::named("Another authority").trusted();
    assert_eq!(refusal(&other, &server).await, expected);
    assert_eq!(
        refusal(&Authority::new().trusted(), &server).await,
        "its TLS certificate names a trusted authority, but is not signed with its key: there is an impostor, or the authority \
         has a new key; if you know that it has, trust its new certificate"
    );

    let url = server.url("localhost");
    assert_eq!(get(&authority.trusted(), &url).await.unwrap().status(), 200);
    assert_eq!(get(&insecure(), &url).await.unwrap().status(), 200);
    let client = HttpClient::new(&authority.trusted()).unwrap();
    let answer = client.unhurried().get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "both inner clients trust the same");
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_bundle_may_hold_several_authorities() {
    let (one, other) = (Authority::new(), Authority::new());
    let mut options = one.trusted();
    let mut bundle = b"# Comments are allowed.\n".to_vec();
    bundle.extend(one.trusted().extra_certificates.unwrap());
    bundle.extend(other.trusted().extra_certificates.unwrap());
    options.extra_certificates = Some(bundle);
    for authority in [one, other] {
        let server = SecureServer::obliging(authority.issue(&["localhost"], |_| {})).await;
        let answer = get(&options, &server.url("localhost")).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test]
async fn a_certificate_for_another_server_is_refused() {
    let authority = Authority::new();
    let server =
        SecureServer::obliging(authority.issue(&["shop.test", "www.shop.test"], |_| {})).await;
    assert_eq!(
        refusal(&authority.trusted(), &server).await,
        "its TLS certificate is for another server (shop.test, www.shop.test); check the address"
    );
    let by_address = server.url("127.0.0.1");
    let error = get(&authority.trusted(), &by_address).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Certificate);
    let answer = get(&insecure(), &by_address).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_certificate_outside_its_time_is_refused() {
    let authority = Authority::new();
    let expired = authority.issue(&["localhost"], |certificate| {
        certificate.not_before = date_time_ymd(2000, 1, 1);
        certificate.not_after = date_time_ymd(2001, 1, 1);
    });
    let expired = SecureServer::obliging(expired).await;
    assert_eq!(
        refusal(&authority.trusted(), &expired).await,
        "its TLS certificate has expired; it has to be renewed, if the clock of this machine is right"
    );
    let early = authority.issue(&["localhost"], |certificate| {
        certificate.not_before = date_time_ymd(4000, 1, 1);
        certificate.not_after = date_time_ymd(4001, 1, 1);
    });
    let early = SecureServer::obliging(early).await;
    assert_eq!(
        refusal(&authority.trusted(), &early).await,
        "its TLS certificate is not valid yet; check the clock of this machine"
    );
    for server in [expired, early] {
        let answer = get(&insecure(), &server.url("localhost")).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
}

/// What `openssl req -x509` makes: an authority that stands for itself. As an additional certificate it is no help, which its
/// message must say.
#[tokio::test]
async fn an_authority_is_no_server() {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let mut options = HttpOptions::default();
    options.extra_certificates = Some(certificate.pem().into_bytes());
    let server = SecureServer::obliging(Identity::new(certificate.der().clone(), &key)).await;
    assert_eq!(
        refusal(&options, &server).await,
        "its TLS certificate is that of an authority; the server needs one of its own, signed by that authority"
    );
}

#[tokio::test]
async fn the_server_chooses_the_protocol() {
    let authority = Authority::new();
    for (protocols, insecure, expected) in [
        (["h2", "http/1.1"].as_slice(), false, Version::HTTP_2),
        (&["h2"], false, Version::HTTP_2),
        (&["http/1.1"], false, Version::HTTP_11),
        (&[], false, Version::HTTP_11),
        (&["h2", "http/1.1"], true, Version::HTTP_2),
    ] {
        let identity = authority.issue(&["localhost"], |_| {});
        let server = SecureServer::start(identity, protocols, |_| Response::default()).await;
        let mut options = authority.trusted();
        options.insecure = insecure;
        let answer = get(&options, &server.url("localhost")).await.unwrap();
        assert_eq!(answer.version(), expected, "{protocols:?}");
        assert_eq!(server.seen()[0].version, expected, "{protocols:?}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed_whatever_the_protocol() {
    let authority = Authority::new();
    for protocol in ["h2", "http/1.1"] {
        let identity = authority.issue(&["localhost"], |_| {});
        let server = SecureServer::start(identity, &[protocol], |seen| {
            let status = if seen.path == "/" { 307 } else { 200 };
            let answer = Response::builder().status(status);
            answer.header("location", "/there").body("".into()).unwrap()
        })
        .await;
        let client = HttpClient::new(&authority.trusted()).unwrap();
        for inner in [client.reqwest(), client.unhurried()] {
            let request = inner.get(server.url("localhost")).bearer_auth("token");
            assert_eq!(request.send().await.unwrap().status(), 307);
        }
        assert!(server.seen().iter().all(|seen| seen.path == "/"));
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_while_shaking_hands() {
    let url = format!("https://{}", cut().await);
    let error = get(&HttpOptions::default(), &url).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Closed, "{error:?}");
}
