//! Infrastructure as code through the whole engine: from a folder to the report and the exit code.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{fs, path::Path};

use bartizan_core::{Severity, State, Verdict};
use bartizan_engine::{
    ScanRequest, Target,
    report::{self, FindingReport, Report},
    scan,
};

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn request(path: &Path) -> ScanRequest {
    ScanRequest::new(vec![Target::Path(path.to_owned())])
}

fn scanned(request: &ScanRequest) -> Report {
    scan(request, &()).unwrap()
}

fn of<'r>(report: &'r Report, rule: &str) -> Vec<&'r FindingReport> {
    report.findings.iter().filter(|finding| finding.rule == rule).collect()
}

const MODULE: &str = r#"
variable "open" {
  default = "private"
}
resource "aws_s3_bucket" "raw" {
  acl = var.open
}
"#;

#[test]
fn a_value_is_told_with_the_file_of_variables_that_sets_it() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("infra/main.tf", MODULE), ("prod.tfvars", "\n\nopen = \"public-read\"\n")]);
    assert!(of(&scanned(&request(folder.path())), "iac/s3-bucket-public-acl").is_empty());

    let variables = folder.path().join("prod.tfvars");
    let named = ScanRequest { variable_files: vec![variables.clone()], ..request(folder.path()) };
    let report = scanned(&named);
    let [finding] = of(&report, "iac/s3-bucket-public-acl")[..] else { panic!("{:?}", report.findings) };
    assert_eq!((finding.path.as_str(), finding.line), ("infra/main.tf", Some(6)));
    assert_eq!(finding.resource.as_deref(), Some("aws_s3_bucket.raw"));
    assert_eq!(finding.value.as_deref(), Some("\"public-read\""));
    assert_eq!(finding.state, Some(State::Fail));
    let from = format!("`acl = var.open`, set in `{}:3`", variables.display());
    assert_eq!(finding.provenance.as_deref(), Some(from.as_str()));
    assert_eq!(report.exit_code(Severity::High), 1);
    let verdict = |path: &str| report.assets.iter().find(|asset| asset.path == path).unwrap().verdict;
    assert_eq!((verdict("infra/main.tf"), report.verdict), (Verdict::Suspicious, Verdict::Suspicious));

    let mut json = Vec::new();
    report::json(&report, &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let told = json["findings"].as_array().unwrap().iter();
    let told = told.clone().find(|finding| finding["rule"] == "iac/s3-bucket-public-acl").unwrap();
    assert_eq!(
        (&told["category"], &told["tier"], &told["state"], &told["aliases"][0]),
        (&"network".into(), &"rule".into(), &"fail".into(), &"CKV_AWS_20".into())
    );
}

#[test]
fn what_nobody_can_decide_counts_towards_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let text = "variable \"acl\" {}\nresource \"aws_s3_bucket_acl\" \"a\" {\n  acl = var.acl\n}\n";
    write(folder.path(), &[("main.tf", text)]);
    let report = scanned(&request(folder.path()));
    let [finding] = of(&report, "iac/s3-bucket-public-acl")[..] else { panic!("{:?}", report.findings) };
    assert_eq!((finding.state, finding.unresolved.as_deref()), (Some(State::Unknown), Some("var.acl")));
    assert_eq!((report.verdict, report.exit_code(Severity::Info)), (Verdict::Clean, 0));
    assert!(report.summary.unknown >= 1);
    assert_eq!(report.summary.findings.high, 0);
}

#[test]
fn a_comment_takes_a_finding_back_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let text = "resource \"aws_s3_bucket_acl\" \"a\" {\n  #checkov:skip=CKV_AWS_20:a public website\n  \
                acl = \"public-read\"\n}\n";
    write(folder.path(), &[("main.tf", text)]);
    let report = scanned(&request(folder.path()));
    let [finding] = of(&report, "iac/s3-bucket-public-acl")[..] else { panic!("{:?}", report.findings) };
    assert_eq!(finding.state, Some(State::Suppressed));
    assert!(finding.suppressed.as_ref().unwrap().ends_with("a public website"));
    assert_eq!((report.exit_code(Severity::High), report.summary.suppressed), (0, 1));
}

