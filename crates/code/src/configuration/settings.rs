//! Settings of applications, whatever program reads them: keys that name models and datasets.

use bartizan_core::document::{Node, Value};

use super::{hydra, syntax::merged};
use crate::usage::{Found, naming, provider, thing};

/// Keys whose value is a model, in snake case.
const MODELS: &[&str] = &[
    "model",
    "models",
    "model_id",
    "model_name",
    "model_name_or_path",
    "model_path",
    "model_repo",
    "model_uri",
    "model_slug",
    "model_source",
    "base_model",
    "base_model_name",
    "llm",
    "llm_model",
    "embedding",
    "embeddings",
    "embedding_model",
    "embed_model",
    "embedder",
    "reranker",
    "rerank_model",
    "chat_model",
    "completion_model",
    "pretrained_model",
    "pretrained_model_name_or_path",
    "draft_model",
    "teacher_model",
    "tokenizer",
    "tokenizer_name",
    "checkpoint",
    "hf_model",
    "hf_repo",
    "repo_id",
    "engine",
    "deployment",
    "deployment_name",
    "azure_deployment",
    "fallbacks",
    "providers",
    "provider",
    "hf_model_id",
    "default_model",
];
/// Ends of such keys.
const MODEL_ENDS: &[&str] = &["_model", "_model_id", "_model_name", "_model_name_or_path", "_llm"];
/// Keys that name models for certain, so that every id of a hub below them is one.
const CERTAIN: &[&str] = &[
    "model",
    "model_id",
    "model_source",
    "model_name_or_path",
    "base_model",
    "embedding_model",
    "hf_model",
    "hf_model_id",
    "pretrained_model_name_or_path",
    "pretrained_model",
    "draft_model",
    "teacher_model",
];
/// Keys whose value is a dataset.
const DATASETS: &[&str] = &[
    "dataset",
    "datasets",
    "dataset_name",
    "dataset_id",
    "dataset_path",
    "hf_dataset",
    "train_dataset",
    "eval_dataset",
];

/// Keys whose value is what comes out, not what goes in.
const OUTPUTS: &[&str] =
    &["hub_model_id", "push_to_hub_model_id", "output_model", "target_model", "save_model"];
/// Keys of an object that describes a dataset, or with [`DESCRIBED`] a model, that hold its id.
const IDS: &[&str] = &["id", "name", "repo", "path"];
/// Keys whose object describes a model.
const DESCRIBED: &[&str] = &[
    "model",
    "models",
    "base_model",
    "embedding",
    "embeddings",
    "embedding_model",
    "embedder",
    "reranker",
    "llm",
    "teacher",
    "student",
];
/// Ends of files that hold data.
const DATA: &[&str] = &[".csv", ".tsv", ".json", ".jsonl", ".parquet", ".arrow", ".txt", ".jsonl.gz"];

/// Reads a document's keys.
pub(super) fn read(root: &Node, api: &str, found: &mut Found) {
    node(root, Place { key: "", below: "", holder: root }, api, found);
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'n> {
    /// Its own key; items of lists share it.
    key: &'n str,
    /// The key of the object that holds it.
    below: &'n str,
    holder: &'n Node,
}

fn node(at: &Node, place: Place<'_>, api: &str, found: &mut Found) {
    match &at.value {
        Value::Text(text) => value(text, at.line, place, api, found),
        Value::List(items) => items.iter().for_each(|item| node(item, place, api, found)),
        Value::Object(_) => {
            let told = hydra::read(at, found);
            for (own, inner) in merged(at) {
                let lower = snake(own);
                // A gateway's or server's own name for what it calls otherwise.
                let is_alias = lower == "model_name" && at.get("litellm_params").is_some()
                    || lower == "model_id" && at.get("model_source").is_some();
                if !is_alias && told != Some(own) && !thing::is_secret(&lower) {
                    node(inner, Place { key: &lower, below: place.key, holder: at }, api, found);
                }
            }
        }
        _ => {}
    }
}

impl Place<'_> {
    fn is_model(&self) -> bool {
        let by_key = MODELS.contains(&self.key) || MODEL_ENDS.iter().any(|end| self.key.ends_with(end));
        by_key && !OUTPUTS.contains(&self.key) || self.is_id()
    }

    /// `model: {id: org/name}`.
    fn is_id(&self) -> bool {
        // Elsewhere a path is one of an address or of a folder.
        let is_whole = self.key != "path" || matches!(self.below, "model" | "base_model");
        is_whole && IDS.contains(&self.key) && DESCRIBED.contains(&self.below)
    }

    fn is_dataset(&self) -> bool {
        DATASETS.contains(&self.key) || IDS.contains(&self.key) && DATASETS.contains(&self.below)
    }

    /// The revision beside a value, which is the model's where there is one. Tokenizers and drafts have their own.
    fn revision(&self) -> Option<String> {
        let beside = |key: &str| self.holder.text_of(key).map(str::to_owned);
        if self.is_dataset() {
            let alone = !self.holder.pairs().iter().any(|(key, _)| CERTAIN.contains(&snake(key).as_str()));
            return beside("dataset_revision").or_else(|| beside("revision").filter(|_| alone));
        }
        if !(CERTAIN.contains(&self.key) || self.is_id()) {
            return None;
        }
        ["model_revision", "modelRevision", "revision", "revision_of_model"]
            .iter()
            .find_map(|key| beside(key))
    }
}

