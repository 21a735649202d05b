//! Certificates and proxies, as the real program takes them from flags and variables.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::support::{Ended, SERVERS, Server, World};

/// Says that it doesn't know who is asking, as Hippo does.
const UNAUTHORIZED: &[u8] =
    b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Who may talk to a server.
enum Clients {
    Anybody,
    /// Those with a certificate of its authority.
    Known,
}

/// A Hippo behind TLS that lets nobody in, and all PEM files that may be needed for it.
struct Secured {
    server: Server,
    authority: String,
    client_certificate: String,
    client_key: String,
}

fn secure_hippo(clients: Clients) -> Secured {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap();
    let authority = Issuer::new(params, key);
    let issue = |names: &[&str]| {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let params = CertificateParams::new(names).unwrap();
        (params.signed_by(&key, &authority).unwrap(), key)
    };
    let (certificate, key) = issue(&["localhost"]);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(root.der().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = match clients {
        Clients::Anybody => WebPkiClientVerifier::no_client_auth(),
        Clients::Known => verifier.build().unwrap(),
    };
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
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
    let (certificate, key) = issue(&[]);
    Secured {
        server,
        authority: root.pem(),
        client_certificate: certificate.pem(),
        client_key: key.serialize_pem(),
    }
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
    let hippo = secure_hippo(Clients::Anybody);
    let url = hippo.server.secure_url();
    let world = World::with_application();
    world.write("ca.pem", &hippo.authority);
    world.write("other.pem", secure_hippo(Clients::Anybody).authority);

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

#[test]
fn a_server_that_asks_for_a_client_certificate_gets_it() {
    let hippo = secure_hippo(Clients::Known);
    let url = hippo.server.secure_url();
    let world = World::with_application();
    world.write("ca.pem", &hippo.authority);
    world.write("me.pem", &hippo.client_certificate);
    private(&world.write("key.pem", &hippo.client_key));
    let both = format!("{}{}", hippo.client_certificate, hippo.client_key);
    private(&world.write("both.pem", both));

    let trusting = |flags: &[&str], variables: &[(&str, &str)]| {
        let mut all = vec!["--ca-file", "ca.pem"];
        all.extend(flags);
        deploy(&world, &url, &all, variables)
    };
    let ended = trusting(&[], &[]);
    assert_eq!(ended.code, Some(8), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("it wants a client certificate")
            && ended
                .stderr
                .contains("hint: `--client-cert <file>` or BOWLINE_CLIENT_CERT"),
        "{}",
        ended.stderr
    );
    // Not authenticated: Hippo was reached.
    for (flags, variables) in [
        (
            &["--client-cert", "me.pem", "--client-key", "key.pem"][..],
            &[][..],
        ),
        (&["--client-cert", "both.pem"], &[]),
        (&["--client-cert", "both.pem", "-k"], &[]),
        (
            &[],
            &[
                ("BOWLINE_CLIENT_CERT", "me.pem"),
                ("BOWLINE_CLIENT_KEY", "key.pem"),
            ],
        ),
    ] {
        let ended = trusting(flags, variables);
        assert_eq!(ended.code, Some(4), "{flags:?} {}", ended.stderr);
        assert!(
            !ended.stderr.contains("can read the private key"),
            "{}",
            ended.stderr
        );
    }
    #[cfg(unix)]
    {
        open_to_all(&world.path().join("key.pem"));
        let ended = trusting(&["--client-cert", "me.pem", "--client-key", "key.pem"], &[]);
        assert_eq!(ended.code, Some(4), "{}", ended.stderr);
        assert!(
            ended.stderr.contains(
                "warning: every user of this machine can read the private key in key.pem (mode 644)"
            ),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_client_certificate_that_cannot_be_used_is_a_usage_error() {
    let (one, other) = (secure_hippo(Clients::Known), secure_hippo(Clients::Known));
    let world = World::with_application();
    world.write("me.pem", &one.client_certificate);
    world.write("key.pem", &one.client_key);
    world.write("other.pem", &other.client_key);
    world.write("empty.pem", "");
    world.write("der.pem", b"\x30\x82\xff\xfe");
    world.write(
        "locked.pem",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    for (certificate, key, message) in [
        (
            "missing.pem",
            None,
            "can't read the client certificate in missing.pem",
        ),
        (
            "me.pem",
            Some("missing.pem"),
            "can't read the private key in missing.pem",
        ),
        (
            "empty.pem",
            Some("key.pem"),
            "empty.pem has no PEM-encoded certificate in it",
        ),
        (
            "me.pem",
            None,
            "me.pem has no PEM-encoded private key in it",
        ),
        (
            "me.pem",
            Some("der.pem"),
            "der.pem has no PEM-encoded private key in it",
        ),
        (
            "me.pem",
            Some("locked.pem"),
            "the private key in locked.pem is protected by a passphrase, and bowline asks for none",
        ),
        (
            "me.pem",
            Some("other.pem"),
            "the private key in other.pem does not belong to the certificate in me.pem",
        ),
    ] {
        let mut flags = vec!["--client-cert", certificate];
        flags.extend(key.iter().flat_map(|key| ["--client-key", key]));
        let ended = deploy(&world, "http://127.0.0.1:9", &flags, &[]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(
            ended.stderr.contains(&format!("error: {message}\n"))
                && ended.stderr.contains("hint: "),
            "{}",
            ended.stderr
        );
    }
}

fn private(file: &std::path::Path) {
    #[cfg(unix)]
    mode(file, 0o600);
    #[cfg(not(unix))]
    let _ = file;
}

#[cfg(unix)]
fn open_to_all(file: &std::path::Path) {
    mode(file, 0o644);
}

#[cfg(unix)]
fn mode(file: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
}
