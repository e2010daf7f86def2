use bartizan_core::{Finding, Severity, State, Tier};

use super::{Brought, prove};
use crate::rule::tests::{found, tree_of};

fn load(files: &[(&str, &str)]) -> Brought {
    Brought::load(&tree_of(files))
}

/// A policy of Checkov's kind with this definition.
fn policy(definition: &str) -> Brought {
    let indented: String = definition.lines().map(|line| format!("  {line}\n")).collect();
    let text = format!(
        "metadata:\n  id: CKV2_ACME_7\n  name: Buckets are as we want them\n  category: NETWORKING\n  severity: HIGH\n\
         definition:\n{indented}"
    );
    let brought = load(&[("p.yaml", &text)]);
    assert!(brought.failures.is_empty(), "{:?}", brought.failures);
    brought
}

/// What a definition decides about a configuration: state and line.
fn decided(definition: &str, configuration: &str) -> Vec<(State, u32)> {
    states(&found(&tree_of(&[("main.tf", configuration)]), &policy(definition).catalogue))
}

fn states(findings: &[Finding]) -> Vec<(State, u32)> {
    findings
        .iter()
        .map(|finding| (finding.infrastructure.as_ref().unwrap().state, finding.at.line.unwrap()))
        .collect()
}

/// A condition on one attribute of a bucket.
fn attribute(operator: &str, value: &str) -> String {
    let value = if value.is_empty() { String::new() } else { format!("\nvalue: {value}") };
    format!(
        "cond_type: attribute\nresource_types: [aws_s3_bucket]\nattribute: a\noperator: {operator}{value}"
    )
}

const OWN: &str = r#"
id: acme/bucket-owner
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
    - |
      resource "aws_s3_bucket" "a" {
        tags = { owner = "data" }
      }
  passing:
    - |
      resource "aws_s3_bucket" "a" {
        tags = { owner = "data" }
      }
  unknown:
    - |
      variable "owner" {}
      resource "aws_s3_bucket" "a" {
        tags = { owner = var.owner }
      }
"#;

#[test]
fn a_rule_that_is_brought_finds_what_it_describes_and_says_that_it_was_brought() {
    let brought = load(&[("deep/owner.yaml", OWN)]);
    assert_eq!(brought.failures, []);
    let findings =
        found(&tree_of(&[("main.tf", "resource \"aws_s3_bucket\" \"a\" {\n}\n")]), &brought.catalogue);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.rule.id, "acme/bucket-owner");
    assert_eq!(finding.rule.severity, Severity::High);
    assert_eq!(finding.infrastructure.as_ref().unwrap().tier, Tier::Community);
}

#[test]
fn a_policy_that_does_not_load_is_named_with_its_line_and_the_others_load() {
    let wrong_test = OWN.replace("exists: false\n", "exist: false\n");
    let no_operator = "metadata:\n  id: A_1\n  name: n\ndefinition:\n  and:\n    - cond_type: attribute\n      \
                       resource_types: [a]\n      attribute: b\n      operator: resembles\n      value: 1\n";
    let built_in = OWN.replace("acme/bucket-owner", "iac/rds-storage-unencrypted");
    let brought = load(&[
        ("a.yaml", &wrong_test),
        ("b.yaml", no_operator),
        ("c.yaml", "a: [1\n"),
        ("d.yaml", &built_in),
        ("e.yaml", "- 1\n"),
        ("f.yaml", ""),
        ("good.yaml", OWN),
        ("twice.yaml", OWN),
    ]);
    let told: Vec<(&str, Option<u32>, &str)> = brought
        .failures
        .iter()
        .map(|failure| (failure.path.as_str(), failure.line, failure.message.as_str()))
        .collect();
    let wanted = [
        ("a.yaml", Some(11), "fails.exist: there is no such test"),
        ("b.yaml", Some(9), "definition.and[0].operator: the operator `resembles` is not known"),
        ("c.yaml", Some(2), "this is not YAML"),
        ("d.yaml", Some(2), "id: the id `iac/rds-storage-unencrypted` is taken"),
        ("e.yaml", Some(1), "policy: a policy is a mapping"),
        ("f.yaml", None, "it is empty"),
        ("twice.yaml", Some(2), "id: the id `acme/bucket-owner` is taken"),
    ];
    assert_eq!(told.len(), wanted.len(), "{told:?}");
    for ((path, line, message), wanted) in told.iter().zip(wanted) {
        assert_eq!((*path, *line), (wanted.0, wanted.1), "{message}");
        assert!(message.starts_with(wanted.2), "{message}");
    }
    assert_eq!(brought.policies.len(), 1);
}

