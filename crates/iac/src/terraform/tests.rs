use bartizan_core::{Finding, State};

use super::{Reading, Settings, VariableFile, read};
use crate::{
    resource::Resource,
    rule::{
        builtin,
        tests::{found, tree_of},
    },
    value::{Data, Value, shown},
};

fn reading(files: &[(&str, &str)]) -> Reading {
    read(&tree_of(files), &Settings::default(), &|| false)
}

/// The resources, without the declarations.
fn made(reading: &Reading) -> Vec<&Resource> {
    let resources = reading.roots.iter().flat_map(|root| &root.resources);
    resources.filter(|resource| resource.kind.starts_with("test_")).collect()
}

fn addresses(reading: &Reading) -> Vec<String> {
    made(reading).iter().map(|resource| resource.address.to_string()).collect()
}

fn only(reading: &Reading) -> &Resource {
    let all = made(reading);
    assert_eq!(all.len(), 1, "{:?}", addresses(reading));
    all[0]
}

/// The value of an expression, as text.
pub(super) fn value(expression: &str) -> String {
    shown(&evaluated(expression, ""))
}

fn evaluated(expression: &str, rest: &str) -> Value {
    let text = format!("{rest}\nresource \"test_a\" \"a\" {{\n  x = {expression}\n}}\n");
    let reading = reading(&[("main.tf", &text)]);
    assert!(reading.unread.is_empty(), "{:?}", reading.unread);
    let resource = reading.roots[0].resources.iter().find(|r| &*r.kind == "test_a").unwrap();
    resource.body.get("x").unwrap().clone()
}

#[test]
fn expressions_have_the_values_that_terraform_gives_them() {
    for (expression, wanted) in [
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("-7 % 3", "-1"),
        ("true && !false || false", "true"),
        ("1 == \"1\"", "false"),
        ("\"a\" == \"a\" ? \"yes\" : \"no\"", "\"yes\""),
        ("\"${1 + 1}-${true}\"", "\"2-true\""),
        ("[for x in [1, 2, 3] : x * 2 if x > 1]", "[4, 6]"),
        ("{for k, v in {a = 1, b = 2} : v => k}", "{1 = \"a\", 2 = \"b\"}"),
        ("{for x in [\"a\", \"b\", \"a\"] : x => x...}", "{a = [\"a\", \"a\"], b = [\"b\"]}"),
        ("[{a = 1}, {a = 2}][*].a", "[1, 2]"),
        ("[{a = 1}, {a = 2}].*.a", "[1, 2]"),
        ("null[*]", "[]"),
        ("{a = {b = [10, 20]}}.a.b[1]", "20"),
        ("\"%{ for x in [1, 2] }${x},%{ endfor }\"", "\"1,2,\""),
        ("\"%{ if 1 > 2 }a%{ else }b%{ endif }\"", "\"b\""),
        ("try({}.a, {}.b, \"c\")", "\"c\""),
        ("can({}.a)", "false"),
        ("try(aws_x.missing.id, \"c\")", "(unknown: aws_x.missing.id)"),
    ] {
        assert_eq!(value(expression), wanted, "{expression}");
    }
}

#[test]
fn unknown_spreads_only_where_it_decides() {
    for (expression, wanted) in [
        ("false && var.u", "false"),
        ("true || var.u", "true"),
        ("var.u ? 1 : 1", "1"),
        ("var.u ? 1 : 2", "(unknown: var.u)"),
        ("\"a-${var.u}\"", "\"a-${var.u}\""),
        ("length([var.u, var.u])", "2"),
        ("[for x in [1, 2] : var.u][0]", "(unknown: var.u)"),
        ("merge({a = var.u}, {b = 1}).b", "1"),
        ("var.u.a[0][\"b\"]", "(unknown: var.u.a[0][\"b\"])"),
        ("local.loop", "(unknown: local.loop)"),
        ("timestamp()", "(unknown: timestamp())"),
    ] {
        let rest = "variable \"u\" {}\nlocals {\n  loop = local.again\n  again = local.loop\n}";
        assert_eq!(shown(&evaluated(expression, rest)), wanted, "{expression}");
    }
}

