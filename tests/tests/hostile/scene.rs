//! Where an attack takes place: the servers around it and the application that it is given.

use std::borrow::Cow;
use std::fs;

use bowline_host::Revocation;
use bowline_tests::sample::Sample;

use crate::attack::{Attack, INPUT, KNOWN, SECRET};
use crate::outside::{Outside, Serve};

/// The address that hostile guests name where they can't know one.
const NOBODY: &str = "127.0.0.1:11111";

/// What hostile guests send by, and what they send by when this is written over it.
const CONTRACT: &str = "sends by contract";
const WASI: &str = "sends by wasihttp";

/// Another name of loopback, with the same port.
const REBOUND: &str = "rebound.localhost:11111";

/// A place for one attack.
pub struct Scene {
    /// Granted, where the attack has the setting for it.
    pub server: Outside,
    /// Never granted.
    pub victim: Outside,
    /// Takes the grant back as the attack says.
    pub revocation: Revocation,
    /// What is to be deployed.
    pub application: Sample,
}

impl Scene {
    /// Starts the servers and writes the application.
    pub fn of(attack: &Attack) -> Self {
        let victim = Outside::start(Serve::Text(200, "loot"), None, |_| ());
        let revocation = Revocation::new();
        let (handle, after) = (revocation.clone(), attack.revoked_after);
        let server = Outside::start(attack.serves, Some(victim.origin()), move |requests| {
            if after == Some(requests) {
                handle.revoke();
            }
        });
        let application = Sample::new();
        let manifest = application.path().join("spin.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let mut text = text.replace("/...", attack.route);
        if attack.variable.is_some() {
            text.push_str("[variables]\napi_key = { required = true, secret = true }\n");
        }
        fs::write(&manifest, text).unwrap();
        Self {
            server,
            victim,
            revocation,
            application,
        }
    }

    /// The attacking component, with the address of the server in the place of nobody's.
    pub fn component(&self, attack: &Attack) -> Cow<'static, [u8]> {
        let mut bytes = (attack.component)();
        // Ephemeral ports have five digits, as the one in the guests.
        let address = self.server.address();
        let rebound = format!("rebound.localhost:{}", address.port());
        for (from, to) in [(NOBODY, address.to_string()), (REBOUND, rebound)] {
            if from.len() == to.len() {
                replace(&mut bytes, from, &to);
            }
        }
        bytes
    }

    /// A text of the row with what its names stand for.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{server}", &self.server.origin())
            .replace(
                "{localhost}",
                &self.server.origin().replace("127.0.0.1", "localhost"),
            )
            .replace("{victim}", &self.victim.origin())
            .replace("{secret}", SECRET)
            .replace("{known}", KNOWN)
    }

    /// Checks what the world outside has seen.
    pub fn check(&self, attack: &Attack) {
        let (server, victim) = (self.server.heard(), self.victim.heard());
        assert!(victim.is_empty(), "the victim was asked: {victim:?}");
        assert!(
            attack.requests.contains(&server.len()),
            "{:?} requests should reach the granted server: {server:?}",
            attack.requests
        );
        for request in &server {
            assert!(
                attack.entitled || !request.contains(KNOWN),
                "the secret got out: {request}"
            );
            assert!(
                !request.contains(INPUT),
                "standard input got out: {request}"
            );
            assert!(
                !request.contains("smuggled") && !request.contains("bank.test"),
                "a request holds another: {request}"
            );
        }
    }
}

/// Makes the attack with each of its values, each time in a scene of its own; once more by `wasi:http`, if its requests can go
/// that way, too.
pub fn each_way(attack: &Attack, run: impl Fn(&Attack, &Scene, Cow<'static, [u8]>)) {
    for attack in &attack.one_by_one() {
        let scene = Scene::of(attack);
        run(attack, &scene, scene.component(attack));
        let scene = Scene::of(attack);
        if let Some(component) = by_wasi(&scene.component(attack)) {
            run(attack, &scene, component);
        }
    }
}

/// The same component, but it sends by `wasi:http`. `None` if it doesn't choose between the two.
pub fn by_wasi(component: &[u8]) -> Option<Cow<'static, [u8]>> {
    let mut bytes = Cow::Owned(component.to_vec());
    replace(&mut bytes, CONTRACT, WASI);
    (*bytes != *component).then_some(bytes)
}

/// Writes one text over another of the same length, wherever it is.
fn replace(bytes: &mut Cow<'static, [u8]>, from: &str, to: &str) {
    let places: Vec<_> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from.as_bytes())
        .map(|(place, _)| place)
        .collect();
    for place in places {
        bytes.to_mut()[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
}

/// Demands that nothing that a user sees holds a secret, standard input, a file or an escape sequence.
#[track_caller]
pub fn assert_clean(what: &str, text: &str) {
    for (thing, trace) in [
        ("the secret", KNOWN),
        ("standard input", INPUT),
        ("a file", "root:x:"),
        ("an escape sequence", "\u{1b}"),
        ("a control character", "\u{7}"),
        ("a control sequence", "\u{9b}"),
        ("a change of direction", "\u{202e}"),
    ] {
        assert!(!text.contains(trace), "{what} holds {thing}: {text:?}");
    }
}
