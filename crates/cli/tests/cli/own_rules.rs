//! `scan --policy` and `rules test`: rules that a user brings.

use crate::sandbox::Sandbox;

const RULE: &[u8] = br#"id: acme/bucket-owner
title: The bucket has no owner
category: other
severity: high
why: Nobody answers for the data of a bucket without an owner.
fix: Set the tag `owner`.
resources: [aws_s3_bucket]
fails:
  attribute: tags.owner
  exists: false
examples:
  failing:
    - |
      resource "aws_s3_bucket" "a" { # <- fails
      }
  passing:
    - |
      resource "aws_s3_bucket" "a" {
        tags = { owner = "data" }
      }
"#;
const POLICY: &[u8] = br#"metadata:
  id: CKV2_ACME_1
  name: Queues are encrypted
  category: ENCRYPTION
  severity: MEDIUM
definition:
  cond_type: attribute
  resource_types: [aws_sqs_queue]
  attribute: sqs_managed_sse_enabled
  operator: is_true
"#;
const BROKEN: &[u8] = b"metadata:\n  id: CKV2_ACME_2\n  name: n\ndefinition:\n  cond_type: attribute\n  resource_types: [a]\n  attribute: b\n  operator: resembles\n";
const CONFIGURATION: &[u8] =
    b"resource \"aws_s3_bucket\" \"raw\" {\n}\nresource \"aws_sqs_queue\" \"q\" {\n  sqs_managed_sse_enabled = var.v\n}\nvariable \"v\" {}\n";

fn own(report: &serde_json::Value) -> Vec<(String, String, u64)> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["tier"] == "community")
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            (text("rule"), text("state"), finding["line"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn rules_that_are_brought_judge_beside_bartizans_own() {
    let sandbox = Sandbox::with(&[
        ("rules/owner.yaml", RULE),
        ("rules/checkov/queue.yml", POLICY),
        ("infra/main.tf", CONFIGURATION),
    ]);
    let scan = ["scan", "infra", "--policy", "rules", "--format"];
    let outcome = sandbox.run(&[&scan[..], &["json"]].concat());
    assert_eq!(outcome.code, 1);
    let wanted = [
        ("acme/bucket-owner".to_owned(), "fail".to_owned(), 1),
        ("checkov/ckv2-acme-1".to_owned(), "unknown".to_owned(), 4),
    ];
    let mut found = own(&outcome.json());
    found.sort();
    assert_eq!(found, wanted);
    assert_eq!(own(&sandbox.run(&["scan", "infra", "--format", "json"]).json()), []);
    let table = sandbox.run(&["scan", "infra", "--policy", "rules"]).stdout;
    assert!(table.contains("Nobody answers for the data"), "{table}");
    let sarif = sandbox.run(&[&scan[..], &["sarif"]].concat()).json();
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["id"] == "acme/bucket-owner"), "{rules:?}");
}

#[test]
fn a_policy_that_does_not_load_is_named_with_its_line_and_makes_the_scan_incomplete() {
    let sandbox = Sandbox::with(&[
        ("rules/owner.yaml", RULE),
        ("rules/broken.yaml", BROKEN),
        ("infra/main.tf", b"resource \"aws_sqs_queue\" \"q\" {\n  sqs_managed_sse_enabled = true\n}\n"),
    ]);
    let scan = ["scan", "infra", "--policy", "rules", "--fail-on", "critical", "--format", "json"];
    let outcome = sandbox.run(&scan);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    let report = outcome.json();
    let assets = report["assets"].as_array().unwrap().iter();
    let broken: Vec<_> = assets.filter(|asset| asset["path"] == "rules/broken.yaml").collect();
    let reason = broken[0]["coverage"]["gaps"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("line 8: definition.operator: the operator `resembles`"), "{reason}");
    sandbox.put("infra/main.tf", CONFIGURATION);
    let found = own(&sandbox.run(&scan).json());
    assert_eq!(found, [("acme/bucket-owner".to_owned(), "fail".to_owned(), 1)]);
}

#[test]
fn a_folder_without_policies_is_a_usage_error() {
    let sandbox = Sandbox::with(&[("infra/main.tf", CONFIGURATION), ("rules/notes.txt", b"none")]);
    for (folder, wanted) in
        [("rules", "holds no policies"), ("absent", "cannot be read"), ("infra/main.tf", "is no folder")]
    {
        let outcome = sandbox.run(&["scan", "infra", "--policy", folder]);
        assert_eq!(outcome.code, 2);
        assert!(outcome.stderr.contains(wanted), "{}", outcome.stderr);
        assert_eq!(sandbox.run(&["rules", "test", folder]).code, 2);
    }
}

#[test]
fn rules_are_tried_on_their_own_examples() {
    let sandbox = Sandbox::with(&[("rules/owner.yaml", RULE), ("rules/checkov/queue.yml", POLICY)]);
    let outcome = sandbox.run(&["rules", "test", "rules"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    insta::assert_snapshot!(outcome.stdout, @"
    rule                 examples  right  wrong  file
    acme/bucket-owner           2      2      0  owner.yaml
    checkov/ckv2-acme-1         0      0      0  checkov/queue.yml
      not tried: it has no examples

    2 loaded, 0 not loaded; 2 examples, 0 of them decided wrongly
    ");
    let wrong = String::from_utf8(RULE.to_vec()).unwrap().replace("owner = \"data\"", "team = \"data\"");
    sandbox.put("rules/owner.yaml", wrong.as_bytes());
    let outcome = sandbox.run(&["rules", "test", "rules", "--format", "json"]);
    assert_eq!(outcome.code, 1);
    let told = outcome.json();
    let examples =
        told["policies"].as_array().unwrap().iter().find(|policy| policy["rule"] == "acme/bucket-owner");
    assert_eq!(examples.unwrap()["examples"][1]["wrong"], "line 2 fails");
    sandbox.put("rules/owner.yaml", RULE);
    sandbox.put("rules/broken.yaml", BROKEN);
    let outcome = sandbox.run(&["rules", "test", "rules"]);
    assert_eq!(outcome.code, 3);
    assert!(
        outcome.stdout.contains("not loaded: broken.yaml: line 8: definition.operator"),
        "{}",
        outcome.stdout
    );
    assert_eq!(sandbox.run(&["rules", "iac/no-such-rule"]).code, 2, "the verb without `test` is as it was");
}
