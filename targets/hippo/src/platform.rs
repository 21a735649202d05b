//! What a Hippo server runs. That depends on what runs its applications: Hippo's own scheduler starts Spin 1.x, which reads the manifest
//! of old bindles; the platform of `bowline local` has the same API, and reads Bowline's record of the application.

use bowline_target::{Ability, Offer};

use crate::describe::engines;

const SPIN: &str = "Spin 1.x, as Hippo's own scheduler starts it";
const BOWLINE: &str =
    "a platform that reads Bowline's record of the application, as `bowline local` does";

/// What Spin 1.5, the last one that reads bindles, offers to components: WASI 0.2 as it was before its release, and its own interfaces.
const SPIN_IMPORTS: [&str; 9] = [
    "fermyon:spin/*",
    "wasi:cli/*@0.2.0-rc-2023-10-18",
    "wasi:clocks/*@0.2.0-rc-2023-10-18",
    "wasi:filesystem/*@0.2.0-rc-2023-10-18",
    "wasi:http/*@0.2.0-rc-2023-10-18",
    "wasi:io/*@0.2.0-rc-2023-10-18",
    "wasi:poll/*@0.2.0-rc-2023-10-18",
    "wasi:random/*@0.2.0-rc-2023-10-18",
    "wasi:sockets/*@0.2.0-rc-2023-10-18",
];

/// By which of their exports it calls components.
const SPIN_EXPORTS: [&str; 2] = [
    "fermyon:spin/inbound-http",
    "wasi:http/incoming-handler@0.2.0-rc-2023-10-18",
];

/// What the local platform offers: WASI 0.2 and 0.3, HTTP included, and variables as Spin 2 to 4 have them.
const BOWLINE_IMPORTS: [&str; 17] = [
    "fermyon:spin/variables@2.0",
    "spin:variables/variables@3.0",
    "wasi:cli/*@0.2",
    "wasi:cli/*@0.3",
    "wasi:clocks/*@0.2",
    "wasi:clocks/*@0.3",
    "wasi:filesystem/*@0.2",
    "wasi:filesystem/*@0.3",
    "wasi:http/outgoing-handler@0.2",
    "wasi:http/types@0.2",
    "wasi:http/client@0.3",
    "wasi:http/types@0.3",
    "wasi:io/*@0.2",
    "wasi:random/*@0.2",
    "wasi:random/*@0.3",
    "wasi:sockets/*@0.2",
    "wasi:sockets/*@0.3",
];

/// By which of their exports it calls components.
const BOWLINE_EXPORTS: [&str; 2] = ["wasi:http/incoming-handler@0.2", "wasi:http/handler@0.3"];

/// What the server runs, where `engine` is the value of the setting of that name.
#[must_use]
pub fn runs(engine: Option<&str>) -> Vec<Offer> {
    let mut offers = Vec::new();
    let mut offer = |ability, place: Option<&str>| {
        offers.push(Offer {
            ability,
            only_on: place.map(str::to_owned),
        });
    };
    if engine != Some(engines::BOWLINE) {
        let place = engine.is_none().then_some(SPIN);
        for interface in SPIN_IMPORTS {
            offer(Ability::Imports(interface.into()), place);
        }
        for interface in SPIN_EXPORTS {
            offer(Ability::Exports(interface.into()), place);
        }
        offer(Ability::CoreModules, place);
    }
    if engine != Some(engines::SPIN) {
        let place = engine.is_none().then_some(BOWLINE);
        for interface in BOWLINE_IMPORTS {
            offer(Ability::Imports(interface.into()), place);
        }
        for interface in BOWLINE_EXPORTS {
            offer(Ability::Exports(interface.into()), place);
        }
    }
    offers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_engine_leaves_nothing_open() {
        for engine in [engines::SPIN, engines::BOWLINE] {
            let offers = runs(Some(engine));
            assert!(offers.iter().all(|offer| offer.only_on.is_none()));
        }
        let unknown = runs(None);
        assert!(unknown.iter().all(|offer| offer.only_on.is_some()));
        assert_eq!(
            unknown.len(),
            runs(Some(engines::SPIN)).len() + runs(Some(engines::BOWLINE)).len()
        );
    }

    #[test]
    fn only_spin_runs_core_modules() {
        let has = |engine| {
            let modules = |offer: &Offer| offer.ability == Ability::CoreModules;
            runs(Some(engine)).iter().any(modules)
        };
        assert!(has(engines::SPIN) && !has(engines::BOWLINE));
    }
}
