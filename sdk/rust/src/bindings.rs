//! What wit-bindgen makes of the contract. Nothing else in the crate sees the macro.
//!
//! There is one world for each interface that a target may export, because a component must export exactly what its
//! author wrote: the host finds optional operations by looking for their interfaces. A world's description reaches
//! the component through a custom section that its export macro emits, and wit-component unites the sections it finds.
#![expect(
    clippy::allow_attributes_without_reason,
    reason = "generated from the WIT files"
)]

/// Every import, and `deploy-target`. The other worlds use this one's types.
pub mod deploying {
    wit_bindgen::generate!({
        inline: "
            package bowline:rust-sdk;
            world deploying {
                include bowline:deploy/capabilities@0.1.0;
                export bowline:deploy/deploy-target@0.1.0;
            }
        ",
        path: "../../wit",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_deploy_target",
        default_bindings_module: "::bowline_target::bindings::deploying",
    });
}

/// `authentication` alone.
pub mod authenticating {
    wit_bindgen::generate!({
        inline: "
            package bowline:rust-sdk;
            world authenticating {
                export bowline:deploy/authentication@0.1.0;
            }
        ",
        path: "../../wit",
        with: {
            "bowline:deploy/environment@0.1.0": crate::bindings::deploying::bowline::deploy::environment,
            "bowline:deploy/failure@0.1.0": crate::bindings::deploying::bowline::deploy::failure,
        },
        pub_export_macro: true,
        export_macro_name: "export_authentication",
        default_bindings_module: "::bowline_target::bindings::authenticating",
    });
}

/// `planning` alone.
pub mod planning {
    wit_bindgen::generate!({
        inline: "
            package bowline:rust-sdk;
            world planning {
                export bowline:deploy/planning@0.1.0;
            }
        ",
        path: "../../wit",
        with: {
            "bowline:deploy/application@0.1.0": crate::bindings::deploying::bowline::deploy::application,
            "bowline:deploy/environment@0.1.0": crate::bindings::deploying::bowline::deploy::environment,
            "bowline:deploy/failure@0.1.0": crate::bindings::deploying::bowline::deploy::failure,
        },
        pub_export_macro: true,
        export_macro_name: "export_planning",
        default_bindings_module: "::bowline_target::bindings::planning",
    });
}
