//! Surroundings that mean harm, or are broken.

use crate::sandbox::{EVIL, GOOD, Sandbox, outcome, zip};

#[test]
fn scanning_leaves_no_trace() {
    let archive = zip(&[("x.pkl", EVIL)]);
    let sandbox = Sandbox::with(&[("a/evil.pkl", EVIL), ("a/b/c.zip", &archive), ("good.pkl", GOOD)]);
    let before = sandbox.listing();
    sandbox.run(&["scan", ".", "--deep"]);
    sandbox.run(&["inspect", "a/b/c.zip!x.pkl"]);
    sandbox.run(&["init", "--stdout"]);
    assert_eq!(sandbox.listing(), before);
}

#[test]
fn an_empty_file_is_clean() {
    let scanned = Sandbox::with(&[("model.pt", b"")]).run(&["scan", "model.pt", "--format", "json"]);
    assert_eq!((scanned.code, &scanned.json()["assets"][0]["kind"]), (0, &"empty".into()));
}

#[test]
fn the_end_of_the_reader_is_no_panic_and_does_not_turn_findings_into_success() {
    let files: Vec<(String, &[u8])> = (0..400).map(|n| (format!("{n}.pkl"), EVIL)).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let sandbox = Sandbox::with(&files);
    for arguments in
        [&["scan", "."][..], &["scan", ".", "--format", "json"], &["rules", "--format", "markdown"]]
    {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("bartizan"));
        command.args(arguments).current_dir(sandbox.path(""));
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let expected = if arguments[0] == "scan" { 1 } else { 0 };
        assert_eq!((output.status.code(), stderr.as_ref()), (Some(expected), ""), "{arguments:?}");
    }
}

#[test]
fn an_error_message_is_harmless_on_a_terminal_whatever_it_quotes() {
    let sandbox = Sandbox::with(&[
        ("bad/bartizan.toml", b"[policy]\n\tfail-on = \"\x1b]0;owned\x07\xc2\x9b31m\"\n"),
        ("bad/good.pkl", GOOD),
    ]);
    // The styles of a terminal are forced, so that nothing is stripped.
    let run = |arguments: &[&str]| outcome(sandbox.command(arguments).env("CLICOLOR_FORCE", "1"));
    let failed = run(&["scan", "bad"]);
    assert_eq!(failed.code, 2);
    assert_eq!(controls(&failed.stderr), [""; 0], "{:?}", failed.stderr);
    assert!(failed.stderr.contains("\n2 | \tfail-on"), "lines and tabs stay: {}", failed.stderr);
}

/// The control characters of a text that are neither ours (colours) nor line ends.
fn controls(text: &str) -> Vec<String> {
    let mut plain = text.to_owned();
    for style in ["0", "1", "2", "31", "32", "33", "35", "36"] {
        plain = plain.replace(&format!("\x1b[{style}m"), "");
    }
    plain.chars().filter(|c| c.is_control() && !"\n\t".contains(*c)).map(String::from).collect()
}

#[cfg(unix)]
mod unix {
    use std::{fs, os::unix::fs::symlink, process::Command};

    use super::*;

    /// Sets a terminal's title, turns text red, deletes, begins a control sequence with one character, reorders.
    const NAME: &str = "a\x1b]0;owned\x07\x1b[31m\x7f\u{9b}31m\u{202e}lkp.pkl";

    #[test]
    fn a_name_full_of_escape_sequences_is_printed_harmlessly() {
        let sandbox = Sandbox::with(&[(NAME, EVIL)]);
        let run = |arguments: &[&str]| outcome(sandbox.command(arguments).env("CLICOLOR_FORCE", "1"));
        let typo = NAME.replace("owned", "owend");
        for arguments in [
            &["scan", "."][..],
            &["scan", ".", "--verbose"],
            &["scan", ".", "--format", "junit"],
            &["scan", &typo],
            &["inspect", NAME],
            &["inspect", &typo],
            &["init", "--stdout"],
        ] {
            let printed = run(arguments);
            let text = printed.stdout + &printed.stderr;
            assert_eq!(controls(&text), [""; 0], "{arguments:?}: {text:?}");
            assert!(text.contains("owned") || text.contains("owend"), "{arguments:?}: {text:?}");
        }
    }

    #[test]
    fn machine_formats_give_the_very_name() {
        let sandbox = Sandbox::with(&[(NAME, EVIL)]);
        let printed = sandbox.run(&["scan", ".", "--format", "json"]).json();
        assert_eq!(printed["assets"][0]["path"], NAME);
        sandbox.run(&["scan", ".", "--format", "json", "-o", "report.json"]);
        let written: serde_json::Value = serde_json::from_str(&sandbox.text("report.json")).unwrap();
        assert_eq!(written["assets"][0]["path"], NAME);
    }

    #[test]
    fn what_cannot_be_read_is_reported_and_the_rest_is_scanned() {
        let sandbox = Sandbox::with(&[("good.pkl", GOOD), ("sub/good.pkl", GOOD)]);
        assert!(Command::new("mkfifo").arg(sandbox.path("pipe.pkl")).status().unwrap().success());
        symlink("two", sandbox.path("one")).unwrap();
        symlink("one", sandbox.path("two")).unwrap();
        symlink("..", sandbox.path("sub/up")).unwrap();
        let scanned = sandbox.run(&["scan", ".", "--format", "json"]);
        assert_eq!(scanned.code, 3);
        let report = scanned.json();
        let assets: Vec<_> = report["assets"].as_array().unwrap().iter().collect();
        let verdicts: Vec<_> =
            assets.iter().map(|a| (a["path"].as_str().unwrap(), a["verdict"].as_str().unwrap())).collect();
        assert_eq!(verdicts, [("good.pkl", "clean"), ("pipe.pkl", "incomplete"), ("sub/good.pkl", "clean")]);
        let skipped = report["summary"]["skipped"].to_string();
        assert_eq!(skipped.matches("a link that leads in a circle").count(), 2, "{skipped}");
        for target in ["one", "pipe.pkl"] {
            assert_eq!(sandbox.run(&["scan", target]).code, 3, "{target}");
            assert_eq!(sandbox.run(&["inspect", target]).code, 2, "{target}");
        }
    }

    #[test]
    fn a_file_without_rights_is_incomplete_and_never_clean() {
        use std::os::unix::fs::PermissionsExt as _;
        let sandbox = Sandbox::with(&[("secret.pkl", EVIL), ("shut/x.pkl", EVIL), ("good.pkl", GOOD)]);
        for name in ["secret.pkl", "shut"] {
            fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(0o000)).unwrap();
        }
        // The superuser reads everything; what is to be tested does not happen then.
        if fs::read(sandbox.path("secret.pkl")).is_err() {
            let scanned = sandbox.run(&["scan", ".", "--format", "json"]);
            assert_eq!(scanned.code, 3);
            let report = scanned.json();
            assert_eq!(report["summary"]["verdicts"]["incomplete"], 2, "{report}");
            assert_eq!(report["summary"]["verdicts"]["clean"], 1, "{report}");
        }
        fs::set_permissions(sandbox.path("shut"), fs::Permissions::from_mode(0o700)).unwrap();
    }

    #[test]
    fn a_device_can_take_the_report() {
        let sandbox = Sandbox::with(&[("evil.pkl", EVIL)]);
        let written = sandbox.run(&["scan", ".", "--format", "json", "-o", "/dev/stdout"]);
        assert_eq!((written.code, &written.json()["verdict"]), (1, &"malicious".into()));
        assert_eq!(sandbox.run(&["scan", ".", "-o", "/dev/null"]).code, 1);
    }
}