#[test]
fn files_of_variables_win_by_their_order() {
    let files = [
        (
            "main.tf",
            "variable \"a\" { default = 1 }\nvariable \"b\" { default = 1 }\nvariable \"c\" { default = 1 }\n\
                     resource \"test_a\" \"a\" {\n  x = [var.a, var.b, var.c]\n}\n",
        ),
        ("terraform.tfvars", "b = 2\nc = 2\n"),
        ("z.auto.tfvars", "c = 3\n"),
    ];
    assert_eq!(shown(only(&reading(&files)).body.get("x").unwrap()), "[1, 2, 3]");
    let settings = Settings {
        variable_files: vec![VariableFile { path: "prod.tfvars".to_owned(), text: "a = 9\n".to_owned() }],
        ..Settings::default()
    };
    let reading = read(&tree_of(&files), &settings, &|| false);
    let value = only(&reading).body.get("x").unwrap();
    assert_eq!(shown(value), "[9, 2, 3]");
    let Data::List(list) = &value.data else { panic!() };
    assert_eq!(list[0].from.as_ref().unwrap().shown(&reading.sources), "`var.a`, set in `prod.tfvars:1`");
}

#[test]
fn every_instance_has_an_address() {
    let reading = reading(&[(
        "main.tf",
        "resource \"test_a\" \"n\" { count = 2 }\n\
         resource \"test_a\" \"m\" { for_each = { x = 1, y = 2 } }\n\
         resource \"test_a\" \"none\" { count = 0 }\n\
         variable \"u\" {}\n\
         resource \"test_a\" \"u\" { count = var.u }\n",
    )]);
    assert_eq!(
        addresses(&reading),
        ["test_a.n[0]", "test_a.n[1]", "test_a.m[\"x\"]", "test_a.m[\"y\"]", "test_a.u"]
    );
    assert!(!made(&reading)[4].certain);
}

#[test]
fn modules_are_evaluated_through_their_callers() {
    let reading = reading(&[
        (
            "main.tf",
            "module \"net\" {\n  source = \"./modules/net\"\n  for_each = toset([\"a\", \"b\"])\n  \
             name = \"net-${each.key}\"\n}\n\
             resource \"test_b\" \"b\" {\n  net = module.net[\"a\"].id\n  name = module.net[\"b\"].name\n}\n",
        ),
        (
            "modules/net/main.tf",
            "variable \"name\" {}\nvariable \"size\" { default = 3 }\n\
             resource \"test_a\" \"this\" {\n  name = var.name\n  size = var.size\n}\n\
             output \"id\" { value = test_a.this.id }\noutput \"name\" { value = test_a.this.name }\n",
        ),
    ]);
    assert_eq!(reading.roots.len(), 1);
    assert_eq!(
        addresses(&reading),
        ["test_b.b", "module.net[\"a\"].test_a.this", "module.net[\"b\"].test_a.this"]
    );
    let by = |index: usize, name: &str| shown(made(&reading)[index].body.get(name).unwrap());
    assert_eq!(by(1, "name"), "\"net-a\"");
    assert_eq!(by(0, "name"), "\"net-b\"");
    assert_eq!(by(0, "net"), "(unknown: test_a.this.id)");
    let name = made(&reading)[0].body.get("name").unwrap();
    let from = name.from.as_ref().unwrap().shown(&reading.sources);
    assert!(from.contains("passed in `main.tf:4`"), "{from}");
}

#[test]
fn modules_that_call_each_other_in_a_circle_are_said_and_still_read() {
    let reading = reading(&[
        ("a/main.tf", "module \"b\" { source = \"../b\" }\nresource \"test_a\" \"a\" {}\n"),
        ("b/main.tf", "module \"a\" { source = \"../a\" }\nresource \"test_b\" \"b\" {}\n"),
    ]);
    let mut addresses = addresses(&reading);
    addresses.sort();
    assert_eq!(addresses, ["module.b.test_b.b", "test_a.a"]);
    assert!(reading.unread[0].message.contains("calls itself"), "{:?}", reading.unread);
}

