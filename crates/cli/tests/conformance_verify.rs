//! `bartizan verify` on the keyless signatures of others, from the command line. `cargo xtask conformance` runs it; it needs
//! data that is not part of this repository.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{env, fs, path::PathBuf};

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;

#[test]
#[ignore = "needs BARTIZAN_CORPUS"]
fn conformance_of_verify_with_official_keyless_signatures() {
    let folder =
        PathBuf::from(env::var_os("BARTIZAN_CORPUS").expect("BARTIZAN_CORPUS is set")).join("provenance");
    let labels: Value = serde_json::from_slice(&fs::read(folder.join("labels.json")).unwrap()).unwrap();
    let keyless = |label: &&Value| label["kind"] == "oms" && label["method"] == "sigstore";
    let mut cases = 0;
    for label in labels.as_object().unwrap().values().filter(keyless) {
        let text = |field: &str| label[field].as_str().unwrap();
        let ignore = label["ignore"].as_array().into_iter().flatten();
        for trusted_root in [&["--trusted-root", text("trust")][..], &[]] {
            let mut command = cargo_bin_cmd!("bartizan");
            command.current_dir(&folder).args(["verify", text("model"), "--signature", text("signature")]);
            command.args(["--identity", text("identity"), "--issuer", text("issuer"), "--format", "json"]);
            command.args(trusted_root);
            ignore.clone().for_each(|path| {
                command.args(["--ignore", path.as_str().unwrap()]);
            });
            let output = command.output().unwrap();
            let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(verdict["status"], label["expect"], "{label}: {verdict}");
            assert_eq!(verdict["reason"], label["reason"], "{label}: {verdict}");
            assert_eq!(output.status.code(), Some(i32::from(label["expect"] == "failed")));
            cases += 1;
        }
    }
    assert!(cases >= 4, "the corpus has at least two such cases");
    println!("{cases} verdicts as labelled");
}
