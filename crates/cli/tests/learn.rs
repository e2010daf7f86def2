//! `bartizan learn` as its users see it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

fn learn(arguments: &[&str]) -> std::process::Output {
    Command::cargo_bin("bartizan").unwrap().arg("learn").args(arguments).output().unwrap()
}

fn write_labels(folder: &Path, lines: &[&str]) {
    std::fs::write(folder.join("labels.jsonl"), lines.join("\n")).unwrap();
}

fn label(label: &str, value: bool) -> String {
    let text = format!("resource \"aws_db_instance\" \"a\" {{\n  storage_encrypted = {value}\n}}\n");
    serde_json::json!({
        "source": "ours", "label": label, "category": "encryption", "rule": "r", "text": text
    })
    .to_string()
}

#[test]
fn info_shows_the_card_with_digest_command_and_limits_in_both_formats() {
    let text = String::from_utf8(learn(&["info", "iac"]).stdout).unwrap();
    let card: Value = serde_json::from_slice(&learn(&["info", "iac", "--format", "json"]).stdout).unwrap();
    for part in [card["digest"].as_str().unwrap(), card["command"].as_str().unwrap(), "## Limits"] {
        assert!(text.contains(part), "{part}");
    }
    assert!(card["bytes"].as_u64().unwrap() <= 3 << 20);
}

#[test]
fn evaluate_judges_labels_of_an_independent_project_in_both_formats() {
    let folder = tempfile::tempdir().unwrap();
    let (weak, sound) = (label("insecure", false), label("secure", true));
    write_labels(folder.path(), &[&weak, &sound]);
    let data = folder.path().to_str().unwrap();
    let output = learn(&["evaluate", "iac", "--data", data, "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let project = &report["judgement"]["projects"]["ours"];
    assert_eq!((project["trainedOn"].as_bool(), project["blocks"].as_u64()), (Some(false), Some(2)));
    assert_eq!(project["auc"]["value"].as_f64(), Some(1.0));
    let table = learn(&["evaluate", "iac", "--data", data]);
    assert!(String::from_utf8(table.stdout).unwrap().contains("encryption"));
}

#[test]
fn labels_that_cannot_be_used_are_counted_and_make_the_exit_code_3() {
    let folder = tempfile::tempdir().unwrap();
    let (weak, sound) = (label("insecure", false), label("secure", true));
    let broken = weak.replace('}', "");
    write_labels(folder.path(), &[&weak, "not JSON", &broken, &sound, &weak.replace("insecure", "maybe")]);
    let output = learn(&["evaluate", "iac", "--data", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8(output.stderr).unwrap().contains("left out"));
}

#[test]
fn a_folder_without_labels_or_with_none_to_use_is_a_usage_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for lines in [None, Some("")] {
        if let Some(lines) = lines {
            write_labels(folder.path(), &[lines]);
        }
        let output = learn(&["evaluate", "iac", "--data", folder.path().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains("labels.jsonl"));
    }
}

#[test]
fn training_is_offered_only_by_a_build_that_can_train() {
    let output = learn(&["train", "--help"]);
    assert_eq!(output.status.success(), cfg!(feature = "train"));
    let help = String::from_utf8(learn(&["--help"]).stdout).unwrap();
    assert!(cfg!(feature = "train") || help.contains("--features train"), "{help}");
}
