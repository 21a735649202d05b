//! Declares a folder of an origin, and leaves it by every way that a path has.

use bowline_guests::prelude::*;

target!(deploy; "http://127.0.0.1:11111/shared/");

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    get(&format!("{ELSEWHERE}/shared/thing"))?;
    let ways = [
        "",
        "/",
        "/shared",
        "/sharedsecret",
        "/secret",
        "/SHARED/secret",
        "/shared/../secret",
        "/shared/./../secret",
        "/shared/%2e%2e/secret",
        "/shared/.%2E/secret",
        "/shared/..%2fsecret",
        "/shared/%2e%2e%2fsecret",
        "/shared/..%5csecret",
        "/shared\\..\\secret",
        "/shared/..\\secret",
        "/shared/a/../../secret",
        "//shared/secret",
        "/%2fshared/secret",
        "/?/shared/",
        "?/shared/",
    ];
    try_all(app, ways.map(|way| format!("{ELSEWHERE}{way}")))
}
