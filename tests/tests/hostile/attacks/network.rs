//! Requests to where they may not go, and requests that are more than they seem.

use crate::attack::Approved;
use crate::attack::Attack;
use crate::attack::Outcome::*;
use crate::outside::Serve;

attacks! {

    denied_origin => |row| row.with_server(Serve::Ok).with("victim", "{victim}").comes_to(Refused(&[
        "'guest' was refused a request to {victim}, which is not granted",
    ]));

    content_elsewhere => |row| row.with_server(Serve::Ok).with("victim", "{victim}").comes_to(Refused(&[
        "'guest' was refused a request to {victim}, which is not granted",
    ]));

    follows_redirect => |row| row.with_server(Serve::Redirect).arriving(1).comes_to(Refused(&[
        "'guest' was refused a request to {victim}, which is not granted",
    ]));

    denied_method => |row| row.private().arriving(1).comes_to(Refused(&[
        "'guest' was refused a request to {server} with the method POST",
    ]));

    overrides_method => |row| row.private().arriving(1).comes_to(Refused(&[
        "'guest' was refused a request to {server} with the header x-http-method-override",
    ]));

    denied_path => |row| row.private().arriving(1).comes_to(Refused(&[
        "'guest' was refused a request to {server} for the path /",
    ]));

    rebinds_name => |row| row.comes_to(Refused(&[
        "'guest' was refused a request to http://rebound.localhost:",
        "which is at the private address",
    ]));

    asks_metadata => |row| row.comes_to(Refused(&[
        "'guest' was refused a request to http://169.254.169.254",
        "which is at the private address 169.254.169.254",
    ]));

    asks_private_addresses => |row| row.comes_to(Refused(&[
        "'guest' was refused a request to {server}, which is at the private address 127.0.0.1",
    ]));

    userinfo_look_alike => |row| row.with_server(Serve::Ok).with("victim", "{victim}").comes_to(Refused(&[
        "'guest' was refused a request to an address that can't be used",
        "user name or password",
    ]));

    idn_look_alike => |row| row.with("server-url", "{localhost}").comes_to(Refused(&[
        "'guest' was refused a request to http://xn--lcalhost-nbh:",
    ]));

    injects_headers => |row| row.with_server(Serve::Ok).arriving(1).comes_to(Nothing("accepted []"));

    forbidden_headers => |row| row.with_server(Serve::Ok).comes_to(Nothing("accepted []"));

    lies_about_length => |row| row.with_server(Serve::Ok).comes_to(Nothing("accepted []"));

    many_requests => |row| row.with_server(Serve::Ok).within("requests", "5").arriving(5).comes_to(Limited(
        "requests",
        &["'guest' used more than 5 requests in deploy"],
    ));

    many_requests_at_once => |row| row.with_server(Serve::Silent).arriving_at_most(16).comes_to(Limited(
        "concurrent-requests",
        &["'guest' used more than 16 HTTP requests at the same time in deploy"],
    ));

    ignores_refusals, only library => |row| Attack {
        revoked_after: Some(3),
        ..row.with_server(Serve::Ok).arriving(3).comes_to(Shrugged(
            "3 answered",
            &["denied what it was granted until the grant was revoked"],
        ))
    };

    pushes_as_another, only program => |row| row
        .with("bindle-server", "{server}/v1")
        .comes_to(Refused(&["'guest' was refused the bindle bank/", "is deployed"]));

    presumes => |row| row
        .approved(Approved::Nothing)
        .comes_to(Refused(&["'guest' was refused the setting 'collector-url', which is not granted"]))
        .by_program(NotApproved(&["https://collector.invalid"]));

    network_in_describe => |row| row.comes_to(Nothing("1"));
}
