//! Which TLS servers the client talks to, and what it says of the others.

use axum::http::{Response, Version};
use bowline_host::{
    ClientIdentity, HttpClient, HttpClientError, HttpOptions, IdentityError, Reach, Secret,
    TransportError, TransportErrorKind,
};
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

#[tokio::test]
async fn a_client_certificate_is_shown_to_those_that_were_named() {
    let (authority, members) = (Authority::new(), Authority::named("Members"));
    let identity = || authority.issue(&["localhost"], |_| {});
    let server = SecureServer::for_members(identity(), &members, false).await;
    let url = server.url("localhost");
    let error = get(&authority.trusted(), &url).await.unwrap_err();
    assert_eq!(error.reason(), "it wants a client certificate", "{error:?}");

    let (certificate, key) = members.client("me");
    let mut options = authority.trusted();
    options.identity = Some(ClientIdentity::new(certificate.clone(), Secret::new(&*key)));
    assert_eq!(get(&options, &url).await.unwrap().status(), 200);
    let shown = server.seen().remove(0).client.unwrap();
    assert_eq!(shown.len(), 1);
    // In one text, and without a check of the server.
    let both = format!("{key}\n{certificate}");
    options.identity = Some(ClientIdentity::new(both.clone(), Secret::new(both)));
    options.insecure = true;
    assert_eq!(get(&options, &url).await.unwrap().status(), 200);

    // A stranger learns nothing of it.
    let stranger = SecureServer::for_members(identity(), &members, true).await;
    let client = HttpClient::new(&options).unwrap();
    let url = stranger.url("localhost");
    for (client, shows) in [(client.unidentified(), false), (client.reqwest(), true)] {
        assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
        assert_eq!(stranger.seen().pop().unwrap().client.is_some(), shows);
    }
    // Nor does a server that a target has named, wherever it may be.
    for (reach, shows) in [(Reach::PrivateToo, false), (Reach::Anywhere, true)] {
        let asked = crate::guests::ask_declared(client.clone(), &url, reach).await;
        assert!(asked.unwrap().starts_with("200 "));
        assert_eq!(stranger.seen().pop().unwrap().client.is_some(), shows);
    }

    let (certificate, key) = Authority::named("Others").client("me");
    options.identity = Some(ClientIdentity::new(certificate, Secret::new(key)));
    let error = get(&options, &server.url("localhost")).await.unwrap_err();
    assert!(
        error
            .reason()
            .starts_with("it does not accept the client certificate ("),
        "{error:?}"
    );
}

#[test]
fn a_client_certificate_that_is_none_is_refused() {
    use IdentityError as E;
    let (certificate, key) = Authority::new().client("me");
    let (_, other) = Authority::new().client("me");
    let refusal = |certificate: &str, key: &str| {
        let mut options = HttpOptions::default();
        options.identity = Some(ClientIdentity::new(certificate, Secret::new(key)));
        let error = HttpClient::new(&options).unwrap_err();
        assert!(!format!("{error:?}").contains(key.lines().nth(1).unwrap_or("PRIVATE")));
        match error {
            HttpClientError::Identity(error) => error,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(refusal("", &key), E::NoCertificate));
    assert!(matches!(refusal(&key, &key), E::NoCertificate));
    assert!(matches!(
        refusal(&certificate[..60], &key),
        E::CertificatePem(_)
    ));
    assert!(matches!(refusal(&certificate, ""), E::NoKey));
    assert!(matches!(refusal(&certificate, &certificate), E::NoKey));
    assert!(matches!(refusal(&certificate, &key[..60]), E::KeyPem(_)));
    assert!(matches!(refusal(&certificate, &other), E::Mismatch));
    for encrypted in [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIIB\n-----END RSA PRIVATE KEY-----\n",
    ] {
        assert!(matches!(refusal(&certificate, encrypted), E::Encrypted));
    }
}
