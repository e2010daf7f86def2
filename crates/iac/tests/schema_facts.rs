//! Proves that every attribute and block that a rule names is one that the provider has.
//!
//! `bench/iac/schema.py` writes the facts, from the schema that the provider answers with.

#![allow(
    clippy::indexing_slicing,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{collections::BTreeSet, fs, path::Path};

use bartizan_iac::syntax::{self, Body};
use serde_json::Value as Json;

#[path = "../src/yaml.rs"]
mod yaml;

/// Names of one type of resource.
struct Schema {
    attributes: BTreeSet<String>,
    blocks: BTreeSet<String>,
}

impl Schema {
    fn of(facts: &Json, kind: &str) -> Option<Self> {
        let names = |key: &str| -> Option<BTreeSet<String>> {
            let list = facts["resources"].get(kind)?.get(key)?.as_array()?;
            Some(list.iter().filter_map(Json::as_str).map(str::to_owned).collect())
        };
        Some(Self { attributes: names("attributes")?, blocks: names("blocks")? })
    }

    /// Has it this path? Behind an attribute begins what the attribute holds: JSON, or a map of the user's.
    fn has(&self, path: &str) -> bool {
        let mut begin = String::new();
        for step in path.split('.') {
            if !begin.is_empty() {
                begin.push('.');
            }
            begin.push_str(step);
            if self.attributes.contains(&begin) {
                return true;
            }
            if !self.blocks.contains(&begin) {
                return false;
            }
        }
        self.blocks.contains(&begin)
    }
}

/// Everything that is wrong in one rule.
struct Check<'f> {
    facts: &'f Json,
    wrong: Vec<String>,
    checked: usize,
}

impl Check<'_> {
    /// A path that begins at a resource of one of these types, inside of `prefix`.
    fn path(&mut self, kinds: &[String], prefix: &str, path: &str) {
        let (from_resource, path) = match path.strip_prefix('^') {
            Some(rest) => (true, rest.trim_start_matches('.')),
            None => (false, path),
        };
        // Indexes and wildcards are no names.
        let plain: Vec<String> = path
            .split('.')
            .map(|step| step.split('[').next().unwrap_or_default().to_owned())
            .filter(|step| !step.is_empty() && step != "*")
            .collect();
        let path = match prefix {
            "" => plain.join("."),
            _ if from_resource => plain.join("."),
            prefix if plain.is_empty() => prefix.to_owned(),
            prefix => format!("{prefix}.{}", plain.join(".")),
        };
        self.checked += 1;
        let schemas: Vec<_> = kinds.iter().map(|kind| (kind, Schema::of(self.facts, kind))).collect();
        for (kind, schema) in &schemas {
            if schema.is_none() {
                self.wrong.push(format!("the provider has no `{kind}`"));
            }
        }
        if !path.is_empty()
            && !schemas.iter().any(|(_, schema)| schema.as_ref().is_some_and(|s| s.has(&path)))
        {
            self.wrong.push(format!("{} has no `{path}`", kinds.join(", ")));
        }
    }

    /// The path of an element, for the conditions inside.
    fn inside(prefix: &str, path: &str) -> String {
        let plain = path.replace("[*]", "");
        if prefix.is_empty() { plain } else { format!("{prefix}.{plain}") }
    }

    fn condition(&mut self, condition: &Json, kinds: &[String], prefix: &str) {
        let get = |key: &str| condition.get(key);
        for key in ["all", "any", "none"] {
            for inner in get(key).and_then(Json::as_array).into_iter().flatten() {
                self.condition(inner, kinds, prefix);
            }
        }
        if let Some(inner) = get("not") {
            self.condition(inner, kinds, prefix);
        }
        for key in ["attribute", "policy", "refers"] {
            if let Some(path) = get(key).and_then(Json::as_str) {
                self.path(kinds, prefix, path);
            }
        }
        if let Some(ports) = get("ports") {
            for key in ["from", "to"] {
                self.path(kinds, prefix, ports[key].as_str().unwrap_or_default());
            }
        }
        for key in ["some", "every", "no"] {
            if let Some(path) = get(key).and_then(Json::as_str) {
                self.path(kinds, prefix, path);
                self.condition(&condition["satisfies"], kinds, &Self::inside(prefix, path));
            }
        }
        for (key, of) in [("connected", "connected"), ("refers", "type"), ("present", "present")] {
            let Some(others) = get(key).and(get(of)) else { continue };
            let others = texts(others);
            if let Some(by) = get("by").and_then(Json::as_str) {
                self.path(&others, "", by);
            }
            for name in get("to").map(texts).unwrap_or_default() {
                self.path(kinds, "", &name);
            }
            if let Some(inner) = get("satisfies") {
                self.condition(inner, &others, "");
            }
        }
    }
}

