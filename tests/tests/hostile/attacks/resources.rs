//! Taking too much.

use crate::attack::Attack;
use crate::attack::Outcome::*;
use crate::components;
use crate::outside::Serve;

attacks! {

    memory_bomb => |row| row.within("memory", "32MiB").comes_to(Limited(
        "memory",
        &["'guest' used more than 32 MiB of memory in deploy"],
    ));

    /// Makes a table larger and larger while it starts.
    table_bomb from components::table_bomb => |row| row.early().comes_to(Limited("table-elements", &["table elements"]));

    /// Instantiates a module more often than there is any reason for.
    instance_bomb from components::instance_bomb => |row| row.early().comes_to(Limited("instances", &["100 instances"]));

    stack_bomb => |row| row.comes_to(Limited(
        "call-stack",
        &["'guest' used a deeper call stack than there is in deploy"],
    ));

    handle_bomb => |row| row.within("handles", "50").comes_to(Limited(
        "handles",
        &["'guest' used more than 50 handles in deploy"],
    ));

    wait_bomb => |row| row.within("handles", "50").comes_to(Limited("handles", &["'guest' used more than 50 handles"]));

    uploads_on => |row| row.with_server(Serve::Early).within("concurrent-requests", "4").arriving(4).comes_to(Limited(
        "concurrent-requests",
        &["'guest' used more than 4 HTTP requests at the same time"],
    ));

    header_hoard => |row| row.comes_to(Limited("live-headers", &["'guest' used more than 8 MiB of headers"]));

    body_hoard => |row| row.comes_to(Limited("handles", &["'guest' used more than 1000 handles"]));

    poll_bomb => |row| row.comes_to(Limited("call-bytes", &["'guest' used more than 16 MiB in one call"]));

    string_bomb => |row| row.comes_to(Limited("call-bytes", &["'guest' used more than 16 MiB in one call"]));

    answer_bomb => |row| row.comes_to(Limited("call-bytes", &["'guest' used more than 16 MiB in one call"]));

    random_bomb => |row| row.comes_to(Faulty(&["'guest' broke down in deploy"]));

    zeroes_bomb => |row| row.comes_to(Faulty(&["'guest' broke down in deploy"]));

    endless_loop => |row| row.within("compute", "200ms").comes_to(Limited(
        "compute",
        &["'guest' used more than 200ms of computing in deploy"],
    ));

    endless_host_calls => |row| row.within("compute", "200ms").comes_to(Limited(
        "compute",
        &["'guest' used more than 200ms of computing in deploy"],
    ));

    endless_wait => |row| row.within("wall-clock", "300ms").comes_to(Limited(
        "wall-clock",
        &["'guest' used more than 300ms altogether in deploy"],
    ));

    silent_server => |row| row.with_server(Serve::Silent).within("wall-clock", "500ms").arriving_at_most(1).comes_to(
        Limited("wall-clock", &["'guest' used more than 500ms altogether in deploy"])
    );

    slow_drip => |row| row.with_server(Serve::Drip).within("wall-clock", "500ms").arriving_at_most(1).comes_to(
        Limited("wall-clock", &["'guest' used more than 500ms altogether in deploy"])
    );

    endless_answer => |row| row.with_server(Serve::Endless).within("response-body", "1MiB").arriving(1).comes_to(
        Limited("response-body", &["'guest' used a response body of more than 1 MiB in deploy"])
    );

    huge_header => |row| row.with_server(Serve::HugeHeaders(200 << 10)).arriving(1).comes_to(Limited(
        "headers",
        &["'guest' used more than 128 KiB of headers in deploy"],
    ));

    console_flood => |row| row.comes_to(Nothing("done"));

    link_flood => |row| row.comes_to(Nothing("done"));

    output_flood => |row| row.comes_to(Nothing("done"));

    nags, only library => |row| row.comes_to(Shrugged("done", &["the use of Bindle, which is not granted"]));
}
