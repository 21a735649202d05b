//! Answers `/<name>` with a greeting that another component makes.

use wstd::http::{Body, Error, Request, Response};

use bindings::example::greeter::greet::greet;

mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "guest",
    });
}

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    let name = request.uri().path().trim_start_matches('/');
    let name = if name.is_empty() { "world" } else { name };
    Ok(Response::builder()
        .header("content-type", "text/plain; charset=utf-8")
        .body(greet(name).into())?)
}
