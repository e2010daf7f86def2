//! Every rule's patch on the rule's own examples, and the layout and refusals one by one.

use bartizan_core::State;
use serde_json::Value as Json;

use super::{Mended, Request, mend};
use crate::{
    rule::{
        Catalogue, Control, Framework, Patch, builtin,
        tests::{found, tree_of},
    },
    terraform::{Settings, VariableFile},
};

fn mended_by(files: &dyn bartizan_core::Tree, settings: &Settings, catalogue: &Catalogue) -> Mended {
    mend(&Request { tree: files, settings, catalogue, wanted: &|_| true, interrupted: &|| false })
}

/// A catalogue of one control: `aws_db_instance` must not be public, with this patch.
fn control(fails: &str, patch: &str) -> Catalogue {
    let text = format!("category: network\nresources: [aws_db_instance]\nfails: {fails}\npatch:\n{patch}\n");
    let json = crate::yaml::to_json(&text).unwrap();
    Catalogue::new(vec![crate::rule::control(&json, crate::rule::RULES[0]).unwrap()])
}

fn public() -> Catalogue {
    control("{attribute: public, equals: true}", "  - set: public\n    to: 'false'")
}

/// The files after mending with no settings, and why what was refused was.
fn after(files: &[(&str, &str)], catalogue: &Catalogue) -> (Vec<(String, String)>, Vec<String>) {
    let mended = mended_by(&tree_of(files), &Settings::default(), catalogue);
    let changed = mended.files.iter().map(|file| (file.path.clone(), file.after.to_string())).collect();
    (changed, mended.refused.into_iter().map(|refused| refused.reason).collect())
}

fn mended_text(text: &str, catalogue: &Catalogue) -> String {
    let (files, refused) = after(&[("main.tf", text)], catalogue);
    assert!(refused.is_empty(), "{refused:?}");
    files.into_iter().next().map_or_else(|| text.to_owned(), |(_, text)| text)
}

fn refusal(files: &[(&str, &str)]) -> String {
    let (changed, refused) = after(files, &public());
    assert!(changed.is_empty(), "{changed:?}");
    assert_eq!(refused.len(), 1, "{refused:?}");
    refused.into_iter().next().unwrap()
}

/// Lines of one text that the other does not have.
fn missing_in<'t>(text: &'t str, other: &str) -> Vec<&'t str> {
    let mut rest: Vec<&str> = other.lines().collect();
    let mut missing = Vec::new();
    for line in text.lines() {
        match rest.iter().position(|known| *known == line) {
            Some(at) => drop(rest.remove(at)),
            None => missing.push(line),
        }
    }
    missing
}

/// Words that a patch's own lines are made of.
fn words(control: &Control) -> Vec<String> {
    let mut words = Vec::new();
    for patch in &control.patch {
        match patch {
            Patch::Set { path, .. } | Patch::Delete { path } => {
                words.extend(path.split('.').map(str::to_owned))
            }
            Patch::Insert { text, .. } => words.extend(text.split_whitespace().map(str::to_owned)),
        }
    }
    words
}

