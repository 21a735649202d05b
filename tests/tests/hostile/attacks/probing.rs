//! Looking around on the machine.

use crate::attack::Attack;
use crate::attack::Outcome::*;
use crate::outside::Serve;

attacks! {

    probes_files => |row| row.comes_to(Nothing("found []"));

    probes_environment => |row| row.comes_to(Nothing("found []"));

    probes_arguments => |row| row.comes_to(Nothing("found []"));

    probes_sockets => |row| row.with("victim", "{victim}").comes_to(Nothing("found []"));

    probes_streams => |row| row.with_server(Serve::Ok).arriving(1).comes_to(Nothing("found []"));

    probes_clocks => |row| row.comes_to(Nothing("found []"));

    uses_after_drop => |row| row.comes_to(Faulty(&["'guest' broke down in deploy"]));

    anothers_handle => |row| row.comes_to(Faulty(&["'guest' broke down in deploy"]));

    guesses_handles => |row| row
        .with_server(Serve::Ok)
        .with_token()
        // Its own are 1 and 2, the application and the environment.
        .with_each("number", &["1", "0", "3", "7", "8", "9", "1048576", "4294967295"])
        .comes_to(Faulty(&["'guest' broke down in deploy", "handle index"]));
}
