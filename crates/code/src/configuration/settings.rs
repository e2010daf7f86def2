//! Settings of applications, whatever program reads them: keys that name models and datasets.

use bartizan_core::document::{Node, Value};

use super::syntax::merged;
use crate::usage::{Found, naming, thing};

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

/// Reads a document's keys.
pub(super) fn read(root: &Node, api: &str, found: &mut Found) {
    node(root, "", "", api, found);
}

/// `below`: the nearest key with a meaning; items of lists and fields of their objects share it.
fn node(at: &Node, key: &str, below: &str, api: &str, found: &mut Found) {
    match &at.value {
        Value::Text(text) => value(text, at.line, key, below, api, found),
        Value::List(items) => items.iter().for_each(|item| node(item, key, below, api, found)),
        Value::Object(_) => {
            for (own, inner) in merged(at) {
                let lower = snake(own);
                // A gateway's own name for what it calls otherwise.
                if lower == "model_name" && at.get("litellm_params").is_some() {
                    continue;
                }
                if !thing::is_secret(&lower) {
                    node(inner, &lower, key, api, found);
                }
            }
        }
        _ => {}
    }
}

fn value(text: &str, line: u32, key: &str, below: &str, api: &str, found: &mut Found) {
    let is_dataset = DATASETS.contains(&key) || key == "path" && DATASETS.contains(&below);
    if is_dataset && naming::is_hub_id(text) {
        return thing::dataset(text, None, "huggingface", &format!("{api} {key}"), line, found);
    }
    let is_model = MODELS.contains(&key) || MODEL_ENDS.iter().any(|end| key.ends_with(end));
    if !is_model {
        return;
    }
    if let Some(address) = text.strip_prefix("hf://") {
        return thing::model(address, None, "huggingface", &format!("{api} {key}"), line, found);
    }
    let hub = naming::is_hub_id(text);
    if naming::is_model(text) || hub && CERTAIN.contains(&key) || thing::is_model_file(text) {
        let provider = naming::provider(text).unwrap_or(if hub { "huggingface" } else { "" });
        thing::model(text, None, provider, &format!("{api} {key}"), line, found);
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
}