fn texts(json: &Json) -> Vec<String> {
    match json {
        Json::Array(list) => list.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        json => json.as_str().map(str::to_owned).into_iter().collect(),
    }
}

#[test]
fn every_attribute_of_every_rule_is_one_that_the_provider_has() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut providers = 0;
    let mut checked = 0;
    let mut wrong = Vec::new();
    for facts in fs::read_dir(rules.join("schema-facts")).unwrap().flatten() {
        providers += 1;
        let folder = rules.join(facts.path().file_stem().unwrap());
        let facts: Json = serde_json::from_str(&fs::read_to_string(facts.path()).unwrap()).unwrap();
        for file in fs::read_dir(&folder).unwrap().flatten() {
            let rule = yaml::to_json(&fs::read_to_string(file.path()).unwrap()).unwrap();
            let kinds = texts(&rule["resources"]);
            let mut check = Check { facts: &facts, wrong: Vec::new(), checked: 0 };
            for key in ["when", "fails"] {
                if let Some(condition) = rule.get(key) {
                    check.condition(condition, &kinds, "");
                }
            }
            let patches = match rule.get("patch") {
                Some(Json::Array(list)) => list.clone(),
                Some(one) => vec![one.clone()],
                None => Vec::new(),
            };
            for patch in &patches {
                for key in ["set", "delete", "into"] {
                    if let Some(path) = patch.get(key).and_then(Json::as_str) {
                        check.path(&kinds, "", path);
                    }
                }
            }
            checked += check.checked;
            wrong.extend(check.wrong.into_iter().map(|what| format!("{}: {what}", rule["id"])));
        }
    }
    assert!(providers > 0 && checked > 500, "{checked} paths of {providers} providers");
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Names that Terraform itself gives every resource.
const EVERYWHERE: &[&str] = &["count", "for_each", "depends_on", "provider", "lifecycle", "dynamic"];

fn body(body: &Body, schema: &Schema, prefix: &str, wrong: &mut Vec<String>) {
    let path = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    for attribute in body.attributes.iter().filter(|a| !EVERYWHERE.contains(&&*a.name)) {
        let path = path(&attribute.name);
        // What the provider calls a block may be written as a list of objects.
        if !schema.attributes.contains(&path) && !schema.blocks.contains(&path) {
            wrong.push(format!("no attribute `{path}`"));
        }
    }
    for block in body.blocks.iter().filter(|block| !EVERYWHERE.contains(&&*block.kind)) {
        let path = path(&block.kind);
        if schema.blocks.contains(&path) {
            self::body(&block.body, schema, &path, wrong);
        } else {
            wrong.push(format!("no block `{path}`"));
        }
    }
}

#[test]
fn every_example_is_written_in_names_that_the_provider_has() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut examples = 0;
    let mut wrong = Vec::new();
    for facts in fs::read_dir(rules.join("schema-facts")).unwrap().flatten() {
        let folder = rules.join(facts.path().file_stem().unwrap());
        let facts: Json = serde_json::from_str(&fs::read_to_string(facts.path()).unwrap()).unwrap();
        for file in fs::read_dir(&folder).unwrap().flatten() {
            let rule = yaml::to_json(&fs::read_to_string(file.path()).unwrap()).unwrap();
            for text in
                ["failing", "passing", "unknown"].iter().flat_map(|kind| texts(&rule["examples"][*kind]))
            {
                let document = syntax::parse(&text);
                assert!(document.errors.is_empty(), "{}: {:?}", rule["id"], document.errors);
                for block in document.body.blocks.iter().filter(|block| &*block.kind == "resource") {
                    examples += 1;
                    let kind = block.labels.first().map(|label| label.to_string()).unwrap_or_default();
                    let mut here = Vec::new();
                    match Schema::of(&facts, &kind) {
                        Some(schema) => body(&block.body, &schema, "", &mut here),
                        None => here.push("no such resource".to_owned()),
                    }
                    wrong.extend(here.into_iter().map(|what| format!("{}: {kind}: {what}", rule["id"])));
                }
            }
        }
    }
    assert!(examples > 1000, "{examples}");
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_name_that_the_provider_does_not_have_is_found() {
    let facts = serde_json::json!({"resources": {"a": {"attributes": ["x", "b.c"], "blocks": ["b"]}}});
    let check = |path: &str| {
        let mut check = Check { facts: &facts, wrong: Vec::new(), checked: 0 };
        check.path(&["a".to_owned()], "", path);
        check.wrong.is_empty()
    };
    assert!(check("x") && check("b.c") && check("b[*].c") && check("b") && check("x.json.inside"));
    assert!(!check("y") && !check("b.d") && !check("c"));
}
