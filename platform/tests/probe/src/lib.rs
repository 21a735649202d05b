//! Tries, at the request of a test, what applications do and what they must not be able to do. The
//! first segment of the path says what, the query says with what; the answer is what came of it.

use std::fmt::Write as _;

mod spin {
    // Spin's interface of variables, as far as it matters here.
    wit_bindgen::generate!({
        inline: r"
            package fermyon:spin@2.0.0;
            interface variables {
                variant error { invalid-name(string), undefined(string), provider(string), other(string) }
                get: func(name: string) -> result<string, error>;
            }
            world probe { import variables; }
        ",
    });
}

use wstd::http::{Body, BodyExt as _, Client, Error, Request, Response};

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    let with = request.uri().query().unwrap_or_default().to_owned();
    let path = request
        .headers()
        .get("spin-path-info")
        .and_then(|path| path.to_str().ok())
        .unwrap_or(request.uri().path())
        .to_owned();
    let answer = match path.as_str() {
        "/headers" => headers(&request),
        "/environment" => environment(),
        "/variable" => variable(&with),
        "/echo" => return Ok(Response::new(request.into_body())),
        "/read" => outcome(std::fs::read_to_string(&with)),
        "/list" => outcome(list(&with)),
        "/write" => outcome(std::fs::write(&with, "changed").map(|()| "written".to_owned())),
        "/remove" => outcome(std::fs::remove_file(&with).map(|()| "removed".to_owned())),
        "/connect" => outcome(std::net::TcpStream::connect(&with).map(|_| "connected".to_owned())),
        "/fetch" => fetch(&with).await,
        "/log" => {
            println!("out {with}");
            eprintln!("err {with}");
            "logged".to_owned()
        }
        "/panic" => panic!("{with}"),
        "/compute" => compute(),
        "/remember" => remember(),
        "/allocate" => allocate(with.parse().unwrap_or(usize::MAX)),
        other => format!("nothing at {other}"),
    };
    Ok(Response::new(answer.into()))
}

fn outcome(result: std::io::Result<String>) -> String {
    result.unwrap_or_else(|error| format!("error: {error}"))
}

fn headers(request: &Request<Body>) -> String {
    let mut lines: Vec<String> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.sort();
    lines.concat()
}

fn environment() -> String {
    let mut text = String::new();
    for (name, value) in std::env::vars() {
        let _ = writeln!(text, "{name}={value}");
    }
    let _ = write!(text, "{} arguments", std::env::args().count());
    text
}

fn variable(name: &str) -> String {
    match spin::fermyon::spin::variables::get(name) {
        Ok(value) => value,
        Err(error) => format!("error: {error:?}"),
    }
}

fn list(folder: &str) -> std::io::Result<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names.join(" "))
}

async fn fetch(url: &str) -> String {
    let request = match Request::get(url).body(Body::empty()) {
        Ok(request) => request,
        Err(error) => return format!("error: {error}"),
    };
    match Client::new().send(request).await {
        Ok(response) => {
            let status = response.status().as_u16();
            match response.into_body().into_boxed_body().collect().await {
                Ok(body) => format!("{status} {}", String::from_utf8_lossy(&body.to_bytes())),
                Err(error) => format!("{status} error: {error:?}"),
            }
        }
        Err(error) => format!("error: {error:?}"),
    }
}

/// Never ends, and never waits.
fn compute() -> String {
    let mut number = 1_u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(3));
    }
}

/// How often this instance was asked before.
fn remember() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static ASKED: AtomicU32 = AtomicU32::new(0);
    ASKED.fetch_add(1, Ordering::Relaxed).to_string()
}

fn allocate(bytes: usize) -> String {
    let mut memory = Vec::<u8>::new();
    match memory.try_reserve_exact(bytes) {
        Ok(()) => format!("got {bytes}"),
        Err(_) => "refused".to_owned(),
    }
}
