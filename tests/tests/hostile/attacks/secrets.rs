//! Getting at secrets, or sending them elsewhere.

use bowline_guest_artifacts as guests;

use crate::attack::Outcome::*;
use crate::attack::{Attack, SECRET};
use crate::outside::Serve;

/// All that a target sees of the secret in an answer.
const STARS: &str = "*****************";

attacks! {

    secret_elsewhere => |row| row.with_server(Serve::Ok).with("other-url", "{victim}").with_token().comes_to(Refused(&[
        "'guest' was refused sending the secret 'token' to {victim}, where it does not belong",
    ]));

    variable_elsewhere => |row| row
        .with("server-url", "{victim}")
        .with_variable("{secret}")
        .private()
        .comes_to(Refused(&[
            "'guest' was refused sending the secret 'variable api_key' to {server}, where it does not belong",
        ]));

    secret_in_url => |row| row.with_server(Serve::Ok).with_token().comes_to(Refused(&[
        "'guest' was refused sending the secret 'token' to {server} within a URL",
    ]));

    placeholder_in_header_name => |row| row.with_server(Serve::Ok).with_token().comes_to(Refused(&[
        "'guest' was refused sending the secret 'token' to {server} as a method or within a header's name",
    ]));

    secret_in_pieces => |row| row
        .with("server-url", "{victim}")
        .with("other-url", "{server}")
        .with_token()
        .arriving_at_most(2)
        .comes_to(Refused(&["'guest' was refused sending the secret 'token' to {server}"]));

    secret_encoded => |row| row
        .with("server-url", "{victim}")
        .with("other-url", "{server}")
        .with_token()
        .arriving(7)
        .comes_to(Nothing("sent"));

    secret_in_text => |row| row.with_server(Serve::Ok).with_token().comes_to(Refused(&[
        "'guest' was refused sending the secret 'token' to {server} in a body that is neither JSON nor a form",
    ]));

    secret_told => |row| row.with_server(Serve::Ok).with_token().comes_to(Nothing("told"));

    secret_echoed => |row| row
        .with_server(Serve::Echo)
        .with_token()
        .with("known", "{known}")
        .arriving(7)
        .entitled()
        .comes_to(Nothing("found false, 1 stars"));

    secret_echoed_packed => |row| row.with_server(Serve::Packed).with_token().arriving(1).entitled().comes_to(Refused(&[
        "'guest' was refused an answer of {server} that is encoded",
    ]));

    secret_not_asked_for => |row| row
        .with_server(Serve::Text(200, SECRET))
        .with_token()
        .arriving(2)
        .comes_to(Nothing(STARS));

    /// Has the platform repeat a secret variable of the application that it has never asked the host for, and tells what it gets.
    variable_not_asked_for from guests::secret_not_asked_for => |row| row
        .with_server(Serve::Text(200, SECRET))
        .with_variable("{secret}")
        .arriving(2)
        .comes_to(Nothing(STARS));
    borrows_login => |row| row.with_server(Serve::Ok).with_login().comes_to(Nothing("no credential"));

    guesses_secrets => |row| row.with_server(Serve::Ok).with_token().arriving(3).comes_to(Nothing("sent"));

    hostile => |row| row
        .with_server(Serve::Ok)
        .with("victim", "{victim}")
        .with("password", "{secret}")
        .comes_to(Refused(&["'guest' was refused a request to {victim}, which is not granted"]));
}
