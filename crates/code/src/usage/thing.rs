//! Models and datasets that a text names: in a variable, an address, or a word of a command.

use bartizan_core::{Usage, UsageKind};

use super::{Found, collect, naming, provider, variables::Variables};

/// A variable of the environment: its key says whether its value is a model or a dataset. Values of other keys, which
/// may be secrets, are not looked at.
pub(crate) fn environment(key: &str, value: &str, api: &str, line: u32, found: &mut Found) {
    environment_at(key, value, None, api, line, found);
}

/// The same with the revision that another variable of the same container tells.
pub(crate) fn environment_at(
    key: &str,
    value: &str,
    revision: Option<&str>,
    api: &str,
    line: u32,
    found: &mut Found,
) {
    let lower = key.to_ascii_lowercase();
    if is_secret(&lower) {
        return;
    }
    let value = value.trim().trim_matches(['"', '\'']);
    let value = Variables::default().expand(value);
    // Some programs take several, with commas between.
    let several: Vec<&str> = value.split(',').map(str::trim).collect();
    if several.len() > 1 && several.len() < 100 && several.iter().all(|one| naming::is_model(one)) {
        return several.iter().for_each(|one| environment(key, one, api, line, found));
    }
    let value = value.as_str();
    let api = format!("{api} {key}");
    if lower.contains("dataset")
        && (naming::is_hub_id(value) || naming::is_path(value) && value.contains('.'))
    {
        dataset(value, None, "huggingface", &api, line, found);
    } else if (collect::is_model_field(&lower)
        || ["model", "llm", "embed", "deployment"].iter().any(|part| lower.contains(part)))
        && (naming::is_model(value) || naming::is_hub_id(value) || is_model_file(value))
    {
        let provider = provider::by_name_or_hub(value).unwrap_or_default();
        model(value, revision.map(str::to_owned), provider, &api, line, found);
    }
}

/// Does a variable or key of this name (lower case) hold a secret?
pub(crate) fn is_secret(lower: &str) -> bool {
    let parts = ["key", "token", "secret", "passw", "credential", "auth"];
    parts.iter().any(|part| lower.contains(part)) && !lower.contains("tokenizer")
}

/// Is it the path of a file with weights?
pub(crate) fn is_model_file(value: &str) -> bool {
    let weights = [
        ".gguf",
        ".onnx",
        ".pt",
        ".pth",
        ".safetensors",
        ".pkl",
        ".joblib",
        ".h5",
        ".keras",
        ".tflite",
        ".bin",
        ".ckpt",
        ".engine",
        ".pb",
        ".ggml",
        ".task",
    ];
    !value.contains("://") && weights.iter().any(|end| value.to_ascii_lowercase().ends_with(end))
}

/// An address of a model or dataset on a hub, or of a file of weights.
pub(crate) fn address(word: &str, api: &str, line: u32, found: &mut Found) {
    let Some((_, rest)) = word.split_once("://") else { return };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches(".git");
    if host.ends_with("huggingface.co") || host == "hf.co" {
        let (path, is_dataset) = path.strip_prefix("datasets/").map_or((path, false), |path| (path, true));
        let mut parts = path.split('/');
        let (Some(owner), Some(name)) = (parts.next(), parts.next()) else { return };
        let revision = match parts.next() {
            Some("resolve" | "raw" | "blob") => {
                parts.next().filter(|revision| *revision != "main").map(str::to_owned)
            }
            _ => None,
        };
        let id = format!("{owner}/{name}");
        if is_dataset {
            dataset(&id, revision, "huggingface", api, line, found);
        } else if naming::is_hub_id(&id) && owner != "spaces" {
            model(&id, revision, "huggingface", api, line, found);
        }
    } else if is_model_file(path) {
        found.add(Usage { provider: Some("url".to_owned()), ..usage(UsageKind::Model, word, api, line) });
    }
}

fn usage(kind: UsageKind, name: &str, api: &str, line: u32) -> Usage {
    Usage {
        api: Some(bartizan_core::truncated(api, 120)),
        via: Some("literal"),
        line: Some(u64::from(line)),
        ..Usage::of(kind, name)
    }
}

/// A model that a command or setting names.
pub(crate) fn model(
    name: &str,
    revision: Option<String>,
    provider: &str,
    api: &str,
    line: u32,
    found: &mut Found,
) {
    thing(UsageKind::Model, name, revision, provider, api, line, found);
}

/// A dataset that a command or setting names.
pub(crate) fn dataset(
    name: &str,
    revision: Option<String>,
    provider: &str,
    api: &str,
    line: u32,
    found: &mut Found,
) {
    thing(UsageKind::Dataset, name, revision, provider, api, line, found);
}

fn thing(
    kind: UsageKind,
    name: &str,
    revision: Option<String>,
    provider: &str,
    api: &str,
    line: u32,
    found: &mut Found,
) {
    if !naming::is_plausible(name) {
        return;
    }
    let local = naming::is_path(name);
    let provider = if local { "local" } else { provider };
    let mut usage = Usage {
        local,
        provider: (!provider.is_empty()).then(|| provider.to_owned()),
        ..usage(kind, name, api, line)
    };
    collect::pin(&mut usage, revision);
    found.add(usage);
}