#[test]
fn modules_from_elsewhere_are_unknown() {
    let reading = reading(&[(
        "main.tf",
        "module \"x\" {\n  source = \"terraform-aws-modules/vpc/aws\"\n}\nresource \"test_a\" \"a\" { x = module.x.id }\n",
    )]);
    assert!(reading.unread.is_empty());
    assert_eq!(reading.remote.len(), 1);
    assert_eq!(shown(only(&reading).body.get("x").unwrap()), "(unknown: module.x.id)");
}

#[test]
fn hostile_numbers_of_instances_and_circles_end() {
    let text = "resource \"test_a\" \"a\" { count = 1000000000 }\nresource \"test_b\" \"b\" { x = 1 }\n";
    let reading = read(&tree_of(&[("main.tf", text)]), &Settings::default(), &|| false);
    assert!(reading.unread.iter().any(|unread| unread.message.contains("instances")));
    assert!(reading.roots[0].resources.iter().any(|resource| &*resource.kind == "test_b"));
    let chain: String = (0..5000).map(|n| format!("a{n} = local.a{}\n", n + 1)).collect();
    let text = format!("locals {{\n{chain}a5000 = 1\n}}\nresource \"test_a\" \"a\" {{ x = local.a0 }}\n");
    let reading = read(&tree_of(&[("main.tf", &text)]), &Settings::default(), &|| false);
    assert!(reading.unread.iter().any(|unread| unread.message.contains("levels deep")));
}

#[test]
fn what_is_sensitive_stays_hidden() {
    let value =
        evaluated("\"pw-${var.p}\"", "variable \"p\" {\n  default = \"hunter2\"\n  sensitive = true\n}");
    assert_eq!(shown(&value), "(sensitive)");
}

fn bucket(comment: &str) -> Vec<Finding> {
    let text = format!(
        "resource \"aws_s3_bucket\" \"a\" {{\n  for_each = toset([\"eu\", \"us\"])\n{comment}\n  acl = \"public-read\"\n}}\n\
         resource \"aws_s3_bucket_public_access_block\" \"a\" {{\n  for_each = aws_s3_bucket.a\n  bucket = each.value.id\n  \
         block_public_acls = true\n  block_public_policy = true\n  ignore_public_acls = true\n  \
         restrict_public_buckets = true\n}}\n"
    );
    let mut findings = found(&tree_of(&[("main.tf", &text)]), builtin());
    findings.retain(|finding| finding.rule.id == "iac/s3-bucket-public-acl");
    findings
}

#[test]
fn comments_take_findings_back_for_all_or_one_instance() {
    let states = |comment: &str| -> Vec<State> {
        bucket(comment).iter().map(|finding| finding.infrastructure.as_ref().unwrap().state).collect()
    };
    use State::{Fail, Suppressed};
    assert_eq!(states("# nothing"), [Fail, Fail]);
    assert_eq!(states("  # bartizan:ignore iac/s3-bucket-public-acl a website"), [Suppressed, Suppressed]);
    assert_eq!(states("  # bartizan:ignore iac/s3-bucket-public-acl[\"us\"] a website"), [Fail, Suppressed]);
    assert_eq!(states("  #checkov:skip=CKV_AWS_20:a website"), [Suppressed, Suppressed]);
    assert_eq!(states("  #trivy:ignore:AVD-AWS-0092"), [Suppressed, Suppressed]);
    assert_eq!(states("  # bartizan:ignore iac/other a website"), [Fail, Fail]);
    let finding = &bucket("  # bartizan:ignore iac/s3-bucket-public-acl a website")[0];
    assert_eq!(finding.infrastructure.as_ref().unwrap().suppressed.as_deref(), Some("a website"));
}

