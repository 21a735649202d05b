//! Certificates and proxies, as the real program takes them from flags and variables.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::{Ended, SERVERS, Server, World};

/// Says that it doesn't know who is asking, as Hippo does.
const UNAUTHORIZED: &[u8] =
    b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A Hippo behind TLS that lets nobody in, and the certificate of its authority.
fn secure_hippo() -> (Server, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    let authority = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let config = Arc::new(config);
    let server = Server::new(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let mut request = [0; 8192];
        // Clients that don't trust it go away in the middle of the handshake.
        if stream.read(&mut request).is_ok_and(|read| read > 0) {
            let _gone = stream.write_all(UNAUTHORIZED);
            stream.conn.send_close_notify();
            let _gone = stream.flush();
        }
    });
    (server, pem)
}

fn deploy(world: &World, hippo: &str, flags: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut arguments = vec![
        "deploy",
        "--hippo-url",
        hippo,
        "--hippo-token",
        "canary-token",
    ];
    arguments.extend(flags);
    let mut all = SERVERS.to_vec();
    all.extend(variables);
    let ended = world.run(&arguments, &all);
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
    ended
}

#[test]
fn an_authority_of_ones_own_is_trusted_when_told_so() {
    let (hippo, pem) = secure_hippo();
    let url = hippo.secure_url();
    let world = World::with_application();
    world.write("ca.pem", &pem);
    world.write("other.pem", secure_hippo().1);

    let ended = deploy(&world, &url, &[], &[]);
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("signed by an authority that is not trusted")
            && ended
                .stderr
                .contains("hint: `--ca-file <file>` or SSL_CERT_FILE names certificates"),
        "{}",
        ended.stderr
    );
    // Not authenticated: Hippo was reached.
    let ended = deploy(&world, &url, &["--ca-file", "ca.pem"], &[]);
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    let ended = deploy(&world, &url, &[], &[("SSL_CERT_FILE", "ca.pem")]);
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    let ended = deploy(&world, &url, &["-k"], &[]);
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("TLS certificates are not checked"),
        "{}",
        ended.stderr
    );
    // The flag beats the variable, whichever of them is right.
    let ended = deploy(
        &world,
        &url,
        &["--ca-file", "other.pem"],
        &[("SSL_CERT_FILE", "ca.pem")],
    );
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
}

#[test]
fn a_file_without_certificates_is_a_usage_error() {
    let world = World::with_application();
    world.write("empty.pem", "");
    world.write("garbage.pem", b"\x7fELF\0\0\0garbage");
    world.write("key.pem", KeyPair::generate().unwrap().serialize_pem());
    world.write("cut.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    world.write(
        "wrong.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    for (file, message) in [
        ("missing.pem", "can't read the certificates in missing.pem"),
        (".", "can't read the certificates in ."),
        (
            "empty.pem",
            "empty.pem has no PEM-encoded certificate in it",
        ),
        (
            "garbage.pem",
            "garbage.pem has no PEM-encoded certificate in it",
        ),
        ("key.pem", "key.pem has no PEM-encoded certificate in it"),
        (
            "cut.pem",
            "cut.pem is not a file of PEM-encoded certificates",
        ),
        (
            "wrong.pem",
            "wrong.pem has no certificate in it that can be used",
        ),
    ] {
        let ended = deploy(&world, "http://127.0.0.1:9", &["--ca-file", file], &[]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(
            ended.stderr.starts_with(&format!("error: {message}")),
            "{}",
            ended.stderr
        );
        assert!(
            ended.stderr.contains("named by --ca-file"),
            "{}",
            ended.stderr
        );
        let ended = deploy(
            &world,
            "http://127.0.0.1:9",
            &[],
            &[("SSL_CERT_FILE", file)],
        );
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("named by the variable SSL_CERT_FILE"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn requests_go_through_the_proxy_of_the_variables() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heads);
    let proxy = Server::new(move |mut stream| {
        let mut request = [0; 8192];
        if let Ok(read) = stream.read(&mut request) {
            let head = String::from_utf8_lossy(&request[..read]).into_owned();
            log.lock().unwrap().push(head);
            // A client that has gone away needs no answer.
            let _gone = stream.write_all(UNAUTHORIZED);
        }
    });
    let world = World::with_application();
    let address = proxy.url().replace("http://", "http://me:canary@");
    let ended = deploy(
        &world,
        "http://hippo.invalid",
        &[],
        &[("http_proxy", &address)],
    );
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    // A 401 is no answer to CONNECT, so there is no tunnel.
    let ended = deploy(
        &world,
        "https://hippo.invalid",
        &[],
        &[("HTTPS_PROXY", &address)],
    );
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("the proxy refuses to connect to it")
            && ended.stderr.contains("through the proxy in HTTPS_PROXY"),
        "{}",
        ended.stderr
    );
    let heads = heads.lock().unwrap();
    assert!(
        heads[0].starts_with("GET http://hippo.invalid/"),
        "{heads:?}"
    );
    let tunnel = heads.last().unwrap();
    assert!(
        tunnel.starts_with("CONNECT hippo.invalid:443 "),
        "{heads:?}"
    );
    assert!(!tunnel.contains("canary-token"), "{heads:?}");

    let bypassed = [
        ("HTTP_PROXY", address.as_str()),
        ("NO_PROXY", "hippo.invalid"),
    ];
    let before = proxy.connections();
    let ended = deploy(&world, "http://hippo.invalid", &[], &bypassed);
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    assert_eq!(proxy.connections(), before);
}
