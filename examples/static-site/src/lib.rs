//! A static site as a WASI 0.2 component: it serves the files that `spin.toml`
//! mounts at `/`.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use wstd::http::{Body, Error, Method, Request, Response, StatusCode};

/// Answers GET and HEAD with the file that the path names, `index.html` for a
/// path that ends with `/`.
#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut refused = answer(
            StatusCode::METHOD_NOT_ALLOWED,
            "text/plain",
            "only GET and HEAD are served here\n",
        );
        if let Ok(response) = &mut refused {
            response
                .headers_mut()
                .insert("allow", wstd::http::HeaderValue::from_static("GET, HEAD"));
        }
        return refused;
    }
    // Spin says which part of the path the route's wildcard stood for; without
    // that header the whole path counts.
    let path = request
        .headers()
        .get("spin-path-info")
        .and_then(|path| path.to_str().ok())
        .unwrap_or(request.uri().path());
    let Some(file) = file_of(path) else {
        return answer(StatusCode::NOT_FOUND, "text/plain", "no such page\n");
    };
    match std::fs::read(&file) {
        Ok(bytes) => answer(StatusCode::OK, media_type(&file), bytes),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => {
            answer(StatusCode::NOT_FOUND, "text/plain", "no such page\n")
        }
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain",
                "the page can't be read\n",
            )
        }
    }
}

/// The file that a request path names, or nothing when the path leaves the
/// site.
fn file_of(path: &str) -> Option<PathBuf> {
    let relative = Path::new(path.trim_start_matches('/'));
    if !relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return None;
    }
    let file = Path::new("/").join(relative);
    Some(if path.is_empty() || path.ends_with('/') {
        file.join("index.html")
    } else {
        file
    })
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn answer(
    status: StatusCode,
    media_type: &str,
    body: impl Into<Body>,
) -> Result<Response<Body>, Error> {
    Ok(Response::builder()
        .status(status)
        .header("content-type", media_type)
        .body(body.into())?)
}