#[test]
fn what_a_rule_calls_a_secret_is_never_shown() {
    let text = "variable \"word\" {\n  default = \"opensesame\"\n}\nresource \"aws_instance\" \"a\" {\n  \
                user_data = \"DATABASE_PASSWORD=${var.word}\"\n}\n";
    let findings = found(&tree_of(&[("main.tf", text)]), builtin());
    let finding =
        findings.iter().find(|finding| finding.rule.id == "iac/instance-user-data-credentials").unwrap();
    let about = finding.infrastructure.as_ref().unwrap();
    assert_eq!((about.state, about.value.as_deref()), (State::Fail, Some("(sensitive)")));
    assert!(about.provenance.as_deref().is_some_and(|from| from.contains("main.tf:2")));
    assert!(!format!("{finding:?}").contains("opensesame"));
}

#[test]
fn a_finding_names_the_value_and_where_it_comes_from() {
    let text = "variable \"acl\" {\n  default = \"public-read\"\n}\nlocals {\n  acl = var.acl\n}\n\
                resource \"aws_s3_bucket\" \"a\" {\n  acl = local.acl\n}\n";
    let findings = found(&tree_of(&[("main.tf", text)]), builtin());
    let finding = findings.iter().find(|finding| finding.rule.id == "iac/s3-bucket-public-acl").unwrap();
    let about = finding.infrastructure.as_ref().unwrap();
    assert_eq!(finding.at.line, Some(8));
    assert_eq!(about.resource, "aws_s3_bucket.a");
    assert_eq!(about.value.as_deref(), Some("\"public-read\""));
    assert_eq!(
        about.provenance.as_deref(),
        Some("`acl = local.acl`, defined in `main.tf:5`; `var.acl`, default in `main.tf:2`")
    );
}

#[test]
fn a_value_of_a_connected_resource_is_told_as_it_is_written_there() {
    let text = "variable \"open\" {\n  default = true\n}\nresource \"aws_s3_bucket\" \"a\" {}\n\
                resource \"aws_s3_bucket_public_access_block\" \"a\" {\n  bucket = aws_s3_bucket.a.id\n  \
                block_public_acls = !var.open\n  block_public_policy = true\n  ignore_public_acls = true\n  \
                restrict_public_buckets = true\n}\n";
    let findings = found(&tree_of(&[("main.tf", text)]), builtin());
    let rule = "iac/s3-bucket-without-public-access-block";
    let finding = findings.iter().find(|finding| finding.rule.id == rule).unwrap();
    assert_eq!(finding.at.line, Some(4));
    assert_eq!(
        finding.infrastructure.as_ref().unwrap().provenance.as_deref(),
        Some("`block_public_acls = !var.open`, default in `main.tf:2`")
    );
}

const PLAN: &str = r#"{
  "format_version": "1.2", "terraform_version": "1.9.0",
  "resource_changes": [
    {"address": "aws_s3_bucket.a[\"eu\"]", "mode": "managed", "type": "aws_s3_bucket", "name": "a", "index": "eu",
     "change": {"actions": ["create"], "after": {"bucket": "data-eu", "acl": "public-read"},
                "after_unknown": {"id": true, "arn": true}, "after_sensitive": {}}},
    {"address": "aws_s3_bucket_public_access_block.a", "mode": "managed", "type": "aws_s3_bucket_public_access_block",
     "name": "a", "change": {"actions": ["create"],
       "after": {"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true,
                 "restrict_public_buckets": true}, "after_unknown": {"bucket": true}, "after_sensitive": {}}},
    {"address": "module.db.aws_db_instance.a", "module_address": "module.db", "mode": "managed",
     "type": "aws_db_instance", "name": "a",
     "change": {"actions": ["update"], "after": {"password": "hunter2"}, "after_unknown": {"storage_encrypted": true},
                "after_sensitive": {"password": true}}},
    {"address": "aws_db_instance.gone", "mode": "managed", "type": "aws_db_instance", "name": "gone",
     "change": {"actions": ["delete"], "after": null, "after_unknown": {}, "after_sensitive": false}}
  ],
  "configuration": {"root_module": {"resources": [
    {"type": "aws_s3_bucket_public_access_block", "name": "a",
     "expressions": {"bucket": {"references": ["aws_s3_bucket.a[\"eu\"].id", "aws_s3_bucket.a"]}}}]}}
}"#;

