//! Texts that are meant for the terminal rather than for who reads it.

use crate::attack::Attack;
use crate::attack::Outcome::*;
use crate::outside::Serve;

attacks! {

    escapes_in_messages => |row| row.comes_to(Failed(13, &["deployed"]));

    escapes_in_routes => |row| Attack {
        route: "/a\u{202e}\u{200b}b/...",
        ..row.with_server(Serve::Ok).comes_to(Nothing("done"))
    };

    escapes_in_urls => |row| row.comes_to(Nothing("done"));

    escapes_in_description => |row| row.early().comes_to(Faulty(&["is no lower-case name"]));

    false_id => |row| row.comes_to(Faulty(&["'guest' gave an answer to deploy that can't be used", "control characters"]));

    false_url => |row| row.comes_to(Faulty(&["'guest' gave an answer to deploy", "is no http or https URL"]));
}
