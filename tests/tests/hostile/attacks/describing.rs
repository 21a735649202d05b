//! Breaking down, and breaking the contract.

use crate::attack::Attack;
use crate::attack::Outcome::*;
use crate::outside::Serve;

attacks! {

    traps_in_describe => |row| row.early().comes_to(Faulty(&["broke down in describe"]));

    loops_in_describe => |row| row.within("describe-compute", "200ms").early().comes_to(Limited(
        "compute",
        &["200ms of computing in describe"],
    ));

    traps_in_deploy => |row| row.comes_to(Faulty(&["'guest' broke down in deploy"]));

    traps_in_authenticate => |row| row.comes_to(Faulty(&["'guest' broke down in authenticate"]));

    exits => |row| row.comes_to(Faulty(&["'guest' broke down in deploy"]));

    foreign_url => |row| row
        .with("victim", "{victim}")
        .comes_to(Nothing("1"))
        .by_program(NotReady(&["{victim}", "is at the private address 127.0.0.1"]));

    false_readiness => |row| row.with_server(Serve::Ok).with("victim", "{victim}").comes_to(Faulty(&[
        "'guest' gave an answer to deploy",
        "does not begin with one '/'",
    ]));

    false_credential => |row| row.with_server(Serve::Text(401, "who are you?")).arriving(1).comes_to(Faulty(&[
        "'guest' gave an answer to authenticate",
        "holds control characters",
    ]));

    many_settings => |row| row.early().comes_to(Faulty(&["2000 settings"]));

    shadows_flags => |row| row
        .early()
        .comes_to(Nothing("None"))
        .by_program(Faulty(&["'guest'", "--insecure is a flag of bowline itself"]));

    foreign_variables => |row| row.early().comes_to(Nothing("None")).by_program(Faulty(&[
        "'guest' declares the variable AWS_SECRET_ACCESS_KEY",
    ]));

    undeclared_setting => |row| row.comes_to(Failed(2, &["the setting 'hippo-token' is not one that the target declares"]));

    poses => |row| row
        .with("hippo-url", "{server}")
        .with("hippo-password", "{secret}")
        .arriving_at_most(1)
        .entitled()
        .comes_to(Failed(13, &[]))
        .by_program(Unloadable(&["calls itself 'hippo', which is the name of the built-in target"]));
}