fn planned(files: &[(&str, &str)]) -> Vec<Finding> {
    use bartizan_core::{Asset, Budget, Content, Context, Inspector as _, Limits, Options};
    let asset =
        Asset::new("plan.json", Content::from_bytes(PLAN)).beside(std::sync::Arc::new(tree_of(files)));
    let (limits, budget) = (Limits::default(), Budget::default());
    let context = Context {
        limits: &limits,
        options: Options::default(),
        budget: &budget,
        outlet: &|_| {},
        interrupt: &|| false,
    };
    let inspection = super::PlanInspector::default().inspect(&asset, &context);
    assert!(inspection.coverage.is_complete());
    inspection.findings
}

fn told(finding: &Finding) -> (&str, State, &str, Option<u32>) {
    let about = finding.infrastructure.as_ref().unwrap();
    (finding.rule.id, about.state, finding.at.path.as_str(), finding.at.line)
}

#[test]
fn a_plan_is_judged_by_the_same_rules_and_what_is_known_after_apply_stays_open() {
    let findings = planned(&[]);
    // What other rules say of the same resources is theirs to prove.
    let ids = [
        "iac/s3-bucket-public-acl",
        "iac/s3-bucket-without-public-access-block",
        "iac/rds-storage-unencrypted",
    ];
    let told: Vec<_> = findings.iter().map(told).filter(|told| ids.contains(&told.0)).collect();
    assert_eq!(
        told,
        [
            ("iac/s3-bucket-public-acl", State::Fail, "plan.json", Some(4)),
            ("iac/rds-storage-unencrypted", State::Unknown, "plan.json", Some(11)),
        ]
    );
    let encrypted = findings.iter().find(|finding| finding.rule.id == "iac/rds-storage-unencrypted").unwrap();
    let unresolved = encrypted.infrastructure.as_ref().unwrap().unresolved.clone();
    assert_eq!(unresolved.as_deref(), Some("module.db.aws_db_instance.a.storage_encrypted"));
}

#[test]
fn a_plan_beside_its_source_is_told_in_lines_of_the_source() {
    let source = "variable \"acl\" {\n  default = \"x\"\n}\nresource \"aws_s3_bucket\" \"a\" {\n  \
                  for_each = toset([\"eu\"])\n  acl = var.acl\n}\n";
    let findings = planned(&[("main.tf", source)]);
    let public = findings.iter().find(|finding| finding.rule.id == "iac/s3-bucket-public-acl").unwrap();
    assert_eq!(told(public), ("iac/s3-bucket-public-acl", State::Fail, "main.tf", Some(6)));
    let about = public.infrastructure.as_ref().unwrap();
    assert_eq!(about.value.as_deref(), Some("\"public-read\""));
}

#[test]
fn secrets_stay_hidden_though_nobody_declared_them_sensitive() {
    for name in ["password", "db_password", "var.api_key", "connection_string", "auth.token"] {
        assert!(crate::value::names_a_secret(name), "{name}");
    }
    for name in ["tokenizer", "kms_key_id", "secret_arn", "password_policy", "key_name", "token_type"] {
        assert!(!crate::value::names_a_secret(name), "{name}");
    }
    let value = evaluated("{ password = \"hunter2\", port = 1 }", "");
    assert_eq!(shown(&value), "{password = (sensitive), port = 1}");
}

#[test]
fn files_are_found_from_the_folder_of_the_root_module() {
    let reading = reading(&[
        (
            "infra/main.tf",
            "module \"m\" { source = \"../modules/m\" }\nresource \"test_a\" \"a\" {\n  x = file(\"a.txt\")\n}\n",
        ),
        ("infra/a.txt", "one"),
        (
            "modules/m/main.tf",
            "resource \"test_b\" \"b\" {\n  x = templatefile(\"${path.module}/b.tpl\", { n = 2 })\n  \
                               y = fileset(path.module, \"*.tpl\")\n  z = file(\"../../../etc/passwd\")\n}\n",
        ),
        ("modules/m/b.tpl", "n=${n}"),
    ]);
    let get = |index: usize, name: &str| shown(made(&reading)[index].body.get(name).unwrap());
    assert_eq!(addresses(&reading), ["test_a.a", "module.m.test_b.b"]);
    assert_eq!(get(0, "x"), "\"one\"");
    assert_eq!(get(1, "x"), "\"n=2\"");
    assert_eq!(get(1, "y"), "[\"b.tpl\"]");
    assert_eq!(get(1, "z"), "(unknown: file())");
}

