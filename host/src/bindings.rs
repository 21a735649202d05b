//! What `bindgen!` makes of the contract. Nothing of it leaves the crate; the rest of the host uses it through this module's names.

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "bowline:deploy/target",
        imports: {
            "bowline:deploy/application.[method]application.open": trappable,
            "bowline:deploy/application.[method]reader.read": async | trappable,
            "bowline:deploy/environment.[method]environment.setting": async | trappable,
            "bowline:deploy/bindle": async | trappable,
            "bowline:deploy/http": async | trappable,
            default: trappable,
        },
        exports: { default: async },
        require_store_data_send: true,
        with: {
            "bowline:deploy/application.application": crate::application::ApplicationHandle,
            "bowline:deploy/application.reader": crate::application::Reader,
            "bowline:deploy/environment.environment": crate::environment::EnvironmentHandle,
        },
        trappable_error_type: {
            "bowline:deploy/failure.error" => crate::state::GuestError,
        },
    });
}

pub(crate) use generated::bowline::deploy::{
    application, bindle, console, environment, failure, http,
};
pub(crate) use generated::exports::bowline::deploy::{
    authentication, deploy_target, planning, platform,
};
