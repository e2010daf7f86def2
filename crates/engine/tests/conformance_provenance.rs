//! Signatures against labelled cases that we did not make. `cargo xtask conformance` runs them; they need data that is
//! not part of this repository.

#![cfg(feature = "keyless")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use bartizan_engine::{
    keyless::{Expectation, Expected, TrustRoot},
    signing::{Status, Trust, Trusted, Verdict, VerifyRequest, certificates, public_key, verify},
};
use serde_json::Value;

fn corpus() -> PathBuf {
    let folder =
        PathBuf::from(env::var_os("BARTIZAN_CORPUS").expect("BARTIZAN_CORPUS is set")).join("provenance");
    assert!(folder.is_dir(), "{} is no folder", folder.display());
    folder
}

fn cases(corpus: &Path, kind: &str) -> BTreeMap<String, Value> {
    let labels: BTreeMap<String, Value> =
        serde_json::from_slice(&fs::read(corpus.join("labels.json")).unwrap()).unwrap();
    labels.into_iter().filter(|(_, label)| label["kind"] == kind).collect()
}

fn verdict(corpus: &Path, label: &Value, strict: bool) -> Verdict {
    let path = |field: &str| corpus.join(label[field].as_str().unwrap());
    let trust = match label["method"].as_str().unwrap() {
        "key" => Trust::Key(public_key(&path("trust")).unwrap()).into(),
        "certificate" => Trust::Roots(certificates(&path("trust")).unwrap()).into(),
        "sigstore" => {
            let exactly = |field: &str| Expected::exactly(label[field].as_str().unwrap()).unwrap();
            Trusted::Keyless {
                root: TrustRoot::read(&path("trust")).unwrap().into(),
                expected: Expectation { identity: exactly("identity"), issuer: exactly("issuer") },
            }
        }
        other => panic!("unknown method {other}"),
    };
    let ignore = label["ignore"].as_array().into_iter().flatten();
    let request = VerifyRequest {
        model: path("model"),
        signature: path("signature"),
        trust,
        ignore: ignore.map(|path| path.as_str().unwrap().into()).collect(),
        ignore_unsigned: false,
        partial: vec![],
        strict,
        allow_symlinks: false,
        cancel: <_>::default(),
    };
    verify(&request, &()).unwrap()
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS"]
fn conformance_of_model_signatures_with_the_labels_of_the_corpus() {
    let corpus = corpus();
    let mut wrong = Vec::new();
    let mut right = 0;
    for (case, label) in &cases(&corpus, "oms") {
        let verdict = verdict(&corpus, label, false);
        let expected = label["reason"].as_str().map(|reason| reason.split_once(':').unwrap_or((reason, "")));
        let said = verdict.reason.map(|reason| reason.name());
        let at = verdict.problems.first().and_then(|problem| problem.path.as_deref());
        let is_right = match (label["expect"].as_str().unwrap(), expected) {
            ("verified", None) => verdict.status == Status::Verified && verdict.root_digest.is_some(),
            ("failed", Some((code, path))) => {
                said == Some(code)
                    && (path.is_empty() || at == Some(path))
                    && verdict.status == Status::Failed
            }
            other => panic!("{case}: a label of {other:?}"),
        };
        if is_right { right += 1 } else { wrong.push(format!("{case}: {label} but {verdict:?}")) }
    }
    println!("{right} right, {} wrong", wrong.len());
    assert_eq!(wrong, [""; 0]);
    assert!(right >= 52, "the corpus has at least that many such cases");
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS"]
fn conformance_of_warnings_about_expired_certificates_and_unsigned_content() {
    let corpus = corpus();
    let cases = cases(&corpus, "oms");
    let expired = verdict(&corpus, &cases["cert-expired"], false);
    let written = serde_json::to_value(&expired).unwrap();
    assert_eq!(written["warnings"], serde_json::json!(["expired-no-timestamp"]));
    assert_eq!(verdict(&corpus, &cases["cert-expired"], true).status, Status::Failed);
    let unsigned = verdict(&corpus, &cases["ignored-git-payload"], false).unsigned;
    assert!(unsigned.iter().any(|path| path.starts_with(".github/")), "{unsigned:?}");
}