#[test]
fn a_resource_is_connected_across_modules_and_not_across_files_that_declare_the_same() {
    let block = |bucket: &str| {
        format!(
            "resource \"aws_s3_bucket_public_access_block\" \"a\" {{\n  bucket = {bucket}\n  block_public_acls = true\n  \
             block_public_policy = true\n  ignore_public_acls = true\n  restrict_public_buckets = true\n}}\n"
        )
    };
    let open = |files: &[(&str, &str)]| -> Vec<String> {
        let findings = found(&tree_of(files), builtin());
        let open =
            findings.iter().filter(|finding| finding.rule.id == "iac/s3-bucket-without-public-access-block");
        open.map(|finding| {
            format!("{} {}", finding.at.path, finding.infrastructure.as_ref().unwrap().resource)
        })
        .collect()
    };
    let module = "resource \"aws_s3_bucket\" \"b\" {}\noutput \"id\" { value = aws_s3_bucket.b.id }\n";
    let calls = "module \"one\" { source = \"./m\" }\nmodule \"two\" { source = \"./m\" }\n";
    let main = format!("{calls}{}", block("module.one.id"));
    assert_eq!(open(&[("main.tf", &main), ("m/main.tf", module)]), ["m/main.tf module.two.aws_s3_bucket.b"]);
    let bucket = "resource \"aws_s3_bucket\" \"b\" {}\n";
    let closed = format!("{bucket}{}", block("aws_s3_bucket.b.id"));
    assert_eq!(open(&[("bad.tf", bucket), ("good.tf", &closed)]), ["bad.tf aws_s3_bucket.b"]);
}

