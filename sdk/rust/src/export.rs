//! The macros that make a component export one interface each.
//!
//! Each defines the functions that the component's host calls, and a custom section that tells wit-component what they
//! are. (The build script says why the sections are ours.) Outside of WebAssembly they only check that the type has the
//! trait: native linkers don't take names such as `bowline:deploy/planning@0.1.0#plan`.

/// Exports [`DeployTarget`](crate::DeployTarget) from the component: `export_deploy_target!(MyType);`
#[macro_export]
macro_rules! export_deploy_target {
    ($target:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::__export_bowline_deploy_deploy_target_0_1_0_cabi!(
            $target with_types_in $crate::bindings::exports::bowline::deploy::deploy_target
        );
        $crate::__describe!("deploy-target", DEPLOY_TARGET);
        const _: () = {
            const fn has<T: $crate::DeployTarget>() {}
            has::<$target>()
        };
    };
}

/// Exports [`Authentication`](crate::Authentication) from the component: `export_authentication!(MyType);`
#[macro_export]
macro_rules! export_authentication {
    ($target:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::__export_bowline_deploy_authentication_0_1_0_cabi!(
            $target with_types_in $crate::bindings::exports::bowline::deploy::authentication
        );
        $crate::__describe!("authentication", AUTHENTICATION);
        const _: () = {
            const fn has<T: $crate::Authentication>() {}
            has::<$target>()
        };
    };
}

/// Exports [`Planning`](crate::Planning) from the component: `export_planning!(MyType);`
#[macro_export]
macro_rules! export_planning {
    ($target:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::__export_bowline_deploy_planning_0_1_0_cabi!(
            $target with_types_in $crate::bindings::exports::bowline::deploy::planning
        );
        $crate::__describe!("planning", PLANNING);
        const _: () = {
            const fn has<T: $crate::Planning>() {}
            has::<$target>()
        };
    };
}

/// Exports [`Platform`](crate::Platform) from the component: `export_platform!(MyType);`
#[macro_export]
macro_rules! export_platform {
    ($target:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::__export_bowline_deploy_platform_0_1_0_cabi!(
            $target with_types_in $crate::bindings::exports::bowline::deploy::platform
        );
        $crate::__describe!("platform", PLATFORM);
        const _: () = {
            const fn has<T: $crate::Platform>() {}
            has::<$target>()
        };
    };
}

/// Exports [`Lifecycle`](crate::Lifecycle) from the component: `export_lifecycle!(MyType);`
///
/// Linking fails where [`export_deploy_target!`](crate::export_deploy_target) is missing: what this interface manages is
/// what that one deployed.
#[macro_export]
macro_rules! export_lifecycle {
    ($target:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::__export_bowline_deploy_lifecycle_0_1_0_cabi!(
            $target with_types_in $crate::bindings::exports::bowline::deploy::lifecycle
        );
        $crate::__describe!("lifecycle", LIFECYCLE);
        const _: () = {
            const fn has<T: $crate::Lifecycle>() {}
            has::<$target>()
        };
    };
}

/// Puts one description into the module that is linked.
#[doc(hidden)]
#[macro_export]
macro_rules! __describe {
    ($name:literal, $bytes:ident) => {
        const _: () = {
            #[cfg(target_family = "wasm")]
            #[unsafe(link_section = concat!("component-type:bowline-target:", $name))]
            #[used]
            static DESCRIPTION: [u8; $crate::export::$bytes.len()] = *$crate::export::$bytes;
        };
    };
}

macro_rules! descriptions {
    ($($constant:ident $name:literal)*) => {$(
        #[doc(hidden)]
        pub const $constant: &[u8; include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".component-type")).len()] =
            include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".component-type"));
    )*};
}

descriptions! {
    DEPLOY_TARGET "deploy-target"
    AUTHENTICATION "authentication"
    PLANNING "planning"
    PLATFORM "platform"
    LIFECYCLE "lifecycle"
}