fn prove(control: &Control, text: &str) -> Result<(), String> {
    let catalogue = Catalogue::new(vec![control.clone()]);
    let files = tree_of(&[("main.tf", text)]);
    let mended = mend(&Request {
        tree: &files,
        settings: &Settings::default(),
        // All other rules look too: none of them may find something as bad afterwards.
        catalogue: builtin(),
        wanted: &|finding| finding.rule.id == control.rule.id,
        interrupted: &|| false,
    });
    if let Some(refused) = mended.refused.first() {
        return Err(format!("refused: {}", refused.reason));
    }
    let [changed] = mended.files.as_slice() else { return Err("nothing is changed".to_owned()) };
    let left = found(&tree_of(&[("main.tf", &changed.after)]), &catalogue);
    let open = |finding: &&bartizan_core::Finding| {
        finding.infrastructure.as_ref().unwrap().state != State::Suppressed
    };
    if let Some(left) = left.iter().find(open) {
        return Err(format!("it is still found: {}\n{}", left.message, changed.after));
    }
    let words = words(control);
    let about = |line: &&str| {
        let line = line.trim();
        line.is_empty() || line == "}" || words.iter().any(|word| line.contains(word.as_str()))
    };
    // An attribute keeps its name where its value is another, and a block on one line is opened up.
    let (gone, new) = (missing_in(text, &changed.after), missing_in(&changed.after, text));
    let named = |line: &str| line.split_once('=').map_or("", |(name, _)| name.trim()).to_owned();
    let replaced =
        |line: &str, by: &[&str]| by.iter().any(|other| named(other) == named(line) && line.contains('='));
    if let Some(line) = gone.iter().find(|line| !about(line) && !line.contains('}') && !replaced(line, &new))
    {
        return Err(format!("the line `{line}` is gone:\n{}", changed.after));
    }
    if let Some(line) = new.iter().find(|line| !about(line) && !line.contains('{') && !replaced(line, &gone))
    {
        return Err(format!("the line `{line}` is new:\n{}", changed.after));
    }
    // The same file as other systems write it: a byte order mark, and two bytes at the end of a line.
    let elsewhere = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let there = mended_text(&elsewhere(text), &catalogue);
    if there != elsewhere(&mended_text(text, &catalogue)) {
        return Err(format!("with CRLF and BOM it is another text: {there:?}"));
    }
    Ok(())
}

#[test]
fn every_patch_mends_the_failing_examples_of_its_rule_and_changes_no_other_line() {
    let rules: Vec<Json> =
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/examples.json"))).unwrap();
    let mut proved = 0;
    let mut wrong = Vec::new();
    for (rule, control) in rules.iter().zip(builtin().controls()) {
        if control.patch.is_empty() || !control.frameworks.contains(&Framework::Terraform) {
            continue;
        }
        for text in rule["examples"]["failing"].as_array().unwrap() {
            let text = text.as_str().unwrap();
            match prove(control, text) {
                Ok(()) => proved += 1,
                Err(reason) => wrong.push(format!("{}: {reason}\n{text}", control.rule.id)),
            }
        }
    }
    assert!(wrong.is_empty(), "{} patches do not hold:\n{}", wrong.len(), wrong.join("\n---\n"));
    assert!(proved > 90, "{proved}");
}

#[test]
fn only_the_expression_is_replaced() {
    let text = "resource \"aws_db_instance\" \"a\" {\n\tname   = \"x\"\n\tpublic = true # why // not\n}\n";
    assert_eq!(mended_text(text, &public()), text.replace("true", "false"));
}

#[test]
fn a_new_attribute_stands_behind_the_others_and_in_line_with_them() {
    let catalogue = control("{attribute: tls, absent: true}", "  - set: tls\n    to: 'true'");
    for (text, wanted) in [
        (
            "resource \"aws_db_instance\" \"a\" {\n  engine = \"x\" # c\n\n  tags {\n  }\n}\n",
            "resource \"aws_db_instance\" \"a\" {\n  engine = \"x\" # c\n  tls    = true\n\n  tags {\n  }\n}\n",
        ),
        ("resource \"aws_db_instance\" \"a\" {}", "resource \"aws_db_instance\" \"a\" {\n  tls = true\n}"),
        (
            "resource \"aws_db_instance\" \"a\" { engine = 1 }\n",
            "resource \"aws_db_instance\" \"a\" {\n  engine = 1\n  tls = true\n}\n",
        ),
        (
            "resource \"aws_db_instance\" \"a\" {\n  x = <<EOT\npublic }\nEOT\n}\n",
            "resource \"aws_db_instance\" \"a\" {\n  x = <<EOT\npublic }\nEOT\n  tls = true\n}\n",
        ),
    ] {
        assert_eq!(mended_text(text, &catalogue), wanted);
    }
}

