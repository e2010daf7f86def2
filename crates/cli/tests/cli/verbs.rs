//! The small verbs: `init`, `rules`, `completions`, `man`, `schema`.

use crate::sandbox::{GOOD, Sandbox};

#[test]
fn init_writes_a_manifest_that_governs_the_next_scan() {
    let sandbox = Sandbox::with(&[("models/good.pkl", GOOD), ("data/train.csv", b"a,b\n1,2\n")]);
    let printed = sandbox.run(&["init", "--stdout"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
    assert!(!sandbox.path("bartizan.toml").exists());

    let written = sandbox.run(&["init"]);
    assert_eq!((written.code, written.stdout.as_str()), (0, ""));
    assert_eq!(written.stderr, "wrote ./bartizan.toml\n");
    assert_eq!(sandbox.text("bartizan.toml"), printed.stdout);
    assert!(printed.stdout.contains("path = \"models/good.pkl\""), "{}", printed.stdout);
    let scanned = sandbox.run(&["scan", ".", "--format", "json"]);
    assert_eq!(scanned.code, 0, "{}", scanned.stderr);
    let note = &scanned.json()["summary"]["notes"][0];
    assert!(note.as_str().unwrap().ends_with("bartizan.toml"), "it weakens nothing: {note}");
}

#[test]
fn init_never_overwrites_unless_it_is_told_to() {
    let sandbox = Sandbox::with(&[("bartizan.toml", b"# mine\n")]);
    let refused = sandbox.run(&["init"]);
    assert_eq!(refused.code, 2);
    insta::assert_snapshot!(refused.stderr, @"error: ./bartizan.toml exists already; --force overwrites it");
    assert_eq!(sandbox.text("bartizan.toml"), "# mine\n");
    assert_eq!(sandbox.run(&["init", "--stdout"]).code, 0);
    assert_eq!(sandbox.run(&["init", "--force"]).code, 0);
    assert!(sandbox.text("bartizan.toml").contains("[system]"));
    assert_eq!(sandbox.run(&["init", "missing"]).stderr, "error: no such folder: missing\n");
}

#[test]
fn rules_are_listed_and_explained() {
    let sandbox = Sandbox::with(&[]);
    let all = sandbox.run(&["rules"]).stdout;
    let ids: Vec<&str> = all.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert!(ids.is_sorted() && ids.contains(&"pickle/code-execution") && ids.contains(&"scan/incomplete"));
    let listed = sandbox.run(&["rules", "--format", "json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), ids.len());
    let domain = sandbox.run(&["rules", "pickle"]).stdout;
    assert!(domain.lines().count() > 3 && domain.lines().all(|line| line.starts_with("pickle/")), "{domain}");

    let one = sandbox.run(&["rules", "pickle/code-execution"]).stdout;
    for part in
        ["pickle/code-execution (critical): ", "Why it matters", "What to do", "CWE-502", "See https://"]
    {
        assert!(one.contains(part), "{part} in {one}");
    }
    let page = sandbox.run(&["rules", "pickle/code-execution", "--format", "markdown"]).stdout;
    assert!(page.starts_with("# pickle/code-execution\n"), "{page}");
    let unknown = sandbox.run(&["rules", "pickle/no-such"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(unknown.stderr, @"error: there is no rule `pickle/no-such`; `bartizan rules` lists them all");
}

#[test]
fn every_shell_gets_a_completion_script() {
    let sandbox = Sandbox::with(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = sandbox.run(&["completions", shell]);
        assert_eq!(script.code, 0);
        assert!(script.stdout.contains("write-baseline"), "{shell}");
    }
    assert_eq!(sandbox.run(&["completions", "cobol"]).code, 2);
}

#[test]
fn the_manual_names_every_verb() {
    let page = Sandbox::with(&[]).run(&["man"]).stdout;
    for verb in ["SCAN", "INSPECT", "RULES", "INIT", "COMPLETIONS", "SCHEMA"] {
        assert!(page.contains(&format!(".SH {verb}\n")), "{verb}");
    }
}

#[test]
fn the_schema_of_the_manifest_accepts_what_init_writes() {
    let sandbox = Sandbox::with(&[("models/good.pkl", GOOD)]);
    let schema = sandbox.run(&["schema", "config"]).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&serde_json::json!({ "policy": { "fail-on": "low" } })));
    assert!(!validator.is_valid(&serde_json::json!({ "policy": { "fail_on": "low" } })));
    assert!(jsonschema::validator_for(&sandbox.run(&["schema", "report"]).json()).is_ok());
    assert_eq!(sandbox.run(&["schema", "nothing"]).code, 2);
}

#[test]
fn no_verb_and_an_unknown_verb_are_usage_errors() {
    let sandbox = Sandbox::with(&[]);
    assert_eq!(sandbox.run(&[]).code, 2);
    let unknown = sandbox.run(&["scna"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("'scan'"), "{}", unknown.stderr);
    assert_eq!(sandbox.run(&["--version"]).stdout, concat!("bartizan ", env!("CARGO_PKG_VERSION"), "\n"));
}
