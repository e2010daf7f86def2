//! Bills of materials against what we did not write: the official cases and schemas of CycloneDX, and a labelled
//! repository. `cargo xtask conformance` runs them where the data is.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use bartizan_engine::{ScanRequest, Target, bom::inventory, scan};
use bartizan_provenance::bom::{self, Graph, Role, SpecVersion, Stamp, Validator};
use serde_json::Value;

/// A folder that an environment variable names.
fn folder(variable: &str) -> PathBuf {
    let folder = PathBuf::from(env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set")));
    assert!(folder.is_dir(), "{variable}: {} is no folder", folder.display());
    folder
}

fn labels() -> (PathBuf, BTreeMap<String, Value>) {
    let corpus = folder("BARTIZAN_CORPUS").join("provenance");
    let labels = serde_json::from_slice(&fs::read(corpus.join("labels.json")).unwrap()).unwrap();
    (corpus, labels)
}

fn graph(path: &Path) -> Graph {
    let mut request = ScanRequest::new(vec![Target::Path(path.to_owned())]);
    request.no_ignore = true;
    Graph::of(&inventory(&scan(&request, &()).unwrap(), "repo"))
}

fn stamp() -> Stamp {
    Stamp { random: None, timestamp: None, tool_version: "0.0.0" }
}

/// The official schema of a version, with those that it refers to.
fn official(version: SpecVersion) -> Validator {
    let schemas = folder("BARTIZAN_SCHEMAS").join("cyclonedx");
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(schemas).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".schema.json") {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    Validator::from_files(version, &files).unwrap()
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS"]
fn conformance_of_validation_with_the_official_cases_of_cyclonedx() {
    let (corpus, labels) = labels();
    let validators: BTreeMap<SpecVersion, Validator> =
        SpecVersion::ALL.into_iter().map(|version| (version, Validator::of(version).unwrap())).collect();
    let mut wrong = Vec::new();
    let mut cases = 0;
    for (name, label) in labels.iter().filter(|(_, label)| label["kind"] == "cyclonedx") {
        cases += 1;
        let document = bom::parse(&fs::read(corpus.join(label["file"].as_str().unwrap())).unwrap()).unwrap();
        let version = bom::spec_version(&document).unwrap();
        let problems = validators[&version].problems(&document, 3);
        let said = if problems.is_empty() { "valid" } else { "invalid" };
        if label["expect"] != said {
            wrong.push(format!("{name}: said {said} {problems:?}"));
        }
    }
    println!("{cases} cases");
    assert!(cases >= 100, "only {cases} cases");
    assert_eq!(wrong, [""; 0]);
}

/// Every document that differs from this one in one place: a field that is gone, is new, or has a value of another kind.
fn damaged(document: &Value, path: &str, made: &mut Vec<(String, Value)>, whole: &Value) {
    let mut put = |what: &str, change: &dyn Fn(&mut Value)| {
        let mut copy = whole.clone();
        change(copy.pointer_mut(path).unwrap());
        made.push((format!("{path} {what}"), copy));
    };
    match document {
        Value::Object(fields) => {
            put("one more", &|at| at["surplus"] = true.into());
            for key in fields.keys() {
                put(&format!("without {key}"), &|at| {
                    at.as_object_mut().unwrap().remove(key);
                });
            }
        }
        Value::Array(items) if !items.is_empty() => {
            put("first twice", &|at| {
                let first = at[0].clone();
                at.as_array_mut().unwrap().push(first);
            });
            put("empty", &|at| *at = Value::Array(Vec::new()));
        }
        Value::String(_) => {
            for other in [Value::from(7), "".into(), "no-such-value".into()] {
                put(&format!("is {other}"), &|at| *at = other.clone());
            }
        }
        _ => put("is text", &|at| *at = "text".into()),
    }
    match document {
        Value::Object(fields) => {
            for (key, value) in fields {
                damaged(value, &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), made, whole);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate().take(3) {
                damaged(value, &format!("{path}/{at}"), made, whole);
            }
        }
        _ => {}
    }
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS and BARTIZAN_SCHEMAS"]
fn conformance_of_our_layout_with_the_official_schemas_on_damaged_documents() {
    let (corpus, labels) = labels();
    let versions = [SpecVersion::V1_6, SpecVersion::V1_7];
    let ours = versions.map(|version| Validator::of(version).unwrap());
    let theirs = versions.map(official);
    let (mut wrong, mut cases, mut invalid) = (Vec::new(), 0u32, 0u32);
    for (name, label) in
        labels.iter().filter(|(_, label)| label["kind"] == "cyclonedx" && label["expect"] == "valid")
    {
        let document = bom::parse(&fs::read(corpus.join(label["file"].as_str().unwrap())).unwrap()).unwrap();
        let mut made = Vec::new();
        damaged(&document, "", &mut made, &document);
        let version = bom::spec_version(&document).unwrap();
        let at = versions.iter().position(|known| *known == version).unwrap();
        for (change, document) in made {
            cases += 1;
            // What is asked beyond the schema is asked of both.
            let (one, other) = (ours[at].problems(&document, 1), theirs[at].problems(&document, 1));
            invalid += u32::from(!other.is_empty());
            if one.is_empty() != other.is_empty() {
                wrong.push(format!("{name} {change}: ours {one:?}, theirs {other:?}"));
            }
        }
    }
    println!("{cases} documents, {invalid} invalid");
    wrong.truncate(20);
    assert_eq!(wrong, [""; 0]);
    assert!(cases > 10_000 && invalid > 1_000);
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS and BARTIZAN_SCHEMAS"]
fn conformance_of_our_bill_with_the_official_schemas() {
    let graph = graph(&folder("BARTIZAN_CORPUS").join("provenance/repo-a"));
    for version in [SpecVersion::V1_6, SpecVersion::V1_7] {
        let mut document = bom::cyclonedx(&graph, version, &stamp()).unwrap();
        let official = official(version);
        assert_eq!(official.problems(&document, 5), [], "{version:?}");
        document["components"][0]["type"] = "thing".into();
        assert!(!official.problems(&document, 5).is_empty(), "the schema refuses something");
    }
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS"]
fn conformance_of_the_bill_with_the_labelled_repository() {
    let (corpus, labels) = labels();
    for (name, label) in labels.iter().filter(|(_, label)| label["kind"] == "inventory") {
        let graph = graph(&corpus.join(label["root"].as_str().unwrap()));
        let mut wrong = Vec::new();
        for expected in label["expect"].as_array().unwrap() {
            let role = match expected["type"].as_str().unwrap() {
                "model" | "model-file" => Role::Model,
                "dataset" => Role::Dataset,
                "library" => Role::Library,
                "container" => Role::Container,
                other => panic!("unknown type {other}"),
            };
            let wanted = expected["name"].as_str().unwrap();
            let file = expected["file"].as_str().unwrap();
            let found = graph.components.iter().any(|component| {
                let tagged =
                    component.version.as_ref().map(|version| format!("{}:{version}", component.name));
                component.role == role
                    && (component.name == wanted || tagged.as_deref() == Some(wanted))
                    && component.occurrences.iter().any(|found| found.path == file)
                    && expected["revision"]
                        .as_str()
                        .is_none_or(|revision| component.version.as_deref() == Some(revision))
                    && expected["version"]
                        .as_str()
                        .is_none_or(|version| component.version.as_deref() == Some(version))
            });
            if !found {
                wrong.push(format!("{wanted} in {file} is not found"));
            }
        }
        for trap in label["must_not"].as_array().unwrap() {
            let trap = trap.as_str().unwrap();
            wrong.extend(
                graph.components.iter().filter(|c| c.name == trap).map(|c| format!("{} is a trap", c.name)),
            );
        }
        let edges: BTreeSet<(&str, &str, &str)> = graph.edges().into_iter().collect();
        for edge in label["lineage"].as_array().unwrap() {
            let part = |at: usize| edge[at].as_str().unwrap();
            let (child, relation, parent) = (part(0), part(1), part(2));
            let is_child = |name: &str| {
                name == child || name.strip_prefix(child).is_some_and(|rest| rest.starts_with('/'))
            };
            if !edges.iter().any(|(one, by, other)| is_child(one) && *by == relation && *other == parent) {
                wrong.push(format!("{child} {relation} {parent} is no edge"));
            }
        }
        println!("{name}: {} components, {edges:?}", graph.components.len());
        assert_eq!(wrong, [""; 0], "{name}");
    }
}