#[test]
fn configuration_written_as_json_is_the_same() {
    let json = r#"{
      "//": "a comment",
      "variable": {"acl": {"default": "private"}},
      "resource": {"test_a": {"a": [
        {"acl": "${var.acl}", "rule": [{"port": 22}]}
      ]}}
    }"#;
    let reading = reading(&[("main.tf.json", json), ("terraform.tfvars.json", r#"{"acl": "public\/read"}"#)]);
    assert!(reading.unread.is_empty(), "{:?}", reading.unread);
    let body = &only(&reading).body;
    assert_eq!(shown(body.get("acl").unwrap()), "\"public/read\"");
    assert_eq!(reading.sources.line(body.get("acl").unwrap().at.unwrap()), 5);
    let broken = read(&tree_of(&[("main.tf.json", "{\"resource\": [1}")]), &Settings::default(), &|| false);
    assert_eq!(broken.unread.len(), 1);
}

#[test]
fn the_idioms_of_well_kept_modules_are_understood() {
    let rest = r#"
variable "on" { default = true }
variable "off" { default = false }
variable "rules" {
  type = map(object({ port = number, cidr = optional(list(string), ["10.0.0.0/8"]) }))
  default = { ssh = { port = 22 } }
}
variable "unset" {
  type    = string
  default = null
}
locals {
  create = var.on && var.unset == null
  name   = try(coalesce(var.unset, "data"), "none")
}
resource "aws_s3_bucket" "this" {
  count  = local.create ? 1 : 0
  bucket = "${local.name}-x"
}
resource "aws_s3_bucket" "none" {
  count = var.off ? 1 : 0
}
resource "aws_s3_bucket" "each" {
  for_each = var.on ? toset(["a", "b"]) : toset([])
  bucket   = each.key
}
module "gone" {
  source = "./m"
  count  = 0
}
"#;
    for (expression, wanted) in [
        ("one(aws_s3_bucket.this[*].bucket)", "\"data-x\""),
        ("one(aws_s3_bucket.this[*].id)", "(unknown: aws_s3_bucket.this[0].id)"),
        ("aws_s3_bucket.this.*.bucket[0]", "\"data-x\""),
        ("element(concat(aws_s3_bucket.none.*.id, [\"\"]), 0)", "\"\""),
        ("join(\"\", aws_s3_bucket.this.*.arn)", "(unknown: aws_s3_bucket.this[0].arn)"),
        ("try(aws_s3_bucket.none[0].id, \"\")", "\"\""),
        ("try(module.gone[0].id, \"no\")", "\"no\""),
        ("length(module.gone)", "0"),
        ("[for key, bucket in aws_s3_bucket.each : bucket.bucket]", "[\"a\", \"b\"]"),
        ("aws_s3_bucket.each[\"b\"].bucket", "\"b\""),
        ("values(aws_s3_bucket.each)[*].bucket", "[\"a\", \"b\"]"),
        ("var.rules[\"ssh\"].cidr[0]", "\"10.0.0.0/8\""),
        ("lookup(var.rules.ssh, \"name\", null)", "null"),
        ("{ for k, v in var.rules : k => v.port if v.port > 20 }", "{ssh = 22}"),
        (
            "flatten([for k, v in var.rules : [for c in v.cidr : { name = k, cidr = c }]])[0].cidr",
            "\"10.0.0.0/8\"",
        ),
        ("var.unset != null ? { a = var.unset } : {}", "{}"),
        ("merge({ a = 1 }, var.on ? { b = 2 } : {})", "{a = 1, b = 2}"),
        (
            "format(\"arn:%s:s3:::%s/*\", \"aws\", aws_s3_bucket.this[0].id)",
            "\"arn:aws:s3:::${aws_s3_bucket.this[0].id}/*\"",
        ),
        ("replace(lower(\"A_B\"), \"_\", \"-\")", "\"a-b\""),
        ("tolist(setunion([\"b\"], [\"a\"]))[0]", "\"a\""),
        ("alltrue([for v in values(var.rules) : v.port < 100])", "true"),
        ("aws_s3_bucket.this[0].arn != null ? \"kms\" : \"none\"", "\"kms\""),
        ("coalesce(aws_s3_bucket.this[0].arn, \"x\")", "(unknown: aws_s3_bucket.this[0].arn)"),
    ] {
        let text = format!("{rest}\nresource \"test_a\" \"a\" {{\n  x = {expression}\n}}\n");
        let reading = reading(&[("main.tf", &text), ("m/main.tf", "output \"id\" { value = 1 }\n")]);
        assert!(reading.unread.is_empty(), "{:?}", reading.unread);
        assert_eq!(shown(only(&reading).body.get("x").unwrap()), wanted, "{expression}");
    }
}

#[test]
fn policies_are_read_wherever_they_are_written() {
    let full = |text: &str, more: &[(&str, &str)]| -> Vec<State> {
        let mut files = vec![("main.tf", text)];
        files.extend(more);
        let findings = found(&tree_of(&files), builtin());
        let findings = findings.iter().filter(|finding| finding.rule.id == "iac/iam-policy-full-access");
        findings.map(|finding| finding.infrastructure.as_ref().unwrap().state).collect()
    };
    let document = r#"
data "aws_iam_policy_document" "base" {
  dynamic "statement" {
    for_each = [["*"]]
    content {
      effect    = "Allow"
      actions   = statement.value
      resources = ["*"]
    }
  }
}
data "aws_iam_policy_document" "all" {
  source_policy_documents = [data.aws_iam_policy_document.base.json]
  statement {
    actions   = ["s3:GetObject"]
    resources = [aws_s3_bucket.b.arn]
  }
}
resource "aws_s3_bucket" "b" {}
resource "aws_iam_policy" "p" {
  policy = data.aws_iam_policy_document.all.json
}
"#;
    let json = r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    let template =
        r#"{"Statement": [{"Effect": "Allow", "Action": ${jsonencode(actions)}, "Resource": "*"}]}"#;
    assert_eq!(full(document, &[]), [State::Fail]);
    let text = "resource \"aws_iam_policy\" \"p\" {\n  policy = file(\"${path.module}/p.json\")\n}\n";
    assert_eq!(full(text, &[("p.json", json)]), [State::Fail]);
    assert_eq!(full(text, &[]), [State::Unknown]);
    let text = "variable \"a\" {}\nresource \"aws_iam_policy\" \"p\" {\n  policy = templatefile(\"p.tpl\", { actions = var.a })\n}\n";
    assert_eq!(full(text, &[("p.tpl", template)]), [State::Unknown]);
    let text = text.replace("var.a })", "[\"s3:*\", \"*\"] })");
    assert_eq!(full(&text, &[("p.tpl", template)]), [State::Fail]);
    let text = "resource \"aws_s3_bucket\" \"b\" {}\nresource \"aws_iam_policy\" \"p\" {\n  policy = <<EOT\n{\"Statement\": \
                {\"Effect\": \"Allow\", \"Action\": [\"*\"], \"Resource\": [\"${aws_s3_bucket.b.arn}\", \"${aws_s3_bucket.b.arn}/*\"]}}\nEOT\n}\n";
    assert_eq!(full(text, &[]), []);
}

#[test]
fn outputs_of_two_modules_may_need_each_other() {
    let main = "module \"a\" {\n  source = \"./a\"\n  late = module.b.out\n}\nmodule \"b\" {\n  source = \"./b\"\n  \
                early = module.a.early\n}\nresource \"test_a\" \"x\" {\n  x = [module.a.late, module.b.out, module.a.early]\n}\n";
    let a = "variable \"late\" {}\noutput \"early\" { value = 1 }\noutput \"late\" { value = var.late + 1 }\n\
             output \"a_first\" { value = var.late }\n";
    let b = "variable \"early\" {}\noutput \"out\" { value = var.early + 1 }\n";
    let reading = reading(&[("main.tf", main), ("a/main.tf", a), ("b/main.tf", b)]);
    assert!(reading.unread.is_empty(), "{:?}", reading.unread);
    assert_eq!(shown(only(&reading).body.get("x").unwrap()), "[3, 2, 1]");
}

#[test]
fn a_file_in_an_archive_is_read_though_no_folder_of_it_is() {
    use bartizan_core::{Asset, Budget, Content, Context, Inspector as _, Limits, Options};
    let text = "resource \"aws_s3_bucket_acl\" \"a\" {\n  acl = \"public-read\"\n}\n";
    let archive = Asset::new("a.zip", Content::from_bytes(&b""[..]));
    let mut member = archive.child("infra/main.tf", Content::from_bytes(text));
    member.siblings = Some(std::sync::Arc::new(tree_of(&[])));
    let (limits, budget) = (Limits::default(), Budget::default());
    let context = Context {
        limits: &limits,
        options: Options::default(),
        budget: &budget,
        outlet: &|_| {},
        interrupt: &|| false,
    };
    let findings = super::TerraformFileInspector::default().inspect(&member, &context).findings;
    assert_eq!(told(&findings[0]), ("iac/s3-bucket-public-acl", State::Fail, "a.zip!infra/main.tf", Some(2)));
}

#[test]
fn files_of_overrides_change_the_others() {
    let reading = reading(&[
        (
            "a_override.tf",
            "resource \"test_a\" \"a\" {\n  acl = local.acl\n  rule {\n    port = 3\n  }\n}\n\
                           locals {\n  acl = \"closed\"\n}\nvariable \"v\" {\n  default = 2\n}\n",
        ),
        (
            "main.tf",
            "resource \"test_a\" \"a\" {\n  acl = \"open\"\n  keep = var.v\n  rule {\n    port = 1\n  }\n  rule {\n    \
                     port = 2\n  }\n}\nlocals {\n  acl = \"open\"\n}\nvariable \"v\" {\n  default = 1\n}\n",
        ),
    ]);
    let body = &only(&reading).body;
    let get = |name: &str| shown(body.get(name).unwrap());
    assert_eq!(
        (get("acl"), get("keep"), get("rule")),
        ("\"closed\"".into(), "2".into(), "[{port = 3}]".into())
    );
    let at = body.get("acl").unwrap().at.unwrap();
    assert_eq!(reading.sources.shown(at), "a_override.tf:2");
}
