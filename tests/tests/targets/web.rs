//! Targets from web servers.

use bowline_guest_artifacts as guests;
use bowline_tests::meddler::{Act, Meddler, Seen};

use crate::world::{World, another_build, asking, digest};

fn serving(content: Vec<u8>) -> Meddler {
    Meddler::start(None, move |seen: &Seen| {
        let found = |place: &str| {
            Act::Answer(
                format!("HTTP/1.1 302 X\r\nlocation: {place}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .into_bytes(),
            )
        };
        let whole = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            content.len()
        );
        let half = &content[..content.len() / 2];
        match seen.path.as_str() {
            "/asks.wasm" => Act::Answer([whole.as_bytes(), &content].concat()),
            // The connection ends in the middle; what is half of it says that it is whole.
            "/cut" => Act::Answer([whole.as_bytes(), half].concat()),
            "/half" => Act::answer(200, "application/wasm", half),
            "/latest" => found("/asks.wasm"),
            "/loop" => found("/loop"),
            "/away" => found("http://10.0.0.1/asks.wasm"),
            "/file" => found("file:///etc/passwd"),
            "/large" => Act::AnswerForEver(
                [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1 << 20]].concat(),
            ),
            _ => Act::answer(404, "text/html", "<h1>\u{1b}[31mno such page</h1>"),
        }
    })
}

#[test]
fn a_url_needs_the_digest_of_what_it_gives_out() {
    let world = World::new();
    let server = serving(guests::asks().to_vec());
    let url = format!("{}/asks.wasm", server.origin());
    world
        .add(&url, guests::asks())
        .run()
        .fails(2, &["needs --sha256"]);
    world
        .deploy(&url)
        .run()
        .fails(2, &["is not installed", "bowline target add"]);
    assert!(server.seen().is_empty());

    let wrong = digest(&another_build(guests::asks()));
    let add = |url: &str, sha256: &str| {
        world
            .add(url, guests::asks())
            .arg("--sha256")
            .arg(sha256)
            .run()
    };
    add(&url, &wrong).fails(
        7,
        &["is not what --sha256 says", &digest(guests::asks()), &wrong],
    );
    add(&url, "12").fails(2, &["the value of --sha256 is not a digest"]);
    let right = digest(guests::asks());
    add(&url, right.trim_start_matches("sha256:")).success();
    assert_eq!(world.listed("guest").unwrap()["source"], url.as_str());
    asking(world.deploy("guest"), &world).run().success();
    asking(world.deploy(&url), &world).run().success();
    let asked = server.seen().len();
    assert_eq!(
        world.target(&["upgrade"]).run().success().stdout,
        "guest 0.1.0 is up to date\n"
    );
    assert_eq!(
        server.seen().len(),
        asked,
        "it is pinned, so there is nothing to ask"
    );
}

#[test]
fn a_download_that_is_not_whole_is_refused() {
    let world = World::new();
    let server = serving(guests::asks().to_vec());
    let refused = |path: &str, code: i32, said: &str| {
        world
            .add(&format!("{}{path}", server.origin()), guests::asks())
            .arg("--sha256")
            .arg(digest(guests::asks()))
            .run()
            .fails(code, &[said]);
    };
    refused(
        "/cut",
        8,
        &format!("no usable answer from {}", server.origin()),
    );
    refused("/half", 7, "is not what --sha256 says");
    assert!(world.listed("guest").is_none());
}

#[test]
fn redirects_and_sizes_are_bounded() {
    let world = World::new();
    let server = serving(guests::asks().to_vec());
    let add = |path: &str, flags: &[&str]| {
        let url = format!("{}{path}", server.origin());
        let add = world
            .add(&url, guests::asks())
            .arg("--sha256")
            .arg(digest(guests::asks()));
        flags.iter().fold(add, |add, flag| add.arg(flag)).run()
    };
    for (path, code, said) in [
        ("/loop", 13, "redirects more than 5 times"),
        (
            "/away",
            13,
            "redirects to http://10.0.0.1, which is not followed",
        ),
        ("/file", 13, "redirects to something that can't be asked"),
        ("/none", 6, "does not give out the target (status 404"),
        (
            "/large",
            11,
            "/large can't be used as a target: it goes beyond the limit 'component-size': a component of more than 50 MiB",
        ),
    ] {
        add(path, &[]).fails(code, &[said]);
    }
    add("/latest", &["--limit=component-size=1KiB"]).fails(
        11,
        &["a component of more than 1 KiB", "`--limit component-size="],
    );
    add("/latest", &[]).success();
}