#[test]
fn a_broken_block_is_a_gap_and_the_others_are_judged() {
    let folder = tempfile::tempdir().unwrap();
    let text = "resource \"aws_s3_bucket\" \"broken\" {\n  acl = = 1\n}\n\
                resource \"aws_s3_bucket_acl\" \"a\" {\n  acl = \"private\"\n}\n";
    write(folder.path(), &[("main.tf", text)]);
    let report = scanned(&request(folder.path()));
    let [finding] = of(&report, "iac/unparsed")[..] else { panic!("{:?}", report.findings) };
    assert_eq!((finding.path.as_str(), finding.line), ("main.tf", Some(2)));
    assert_eq!(report.exit_code(Severity::High), 3);
    assert!(report.assets.iter().all(|asset| asset.verdict == Verdict::Incomplete));
    write(
        folder.path(),
        &[("more.tf", "resource \"aws_s3_bucket_acl\" \"b\" {\n  acl = \"public-read\"\n}\n")],
    );
    assert_eq!(scanned(&request(folder.path())).exit_code(Severity::High), 1);
}

#[test]
fn a_file_that_is_named_alone_is_read_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = "resource \"aws_s3_bucket_acl\" \"a\" {\n  acl = \"public-read\"\n}\n";
    write(folder.path(), &[("a.tf", text), ("b.tf", text)]);
    let report = scanned(&request(&folder.path().join("b.tf")));
    assert_eq!(of(&report, "iac/s3-bucket-public-acl").len(), 1);
    assert_eq!(report.findings[0].path, "b.tf");
}

#[test]
fn a_plan_decides_what_its_configuration_leaves_open_and_nothing_is_told_twice() {
    let folder = tempfile::tempdir().unwrap();
    let text = "variable \"acl\" {}\nresource \"aws_s3_bucket_acl\" \"a\" {\n  acl = var.acl\n}\n\
                resource \"aws_s3_bucket_acl\" \"b\" {\n  acl = \"public-read\"\n}\n";
    write(folder.path(), &[("main.tf", text)]);
    let told = |report: &Report| -> Vec<(String, Option<u32>, Option<State>)> {
        let findings = of(report, "iac/s3-bucket-public-acl");
        let told =
            findings.iter().map(|finding| (finding.resource.clone().unwrap(), finding.line, finding.state));
        let mut told: Vec<_> = told.collect();
        told.sort_by(|one, other| one.0.cmp(&other.0));
        told
    };
    let (a, b) = ("aws_s3_bucket_acl.a".to_owned(), "aws_s3_bucket_acl.b".to_owned());
    let before = scanned(&request(folder.path()));
    assert_eq!(
        told(&before),
        [(a.clone(), Some(3), Some(State::Unknown)), (b.clone(), Some(6), Some(State::Fail))]
    );
    let change = |name: &str| {
        format!(
            r#"{{"address": "aws_s3_bucket_acl.{name}", "mode": "managed", "type": "aws_s3_bucket_acl", "name": "{name}",
                "change": {{"actions": ["create"], "after": {{"acl": "public-read"}}, "after_unknown": {{}}}}}}"#
        )
    };
    let plan = format!(
        r#"{{"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [{}, {}]}}"#,
        change("a"),
        change("b")
    );
    write(folder.path(), &[("plan.json", &plan)]);
    let after = scanned(&request(folder.path()));
    assert_eq!(after.assets.iter().find(|asset| asset.path == "plan.json").unwrap().kind, "terraform-plan");
    assert_eq!(told(&after), [(a, Some(3), Some(State::Fail)), (b, Some(6), Some(State::Fail))]);
}
