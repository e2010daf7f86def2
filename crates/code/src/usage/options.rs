//! Options of commands, and those that name models and datasets.

use super::{
    Found, naming, provider,
    thing::{dataset, is_model_file, model},
};

/// Options whose value is a model, without their dashes and with `_` for `-`.
const MODEL_OPTIONS: &[&str] = &[
    "model",
    "m",
    "model_id",
    "model_name",
    "model_name_or_path",
    "model_path",
    "model_tag",
    "base_model",
    "hf_repo",
    "hf_model",
    "embedding_model",
    "pretrained_model_name_or_path",
    "pretrained_model",
    "llm",
    "model_repo",
    "tokenizer",
    "draft_model",
    "speculative_model",
    "checkpoint",
    "ckpt",
    "repo_id",
];

/// Options whose value is a dataset.
const DATASET_OPTIONS: &[&str] =
    &["dataset", "dataset_name", "datasets", "train_file", "validation_file", "data_path", "train_data"];

/// Programs that serve or run a model given by `--model` or `-m`.
const SERVERS: &[&str] = &[
    "vllm",
    "text-generation",
    "llama",
    "sglang",
    "lmdeploy",
    "infinity",
    "text-embeddings",
    "tritonserver",
    "mlc",
    "tabby",
    "xinference",
    "trtllm",
    "api_server",
    "launch_server",
    "aphrodite",
    "openllm",
    "optimum-cli",
];

/// The options of a command that name models and datasets.
pub(crate) fn options(program: &str, arguments: &[String], line: u32, found: &mut Found) {
    let whole = || std::iter::once(program).chain(arguments.iter().map(String::as_str));
    if matches!(
        program,
        "pip"
            | "pip3"
            | "npm"
            | "yarn"
            | "pnpm"
            | "conda"
            | "git"
            | "apt-get"
            | "modelscope"
            | "hf"
            | "huggingface-cli"
            | "docker"
    ) && !matches!(program, "docker")
    {
        return;
    }
    let mut at = 0usize;
    while let Some(word) = arguments.get(at) {
        at = at.saturating_add(1);
        let Some(written) = word.strip_prefix('-') else { continue };
        let (name, value) = match written.trim_start_matches('-').split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (written.trim_start_matches('-'), arguments.get(at).map(String::as_str)),
        };
        let Some(value) = value.filter(|value| !value.starts_with('-')) else { continue };
        let name = name.replace('-', "_").to_ascii_lowercase();
        let short = name == "m";
        let api = format!("{program} {}", word.split('=').next().unwrap_or(word));
        if name == "model_args" {
            // `pretrained=org/name,revision=abc` of evaluation harnesses.
            let part = |key: &str| {
                value.split(',').find_map(|part| part.split_once('=').filter(|(own, _)| *own == key))
            };
            if let Some((_, name)) = part("pretrained")
                .or_else(|| part("model"))
                .filter(|(_, name)| naming::is_hub_id(name) || naming::is_model(name))
            {
                let revision = part("revision").map(|(_, revision)| revision.to_owned());
                model(name, revision, "huggingface", &api, line, found);
            }
        } else if name == "lora_modules" {
            // `--lora-modules name=org/adapter other=path`.
            let modules = arguments.iter().skip(at).take_while(|word| !word.starts_with('-'));
            let paths = modules.filter_map(|word| word.split_once('=')).map(|(_, path)| path);
            for path in paths.filter(|path| naming::is_hub_id(path) || naming::is_path(path)) {
                model(path, None, "huggingface", &api, line, found);
            }
        } else if MODEL_OPTIONS.contains(&name.as_str()) {
            let telling = naming::is_model(value) || naming::is_hub_id(value) || is_model_file(value);
            // A harness names its backend so: `lm_eval --model vllm`.
            let serves = whole()
                .filter(|word| telling || *word != value)
                .any(|word| SERVERS.iter().any(|server| word.contains(server)));
            let plausible = naming::is_plausible(value) && (serves || telling);
            if plausible
                && (!short || serves && (telling || naming::is_path(value)))
                && !value.contains("://")
            {
                // The revision is the served model's, and of none beside it.
                let revision = match name.as_str() {
                    "tokenizer" => option(arguments, "--tokenizer-revision"),
                    "draft_model" | "speculative_model" => None,
                    _ => option(arguments, "--revision"),
                };
                let hub = naming::is_hub_id(value);
                model(
                    value,
                    revision,
                    if hub { "huggingface" } else { provider::by_name(value).unwrap_or_default() },
                    &api,
                    line,
                    found,
                );
            }
        } else if DATASET_OPTIONS.contains(&name.as_str())
            && (naming::is_hub_id(value) || naming::is_path(value))
        {
            dataset(value, None, "huggingface", &api, line, found);
        }
    }
}

/// The words that are neither options nor their values.
pub(super) fn positional(words: &[String], with_value: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if with_value.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-')
            && !word.is_empty()
            && !word.starts_with('>')
            && !word.starts_with("2>")
        {
            found.push(word.clone());
        }
    }
    found
}

pub(super) fn option(words: &[String], name: &str) -> Option<String> {
    let at = words
        .iter()
        .position(|word| word == name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))?;
    match words.get(at)?.split_once('=') {
        Some((_, value)) => Some(value.to_owned()),
        None => words.get(at.saturating_add(1)).cloned(),
    }
}
