//! Acting while it was only asked what it would do.

use crate::attack::Attack;
use crate::attack::Outcome::*;
use crate::outside::Serve;

attacks! {

    writes_while_planning => |row| row
        .with_server(Serve::Ok)
        .planning()
        .arriving(1)
        .comes_to(Refused(&["'guest' was refused", "while planning"]))
        .by_program(Faulty(&["'guest' was refused", "while planning"]));

    writes_in_authenticate => |row| row
        .with_server(Serve::Ok)
        .planning()
        .comes_to(Refused(&["'guest' was refused", "while logging in, which only looks and posts"]))
        .by_program(Faulty(&["'guest' was refused", "while logging in, which only looks and posts"]));

    pushes_while_planning => |row| row
        .with("bindle-server", "{server}/v1")
        .planning()
        .arriving_at_most(1)
        .comes_to(Refused(&["'guest' was refused"]))
        .by_program(Faulty(&["'guest' was refused", "while planning"]));

    traps_in_plan => |row| row.planning().comes_to(Faulty(&["'guest' broke down in plan"]));

    false_plan => |row| row.planning().comes_to(Faulty(&["'guest' gave an answer to plan that can't be used"]));
}
