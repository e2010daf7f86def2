//! Exit codes, targets, output files and baselines.

use crate::sandbox::{CUT, EVIL, GOOD, ODD, Sandbox, outcome, zip};

#[test]
fn the_exit_code_tells_what_was_found() {
    let sandbox =
        Sandbox::with(&[("good.pkl", GOOD), ("evil.pkl", EVIL), ("cut.pkl", CUT), ("odd.pkl", ODD)]);
    let code = |arguments: &[&str]| sandbox.run(&[&["scan"], arguments].concat()).code;
    assert_eq!(code(&["good.pkl"]), 0);
    assert_eq!(code(&["odd.pkl"]), 0, "suspicious, but below --fail-on");
    assert_eq!(code(&["evil.pkl"]), 1);
    assert_eq!(code(&["nothing-like-it"]), 2);
    assert_eq!(code(&["--no-such-option"]), 2);
    assert_eq!(code(&["good.pkl", "--fail-on", "terrible"]), 2);
    assert_eq!(code(&["good.pkl", "--jobs", "0"]), 2);
    assert_eq!(code(&["cut.pkl"]), 3);
    assert_eq!(code(&["."]), 1, "findings outweigh what could not be read");
}

#[test]
fn fail_on_moves_the_line() {
    let sandbox = Sandbox::with(&[("odd.pkl", ODD), ("evil.pkl", EVIL), ("cut.pkl", CUT)]);
    let code = |file: &str, level: &str| sandbox.run(&["scan", file, "--fail-on", level]).code;
    assert_eq!(["low", "medium", "high", "critical"].map(|level| code("odd.pkl", level)), [1, 1, 0, 0]);
    assert_eq!(["info", "high", "critical"].map(|level| code("evil.pkl", level)), [1, 1, 1]);
    assert_eq!(["low", "medium"].map(|level| code("cut.pkl", level)), [1, 3]);
}