fn value(text: &str, line: u32, place: Place<'_>, api: &str, found: &mut Found) {
    let api = format!("{api} {}", place.key);
    if place.is_dataset() {
        let is_file =
            naming::is_path(text) && DATA.iter().any(|end| text.to_ascii_lowercase().ends_with(end));
        if naming::is_hub_id(text) || is_file {
            return thing::dataset(text, place.revision(), "huggingface", &api, line, found);
        }
    }
    if !place.is_model() {
        return;
    }
    if let Some(address) = text.strip_prefix("hf://") {
        return thing::model(address, place.revision(), "huggingface", &api, line, found);
    }
    if let Some((router, id)) = provider::apart(text).filter(|(_, id)| naming::is_hub_id(id)) {
        return thing::model(id, place.revision(), provider::plain(router), &api, line, found);
    }
    let hub = naming::is_hub_id(text);
    if naming::is_model(text) || hub && CERTAIN.contains(&place.key) || thing::is_model_file(text) {
        let provider = provider::by_name_or_hub(text).unwrap_or_default();
        thing::model(text, place.revision(), provider, &api, line, found);
    }
}

/// `modelName` and `model-name` as `model_name`.
pub(super) fn snake(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut lower = false;
    for c in key.chars().take(80) {
        if c.is_ascii_uppercase() && lower {
            out.push('_');
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(if matches!(c, '-' | ' ' | '.') { '_' } else { c.to_ascii_lowercase() });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{
        syntax,
        tests::{shown, with},
    };
    use super::*;

    #[test]
    fn keys_of_models_and_datasets_count_and_others_do_not() {
        let text = "base_model: NousResearch/Llama-2-7b-hf\ndatasets:\n  - path: tatsu-lab/alpaca\n    type: alpaca\n\
                    model_type: llama\nmodel_list:\n  - model_name: gpt-4\n    litellm_params:\n      model: azure/gpt-4o-mini\n      api_key: gpt-4\n\
                    embeddings: {modelName: text-embedding-3-small}\nname: gpt-4\nmodel: linear\ncheckpoint: out/last.ckpt\n\
                    repository: org/name-1\nprompt: use gpt-4 or\nimage: gpt-4.png\n";
        let documents = syntax::yaml(text, 32);
        assert_eq!(
            shown(&with(|found| read(&documents[0], "settings", found))),
            [
                "1 model NousResearch/Llama-2-7b-hf",
                "3 dataset tatsu-lab/alpaca",
                "9 model azure/gpt-4o-mini",
                "11 model text-embedding-3-small",
                "14 model out/last.ckpt local",
            ]
        );
    }

    #[test]
    fn revisions_stand_beside_what_they_fix() {
        for (text, expected) in [
            (
                "model_name_or_path: org/a-7b\nmodel_revision: v2\ndataset_name: org/data\ntokenizer: org/tok-7b\n",
                &["1 model org/a-7b v2", "3 dataset org/data", "4 model org/tok-7b"][..],
            ),
            ("datasets:\n  - {path: org/data, revision: v3}\n", &["2 dataset org/data v3"]),
            (
                "model: org/a-7b\nrevision: v2\ndataset: org/data\n",
                &["1 model org/a-7b v2", "3 dataset org/data"],
            ),
            ("model: {id: org/a-7b, revision: v2}\n", &["1 model org/a-7b v2"]),
            ("dataset: {name: org/data, config: main, split: train/x}\n", &["1 dataset org/data"]),
            ("datasets: [{path: data/own.jsonl}, {path: data/run}]\n", &["1 dataset data/own.jsonl local"]),
            ("model_loading_config: {model_id: chat-small, model_source: org/a-7b}\n", &["1 model org/a-7b"]),
            (
                "provider: {name: org/x-1}\nengine: {id: org/x-1}\nllm: {path: api/v-1}\ndeployment: {name: k8s/x-1}\n",
                &[],
            ),
            ("hub_model_id: org/result-7b\n", &[]),
            ("model: hosted_vllm/org/a-7b\n", &["1 model org/a-7b"]),
        ] {
            let documents = syntax::yaml(text, 32);
            assert_eq!(shown(&with(|found| read(&documents[0], "settings", found))), expected, "{text}");
        }
    }
}
