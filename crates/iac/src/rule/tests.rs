//! Proves every control by its own examples, and the operators one by one.

use bartizan_core::{Asset, Content, Files, Finding};
use serde_json::Value as Json;

use super::{Catalogue, Control, Framework, builtin, catalogue::compile};
use crate::{brought::proof, terraform};

/// A tree of texts.
pub(crate) fn tree_of(files: &[(&str, &str)]) -> Files {
    Files::of(files.iter().map(|(path, text)| (*path, Content::from_bytes((*text).to_owned()))))
}

/// What a catalogue finds in files.
pub(crate) fn found(files: &Files, catalogue: &Catalogue) -> Vec<Finding> {
    let reading = terraform::read(files, &terraform::Settings::default(), &|| false);
    assert!(reading.unread.is_empty(), "{:?} in {files:?}", reading.unread);
    reading.findings(&[catalogue], &Asset::new(".", Content::from_bytes(&b""[..])), &|| false)
}

/// Examples of one control: text by text.
fn examples<'j>(rule: &'j Json, kind: &str) -> Vec<&'j str> {
    rule.get("examples")
        .and_then(|examples| examples.get(kind))
        .and_then(Json::as_array)
        .map(|list| list.iter().filter_map(Json::as_str).collect())
        .unwrap_or_default()
}

fn prove(control: &Control, rule: &Json, wrong: &mut Vec<String>) {
    let catalogue = Catalogue::new(vec![control.clone()]);
    let id = control.rule.id;
    for kind in ["failing", "passing", "unknown"] {
        let texts = examples(rule, kind);
        if texts.is_empty() {
            wrong.push(format!("{id}: no {kind} example"));
        }
        for text in texts {
            // The examples that come with the program have to mark the line, too.
            let unmarked = (kind == "failing" && proof::marked(text).is_empty())
                .then(|| "no line of it is marked".to_owned());
            if let Some(told) = unmarked.or_else(|| proof::wrong(kind, text, &catalogue, &|| false)) {
                wrong.push(format!("{id}: of a {kind} example, {told}:\n{text}"));
            }
        }
    }
}

#[test]
fn every_control_compiles() {
    let wrong: Vec<String> = compile()
        .into_iter()
        .zip(super::RULES)
        .filter_map(|(control, rule)| control.err().map(|error| format!("{}: {error}", rule.id)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(builtin().controls().len() == super::RULES.len() && !super::RULES.is_empty());
}

#[test]
fn every_control_decides_its_own_examples() {
    let rules: Vec<Json> =
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/examples.json"))).unwrap();
    let mut wrong = Vec::new();
    for (rule, control) in rules.iter().zip(builtin().controls()) {
        assert_eq!(rule["id"], control.rule.id);
        if control.frameworks.contains(&Framework::Terraform) {
            prove(control, rule, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{} examples are decided wrongly:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_two_controls_have_one_name() {
    let mut names: Vec<&str> = super::RULES.iter().map(|rule| rule.id).collect();
    let all = names.len();
    names.dedup();
    assert_eq!(
        names.len(),
        all,
        "names of controls are sorted, so that two that are the same follow each other"
    );
}

#[test]
fn every_control_lies_in_the_file_of_its_name() {
    let rules: Vec<Json> =
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/examples.json"))).unwrap();
    for rule in &rules {
        let (id, file) = (rule["id"].as_str().unwrap(), rule["file"].as_str().unwrap());
        let name = file.rsplit('/').next().unwrap().trim_end_matches(".yaml");
        assert_eq!(id, format!("iac/{name}"), "{file}");
    }
}

#[test]
fn an_error_in_a_rule_names_the_key() {
    let read = |text: &str| {
        let json = crate::yaml::to_json(text).unwrap();
        super::control(&json, super::RULES[0]).map(|_| ()).unwrap_err().to_string()
    };
    let rule = |fails: &str| format!("category: iam\nresources: [a]\nfails: {fails}\n");
    for (text, wanted) in [
        (rule("{attribute: a.b, equal: 1}"), "fails.equal: there is no such test"),
        (rule("{attribute: a..b, equals: 1}"), "fails: a path is expected"),
        (rule("{all: [{attribute: a, exists: 1}]}"), "fails.all[0].exists: true or false is expected"),
        (rule("{attribute: a, matches: \"(\"}"), "fails.matches: the regular expression is wrong"),
        (rule("{attribute: a, contains-cidr: x}"), "fails.contains-cidr: `x` is no range"),
        (rule("{policy: a, statement: {verb: x}}"), "fails.statement.verb: a statement has no such test"),
        (rule("{some: a}"), "fails.satisfies: it is missing"),
        (rule("{connected: a, by: b, from: c}"), "fails.from: it does not belong here"),
        ("category: iam\nresource: a\n".to_owned(), "resource: a rule has no such key"),
        ("category: food\n".to_owned(), "category: `food` is none of encryption"),
    ] {
        let told = read(&text);
        assert!(told.starts_with(wanted), "{told}");
    }
}
