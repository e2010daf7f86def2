//! What the metadata of a model card declares.

use bartizan_core::{
    Asset, Dataset, Dependency, Fact, Inspection, Licence, Metadata, Model, Reference, Statement, redacted,
    redacted_within,
};

use super::{declared_texts, scalar_texts};
use crate::{huggingface, json::Node};

/// Keys whose values are told as they stand.
const TOLD: &[&str] =
    &["tags", "language", "metrics", "new_version", "inference", "gated", "arxiv", "model_type"];

/// Words in the tags or the name of a repository that say the weights are quantised.
const QUANTISED: &[&str] = &[
    "gguf",
    "ggml",
    "gptq",
    "awq",
    "exl2",
    "exl3",
    "bitsandbytes",
    "4-bit",
    "8-bit",
    "int4",
    "int8",
    "fp8",
    "quantized",
    "aqlm",
    "hqq",
];

/// Adds everything that the metadata declares, besides results.
pub(super) fn facts(card: &Node, title: Option<&str>, asset: &Asset, inspection: &mut Inspection) {
    licences(card, "model-card", inspection);
    let relation = relation(card, asset);
    for name in declared_texts(card, "base_model") {
        inspection.know(Fact::Dependency(Dependency {
            role: "base-model",
            name: redacted(huggingface::hub_id(name)),
            version: None,
            relation,
        }));
    }
    for name in declared_texts(card, "datasets") {
        let name = redacted(huggingface::hub_id(name));
        inspection.know(Fact::Dataset(Dataset { name, role: Some("train".to_owned()) }));
    }
    let task = card.text_of("pipeline_tag").map(redacted);
    let framework = card.text_of("library_name").map(redacted);
    let indexed = || card.get("model-index")?.items().first()?.text_of("name");
    let name = card.text_of("model_name").or_else(indexed).or(title).map(redacted);
    if task.is_some() || framework.is_some() || name.is_some() {
        inspection.know(Fact::Model(Model { name, task, framework, ..Model::of("model-card") }));
    }
    told(card, TOLD, inspection);
    emissions(card, inspection);
}

/// Values of keys, joined.
pub(super) fn told(card: &Node, keys: &[&str], inspection: &mut Inspection) {
    for key in keys {
        let all = scalar_texts(card, key);
        if !all.is_empty() {
            inspection.know(Fact::Metadata(Metadata::new(key, all.join(", "))));
        }
    }
}

/// `license`, and the name and address that go with `other`.
pub(super) fn licences(card: &Node, source: &'static str, inspection: &mut Inspection) {
    for declared in ["license", "license_name"].iter().flat_map(|key| scalar_texts(card, key)) {
        inspection.know(Fact::Licence(Licence { declared: redacted(&declared), source }));
    }
    for target in declared_texts(card, "license_link") {
        inspection.know(Fact::Reference(Reference { role: "licence", target: redacted(target) }));
    }
}

/// How the model was made from its base: as the card says, or as its library and tags show. A single base without any
/// other sign is what was tuned, as the hub has it too.
fn relation(card: &Node, asset: &Asset) -> Option<&'static str> {
    if let Some(said) = card.text_of("base_model_relation") {
        return match said.trim().to_ascii_lowercase().as_str() {
            "finetune" | "fine-tune" | "finetuned" => Some("finetune"),
            "adapter" => Some("adapter"),
            "quantized" | "quantised" => Some("quantized"),
            "merge" => Some("merge"),
            _ => None,
        };
    }
    let bases = declared_texts(card, "base_model");
    let library = card.text_of("library_name").unwrap_or_default().to_ascii_lowercase();
    let tags: Vec<_> = declared_texts(card, "tags").into_iter().map(str::to_ascii_lowercase).collect();
    let tagged = |words: &[&str]| tags.iter().any(|tag| words.contains(&tag.as_str()));
    let beside = |file: &str| asset.siblings.as_ref().is_some_and(|tree| tree.entry(file).is_some());
    let adapter = ["peft", "adapter-transformers", "adapters"].contains(&library.as_str())
        || tagged(&["peft", "lora", "qlora", "adapter"])
        || beside("adapter_config.json");
    if bases.is_empty() {
        None
    } else if tagged(&["merge", "mergekit"]) || beside("mergekit_config.yml") {
        Some("merge")
    } else if adapter {
        Some("adapter")
    } else if is_quantised(card, &library, &tags) {
        Some("quantized")
    } else {
        (bases.len() == 1).then_some("finetune")
    }
}

fn is_quantised(card: &Node, library: &str, tags: &[String]) -> bool {
    let name = card.text_of("model_name").unwrap_or_default().to_ascii_lowercase();
    let in_name = || {
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| QUANTISED.contains(&word))
    };
    QUANTISED.contains(&library)
        || tags.iter().any(|tag| QUANTISED.contains(&tag.as_str()))
        || card.get("quantized_by").is_some()
        || in_name()
}

/// `co2_eq_emissions`: grams, or an object with where they come from.
fn emissions(card: &Node, inspection: &mut Inspection) {
    let Some(node) = card.get("co2_eq_emissions") else { return };
    let text = match node.scalar() {
        Some(grams) => format!("emissions: {grams} g CO2 equivalent"),
        None => {
            let part = |(key, value): &(String, Node)| Some(format!("{key}: {}", value.scalar()?));
            node.pairs().iter().filter_map(part).collect::<Vec<_>>().join("; ")
        }
    };
    if !text.is_empty() {
        inspection.know(Fact::Metadata(Metadata::new("co2_eq_emissions", &text)));
        let text = redacted_within(&text, 1000);
        inspection.know(Fact::Statement(Statement { about: "environment", text }));
    }
}
