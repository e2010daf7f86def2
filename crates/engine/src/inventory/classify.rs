//! Which files are AI assets, and what is known about them.

use bartizan_core::{Fact, redacted};

use super::record::{AssetKind, FactSummary};
use crate::{dispatch::Record as Inspected, extensions};

/// Extensions of files that hold records to learn from.
const DATA: &[&str] = &["csv", "tsv", "parquet", "arrow", "feather", "jsonl", "ndjson", "tfrecord"];
/// Kinds that tell how a model is loaded and are none.
const CONFIGURATION: &[&str] = &[
    "huggingface-settings",
    "keras-config",
    "keras-metadata",
    "mar-manifest",
    "mlflow",
    "skops-schema",
    "weight-index",
];
/// Vocabularies, whose names and extensions vary.
const VOCABULARY: &[&str] = &[
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.json",
    "tokenizer.model",
    "vocab.txt",
];
/// Most names of one sort that are kept.
const NAMES: usize = 50;

/// What the file is for; `None` when it is no AI asset.
pub(crate) fn classify(inspected: &Inspected) -> Option<AssetKind> {
    let kind = inspected.kind.name();
    let name = inspected.path.rsplit(['/', '!']).next().unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let has = |wanted: fn(&Fact) -> bool| inspected.facts.iter().any(wanted);
    if inspected.size == 0 {
        return None;
    }
    if kind == "model-card" {
        return Some(AssetKind::Document);
    }
    if CONFIGURATION.contains(&kind) || VOCABULARY.contains(&name) {
        return Some(AssetKind::Configuration);
    }
    if has(|fact| matches!(fact, Fact::Collection(_))) {
        return Some(AssetKind::Dataset);
    }
    if has(|fact| matches!(fact, Fact::Model(_))) {
        return Some(AssetKind::Model);
    }
    if kind == "jinja" {
        return Some(AssetKind::Prompt);
    }
    if DATA.contains(&extension.as_str()) || kind == "npy" {
        return Some(AssetKind::Dataset);
    }
    // A format that nobody knows yet, under a name that promises a model.
    (extensions::is_model(&extension) && !extensions::is_carrier(inspected.kind)).then_some(AssetKind::Model)
}

/// The file is a container, and what matters are its members.
pub(crate) fn is_carrier(inspected: &Inspected) -> bool {
    extensions::is_carrier(inspected.kind) || inspected.kind.name() == "compressed"
}

/// The facts in short.
pub(crate) fn summary(inspected: &Inspected) -> FactSummary {
    let mut summary = FactSummary::default();
    for fact in &inspected.facts {
        match fact {
            Fact::Model(model) => {
                summary.format.get_or_insert_with(|| model.format.to_owned());
                if let Some(architecture) = &model.architecture {
                    summary.architecture.get_or_insert_with(|| redacted(architecture));
                }
                summary.parameters = summary.parameters.or(model.parameters);
            }
            Fact::Licence(licence) => {
                summary.licence.get_or_insert_with(|| redacted(&licence.declared));
            }
            Fact::Dependency(dependency) if dependency.role == "base-model" => {
                add(&mut summary.base_models, &dependency.name);
            }
            Fact::Dataset(dataset) => add(&mut summary.datasets, &dataset.name),
            _ => {}
        }
    }
    if summary.format.is_none() {
        let extension = inspected.path.rsplit_once('.').map_or("", |(_, extension)| extension);
        let kind = inspected.kind.name();
        if kind != "unknown" {
            summary.format = Some(kind.to_owned());
        } else if DATA.iter().any(|known| known.eq_ignore_ascii_case(extension)) {
            summary.format = Some(extension.to_ascii_lowercase());
        }
    }
    summary
}

fn add(names: &mut Vec<String>, name: &str) {
    let name = redacted(name);
    if names.len() < NAMES && !names.contains(&name) {
        names.push(name);
    }
}

/// What a name alone says, where the content cannot be had.
pub(crate) fn by_name(path: &str) -> Option<AssetKind> {
    let name = path.rsplit(['/', '!']).next().unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    if VOCABULARY.contains(&name) {
        Some(AssetKind::Configuration)
    } else if DATA.contains(&extension.as_str()) {
        Some(AssetKind::Dataset)
    } else if extensions::is_model(&extension) || extension == "bin" {
        Some(AssetKind::Model)
    } else {
        None
    }
}
