//! Guests that use what they are lent in ways that it is not meant for.

use super::*;

#[tokio::test]
pub async fn hoards_bodies() {
    let settings = [("requests", "100")];
    let error = deploy(artifacts::hoards_bodies(), &settings)
        .await
        .unwrap_err();
    let HostError::Failed {
        failure: TargetFailure::Unexpected(written),
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    let written: usize = written.parse().unwrap();
    assert!(
        (100..=100 * (128 << 10)).contains(&written),
        "the host holds {written} bytes of bodies that are never sent"
    );
}
