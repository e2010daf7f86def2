//! Keyless verification against what others signed. `cargo xtask conformance` runs it.

#![cfg(feature = "keyless")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

#[path = "sigstore/tamper.rs"]
mod tamper;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use bartizan_engine::keyless::{Expectation, Expected, TrustRoot, verify};
use serde_json::Value;

/// The provenance part of the labelled corpus.
fn corpus() -> PathBuf {
    let folder = env::var_os("BARTIZAN_CORPUS").expect("BARTIZAN_CORPUS is not set");
    Path::new(&folder).join("provenance")
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS"]
fn conformance_of_keyless_verification_with_official_bundles() {
    let folder = corpus();
    let labels: Value = serde_json::from_slice(&fs::read(folder.join("labels.json")).unwrap()).unwrap();
    let mut cases = 0;
    for (name, label) in labels.as_object().unwrap() {
        if label["kind"] != "oms" || label["method"] != "sigstore" {
            continue;
        }
        cases += 1;
        let text = |field: &str| label[field].as_str().unwrap();
        let bundle = fs::read(folder.join(text("signature"))).unwrap();
        let file = TrustRoot::read(&folder.join(text("trust"))).unwrap();
        let exactly = |field: &str| Expected::exactly(text(field)).unwrap();
        let expected = Expectation { identity: exactly("identity"), issuer: exactly("issuer") };
        for root in [file, TrustRoot::shipped().unwrap()] {
            match verify(&bundle, &root, &expected) {
                Ok(_) => assert_eq!(text("expect"), "verified", "{name}"),
                Err(rejected) => {
                    assert_eq!(text("expect"), "failed", "{name}: {rejected:?}");
                    assert_eq!(text("reason"), rejected.kind.name(), "{name}: {rejected:?}");
                }
            }
            if text("expect") == "verified" {
                let bundle = serde_json::from_slice(&bundle).unwrap();
                for (what, changed) in tamper::all(&bundle) {
                    let result = verify(changed.to_string().as_bytes(), &root, &expected);
                    assert!(result.is_err(), "{name} with {what} was accepted");
                }
            }
        }
    }
    assert!(cases >= 2, "{cases} keyless cases");
    println!("{cases} keyless cases judged as labelled, twice each");
}
