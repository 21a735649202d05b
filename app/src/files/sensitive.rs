//! Files that nobody means to publish. They are deployed as Spin deploys them, and told.

/// Says what a file probably is, if its name tells that it should stay at home.
pub(super) fn suspicion(path: &str) -> Option<&'static str> {
    let mut parts = path.split('/');
    if parts.clone().any(|part| part == ".git") {
        return Some("the history of the repository (`.git`)");
    }
    if parts
        .clone()
        .any(|part| matches!(part, ".ssh" | ".aws" | ".gnupg" | ".kube"))
    {
        return Some("a folder of credentials");
    }
    let name = parts.next_back()?.to_ascii_lowercase();
    let is_example = [".example", ".sample", ".template"]
        .iter()
        .any(|end| name.ends_with(end));
    if (name == ".env" || name.starts_with(".env.")) && !is_example {
        return Some("settings that may hold secrets (`.env`)");
    }
    if matches!(
        name.as_str(),
        ".netrc" | ".npmrc" | ".pypirc" | ".pgpass" | ".git-credentials" | ".htpasswd"
    ) {
        return Some("credentials");
    }
    let key_ends = [".key", ".p12", ".pfx", ".jks", ".keystore"];
    let is_ssh_key = matches!(
        name.as_str(),
        "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519"
    );
    if is_ssh_key || key_ends.iter().any(|end| name.ends_with(end)) {
        return Some("a private key");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognised_by_name() {
        for path in [
            ".env",
            "a/.env.production",
            ".git/config",
            "keys/ID_RSA",
            "server.key",
            ".aws/credentials",
            "x/.npmrc",
        ] {
            assert!(suspicion(path).is_some(), "{path}");
        }
        for path in [
            "index.html",
            ".env.example",
            "environment",
            "keyboard.js",
            ".gitignore",
            ".well-known/x",
        ] {
            assert_eq!(suspicion(path), None, "{path}");
        }
    }
}
