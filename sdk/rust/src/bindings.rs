//! What wit-bindgen makes of the contract. Nothing else in the crate sees the macro.
//!
//! Its own `export!` exports every interface of the world. The macros of [`crate::export`] take the code that it made for
//! each single interface, and add the description of that interface alone.

wit_bindgen::generate!({
    world: "target",
    path: "../../wit",
    pub_export_macro: true,
    default_bindings_module: "$crate::bindings",
    additional_derives: [PartialEq, Eq],
    // A handle in them has no equal.
    additional_derives_ignore: ["body", "request"],
});
