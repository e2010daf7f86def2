//! What settings tell about where a model comes from and what it is made of: components of a pipeline, merges, training
//! runs, sizes. Nothing here is judged.

use bartizan_core::{Dataset, Dependency, Fact, Inspection, Metadata, Model, Reference, redacted};

use super::hub_id;
use crate::json::{Node, Value};

/// The most components, models or datasets of one document.
const MOST: usize = 1000;

/// Keys of `config.json`, `generation_config.json` and tokenizer settings that are told as they stand, where the document
/// is one of these.
const TOLD: &[&str] = &[
    "model_type",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "num_experts",
    "num_local_experts",
    "vocab_size",
    "max_position_embeddings",
    "model_max_length",
    "torch_dtype",
    "dtype",
    "tokenizer_class",
    "peft_type",
    "r",
    "lora_alpha",
    "temperature",
    "top_p",
    "top_k",
    "max_length",
];

/// Adds what a document tells.
pub(super) fn facts(root: &Node, inspection: &mut Inspection) {
    if super::settings::is_settings(root) {
        for key in TOLD {
            if let Some(value) = root.get(key).and_then(Node::scalar) {
                inspection.know(Fact::Metadata(Metadata::new(key, value)));
            }
        }
    }
    components(root, inspection);
    modules(root, inspection);
    merge(root, inspection);
    training(root, inspection);
}

fn base(name: &str, version: Option<&str>, relation: Option<&'static str>, inspection: &mut Inspection) {
    let dependency = Dependency {
        role: "base-model",
        name: redacted(hub_id(name)),
        version: version.map(redacted),
        relation,
    };
    let fact = Fact::Dependency(dependency);
    if !name.is_empty() && !inspection.facts.contains(&fact) {
        inspection.know(fact);
    }
}

/// `model_index.json` of diffusers: each component lies in the folder of its name.
fn components(root: &Node, inspection: &mut Inspection) {
    if root.get("_class_name").is_none() {
        return;
    }
    for (key, value) in root.pairs().iter().take(MOST) {
        if let [library, class] = value.texts()[..] {
            inspection.know(Fact::Reference(Reference { role: "component", target: redacted(key) }));
            let value = format!("{library}.{class}");
            inspection.know(Fact::Metadata(Metadata::new(format!("component/{key}"), value)));
        }
    }
}

/// `modules.json` of sentence-transformers.
fn modules(root: &Node, inspection: &mut Inspection) {
    let modules = root.items().iter().filter(|item| item.get("idx").is_some()).take(MOST);
    let modules: Vec<_> = modules.filter_map(|item| Some((item, item.text_of("type")?))).collect();
    if modules.is_empty() {
        return;
    }
    let framework = Some("sentence-transformers".to_owned());
    inspection.know(Fact::Model(Model { framework, ..Model::of("huggingface") }));
    for (item, class) in modules {
        let name = item.text_of("name").unwrap_or_default();
        inspection.know(Fact::Metadata(Metadata::new(format!("module/{name}"), class)));
        if let Some(path) = item.text_of("path").filter(|path| !path.is_empty()) {
            inspection.know(Fact::Reference(Reference { role: "component", target: redacted(path) }));
        }
    }
}

/// A configuration of mergekit: `models`, or `slices` with `sources`, and a `base_model`.
fn merge(root: &Node, inspection: &mut Inspection) {
    let Some(method) = root.text_of("merge_method") else { return };
    inspection.know(Fact::Metadata(Metadata::new("merge_method", method)));
    let models = root.get("models").map(Node::items).unwrap_or_default().iter();
    let slices = root.get("slices").map(Node::items).unwrap_or_default().iter();
    let sources = slices.flat_map(|slice| slice.get("sources").map(Node::items).unwrap_or_default());
    let named = models.chain(sources).filter_map(|item| item.get("model"));
    for model in named.chain(root.get("base_model")).take(MOST) {
        let Some(name) = model.text().or_else(|| model.text_of("path")) else { continue };
        // `model+adapter` is a model with an adapter merged into it.
        for part in name.split('+').take(8) {
            base(part.trim(), None, Some("merge"), inspection);
        }
    }
}

/// A training run: what is tuned, on what. The keys are those of axolotl, LLaMA-Factory, TRL and the Trainer's example
/// scripts; a document is one when it names both a model and data, or a model and where the result goes.
fn training(root: &Node, inspection: &mut Inspection) {
    let model = ["model_name_or_path", "base_model"].iter().find_map(|key| root.text_of(key));
    let data =
        ["datasets", "dataset_name", "dataset", "train_file"].iter().any(|key| root.get(key).is_some());
    let trains =
        data || ["output_dir", "num_train_epochs", "num_epochs"].iter().any(|key| root.get(key).is_some());
    let Some(model) = model.filter(|_| trains && root.get("merge_method").is_none()) else { return };
    let tuning = ["adapter", "finetuning_type", "peft_type"].iter().find_map(|key| root.text_of(key));
    let peft = tuning.is_some_and(|way| way.to_ascii_lowercase().contains("lora") || way == "adapter")
        || root.get("use_peft").and_then(Node::truth) == Some(true);
    let version = ["model_revision", "revision_of_model"].iter().find_map(|key| root.text_of(key));
    base(model, version, Some(if peft { "adapter" } else { "finetune" }), inspection);
    for (key, role) in [
        ("datasets", "train"),
        ("dataset_name", "train"),
        ("dataset", "train"),
        ("test_datasets", "test"),
        ("eval_dataset", "test"),
    ] {
        let Some(node) = root.get(key) else { continue };
        let items = match &node.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        for item in items.iter().take(MOST) {
            let Some(names) = item.text().or_else(|| item.text_of("path")) else { continue };
            for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()).take(MOST) {
                let name = redacted(hub_id(name));
                inspection.know(Fact::Dataset(Dataset { name, role: Some(role.to_owned()) }));
            }
        }
    }
}
