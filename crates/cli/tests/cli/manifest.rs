//! `bartizan.toml`: finding it, errors in it, and what it changes.

use crate::sandbox::{EVIL, GOOD, ODD, Sandbox};

const STRICT: &[u8] = b"[policy]\nfail-on = \"medium\"\n";

#[test]
fn a_manifest_is_found_upward_named_or_left_out() {
    let sandbox = Sandbox::with(&[
        ("bartizan.toml", STRICT),
        (".git/HEAD", b"ref: refs/heads/main\n"),
        ("models/deep/odd.pkl", ODD),
        ("lax.toml", b"[policy]\nfail-on = \"critical\"\n"),
    ]);
    let code = |arguments: &[&str]| sandbox.run(&[&["scan", "models/deep"], arguments].concat()).code;
    assert_eq!(code(&[]), 1);
    assert_eq!(code(&["--fail-on", "high"]), 0, "the command line wins");
    assert_eq!(code(&["--no-config"]), 0);
    assert_eq!(code(&["--config", "lax.toml"]), 0);
    assert_eq!(code(&["--config", "missing.toml"]), 2);
    assert_eq!(code(&["--config", "lax.toml", "--no-config"]), 2);
    let notes = &sandbox.run(&["scan", "models", "--format", "json"]).json()["summary"]["notes"];
    assert!(notes[0].as_str().unwrap().starts_with("policy from "), "{notes}");
}

#[test]
fn two_targets_under_two_manifests_have_no_common_policy() {
    let sandbox = Sandbox::with(&[
        ("a/bartizan.toml", STRICT),
        ("b/bartizan.toml", b""),
        ("a/good.pkl", GOOD),
        ("b/good.pkl", GOOD),
    ]);
    let failed = sandbox.run(&["scan", "a", "b"]);
    assert_eq!(failed.code, 2);
    assert!(failed.stderr.contains("different manifests"), "{}", failed.stderr);
    assert_eq!(sandbox.run(&["scan", "a", "b", "--config", "b/bartizan.toml"]).code, 0);
}

#[test]
fn an_error_in_a_manifest_shows_the_line() {
    let sandbox = Sandbox::with(&[
        ("good.pkl", GOOD),
        ("bartizan.toml", b"[system]\nname = \"credit\"\n\n[policy]\nfail_on = \"high\"\n"),
    ]);
    let failed = sandbox.run(&["scan", "good.pkl", "--config", "bartizan.toml"]);
    assert_eq!((failed.code, failed.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(failed.stderr, @r#"
    error: bartizan.toml:5:1: unknown field `fail_on`, expected one of `fail-on`, `rules`, `pickle`
      |
    5 | fail_on = "high"
      | ^^^^^^^
      = did you mean `fail-on`?
    "#);
    assert_eq!(sandbox.run(&["scan", "good.pkl"]).code, 2, "the one that is found counts as well");
    assert_eq!(sandbox.run(&["scan", "good.pkl", "--no-config"]).code, 0);
}

fn waiver(expires: &str) -> Vec<u8> {
    format!(
        "[[waiver]]\nrule = \"pickle/code-execution\"\nwhere = \"models/*.pkl\"\nreason = \"Legacy.\"\n\
         owner = \"ml@example.org\"\nexpires = {expires}\n"
    )
    .into_bytes()
}

#[test]
fn a_waiver_holds_until_it_expires() {
    let sandbox = Sandbox::with(&[("models/evil.pkl", EVIL), ("bartizan.toml", &waiver("9999-12-31"))]);
    let valid = sandbox.run(&["scan", ".", "--format", "json"]);
    assert_eq!(valid.code, 0, "{}", valid.stderr);
    let report = valid.json();
    assert_eq!(report["findings"][0]["suppressed"], "waived by ml@example.org until 9999-12-31: Legacy.");
    let sarif = sandbox.run(&["scan", ".", "--format", "sarif"]).json();
    assert_eq!(sarif["runs"][0]["results"][0]["suppressions"][0]["status"], "accepted");

    sandbox.put("bartizan.toml", &waiver("2020-01-31"));
    let expired = sandbox.run(&["scan", "."]);
    assert_eq!(expired.code, 1);
    let words: Vec<&str> = expired.stdout.split_whitespace().collect();
    assert!(words.join(" ").contains("EXPIRED on 2020-01-31: 1 finding that"), "{}", expired.stdout);
}

#[test]
fn a_waiver_and_a_baseline_mean_the_same_file_however_the_target_is_spelled() {
    let sandbox = Sandbox::with(&[
        (".git/HEAD", b"ref: refs/heads/main"),
        ("models/evil.pkl", EVIL),
        ("bartizan.toml", &waiver("9999-12-31")),
    ]);
    for target in [".", "models", "models/evil.pkl"] {
        assert_eq!(sandbox.run(&["scan", target]).code, 0, "{target}");
        assert_eq!(sandbox.run(&["scan", target, "--no-config"]).code, 1, "{target}");
    }
    sandbox.run(&["scan", ".", "--no-config", "--write-baseline", "known.json"]);
    for target in [".", "models", "models/evil.pkl"] {
        let known = sandbox.run(&["scan", target, "--no-config", "--baseline", "known.json"]);
        assert_eq!(known.code, 0, "{target}: {}", known.stdout);
    }
}

#[test]
fn a_waiver_covers_its_rule_and_its_place_alone() {
    let sandbox = Sandbox::with(&[("other/evil.pkl", EVIL), ("bartizan.toml", &waiver("9999-12-31"))]);
    let elsewhere = sandbox.run(&["scan", "."]);
    assert_eq!(elsewhere.code, 1);
    assert!(elsewhere.stdout.contains("matches nothing"), "{}", elsewhere.stdout);
}