#[test]
fn the_table_says_what_the_file_does_and_what_to_do() {
    let sandbox = Sandbox::with(&[("evil.pkl", EVIL)]);
    let scanned = sandbox.run(&["scan", "."]);
    let (report, summary) = scanned.stdout.rsplit_once("\n\n").unwrap();
    insta::assert_snapshot!(report, @r#"
    ● MALICIOUS evil.pkl pickle, 26 B
      critical  On load, this file runs `os.system("echo hi")`, which runs a command on the machine (at
                byte 24)
      why       A pickle is a program for a small machine, and this one makes Python run commands or
                code as soon as the file is opened, with all rights of the process that opens it.
      fix       Do not load this file. Get the model in a format that holds no code (safetensors, ONNX,
                GGUF), or from a source you trust, and pin its digest.
      rule      pickle/code-execution  CWE-502 AML.T0010.003 AML.T0011.000
    "#);
    assert!(summary.starts_with("MALICIOUS  1 asset, 26 B: 1 malicious  in "), "{summary}");
    assert_eq!(scanned.stderr, "");
    let quiet = sandbox.run(&["scan", ".", "--quiet"]);
    assert_eq!((quiet.code, quiet.stdout.lines().count()), (1, 1));
}

#[test]
fn standard_input_is_a_target() {
    let sandbox = Sandbox::with(&[]);
    let scan = |bytes: &[u8]| {
        outcome(sandbox.command(&["scan", "-", "--format", "json"]).write_stdin(bytes.to_vec()))
    };
    let evil = scan(EVIL);
    assert_eq!((evil.code, evil.json()["assets"][0]["path"].as_str()), (1, Some("-")));
    assert_eq!(scan(GOOD).code, 0);
    assert_eq!(scan(b"").code, 0);
    let archive = scan(&zip(&[("data.pkl", EVIL)]));
    assert_eq!((archive.code, archive.json()["findings"][0]["path"].as_str()), (1, Some("-!data.pkl")));
}

#[test]
fn several_targets_keep_their_names_apart() {
    let sandbox = Sandbox::with(&[("a/m.pkl", EVIL), ("b/m.pkl", GOOD), ("c.pkl", GOOD)]);
    let scanned = sandbox.run(&["scan", "a", "./b", "c.pkl", "--format", "json"]);
    assert_eq!(scanned.code, 1);
    let report = scanned.json();
    let assets = report["assets"].as_array().unwrap();
    let paths: Vec<_> = assets.iter().map(|asset| asset["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["a/m.pkl", "b/m.pkl", "c.pkl"]);
}

#[test]
fn a_target_that_is_not_there_is_an_error_with_a_suggestion() {
    let sandbox = Sandbox::with(&[("model.pkl", GOOD)]);
    let missing = sandbox.run(&["scan", "modle.pkl"]);
    assert_eq!((missing.code, missing.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(missing.stderr, @"error: no such file or folder: modle.pkl; did you mean model.pkl?");
    let missing = sandbox.run(&["scan", "nothing-like-it"]);
    insta::assert_snapshot!(missing.stderr, @"error: no such file or folder: nothing-like-it");
}

#[test]
fn an_output_file_is_whole_or_not_there() {
    let sandbox = Sandbox::with(&[("in/evil.pkl", EVIL), ("out/old.json", b"old")]);
    let written = sandbox.run(&["scan", "in", "--format", "json", "-o", "out/old.json"]);
    assert_eq!((written.code, written.stdout.as_str()), (1, ""));
    assert!(written.stderr.starts_with("MALICIOUS  1 asset"), "{}", written.stderr);
    let report: serde_json::Value = serde_json::from_str(&sandbox.text("out/old.json")).unwrap();
    assert_eq!(report["verdict"], "malicious");
    let names: Vec<_> =
        std::fs::read_dir(sandbox.path("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["old.json"], "nothing temporary stays");

    let failed = sandbox.run(&["scan", "in", "-o", "no/such/folder/report.txt"]);
    assert_eq!(failed.code, 2);
    assert!(
        failed.stderr.starts_with("error: cannot write no/such/folder/report.txt: "),
        "{}",
        failed.stderr
    );
    let failed = sandbox.run(&["scan", "in", "-o", "out"]);
    assert_eq!(failed.code, 2, "a folder is not replaced");
    assert!(sandbox.path("out/old.json").is_file());
}

#[cfg(unix)]
#[test]
fn what_is_written_has_the_rights_of_any_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::with(&[("evil.pkl", EVIL), ("any", b"")]);
    let mode = |name: &str| std::fs::metadata(sandbox.path(name)).unwrap().permissions().mode() & 0o777;
    sandbox.run(&["scan", "evil.pkl", "--write-baseline", "known.json", "-o", "report.txt"]);
    sandbox.run(&["init"]);
    for name in ["known.json", "report.txt", "bartizan.toml"] {
        assert_eq!(mode(name), mode("any"), "{name}");
    }
}

#[test]
fn a_baseline_silences_what_it_lists_and_nothing_else() {
    let sandbox = Sandbox::with(&[("models/evil.pkl", EVIL)]);
    assert_eq!(sandbox.run(&["scan", "models", "--write-baseline", "known.json"]).code, 1);
    let again = sandbox.run(&["scan", "models", "--baseline", "known.json", "--format", "json"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let report = again.json();
    assert_eq!(report["findings"][0]["suppressed"], "it is in the baseline");
    assert_eq!((&report["summary"]["suppressed"], &report["verdict"]), (&1.into(), &"clean".into()));

    sandbox.put("models/new.pkl", EVIL);
    let grown = sandbox.run(&["scan", "models", "--baseline", "known.json", "--format", "json"]);
    assert_eq!(grown.code, 1);
    let rewritten =
        sandbox.run(&["scan", "models", "--baseline", "known.json", "--write-baseline", "known.json"]);
    assert_eq!(rewritten.code, 1);
    assert_eq!(sandbox.run(&["scan", "models", "--baseline", "known.json"]).code, 0, "old and new are known");

    sandbox.put("models/evil.pkl", b"cposix\nsystem\n(S'echo other'\ntR.");
    assert_eq!(
        sandbox.run(&["scan", "models", "--baseline", "known.json"]).code,
        1,
        "another content counts"
    );
}

#[test]
fn a_gap_never_gets_into_a_baseline() {
    let sandbox = Sandbox::with(&[("cut.pkl", CUT)]);
    sandbox.run(&["scan", "cut.pkl", "--write-baseline", "known.json"]);
    assert_eq!(sandbox.run(&["scan", "cut.pkl", "--baseline", "known.json"]).code, 3);
}

#[test]
fn a_baseline_that_is_none_is_an_error() {
    let sandbox = Sandbox::with(&[
        ("good.pkl", GOOD),
        ("bad.json", b"[]"),
        ("new.json", br#"{"version":9,"findings":{}}"#),
    ]);
    for name in ["bad.json", "new.json", "missing.json"] {
        let failed = sandbox.run(&["scan", "good.pkl", "--baseline", name]);
        assert_eq!((failed.code, failed.stdout.as_str()), (2, ""));
        assert!(failed.stderr.starts_with(&format!("error: baseline {name}: ")), "{}", failed.stderr);
    }
}