#[test]
fn a_bomb_of_aliases_does_not_load() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}, ", level - 1).repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", alias.trim_end_matches(", ")));
    }
    let brought = load(&[("bomb.yaml", &text)]);
    assert_eq!(brought.failures.len(), 1);
    assert!(brought.policies.is_empty());
}

#[test]
fn every_operator_holds_of_what_it_says_and_of_nothing_else() {
    // Operator, value, an attribute that passes, one that fails; nothing where a resource without the attribute is meant.
    let table = [
        ("equals", "x", "a = \"x\"", "a = \"y\""),
        ("equals", "true", "a = true", ""),
        ("not_equals", "x", "", "a = \"x\""),
        ("equals_ignore_case", "AbC", "a = \"aBc\"", "a = \"abcd\""),
        ("not_equals_ignore_case", "AbC", "a = \"abcd\"", "a = \"ABC\""),
        ("exists", "", "a = 1", ""),
        ("not_exists", "", "", "a = 1"),
        ("within", "[x, y]", "a = \"y\"", "a = \"z\""),
        ("not_within", "[x, y]", "a = \"z\"", "a = \"y\""),
        ("contains", "x", "a = [\"w\", \"x\"]", "a = [\"w\"]"),
        ("not_contains", "x", "a = [\"w\"]", "a = [\"w\", \"x\"]"),
        ("starting_with", "ab", "a = \"abc\"", "a = \"cab\""),
        ("not_starting_with", "ab", "a = \"cab\"", "a = \"abc\""),
        ("ending_with", "bc", "a = \"abc\"", "a = \"bca\""),
        ("not_ending_with", "bc", "a = \"bca\"", "a = \"abc\""),
        ("regex_match", "'b+$'", "a = \"bb\"", "a = \"abb\""),
        ("not_regex_match", "'b+$'", "a = \"abb\"", "a = \"bb\""),
        ("greater_than", "7", "a = 8", "a = 7"),
        ("greater_than_or_equal", "7", "a = \"7\"", "a = 6"),
        ("less_than", "7", "a = 6", "a = 7"),
        ("less_than_or_equal", "7", "a = 7", "a = 8"),
        ("is_empty", "", "a = []", "a = [1]"),
        ("is_empty", "", "a = []", ""),
        ("is_not_empty", "", "a = [1]", "a = []"),
        ("length_equals", "2", "a = [1, 2]", "a = [1]"),
        ("length_not_equals", "2", "a = [1]", "a = [1, 2]"),
        ("length_greater_than", "1", "a = [1, 2]", "a = [1]"),
        ("length_greater_than_or_equal", "2", "a = [1, 2]", "a = [1]"),
        ("length_less_than", "2", "a = [1]", "a = [1, 2]"),
        ("length_less_than", "2", "a = [1]", ""),
        ("length_less_than_or_equal", "2", "a = [1, 2]", "a = [1, 2, 3]"),
        ("is_true", "", "a = true", "a = false"),
        ("is_false", "", "a = false", "a = true"),
        ("range_includes", "22", "a = \"20-30\"", "a = \"80\""),
        ("range_not_includes", "22", "a = \"80\"", "a = \"20-30\""),
        ("intersects", "[x, y]", "a = [\"y\", \"z\"]", "a = [\"z\"]"),
        ("not_intersects", "[x, y]", "a = [\"z\"]", "a = [\"y\"]"),
        ("subset", "[x, y]", "a = [\"y\"]", "a = [\"y\", \"z\"]"),
        ("not_subset", "[x, y]", "a = [\"y\", \"z\"]", "a = [\"y\"]"),
        ("jsonpath_equals", "x", "a = \"x\"", "a = \"y\""),
    ];
    for (operator, value, passing, failing) in table {
        let definition = attribute(operator, value);
        let of = |body: &str| {
            decided(&definition, &format!("resource \"aws_s3_bucket\" \"b\" {{\n  {body}\n}}\n"))
        };
        assert_eq!(of(passing), [], "{operator}: {passing}");
        assert!(matches!(of(failing).as_slice(), [(State::Fail, _)]), "{operator}: {failing}");
        if !operator.contains("exists") {
            let unknown =
                format!("variable \"v\" {{}}\n{}", "resource \"aws_s3_bucket\" \"b\" {\n  a = var.v\n}\n");
            let told = decided(&definition, &unknown);
            assert!(matches!(told.as_slice(), [(State::Unknown, 3)]), "{operator}: {told:?}");
        }
    }
}

