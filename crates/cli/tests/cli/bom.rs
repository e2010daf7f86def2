//! `bartizan bom` and its verbs.

use crate::sandbox::{EVIL, GOOD, Sandbox};

const CARD: &[u8] =
    b"---\nlicense: apache-2.0\nbase_model: org/base\npipeline_tag: text-classification\n---\n# Card\n";

fn repository() -> Sandbox {
    Sandbox::with(&[("m/model.pkl", GOOD), ("m/README.md", CARD)])
}

#[test]
fn a_bill_tells_the_model_with_its_card_and_is_valid() {
    let sandbox = repository();
    for version in ["1.6", "1.7"] {
        let made = sandbox.run(&["bom", ".", "--spec-version", version, "--output", "bill.json"]);
        assert_eq!((made.code, made.stderr.as_str()), (0, ""));
        let judged = sandbox.run(&["bom", "validate", "bill.json"]);
        assert_eq!((judged.code, judged.stdout), (0, format!("valid CycloneDX {version}\n")));
        let bill: serde_json::Value = serde_json::from_str(&sandbox.text("bill.json")).unwrap();
        assert_eq!(bill["specVersion"], version);
        let model =
            bill["components"].as_array().unwrap().iter().find(|c| c["name"] == "m/model.pkl").unwrap();
        assert_eq!(model["licenses"][0]["license"]["id"], "Apache-2.0");
        assert_eq!(model["pedigree"]["ancestors"][0]["name"], "org/base");
        assert!(bill["metadata"]["timestamp"].is_string() && bill["serialNumber"].is_string());
        std::fs::remove_file(sandbox.path("bill.json")).unwrap();
    }
}

#[test]
fn reproducible_bills_have_the_same_bytes_and_others_differ() {
    let sandbox = repository();
    for format in ["cyclonedx", "spdx"] {
        let arguments = ["bom", ".", "--format", format, "--reproducible"];
        let (one, other) = (sandbox.run(&arguments), sandbox.run(&arguments));
        assert_eq!(one.code, 0, "{}", one.stderr);
        assert_eq!(one.stdout, other.stdout);
        assert_ne!(one.stdout, sandbox.run(&["bom", ".", "--format", format]).stdout);
    }
}

#[test]
fn what_cannot_be_written_is_refused_with_what_can() {
    let sandbox = repository();
    let old = sandbox.run(&["bom", ".", "--spec-version", "1.4"]);
    assert_eq!(old.code, 2);
    insta::assert_snapshot!(old.stderr, @"error: CycloneDX is written in spec version 1.7 or 1.6, not 1.4");
    assert_eq!(sandbox.run(&["bom", ".", "--format", "spdx", "--spec-version", "2.3"]).code, 2);
    insta::assert_snapshot!(sandbox.run(&["bom", "gone"]).stderr, @"error: no such file or folder: gone");
}

#[test]
fn what_is_not_valid_is_told_with_its_place_and_exit_code_1() {
    let sandbox = Sandbox::with(&[
        ("bad.json", br#"{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"thing","name":"a"}]}"#),
        ("half.json", b"{"),
        ("spdx.json", br#"{"spdxVersion":"SPDX-2.3"}"#),
    ]);
    let bad = sandbox.run(&["bom", "validate", "bad.json"]);
    assert_eq!(bad.code, 1);
    assert!(bad.stdout.starts_with("/components/0/type: "), "{}", bad.stdout);
    let json = sandbox.run(&["bom", "validate", "bad.json", "--format", "json"]).json();
    assert_eq!(
        (json["valid"].as_bool(), json["problems"][0]["path"].as_str()),
        (Some(false), Some("/components/0/type"))
    );
    for file in ["half.json", "spdx.json"] {
        let refused = sandbox.run(&["bom", "validate", file]);
        assert_eq!((refused.code, refused.stderr.as_str()), (1, ""), "{file}");
    }
    assert_eq!(sandbox.run(&["bom", "validate", "gone.json"]).code, 2);
}

#[test]
fn a_changed_model_is_a_difference() {
    let sandbox = repository();
    assert_eq!(sandbox.run(&["bom", "m", "-o", "one.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "m", "-o", "two.json"]).code, 0);
    let same = sandbox.run(&["bom", "diff", "one.json", "two.json"]);
    assert_eq!((same.code, same.stdout.as_str()), (0, "no difference\n"));
    sandbox.put("m/model.pkl", b"\x80\x04K\x01.");
    assert_eq!(sandbox.run(&["bom", "m", "-o", "two.json"]).code, 0);
    let changed = sandbox.run(&["bom", "diff", "one.json", "two.json"]);
    assert_eq!(changed.code, 1);
    assert!(
        changed.stdout.starts_with("~ machine-learning-model model.pkl: hash was SHA-256:"),
        "{}",
        changed.stdout
    );
    let json = sandbox.run(&["bom", "diff", "one.json", "two.json", "--format", "json"]).json();
    assert_eq!(json["changed"][0]["what"], "hash");
}

#[test]
fn a_score_tells_what_is_missing_and_fails_below_a_bar() {
    let sandbox = repository();
    let told = sandbox.run(&["bom", "score", "m", "--fail-under", "90"]);
    assert_eq!(told.code, 1, "{}", told.stderr);
    assert!(told.stdout.contains("Known limitations (technicalLimitations, important)"), "{}", told.stdout);
    for profile in ["owasp", "annex-iv", "gpai"] {
        let json = sandbox.run(&["bom", "score", "m", "--profile", profile, "--format", "json"]);
        assert_eq!(json.code, 0);
        let score = json.json()["score"].as_f64().unwrap();
        assert!(score > 0.0 && score < 90.0, "{profile}: {score}");
    }
}

#[test]
fn bills_are_merged_and_findings_are_applied_as_vex() {
    let sandbox = Sandbox::with(&[("a/evil.pkl", EVIL), ("b/good.pkl", GOOD)]);
    assert_eq!(sandbox.run(&["bom", "a", "-o", "a.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "b", "-o", "b.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "merge", "a.json", "b.json", "-o", "both.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "validate", "both.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "vex", "a", "-o", "vex.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "validate", "vex.json"]).code, 0);
    let applied = sandbox.run(&["bom", "vex", "both.json", "--apply", "vex.json"]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let bill = applied.json();
    let found = bill["vulnerabilities"].as_array().unwrap();
    let is_there = found
        .iter()
        .any(|v| v["id"] == "pickle/code-execution" && v["affects"][0]["ref"] == "model:evil.pkl");
    assert!(is_there, "{found:?}");
}