#[test]
fn missing_blocks_are_made_and_those_that_are_there_are_used() {
    let catalogue = control(
        "{attribute: net.access.public, not-equals: false}",
        "  - set: net.access.public\n    to: 'false'",
    );
    let all = "resource \"aws_db_instance\" \"a\" {\n  name = \"x\"\n\n  net {\n    access {\n      public = false\n    }\n  }\n}\n";
    let bare = "resource \"aws_db_instance\" \"a\" {\n  name = \"x\"\n}\n";
    assert_eq!(mended_text(bare, &catalogue), all);
    let half = "resource \"aws_db_instance\" \"a\" {\n  name = \"x\"\n\n  net {\n  }\n}\n";
    assert_eq!(mended_text(half, &catalogue), all);
}

#[test]
fn the_block_that_fails_is_mended_and_all_of_them_when_several_do() {
    let catalogue = control(
        "{some: disk, satisfies: {attribute: crypt, not-equals: true}}",
        "  - set: disk.crypt\n    to: 'true'",
    );
    let text = "resource \"aws_db_instance\" \"a\" {\n  disk {\n    crypt = true\n  }\n  disk {\n    crypt = false\n  }\n  disk {\n    crypt = false\n  }\n}\n";
    assert_eq!(mended_text(text, &catalogue), text.replace("false", "true"));
}

#[test]
fn text_is_inserted_and_attributes_and_blocks_are_deleted() {
    let insert = control(
        "{attribute: log.on, absent: true}",
        "  - insert: |\n      log {\n        on = true\n      }\n    into: ''",
    );
    assert_eq!(
        mended_text("resource \"aws_db_instance\" \"a\" {\n  x = 1\n}\n", &insert),
        "resource \"aws_db_instance\" \"a\" {\n  x = 1\n\n  log {\n    on = true\n  }\n}\n"
    );
    let delete = control("{attribute: open, exists: true}", "  - delete: open");
    let kept = "resource \"aws_db_instance\" \"a\" {\n  x = 1\n}\n";
    let attribute = "resource \"aws_db_instance\" \"a\" {\n  open = 2 # c\n  x = 1\n}\n";
    let block = "resource \"aws_db_instance\" \"a\" {\n  x = 1\n  open {\n    y = 1\n  }\n}\n";
    assert_eq!(mended_text(attribute, &delete), kept);
    assert_eq!(mended_text(block, &delete), kept);
}

const USE: &str = "variable \"open\" {\n  default = true\n}\nresource \"aws_db_instance\" \"a\" {\n  public = var.open\n}\n";

#[test]
fn a_value_is_changed_where_the_variable_gets_it() {
    let (files, refused) = after(&[("main.tf", USE)], &public());
    assert_eq!(files, [("main.tf".to_owned(), USE.replace("default = true", "default = false"))]);
    assert!(refused.is_empty());
    let (files, _) = after(&[("main.tf", USE), ("prod.auto.tfvars", "# here\nopen = true\n")], &public());
    assert_eq!(files, [("prod.auto.tfvars".to_owned(), "# here\nopen = false\n".to_owned())]);
    let named = Settings {
        variable_files: vec![VariableFile {
            path: "prod.tfvars".to_owned(),
            text: "open = true\n".to_owned(),
        }],
        ..Settings::default()
    };
    let files = tree_of(&[("main.tf", USE), ("prod.tfvars", "open = true\n")]);
    let mended = mended_by(&files, &named, &public());
    assert_eq!((&*mended.files[0].path, &*mended.files[0].after), ("prod.tfvars", "open = false\n"));
    let outside = tree_of(&[("main.tf", USE)]);
    let mended = mended_by(&outside, &named, &public());
    assert!(mended.files.is_empty());
    assert!(mended.refused[0].reason.contains("lies outside"), "{}", mended.refused[0].reason);
}

#[test]
fn a_value_is_changed_where_a_module_is_called() {
    let main = "locals {\n  open = true\n}\nmodule \"db\" {\n  source = \"./db\"\n  open   = local.open\n}\n";
    let (files, refused) = after(&[("main.tf", main), ("db/main.tf", USE)], &public());
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(files, [("main.tf".to_owned(), main.replace("open = true", "open = false"))]);
}