#[test]
fn a_jsonpath_goes_through_lists_and_filters_also_inside_of_json_texts() {
    let definition = "cond_type: attribute\nresource_types: [aws_iam_policy]\noperator: jsonpath_not_equals\n\
                      attribute: \"$.policy.Statement[?(@.Effect == 'Allow')].Action[*]\"\nvalue: '*'";
    let of = |effect: &str| {
        let statement = format!("{{ Effect = \"{effect}\", Action = [\"s3:GetObject\", \"*\"] }}");
        let text = format!(
            "resource \"aws_iam_policy\" \"p\" {{\n  policy = jsonencode({{ Statement = [{statement}] }})\n}}\n"
        );
        decided(definition, &text)
    };
    assert_eq!(of("Deny"), []);
    assert!(matches!(of("Allow").as_slice(), [(State::Fail, 2)]));
    for path in ["$..Action", "$.a[?(@.b > 1)]", "$.a[", "$.a[?(@.b == x)]"] {
        let text = format!(
            "metadata: {{id: A_1, name: n}}\ndefinition:\n  cond_type: attribute\n  resource_types: [a]\n  \
             attribute: \"{path}\"\n  operator: jsonpath_exists\n"
        );
        let failures = load(&[("p.yaml", &text)]).failures;
        assert!(failures.len() == 1 && failures[0].line == Some(5), "{path}: {failures:?}");
    }
}

const CONNECTED: &str = "and:
  - cond_type: filter
    attribute: resource_type
    operator: within
    value: [aws_s3_bucket]
  - cond_type: connection
    resource_types: [aws_s3_bucket]
    connected_resource_types: [aws_s3_bucket_public_access_block]
    operator: exists
  - cond_type: attribute
    resource_types: [aws_s3_bucket_public_access_block]
    attribute: block_public_acls
    operator: equals
    value: true
  - cond_type: attribute
    resource_types: [aws_s3_bucket_public_access_block]
    attribute: block_public_policy
    operator: equals
    value: true";

#[test]
fn what_is_asked_of_a_connected_resource_is_asked_of_one_that_is_connected() {
    let bucket = "resource \"aws_s3_bucket\" \"b\" {\n}\n";
    let block = |acls: &str, policy: &str, bucket: &str| {
        format!(
            "resource \"aws_s3_bucket_public_access_block\" \"x{acls}{policy}\" {{\n  bucket = {bucket}\n  \
             block_public_acls = {acls}\n  block_public_policy = {policy}\n}}\n"
        )
    };
    let of =
        |blocks: &[String]| decided(CONNECTED, &format!("{bucket}variable \"v\" {{}}\n{}", blocks.concat()));
    let id = "aws_s3_bucket.b.id";
    assert_eq!(of(&[]), [(State::Fail, 1)]);
    assert_eq!(of(&[block("true", "true", id)]), []);
    assert_eq!(of(&[block("true", "true", "\"other\"")]), [(State::Fail, 1)]);
    // Neither of the two does both.
    assert_eq!(of(&[block("true", "false", id), block("false", "true", id)]), [(State::Fail, 1)]);
    assert_eq!(of(&[block("true", "var.v", id)]), [(State::Unknown, 1)]);
}

