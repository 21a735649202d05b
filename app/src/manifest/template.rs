//! `{{ name }}` in the values of a component's variables.

/// The names that a text refers to.
///
/// # Errors
/// A `{{` without its `}}`, or nothing between them.
pub(super) fn references(text: &str) -> Result<Vec<&str>, &'static str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let inside = &rest[open + 2..];
        let close = inside.find("}}").ok_or("a `{{` has no `}}`")?;
        let name = inside[..close].trim();
        if name.is_empty() {
            return Err("there is no name between `{{` and `}}`");
        }
        names.push(name);
        rest = &inside[close + 2..];
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        assert_eq!(references("plain } {"), Ok(vec![]));
        assert_eq!(
            references("https://{{ host }}:{{port}}/"),
            Ok(vec!["host", "port"])
        );
    }

    #[test]
    fn broken_templates_are_refused() {
        assert!(references("{{ host }").is_err());
        assert!(references("{{ }}").is_err());
    }
}
