//! Mending infrastructure: the diff, what is written, what is refused, and what stays as it was.

use std::fs;

use crate::sandbox::Sandbox;

/// A database that is public and not encrypted, in lines of their own.
const DATABASE: &str = "\
resource \"aws_db_instance\" \"models\" {
  engine              = \"postgres\" # keep
  publicly_accessible = true # why
  storage_encrypted   = false
}
";

const PUBLIC: &str = "iac/rds-public";
const PLAIN: &str = "iac/rds-storage-unencrypted";

fn mended(text: &str) -> String {
    text.replace("publicly_accessible = true", "publicly_accessible = false")
        .replace("storage_encrypted   = false", "storage_encrypted   = true")
}

fn both(sandbox: &Sandbox, more: &[&str]) -> crate::sandbox::Outcome {
    sandbox.run(&[&["fix", ".", "--rule", PUBLIC, "--rule", PLAIN], more].concat())
}

#[test]
fn the_diff_shows_what_would_change_and_nothing_is_written() {
    let sandbox = Sandbox::with(&[("infra/main.tf", DATABASE.as_bytes())]);
    let before = sandbox.listing();
    let shown = sandbox.run(&["fix", "infra", "--rule", PUBLIC, "--rule", PLAIN]);
    insta::assert_snapshot!(shown.stdout, @r#"
    --- a/infra/main.tf
    +++ b/infra/main.tf
    @@ -1,5 +1,5 @@
     resource "aws_db_instance" "models" {
       engine              = "postgres" # keep
    -  publicly_accessible = true # why
    -  storage_encrypted   = false
    +  publicly_accessible = false # why
    +  storage_encrypted   = true
     }
    "#);
    assert_eq!(shown.code, 1, "findings remain: {}", shown.stderr);
    assert!(shown.stderr.contains("fixable  infra/main.tf:3"), "{}", shown.stderr);
    assert!(shown.stderr.contains("2 findings can be mended in 1 file; --write does it"), "{}", shown.stderr);
    let explicit = sandbox.run(&["fix", "infra", "--rule", PUBLIC, "--rule", PLAIN, "--diff"]);
    assert_eq!((explicit.code, &explicit.stdout), (1, &shown.stdout));
    assert_eq!(sandbox.listing(), before);
}

#[test]
fn what_is_written_is_clean_and_a_second_run_has_nothing_to_do() {
    let sandbox = Sandbox::with(&[("main.tf", DATABASE.as_bytes()), ("other.tf", b"# untouched\r\n")]);
    let written = both(&sandbox, &["--write"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    assert_eq!(written.stdout, "");
    assert!(written.stderr.contains("fixed    main.tf:3"), "{}", written.stderr);
    assert!(written.stderr.contains("2 findings mended in 1 file"), "{}", written.stderr);
    assert_eq!(sandbox.text("main.tf"), mended(DATABASE));
    assert_eq!(sandbox.text("other.tf"), "# untouched\r\n");
    let names: Vec<_> = fs::read_dir(sandbox.path(".")).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let again = both(&sandbox, &["--write"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""));
    assert!(again.stderr.contains("nothing to do"), "{}", again.stderr);
    let report = sandbox.run(&["scan", ".", "--format", "json"]).json();
    let rules: Vec<&str> =
        report["findings"].as_array().unwrap().iter().filter_map(|f| f["rule"].as_str()).collect();
    assert!(!rules.contains(&PUBLIC) && !rules.contains(&PLAIN), "{rules:?}");
}

#[test]
fn the_byte_order_mark_and_the_ends_of_lines_stay() {
    let elsewhere = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let sandbox = Sandbox::with(&[("main.tf", elsewhere(DATABASE).as_bytes())]);
    let written = both(&sandbox, &["--write"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    assert_eq!(sandbox.text("main.tf"), elsewhere(&mended(DATABASE)));
}

const THROUGH: &str = "\
variable \"open\" {
  type = bool
}
resource \"aws_db_instance\" \"models\" {
  publicly_accessible = var.open
}
";

#[test]
fn a_variable_is_mended_in_the_file_that_sets_it() {
    let sandbox =
        Sandbox::with(&[("main.tf", THROUGH.as_bytes()), ("prod.tfvars", b"# ours\nopen = true\n")]);
    let unset = sandbox.run(&["fix", ".", "--rule", PUBLIC]);
    assert_eq!(unset.code, 0, "nobody knows the value: {}", unset.stderr);
    let arguments = ["fix", ".", "--rule", PUBLIC, "--var-file", "prod.tfvars"];
    let shown = sandbox.run(&arguments);
    assert!(
        shown.stdout.contains("--- a/prod.tfvars") && shown.stdout.contains("+open = false"),
        "{shown:?}"
    );
    let written = sandbox.run(&[&arguments[..], &["--write"]].concat());
    assert_eq!(written.code, 0, "{}", written.stderr);
    assert!(
        written.stderr.contains("main.tf:5") && written.stderr.contains("in prod.tfvars"),
        "{}",
        written.stderr
    );
    assert_eq!(sandbox.text("prod.tfvars"), "# ours\nopen = false\n");
    assert_eq!(sandbox.text("main.tf"), THROUGH);
}

#[test]
fn what_is_refused_says_why_and_where_to_change_it() {
    let shared = format!("{THROUGH}output \"open\" {{\n  value = var.open\n}}\n");
    let json = br#"{"resource": {"aws_db_instance": {"b": {"publicly_accessible": true}}}}"#;
    let sandbox = Sandbox::with(&[
        ("main.tf", shared.as_bytes()),
        ("terraform.tfvars", b"open = true\n"),
        ("other.tf.json", json),
    ]);
    let before = sandbox.listing();
    let refused = sandbox.run(&["fix", ".", "--rule", PUBLIC, "--write"]);
    assert_eq!(refused.code, 1);
    for told in [
        "refused  main.tf:5",
        "`var.open`, set in `terraform.tfvars:1`, which `main.tf:8` uses as well",
        "refused  other.tf.json:1",
        "`other.tf.json` is JSON, which is not patched",
        "nothing was mended, 2 findings not mended",
    ] {
        assert!(refused.stderr.contains(told), "{told}: {}", refused.stderr);
    }
    assert_eq!(sandbox.listing(), before);
}

#[test]
fn a_file_of_variables_outside_of_the_target_is_never_written() {
    let sandbox = Sandbox::with(&[("infra/main.tf", THROUGH.as_bytes()), ("prod.tfvars", b"open = true\n")]);
    let refused = sandbox.run(&["fix", "infra", "--rule", PUBLIC, "--var-file", "prod.tfvars", "--write"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("lies outside of what is mended"), "{}", refused.stderr);
    assert_eq!(sandbox.text("prod.tfvars"), "open = true\n");
}

#[cfg(unix)]
#[test]
fn links_are_never_written_through() {
    use std::os::unix::fs::symlink;
    let sandbox = Sandbox::with(&[("real/data.txt", DATABASE.as_bytes())]);
    symlink(sandbox.path("real/data.txt"), sandbox.path("main.tf")).unwrap();
    let refused = both(&sandbox, &["--write"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("symbolic link"), "{}", refused.stderr);
    assert_eq!(sandbox.text("real/data.txt"), DATABASE);
    assert_eq!(sandbox.run(&["fix", "main.tf"]).code, 2);
}

#[test]
fn one_file_is_read_and_written_alone() {
    let sandbox = Sandbox::with(&[("infra/a.tf", DATABASE.as_bytes()), ("infra/b.tf", DATABASE.as_bytes())]);
    let written = sandbox.run(&["fix", "infra/a.tf", "--rule", "rds-public", "--write"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    assert!(written.stderr.contains("fixed    infra/a.tf:3"), "{}", written.stderr);
    assert!(sandbox.text("infra/a.tf").contains("publicly_accessible = false # why"));
    assert_eq!(sandbox.text("infra/b.tf"), DATABASE);
}

#[test]
fn a_waived_finding_is_left_alone_and_the_manifest_is_named() {
    let waiver = format!(
        "[[waiver]]\nrule = \"{PUBLIC}\"\nwhere = \"main.tf\"\nreason = \"demo\"\nowner = \"me\"\nexpires = \"2999-01-01\"\n"
    );
    let sandbox = Sandbox::with(&[("main.tf", DATABASE.as_bytes()), ("bartizan.toml", waiver.as_bytes())]);
    let left = sandbox.run(&["fix", ".", "--rule", PUBLIC]);
    assert_eq!((left.code, left.stdout.as_str()), (0, ""), "{}", left.stderr);
    assert!(left.stderr.contains("bartizan.toml"), "{}", left.stderr);
    assert_eq!(sandbox.run(&["fix", ".", "--rule", PUBLIC, "--no-config"]).code, 1);
}

#[test]
fn wrong_usage_and_what_cannot_be_read_are_told() {
    let sandbox = Sandbox::with(&[("main.tf", b"resource \"aws_s3_bucket\" \"a\" {\n  bucket = \n}\n")]);
    let code = |arguments: &[&str]| sandbox.run(&[&["fix"], arguments].concat());
    let unread = code(&["."]);
    assert_eq!(unread.code, 3, "{}", unread.stderr);
    assert!(unread.stderr.contains("unread   main.tf"), "{}", unread.stderr);
    let near = code(&[".", "--rule", "iac/rds-publik"]);
    assert_eq!(near.code, 2);
    assert!(near.stderr.contains("did you mean `iac/rds-public`?"), "{}", near.stderr);
    let without = code(&[".", "--rule", "iac/rds-without-performance-insights"]);
    assert_eq!(without.code, 2);
    assert!(without.stderr.contains("has no patch"), "{}", without.stderr);
    assert_eq!(code(&["nothing-like-it"]).code, 2);
    assert_eq!(code(&[".", "--diff", "--write"]).code, 2);
    let empty = Sandbox::with(&[]);
    assert_eq!(empty.run(&["fix"]).code, 0);
}
