//! Is the bindle that a server has the one we would push?

use bowline_app::archive::index_parcel;
use bowline_app::invoice::{Group, Invoice, Parcel};

use crate::text;

/// Says, in words, the first difference between the server's invoice and ours,
/// or `None` when they describe the same bindle.
///
/// The server adds its own signature and time, and rewrites what it stores, so
/// only what a reader of the bindle acts upon is compared, and in order, because
/// signatures cover the order: digest, name, size, media type and groups of each
/// parcel, the groups, description and authors. Absent and empty lists are equal.
pub(super) fn difference(theirs: &Invoice, ours: &Invoice) -> Option<String> {
    match (index_parcel(theirs), index_parcel(ours)) {
        (Some(_), None) => return Some("its files are in archives there".to_owned()),
        (None, Some(_)) => return Some("its files are parcels there".to_owned()),
        _ => {}
    }
    if theirs.parcel.len() != ours.parcel.len() {
        return Some(format!(
            "{} parcels there, {} here",
            theirs.parcel.len(),
            ours.parcel.len()
        ));
    }
    for (index, (there, here)) in theirs.parcel.iter().zip(&ours.parcel).enumerate() {
        if let Some(what) = parcel_difference(there, here) {
            // Our own name of it: the server's is not to be trusted.
            let name = text::line(&here.label.name, 80);
            return Some(format!("{what} of parcel {} ({name}) differs", index + 1));
        }
    }
    let what = if !theirs
        .group
        .iter()
        .map(group)
        .eq(ours.group.iter().map(group))
    {
        "the list of groups differs"
    } else if theirs.bindle.description != ours.bindle.description {
        "the description differs"
    } else if list(&theirs.bindle.authors) != list(&ours.bindle.authors) {
        "the list of authors differs"
    } else {
        return None;
    };
    Some(what.to_owned())
}

fn parcel_difference(there: &Parcel, here: &Parcel) -> Option<&'static str> {
    if there.label.sha256 != here.label.sha256 {
        Some("the content")
    } else if there.label.name != here.label.name {
        Some("the name")
    } else if there.label.size != here.label.size {
        Some("the size")
    } else if there.label.media_type != here.label.media_type {
        Some("the media type")
    } else if member_of(there) != member_of(here) {
        Some("the group")
    } else {
        None
    }
}

fn member_of(parcel: &Parcel) -> &[String] {
    parcel
        .conditions
        .as_ref()
        .map_or(&[], |conditions| list(&conditions.member_of))
}

fn group(group: &Group) -> (&str, bool, &str) {
    (
        &group.name,
        group.required.unwrap_or(false),
        // The specification's default.
        group.satisfied_by.as_deref().unwrap_or("allOf"),
    )
}

fn list(list: &Option<Vec<String>>) -> &[String] {
    list.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice(text: &str) -> Invoice {
        Invoice::from_toml(&format!(
            "bindleVersion = '1.0.0'\n[bindle]\nname = 'a'\nversion = '1.0.0'\n{text}"
        ))
        .unwrap()
    }

    fn with_parcel(sha: &str, name: &str, size: u64, media: &str, conditions: &str) -> Invoice {
        invoice(&format!(
            "[[parcel]]\n[parcel.label]\nsha256 = '{sha}'\nname = '{name}'\nsize = {size}\nmediaType = '{media}'\n{conditions}"
        ))
    }

    #[test]
    fn what_the_server_adds_does_not_matter() {
        let ours = with_parcel("aa", "f", 1, "text/html", "");
        let mut theirs = with_parcel(
            "aa",
            "f",
            1,
            "text/html",
            "[parcel.conditions]\nmemberOf = []",
        );
        theirs.bindle.authors = Some(Vec::new());
        theirs.annotations = Some([("k".to_owned(), "v".to_owned())].into());
        assert_eq!(difference(&theirs, &ours), None);
    }

    #[test]
    fn every_part_that_readers_use_is_compared() {
        let ours = with_parcel(
            "aa",
            "f",
            1,
            "text/html",
            "[parcel.conditions]\nmemberOf = ['g']",
        );
        let conditions = "[parcel.conditions]\nmemberOf = ['g']";
        let cases = [
            (
                with_parcel("bb", "f", 1, "text/html", conditions),
                "the content of parcel 1 (f)",
            ),
            (
                with_parcel("aa", "g", 1, "text/html", conditions),
                "the name of parcel 1 (f)",
            ),
            (
                with_parcel("aa", "f", 2, "text/html", conditions),
                "the size",
            ),
            (
                with_parcel("aa", "f", 1, "text/css", conditions),
                "the media type",
            ),
            (with_parcel("aa", "f", 1, "text/html", ""), "the group of"),
            (invoice(""), "0 parcels there, 1 here"),
        ];
        for (theirs, expected) in cases {
            let found = difference(&theirs, &ours).unwrap();
            assert!(found.contains(expected), "{found}");
        }
        let plain = invoice("");
        assert_eq!(
            difference(&invoice("[[group]]\nname = 'g'"), &plain).unwrap(),
            "the list of groups differs"
        );
        let mut described = plain.clone();
        described.bindle.description = Some("d".to_owned());
        assert_eq!(
            difference(&described, &plain).unwrap(),
            "the description differs"
        );
        let mut authored = plain.clone();
        authored.bindle.authors = Some(vec!["Ann".to_owned()]);
        assert_eq!(
            difference(&authored, &plain).unwrap(),
            "the list of authors differs"
        );
    }

    #[test]
    fn order_of_parcels_matters() {
        let parcel = |sha: &str| with_parcel(sha, sha, 1, "a/b", "").parcel.remove(0);
        let mut ours = invoice("");
        ours.parcel = vec![parcel("aa"), parcel("bb")];
        let mut theirs = ours.clone();
        theirs.parcel.reverse();
        assert!(difference(&theirs, &ours).is_some());
    }
}