#[test]
fn a_connection_that_must_not_exist_is_found_from_either_side() {
    let definition = "cond_type: connection\nresource_types: [aws_instance]\n\
                      connected_resource_types: [aws_key_pair]\noperator: not_exists";
    let instance = |key: &str| {
        format!(
            "resource \"aws_key_pair\" \"k\" {{}}\nresource \"aws_instance\" \"i\" {{\n  key_name = {key}\n}}\n"
        )
    };
    assert_eq!(decided(definition, &instance("aws_key_pair.k.key_name")), [(State::Fail, 2)]);
    assert_eq!(decided(definition, &instance("\"k\"")), []);
}

#[test]
fn either_of_two_ways_is_enough() {
    let definition = "or:
  - cond_type: attribute
    resource_types: [aws_s3_bucket]
    attribute: acl
    operator: equals
    value: private
  - and:
    - cond_type: connection
      resource_types: [aws_s3_bucket_acl]
      connected_resource_types: [aws_s3_bucket]
      operator: exists
    - cond_type: attribute
      resource_types: [aws_s3_bucket_acl]
      attribute: acl
      operator: equals
      value: private
  - not:
      cond_type: attribute
      resource_types: [aws_s3_bucket]
      attribute: bucket
      operator: exists";
    let definition = format!(
        "and:\n  - cond_type: filter\n    attribute: resource_type\n    operator: within\n    value: [aws_s3_bucket]\n  - {}",
        definition.replace('\n', "\n    ")
    );
    let of = |text: &str| decided(&definition, text);
    assert_eq!(of("resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"b\"\n  acl = \"private\"\n}\n"), []);
    assert_eq!(of("resource \"aws_s3_bucket\" \"b\" {\n}\n"), []);
    let with = |acl: &str| {
        format!(
            "resource \"aws_s3_bucket\" \"b\" {{\n  bucket = \"b\"\n}}\nresource \"aws_s3_bucket_acl\" \"a\" {{\n  \
             bucket = aws_s3_bucket.b.id\n  acl = \"{acl}\"\n}}\n"
        )
    };
    assert_eq!(of(&with("private")), []);
    assert!(matches!(of(&with("public-read")).as_slice(), [(State::Fail, _)]));
}

#[test]
fn a_policy_about_all_types_is_about_what_is_made() {
    let definition = "cond_type: attribute\nresource_types: all\nattribute: tags.owner\noperator: exists";
    let text = "variable \"v\" {}\ndata \"aws_region\" \"r\" {}\nresource \"aws_sqs_queue\" \"q\" {\n}\n";
    assert_eq!(decided(definition, text), [(State::Fail, 3)]);
}

#[test]
fn types_may_be_forbidden_or_the_only_ones_allowed() {
    let text = "resource \"aws_sqs_queue\" \"q\" {\n}\nresource \"aws_sns_topic\" \"t\" {\n}\n";
    let of = |operator: &str| {
        decided(&format!("cond_type: resource\nresource_types: [aws_sqs_queue]\noperator: {operator}"), text)
    };
    assert_eq!(of("not_exists"), [(State::Fail, 1)]);
    assert_eq!(of("exists"), [(State::Fail, 3)]);
}

#[test]
fn a_comment_for_the_policy_takes_its_finding_back() {
    let definition = attribute("exists", "");
    let text = "resource \"aws_s3_bucket\" \"b\" {\n  #checkov:skip=CKV2_ACME_7:an exception\n}\n";
    assert!(matches!(decided(&definition, text).as_slice(), [(State::Suppressed, 1)]));
}

#[test]
fn examples_that_are_decided_otherwise_are_told() {
    let brought = load(&[("owner.yaml", OWN)]);
    let proof = prove(&brought.policies[0], &|| false);
    let wrong: Vec<_> = proof.examples.iter().filter(|example| example.wrong.is_some()).collect();
    let [example] = wrong.as_slice() else { panic!("{wrong:?}") };
    assert_eq!((example.kind, example.number), ("failing", 2));
    assert_eq!(example.wrong.as_deref(), Some("it does not fail"));
    assert_eq!(proof.examples.len(), 4);
}