#[test]
fn a_value_that_something_else_uses_stays_and_the_place_is_told() {
    let other = format!("{USE}output \"o\" {{\n  value = var.open\n}}\n");
    let told = refusal(&[("main.tf", &other)]);
    assert!(told.contains("`var.open`, set in `main.tf:2`, which `main.tf:8` uses as well"), "{told}");
    let neighbour = "output \"o\" {\n  value = \"${var.open}\"\n}\n";
    let told = refusal(&[("main.tf", USE), ("other.tf", neighbour)]);
    assert!(told.contains("which `other.tf:2` uses"), "{told}");
    let longer = "variable \"open-er\" {}\noutput \"o\" {\n  value = var.open-er\n}\n";
    assert!(after(&[("main.tf", USE), ("other.tf", longer)], &public()).1.is_empty());
}

#[test]
fn what_is_computed_json_or_dynamic_is_refused() {
    let computed = USE.replace("var.open\n", "!var.open || true\n");
    let told = refusal(&[("main.tf", &computed)]);
    assert!(told.contains("computed in `main.tf:5`: make it `false` there"), "{told}");
    let json = r#"{"resource": {"aws_db_instance": {"a": {"public": true}}}}"#;
    assert!(refusal(&[("main.tf.json", json)]).contains("is JSON"));
    let variables = refusal(&[("main.tf", USE), ("x.auto.tfvars.json", r#"{"open": true}"#)]);
    assert!(variables.contains("`x.auto.tfvars.json` is JSON"), "{variables}");
    let catalogue = control(
        "{some: disk, satisfies: {attribute: crypt, equals: false}}",
        "  - set: disk.crypt\n    to: 'true'",
    );
    let dynamic = "resource \"aws_db_instance\" \"a\" {\n  dynamic \"disk\" {\n    for_each = [1]\n    content {\n      crypt = false\n    }\n  }\n}\n";
    let (changed, refused) = after(&[("main.tf", dynamic)], &catalogue);
    assert!(changed.is_empty() && refused[0].contains("`dynamic \"disk\"` in `main.tf:2`"), "{refused:?}");
}

#[test]
fn a_patch_that_does_not_help_is_taken_back_and_the_others_stay() {
    let catalogue = control(
        "{any: [{attribute: public, equals: true}, {attribute: shared, equals: true}]}",
        "  - set: public\n    to: 'false'",
    );
    let text = |name: &str, shared: bool| {
        format!("resource \"aws_db_instance\" \"{name}\" {{\n  public = true\n  shared = {shared}\n}}\n")
    };
    let before: String = ["a", "b", "c", "d", "e"].iter().map(|name| text(name, *name == "c")).collect();
    let wanted: String = ["a", "b", "c", "d", "e"]
        .iter()
        .map(|name| {
            if *name == "c" {
                text(name, true)
            } else {
                text(name, false).replace("public = true", "public = false")
            }
        })
        .collect();
    let (files, refused) = after(&[("main.tf", &before)], &catalogue);
    assert_eq!(files, [("main.tf".to_owned(), wanted)]);
    assert!(refused.len() == 1 && refused[0].contains("does not help"), "{refused:?}");
}

#[test]
fn all_instances_of_one_block_are_mended_by_one_change() {
    let text = "resource \"aws_db_instance\" \"a\" {\n  count  = 3\n  public = true\n}\n";
    let mended = mended_by(&tree_of(&[("main.tf", text)]), &Settings::default(), &public());
    assert_eq!(&*mended.files[0].after, text.replace("true", "false"));
    assert_eq!(mended.fixed.len(), 1);
}

#[test]
fn a_finding_that_a_comment_takes_back_is_left_alone() {
    let text = format!(
        "resource \"aws_db_instance\" \"a\" {{\n  # bartizan:ignore {} on purpose\n  public = true\n}}\n",
        crate::rule::RULES[0].id
    );
    assert_eq!(mended_text(&text, &public()), text);
}
