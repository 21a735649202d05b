//! The bodies of the fuzz targets over their seeds, and over texts made from those.

use bowline_replay::replay;

#[test]
fn manifests() {
    replay("manifest", 3_000, bowline_fuzzing::manifest);
}

#[test]
fn manifests_of_version_one() {
    replay("manifest_one", 3_000, bowline_fuzzing::manifest_one);
}

#[test]
fn manifests_of_version_two() {
    replay("manifest_two", 3_000, bowline_fuzzing::manifest_two);
}

#[test]
fn invoices() {
    replay("invoice", 10_000, bowline_fuzzing::invoice);
}

#[test]
fn bindles() {
    replay("bindle", 10_000, bowline_fuzzing::bindle);
}

#[test]
fn journals() {
    replay("journal", 10_000, bowline_fuzzing::journal);
}

#[test]
fn rules() {
    replay("rule", 20_000, bowline_fuzzing::rule);
}
