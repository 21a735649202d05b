//! What of the host a dependency may use: that which carries no configuration of the component, and what it inherits.

use std::collections::BTreeSet;

/// What of its component's configuration a dependency inherits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inherit {
    /// All of it.
    All,
    /// What these keys of the component table grant; none at all if there are none.
    Only(BTreeSet<String>),
}

impl Inherit {
    /// Nothing is inherited.
    pub fn nothing() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Whether a dependency may import the interface of this name from the host.
    pub fn allows(&self, import: &str) -> bool {
        let Self::Only(keys) = self else {
            return true;
        };
        let interface = import.split('@').next().unwrap_or_default();
        if HARMLESS.iter().any(|pattern| fits(pattern, interface)) {
            return true;
        }
        CONFIGURED.iter().any(|(key, patterns)| {
            keys.contains(*key) && patterns.iter().any(|pattern| fits(pattern, interface))
        })
    }
}

/// What tells nothing of the component and reaches nothing outside of it. The types of HTTP and files are among it: without a handler, or
/// a folder that was opened before, there is nothing that can be done with them.
const HARMLESS: &[&str] = &[
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/types",
    "wasi:clocks/*",
    "wasi:filesystem/types",
    "wasi:http/types",
    "wasi:io/*",
    "wasi:logging/*",
    "wasi:random/*",
];

/// Keys of a component table, and the interfaces by which a component uses what they grant.
const CONFIGURED: &[(&str, &[&str])] = &[
    ("ai_models", &["fermyon:spin/llm", "spin:llm/*"]),
    (
        "allowed_outbound_hosts",
        &[
            "fermyon:spin/http",
            "fermyon:spin/mqtt",
            "fermyon:spin/mysql",
            "fermyon:spin/postgres",
            "fermyon:spin/rdbms-types",
            "fermyon:spin/redis",
            "fermyon:spin/redis-types",
            "spin:mqtt/*",
            "spin:mysql/*",
            "spin:postgres/*",
            "spin:redis/*",
            "wasi:http/client",
            "wasi:http/outgoing-handler",
            "wasi:sockets/*",
        ],
    ),
    ("environment", &["wasi:cli/environment"]),
    ("files", &["wasi:filesystem/preopens"]),
    (
        "key_value_stores",
        &[
            "fermyon:spin/key-value",
            "spin:key-value/*",
            "wasi:keyvalue/*",
        ],
    ),
    (
        "sqlite_databases",
        &["fermyon:spin/sqlite", "spin:sqlite/*"],
    ),
    (
        "variables",
        &[
            "fermyon:spin/config",
            "fermyon:spin/variables",
            "spin:variables/*",
            "wasi:config/*",
        ],
    ),
];

/// The keys that can be inherited one by one.
pub fn keys() -> impl Iterator<Item = &'static str> {
    CONFIGURED.iter().map(|(key, _)| *key)
}

fn fits(pattern: &str, interface: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(package) => interface.starts_with(package),
        None => pattern == interface,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_to_be_harmless_is_inherited_or_refused() {
        let nothing = Inherit::nothing();
        for harmless in ["wasi:io/streams@0.2.6", "wasi:clocks/system-clock@0.3.0"] {
            assert!(nothing.allows(harmless), "{harmless}");
        }
        for refused in [
            "wasi:http/outgoing-handler@0.2.0",
            "wasi:cli/environment@0.2.0",
            "wasi:iot/x",
            "acme:secrets/vault",
            "spin:variables/variables@3.0.0",
            "plain-name",
        ] {
            assert!(!nothing.allows(refused), "{refused}");
            assert!(Inherit::All.allows(refused), "{refused}");
        }
        let variables = Inherit::Only(["variables".to_owned()].into());
        assert!(variables.allows("fermyon:spin/variables@2.0.0"));
        assert!(!variables.allows("fermyon:spin/key-value@2.0.0"));
    }
}
