//! Files that are no target, or more than one should be.

use crate::attack::Approved;
use crate::attack::Attack;
use crate::attack::Outcome::*;
use crate::components;

attacks! {

    /// Is no WebAssembly at all.
    no_wasm from components::no_wasm => |row| row.comes_to(Unloadable(&["it is not WebAssembly"]));

    /// Is a core module, which has no types to check.
    core_module from components::core_module => |row| row.comes_to(Unloadable(&["core WebAssembly module"]));

    /// Ends in the middle.
    truncated_component from components::truncated => |row| row.comes_to(Unloadable(&["it is broken"]));

    /// Says that it is of this version of the contract, and its functions are of another.
    lying_version from components::lying_version => |row| row.early().comes_to(Faulty(&["broke down in describe"]));

    /// Is of a later version of the contract.
    newer_version from components::newer_version => |row| row.comes_to(Unloadable(&["built for version 0.2.0"]));

    /// Imports an interface of a later version of the contract beside those of this one.
    newer_import from components::newer_import => |row| row.comes_to(Unloadable(&[
        "it imports what a deploy target can't have",
        "@0.2.0",
    ]));

    /// Imports what no target gets, under a name like WASI's.
    foreign_import from components::foreign_import => |row| row.comes_to(Unloadable(&[
        "it imports what a deploy target can't have",
    ]));

    /// Has 60 MiB.
    oversized_component from components::oversized => |row| row.early().comes_to(Limited("component-size", &["50 MiB"]));

    /// Nests components a thousand deep.
    nested_components from components::nested_components => |row| row.early().comes_to(Limited("nesting", &["20 levels"]));

    /// Nests a type ten thousand deep.
    nested_types from components::nested_types => |row| row.comes_to(Unloadable(&[
        "it can't be compiled",
        "type nesting is too deep",
    ]));

    /// Has a type whose size doubles with each of its sixty definitions.
    doubling_types from components::doubling_types => |row| row.comes_to(Unloadable(&[
        "it can't be compiled",
        "effective type size exceeds the limit of 1000000",
    ]));

    /// Has a function of several MiB.
    huge_function from components::huge_function => |row| row.early().comes_to(Limited("function-size", &["2 MiB"]));

    /// Has functions that are as large as they may be, and take minutes to compile.
    laborious_functions from components::laborious_functions, only program => |row| row
        .within("compile-time", "1s")
        .early()
        .comes_to(Limited("compile-time", &["1s to compile"]));

    /// Has a million functions.
    many_functions from components::many_functions => |row| row.early().comes_to(Limited("functions", &["100000 functions"]));

    /// Is another file than the one that the user approved.
    tampered_component from components::tampered, only program => |row| row
        .approved(Approved::Another)
        .comes_to(NotApproved(&["sha256:"]));
}
