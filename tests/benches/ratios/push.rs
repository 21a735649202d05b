//! Pushing to the real Bindle server, by our client and by the `bindle` crate's.

use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use bindle::SignatureRole;
use bindle::invoice::signature::{SecretKeyFile, SecretKeyStorage as _};
use bowline_app::{Application, BindleId, Bundle, PackError};
use bowline_host::bindle::Signer;
use bowline_tests::bindle_server::BindleServer;
use bowline_tests::reference_push::Exported;
use bowline_tests::sample::{self, Sample};

use crate::child::{self, Found, Server};
use crate::measure::{figure, heading, median, ratio};

const ID: &str = "shop/1.0.0+q1";

pub fn run() {
    // Each client pushes each application so often, in turn with the other one, to a server with an empty store.
    for (name, count, size, times) in [
        ("8 files of 32 MiB", 8, 32 << 20, 7),
        ("1,000 files of 4 KiB", 1000, 4 << 10, 7),
        ("2 files of 256 MiB", 2, 256 << 20, 3),
    ] {
        heading(&format!(
            "Pushing {name} to the real Bindle server, median of {times}"
        ));
        let sample = Sample::filled(count, size);
        let folder = sample.path().to_str().expect("the path is text");
        let key = sample.path().join("key.toml");
        Signer::load_or_create(&key, "bench").expect("a key can be made");
        let key = key.to_str().expect("the path is text");
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        // Once without looking, so that the first does not pay for a cold disk.
        push("push-ours", key, folder);
        for _ in 0..times {
            ours.push(push("push-ours", key, folder));
            theirs.push(push("push-theirs", key, folder));
        }
        let middle = |found: &[Found], part: fn(&Found) -> Duration| {
            median(found.iter().map(part).collect())
        };
        ratio(
            "push of a packed application",
            middle(&ours, |found| found.work),
            "the bindle crate's, its copies made before",
            middle(&theirs, |found| found.work),
            "1.00 or less",
        );
        ratio(
            "reading, hashing, packing and push",
            middle(&ours, |found| found.whole),
            "the same with the bindle crate's, copies included",
            middle(&theirs, |found| found.whole),
            "1.00 or less",
        );
        let most = ours.iter().map(|found| found.memory).max().unwrap_or(0);
        figure(
            "most memory of our process",
            format!("{:.1} MiB", most as f64 / 1024.0),
            "under 100 MiB",
        );
    }
}

/// Many small files, as parcels and in archives. Once, because the one takes its time.
pub fn archives() {
    heading("Pushing 5,000 files of 4 KiB to the real Bindle server, once");
    let sample = Sample::filled(5000, 4 << 10);
    let folder = sample.path().to_str().expect("the path is text");
    let key = sample.path().join("key.toml");
    Signer::load_or_create(&key, "bench").expect("a key can be made");
    let key = key.to_str().expect("the path is text");
    ratio(
        "reading, hashing, packing and push, in archives",
        push("push-archived", key, folder).whole,
        "a parcel for each file",
        push("push-ours", key, folder).whole,
        "0.10 or less",
    );
}

fn push(how: &str, key: &str, folder: &str) -> Found {
    let server = Server::start(&["serve", key]);
    child::measure(&[how, &server.url, key, folder])
}

/// A server, until stdin ends.
pub fn serve(key: &str) {
    let key = Signer::load_or_create(Path::new(key), "bench").expect("the key can be read");
    let server = BindleServer::start(&[&key.public_key()]);
    println!("{}", server.url());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn pack(folder: &str, how: fn(&Application, BindleId) -> Result<Bundle, PackError>) -> Bundle {
    let application = Application::load(Path::new(folder)).expect("the application can be read");
    let id = ID.parse().expect("the id is good");
    how(&application, id).expect("the application can be packed")
}

pub fn ours(url: &str, key: &str, folder: &str) {
    push_ours(url, key, folder, Bundle::pack);
}

pub fn archived(url: &str, key: &str, folder: &str) {
    push_ours(url, key, folder, Bundle::pack_archived);
}

fn push_ours(
    url: &str,
    key: &str,
    folder: &str,
    how: fn(&Application, BindleId) -> Result<Bundle, PackError>,
) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let signer = Signer::load_or_create(Path::new(key), "bench").expect("the key can be read");
    let start = Instant::now();
    let bundle = pack(folder, how);
    let client = sample::client(sample::options(url, &signer));
    let packed = Instant::now();
    let receipt = runtime
        .block_on(sample::push(&client, &bundle))
        .expect("the push succeeds");
    assert_eq!(receipt.uploaded, bundle.contents().len());
    child::report(packed.elapsed(), start.elapsed());
}

pub fn theirs(url: &str, key: &str, folder: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(async {
        let keys = SecretKeyFile::load_file(key)
            .await
            .expect("the key can be read");
        let key = keys
            .get_first_matching(&SignatureRole::Creator, None)
            .expect("there is a key");
        let start = Instant::now();
        let exported = Exported::new(&pack(folder, Bundle::pack), key);
        let keyring = std::sync::Arc::new(bindle::invoice::signature::KeyRing::default());
        let client = bindle::client::Client::new(url, bindle::client::tokens::NoToken, keyring)
            .expect("the client can be made");
        let packed = Instant::now();
        exported.push(&client).await;
        child::report(packed.elapsed(), start.elapsed());
    });
}
