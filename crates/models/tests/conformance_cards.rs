//! Checks cards, Croissant descriptions and metadata of models against labels that are not part of this repository.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use bartizan_core::{
    Asset, Budget, Claim, Content, Context, Fact, Inspection, Limits, Options, Probe, Severity,
};
use serde_json::{Value, json};

fn corpus() -> PathBuf {
    let folder =
        PathBuf::from(env::var_os("BARTIZAN_CORPUS").unwrap_or_else(|| panic!("BARTIZAN_CORPUS is not set")));
    folder.join("provenance")
}

/// The labelled cases of a kind.
fn cases(kind: &str) -> Vec<(String, Value)> {
    let labels: Value = serde_json::from_slice(&fs::read(corpus().join("labels.json")).unwrap()).unwrap();
    let of_kind =
        |(name, case): (&String, &Value)| (case["kind"] == kind).then(|| (name.clone(), case.clone()));
    let cases: Vec<_> = labels.as_object().unwrap().iter().filter_map(of_kind).collect();
    assert!(!cases.is_empty(), "no case of the kind {kind}");
    cases
}

/// What the surest inspector says of a file.
fn read(file: &str) -> Inspection {
    let bytes = fs::read(corpus().join(file)).unwrap();
    let asset = Asset::new(file, Content::from_bytes(bytes));
    let probe = Probe::new(&asset).unwrap();
    let mut best = (Claim::No, None);
    let inspectors = bartizan_models::inspectors();
    for inspector in &inspectors {
        let claim = inspector.accepts(&probe);
        if claim > best.0 {
            best = (claim, Some(inspector));
        }
    }
    let context = Context {
        limits: &Limits::default(),
        options: Options::default(),
        budget: &Budget::default(),
        outlet: &|_| {},
        interrupt: &|| false,
    };
    best.1.map(|inspector| inspector.inspect(&asset, &context)).unwrap_or_default()
}

fn texts(value: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    value.as_array().map(|items| items.iter().map(text).collect()).unwrap_or_default()
}

/// The facts as a report has them, of one sort.
fn facts(inspection: &Inspection, sort: &str) -> Vec<Value> {
    let facts = inspection.facts.iter().map(|fact| serde_json::to_value(fact).unwrap());
    facts.filter(|fact| fact["fact"] == sort).collect()
}

