use bartizan_core::{Claim, Dependency, Evaluation, Fact, Severity};
use proptest::prelude::*;

use super::Card;
use crate::testing::{Outcome, describe, inspect, survives};

fn read(text: &str) -> Outcome {
    inspect(&Card, "README.md", text.to_owned())
}

fn bases(text: &str) -> Vec<(String, Option<&'static str>)> {
    let base = |fact: &Fact| match fact {
        Fact::Dependency(Dependency { name, relation, .. }) => Some((name.clone(), *relation)),
        _ => None,
    };
    read(&format!("---\n{text}\n---\n")).inspection.facts.iter().filter_map(base).collect()
}

#[test]
fn a_card_tells_licence_base_model_datasets_and_task() {
    let text = "---\nlicense: apache-2.0\nbase_model: org/base\ndatasets:\n- org/data\npipeline_tag: text-generation\n\
                tags: [a, b]\nlanguage:\n- no\nlicense_link: LICENSE.txt\nco2_eq_emissions:\n  emissions: 12.5\n  \
                source: codecarbon\n---\n# Model Card for Xyz\n## Limitations\nMany.\n";
    let outcome = read(text);
    assert_eq!(outcome.claim, Claim::Shape);
    let facts = format!("{:?}", outcome.inspection.facts);
    for told in [
        "apache-2.0",
        "org/base",
        "org/data",
        "text-generation",
        "a, b",
        "\"no\"",
        "LICENSE.txt",
        "emissions: 12.5; source: codecarbon",
        "Xyz",
        "Many.",
    ] {
        assert!(facts.contains(told), "{told}: {facts}");
    }
    assert!(read("# plain").claim == Claim::No);
    assert!(read("# Model Card for Xyz\n").claim == Claim::Name);
    for name in [".claude/agents/a.md", "skills/x/SKILL.md"] {
        assert!(inspect(&Card, name, text.to_owned()).claim == Claim::No);
    }
    assert_eq!(outcome.inspection.kind, None);
}

#[test]
fn how_a_model_was_made_from_its_base_is_said_or_seen() {
    for (text, relation) in [
        ("base_model: a/b\nbase_model_relation: quantized", Some("quantized")),
        ("base_model: a/b\nlibrary_name: peft", Some("adapter")),
        ("base_model: a/b\ntags: [lora]", Some("adapter")),
        ("base_model: a/b\ntags: [GGUF]", Some("quantized")),
        ("base_model: a/b\nmodel_name: b-AWQ", Some("quantized")),
        ("base_model: https://huggingface.co/a/b", Some("finetune")),
        ("base_model: a/b\nbase_model_relation: cousin", None),
    ] {
        assert_eq!(bases(text), [("a/b".to_owned(), relation)], "{text}");
    }
    let merged = bases("base_model: [a/b, c/d, a/b]\ntags: [mergekit, merge]");
    assert_eq!(merged, [("a/b".to_owned(), Some("merge")), ("c/d".to_owned(), Some("merge"))]);
    assert_eq!(bases("base_model: [a/b, c/d]").len(), 2);
    assert_eq!(bases("base_model: &x a/b\nother: *x").len(), 1);
}

#[test]
fn results_are_told_and_incomplete_ones_named_without_harm() {
    let text = "---\nmodel-index:\n- name: m\n  results:\n  - task: {type: ner}\n    dataset: {type: d, name: D, split: test}\n    \
                metrics: [{type: f1, value: 0.66}, {type: acc}]\n  - task: {type: ner}\n    metrics: [{type: f1, value: [1, 2]}]\n---\n";
    let outcome = read(text);
    let results: Vec<_> = outcome
        .inspection
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Evaluation(Evaluation { dataset, split, metric, value, .. }) => {
                Some((dataset.as_deref(), split.as_deref(), metric.as_str(), value.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(results, [(Some("d"), Some("test"), "f1", "0.66"), (None, None, "f1", "1, 2")]);
    let lines: Vec<_> = outcome.inspection.findings.iter().map(|found| found.at.line).collect();
    assert_eq!(lines, [Some(7), Some(8)]);
    assert_eq!(outcome.worst(), Some(Severity::Info));
    assert!(outcome.inspection.coverage.is_complete());
}

#[test]
fn a_dataset_card_becomes_a_collection() {
    let text = "---\npretty_name: My Set\nlicense: cc-by-4.0\nsource_datasets: [original, extended|squad]\n\
                configs:\n- config_name: en\n  data_files:\n  - split: train\n    path: [en/a.csv, en/b.csv]\n  - split: test\n    path: en/t.csv\n\
                dataset_info:\n- config_name: en\n  features:\n  - name: text\n    dtype: string\n  - name: label\n---\n# Dataset Card for Other\n";
    let outcome = read(text);
    assert_eq!(outcome.inspection.kind.map(|kind| kind.name()), Some("dataset-card"));
    let collection = outcome.inspection.facts.iter().find_map(|fact| match fact {
        Fact::Collection(collection) => Some(collection),
        _ => None,
    });
    let collection = collection.unwrap();
    assert_eq!(collection.name, "My Set");
    let paths: Vec<_> = collection.distribution.iter().map(|file| file.url.as_deref().unwrap()).collect();
    assert_eq!(paths, ["en/a.csv", "en/b.csv", "en/t.csv"]);
    assert_eq!(collection.record_sets[0].fields, ["text", "label"]);
    assert!(format!("{:?}", outcome.inspection.facts).contains("\"squad\""));
}

#[test]
fn metadata_that_is_none_is_an_error_and_no_metadata_is_not() {
    for (text, complete, findings) in [
        ("---\n[]\n---\n", false, 0),
        ("---\njust text\n---\n", false, 0),
        ("---\na: [\n---\n", false, 0),
        ("---\n{{card_data}}\n---\n", true, 0),
        ("---\n---\n# x\n", true, 0),
        ("---\nlicense: mit\n# never closed", true, 1),
        ("\u{feff}---\r\nlicense: mit\r\n---\r\n", true, 0),
    ] {
        let outcome = read(text);
        assert_eq!(outcome.inspection.coverage.is_complete(), complete, "{text:?}");
        assert_eq!(outcome.inspection.findings.len(), findings, "{text:?}");
        let told = outcome.inspection.facts.iter().any(|fact| matches!(fact, Fact::Licence(_)));
        assert_eq!(told, text.starts_with('\u{feff}'), "{text:?}");
    }
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "---\na: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, before) in ["b", "c", "d", "e", "f", "g"].iter().zip(["a", "b", "c", "d", "e", "f"]) {
        let aliases = vec![format!("*{before}"); 9].join(",");
        text.push_str(&format!("{name}: &{name} [{aliases}]\n"));
    }
    let outcome = read(&format!("{text}---\n"));
    assert!(!outcome.inspection.coverage.is_complete());
    assert!(outcome.inspection.facts.is_empty());
}

#[test]
fn damage_is_survived() {
    let text = "---\nlicense: mit\nmodel-index:\n- name: m\n  results: []\nconfigs: [{a: b}]\n---\n# Model Card for x\n## Uses\n";
    survives(&Card, "README.md", text.as_bytes());
    assert!(!describe(&Card, "README.md", text.as_bytes()).sections.is_empty());
}

proptest! {
    #[test]
    fn arbitrary_front_matter_never_panics(text in "[-a-z:\\[\\]{}&*! \n]{0,120}") {
        read(&format!("---\n{text}\n---\n"));
    }
}