fn field(inspection: &Inspection, sort: &str, key: &str) -> BTreeSet<String> {
    facts(inspection, sort).iter().filter_map(|fact| fact[key].as_str().map(str::to_owned)).collect()
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS"]
fn conformance_of_cards() {
    let mut wrong = Vec::new();
    let cases = cases("card");
    for (name, case) in &cases {
        let said = read(case["file"].as_str().unwrap());
        let mut expect = |what: &str, holds: bool| {
            if !holds {
                wrong.push(format!("{name}: {what}: {said:#?}"));
            }
        };
        let error = case["expect"] == "error";
        expect("coverage", said.coverage.is_complete() != error);
        expect("verdict", said.findings.iter().all(|finding| finding.severity == Severity::Info));
        if case["expect"] == "empty" {
            expect("empty", said.facts.is_empty());
            let unclosed = case["note"].as_str().is_some_and(|note| note.contains("closing fence"));
            expect("one warning", said.findings.len() == usize::from(unclosed));
        }
        if let Some(licence) = case["license"].as_str() {
            expect("licence", field(&said, "licence", "declared").contains(licence));
        }
        for (key, sort) in [("base_models", "dependency"), ("datasets", "dataset")] {
            if !case[key].is_null() {
                expect(key, field(&said, sort, "name") == texts(&case[key]));
            }
        }
        if let Some(relation) = case["relation"].as_str() {
            expect("relation", field(&said, "dependency", "relation") == [relation.to_owned()].into());
        }
        if let Some(results) = case["results"].as_u64() {
            expect("results", facts(&said, "evaluation").len() as u64 == results);
        }
        if !case["warning"].is_null() {
            expect("warning", said.findings.iter().any(|finding| finding.message.contains("dataset")));
        }
    }
    println!("{} cards", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS"]
fn conformance_of_croissant() {
    let mut wrong = Vec::new();
    let cases = cases("croissant");
    for (name, case) in &cases {
        let said = read(case["file"].as_str().unwrap());
        let mut expect = |what: &str, holds: bool| {
            if !holds {
                wrong.push(format!("{name}: {what}: {:#?}", said.findings));
            }
        };
        expect("coverage", said.coverage.is_complete());
        let found = said.findings.iter().filter(|finding| finding.rule.id == "croissant/invalid");
        expect("verdict", (found.count() > 0) == (case["expect"] == "invalid"));
        if case["expect"] == "valid" {
            let collections = facts(&said, "collection");
            let set = &collections[0];
            expect("name", set["name"].as_str() == Some(case["name"].as_str().unwrap_or_default()));
            let count = |key: &str| set[key].as_array().map_or(0, Vec::len) as u64;
            expect("files", Some(count("distribution")) == case["distribution"].as_u64());
            expect("record sets", Some(count("record_sets")) == case["record_sets"].as_u64());
            let licences = field(&said, "licence", "declared");
            let expected = case["license"].as_str().map(str::to_owned).into_iter().collect();
            expect("licence", licences == expected);
        }
    }
    println!("{} descriptions", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS"]
fn conformance_of_metadata() {
    let mut wrong = Vec::new();
    let cases = cases("metadata");
    for (name, case) in &cases {
        let said = read(case["file"].as_str().unwrap());
        let model = facts(&said, "model")[0].clone();
        let metadata = |key: &str| {
            let all = facts(&said, "metadata");
            all.iter()
                .find(|fact| fact["key"] == key)
                .and_then(|fact| fact["value"].as_str())
                .map(str::to_owned)
        };
        let mut expect = |what: &str, holds: bool| {
            if !holds {
                wrong.push(format!("{name}: {what}: {:#?}", said.facts));
            }
        };
        expect("format", model["format"] == case["format"]);
        expect("parameters", model["parameters"] == case["parameters"]);
        let tensors = facts(&said, "tensors")[0]["tensors"].as_array().unwrap().clone();
        if let Some(count) = case["tensors"].as_u64() {
            expect("tensors", tensors.len() as u64 == count);
        }
        if !case["dtypes"].is_null() {
            let dtypes: BTreeSet<_> =
                tensors.iter().map(|t| t["dtype"].as_str().unwrap().to_uppercase()).collect();
            expect("dtypes", dtypes == texts(&case["dtypes"]));
        }
        for (key, value) in case["metadata"].as_object().into_iter().flatten() {
            expect(key, metadata(key).as_deref() == value.as_str());
        }
        let licence = case["license"].as_str().or(case["metadata"]["license"].as_str());
        expect(
            "licence",
            field(&said, "licence", "declared") == licence.map(str::to_owned).into_iter().collect(),
        );
        for key in ["architecture", "name"] {
            expect(key, case[key].is_null() || model[key] == case[key]);
        }
        for key in ["block_count", "context_length", "embedding_length"] {
            let architecture = case["architecture"].as_str().unwrap_or_default();
            let told = metadata(&format!("{architecture}.{key}"));
            expect(key, case[key].is_null() || told == Some(case[key].to_string()));
        }
        if !case["base_models"].is_null() {
            expect("base models", field(&said, "dependency", "name") == texts(&case["base_models"]));
        }
        if let Some(producer) = case["producer"].as_str() {
            let producer = format!("{producer} {}", case["producer_version"].as_str().unwrap());
            expect("producer", model["producer"] == producer);
            let opsets = facts(&said, "dependency");
            let opset = opsets.iter().find(|fact| fact["role"] == "opset" && fact["name"] == "ai.onnx");
            let expected = case["opset"].to_string();
            expect("opset", opset.is_some_and(|fact| fact["version"].as_str() == Some(&expected)));
        }
        for (key, direction) in [("inputs", "input"), ("outputs", "output")] {
            let ports = facts(&said, "port").into_iter().filter(|port| port["direction"] == direction);
            let ports: Vec<Value> = ports
                .map(|port| {
                    let sizes = port["shape"].as_array().unwrap().iter().map(|size| {
                        let size = size.as_str().unwrap();
                        size.parse::<u64>().map_or_else(|_| json!(size), |size| json!(size))
                    });
                    json!([
                        port["name"],
                        port["dtype"].as_str().unwrap().to_uppercase(),
                        sizes.collect::<Vec<_>>()
                    ])
                })
                .collect();
            expect(key, case[key].is_null() || json!(ports) == case[key]);
        }
    }
    println!("{} models", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The facts that the labels ask for are in the report under these names.
#[test]
fn facts_carry_their_sort() {
    let fact = serde_json::to_value(Fact::Metadata(bartizan_core::Metadata::new("a", "b"))).unwrap();
    assert_eq!(fact, json!({"fact": "metadata", "key": "a", "value": "b"}));
}
