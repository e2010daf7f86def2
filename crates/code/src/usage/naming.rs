//! What names look like: ids of models on hubs and at providers, paths, revisions.

use super::provider;

/// Beginnings of model names at providers of language, embedding, image and speech models.
const FAMILIES: &[&str] = &[
    "gpt-",
    "gpt3",
    "gpt4",
    "chatgpt-",
    "o1",
    "o3",
    "o4-",
    "text-embedding-",
    "text-davinci",
    "davinci",
    "babbage",
    "dall-e",
    "whisper-",
    "tts-",
    "omni-moderation",
    "text-moderation",
    "codex-",
    "claude-",
    "gemini-",
    "gemma",
    "palm-",
    "text-bison",
    "chat-bison",
    "textembedding-gecko",
    "embedding-001",
    "imagen-",
    "veo-",
    "mistral",
    "open-mistral",
    "mixtral",
    "open-mixtral",
    "codestral",
    "ministral",
    "magistral",
    "devstral",
    "pixtral",
    "command-r",
    "command-a",
    "command-light",
    "c4ai-",
    "aya-",
    "embed-english",
    "embed-multilingual",
    "embed-v",
    "rerank-",
    "llama",
    "codellama",
    "meta-llama",
    "deepseek",
    "qwen",
    "qwq",
    "grok-",
    "phi",
    "nomic-embed",
    "mxbai-",
    "snowflake-arctic",
    "all-minilm",
    "all-mpnet",
    "bge-",
    "e5-",
    "multi-qa-",
    "paraphrase-",
    "amazon.",
    "anthropic.",
    "meta.llama",
    "mistral.",
    "cohere.",
    "ai21.",
    "us.anthropic",
    "us.amazon",
    "us.meta",
    "eu.anthropic",
    "eu.amazon",
    "apac.",
    "sonar",
    "jamba",
    "voyage-",
    "jina-",
    "stable-diffusion",
    "sdxl",
    "flux",
    "tinyllama",
    "smollm",
    "granite",
    "solar",
    "yi-",
    "vicuna",
    "falcon",
    "starcoder",
    "orca-",
    "zephyr",
    "dolphin",
    "moondream",
    "llava",
    "bakllava",
    "nova-",
    "titan-",
    "kimi-",
    "glm-",
    "minimax-",
    "nemotron",
    "bert-base",
    "bert-large",
    "distilbert",
    "roberta-",
    "xlm-roberta",
    "gpt2",
    "t5-",
    "flan-t5",
];

/// Folders that hold models or data of a project, so that `models/x` is a path and no id of a hub.
const FOLDERS: &[&str] = &[
    "model",
    "models",
    "checkpoint",
    "checkpoints",
    "ckpt",
    "ckpts",
    "output",
    "outputs",
    "out",
    "result",
    "results",
    "artifact",
    "artifacts",
    "weight",
    "weights",
    "pretrained",
    "pretrained_models",
    "saved",
    "saved_model",
    "saved_models",
    "data",
    "dataset",
    "datasets",
    "cache",
    "tmp",
    "runs",
    "logs",
    "assets",
    "resources",
    "src",
    "app",
    "lora",
    "adapters",
    "trained",
    "trained_models",
    "exports",
    "export",
    "build",
    "files",
    "storage",
    "onnx",
    "mnt",
    "opt",
    "var",
    "home",
    "content",
    "workspace",
    "local_models",
];

/// Extensions of files, which no hub id ends with.
const FILES: &[&str] = &[
    "pt",
    "pth",
    "bin",
    "onnx",
    "pkl",
    "pickle",
    "joblib",
    "h5",
    "hdf5",
    "keras",
    "gguf",
    "ggml",
    "safetensors",
    "pb",
    "tflite",
    "ckpt",
    "mlmodel",
    "mlpackage",
    "engine",
    "trt",
    "pmml",
    "cbm",
    "ubj",
    "npz",
    "npy",
    "nemo",
    "llamafile",
    "torchscript",
    "ptl",
    "pte",
    "rds",
    "zip",
    "tar",
    "gz",
    "csv",
    "tsv",
    "json",
    "jsonl",
    "parquet",
    "arrow",
    "txt",
    "xml",
    "yaml",
    "yml",
    "xlsx",
    "feather",
    "sqlite",
    "db",
    "pdf",
    "md",
    "py",
    "png",
    "jpg",
    "wav",
    "mp3",
    "mp4",
    "ftz",
    "vec",
    "html",
    "toml",
    "zst",
    "xz",
    "bz2",
    "tgz",
    "model",
    "task",
    "bz",
    "log",
];

pub(super) fn starts_any(text: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| text.starts_with(start))
}

/// Does a text in lower case begin as models of providers do?
pub(super) fn is_of_family(text: &str) -> bool {
    starts_any(text, FAMILIES)
}

/// Can it be a name of anything: short, printable, without holes and white space?
pub(crate) fn is_plausible(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && name.chars().any(char::is_alphanumeric)
        && !name.chars().any(|c| c.is_whitespace() || c.is_control())
        && !name.contains(['{', '}', '<', '>', '$', '"', '\'', '`', '|', '*', '(', ')', ';', ','])
}

/// Has it the form of an id on a hub: `owner/name`?
pub(crate) fn is_hub_id(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part.len() <= 96
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            && part.chars().any(|c| c.is_ascii_alphabetic())
            && !part.starts_with(['.', '-'])
    };
    match name.split_once('/') {
        Some((owner, model)) => part(owner) && part(model) && !is_path(name),
        None => false,
    }
}

/// Is it surely the name of a model, wherever it stands?
pub(crate) fn is_model(name: &str) -> bool {
    if !is_plausible(name) || name.contains("://") {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    if is_path(&lower) {
        return false;
    }
    let family = |text: &str| is_of_family(text) && text.len() > 1;
    if family(&lower) && !lower.contains('/') {
        return true;
    }
    if let Some((prefix, rest)) = lower.split_once(['/', ':'])
        && provider::PREFIXES.contains(&prefix)
        && !rest.is_empty()
    {
        return true;
    }
    // `owner/name` alone may be anything; a version, a size or a family makes it a model.
    let last = lower.rsplit('/').next().unwrap_or_default();
    is_hub_id(name) && (family(last) || last.contains('-') || last.chars().any(|c| c.is_ascii_digit()))
}

/// Is it a path in the repository or on the machine, and no id?
pub(crate) fn is_path(name: &str) -> bool {
    if name.contains("://") {
        return name.starts_with("file://");
    }
    if name.starts_with(['.', '/', '~', '\\']) || name.contains('\\') {
        return true;
    }
    let bytes = name.as_bytes();
    if bytes.get(1) == Some(&b':')
        && bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.get(2) == Some(&b'/')
    {
        return true;
    }
    let first = name.split('/').next().unwrap_or_default();
    if name.contains('/') && FOLDERS.contains(&first.to_ascii_lowercase().as_str()) {
        return true;
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| FILES.contains(&extension.as_str())) || name.ends_with('/')
}

/// Prefixes that say where a name is to be looked for.
const SCHEMES: &[&str] =
    &["hf-hub:", "hf_hub:", "hf://", "local:", "https://huggingface.co/", "https://hf.co/"];

/// The id behind a prefix that names Hugging Face's hub, and the revision that the name itself tells. `hf://datasets/…`
/// is not one of a model.
pub(crate) fn hub_id(name: &str) -> Option<(String, Option<String>)> {
    let rest = SCHEMES.iter().find_map(|scheme| name.strip_prefix(scheme))?;
    let rest = rest.strip_prefix("datasets/").unwrap_or(rest);
    let mut parts = rest.split('/');
    let (owner, model) = (parts.next()?, parts.next()?);
    let (model, revision) = match model.split_once('@') {
        Some((model, revision)) => (model, Some(revision)),
        None => (model, None),
    };
    // `/resolve/main/model.safetensors`, `/tree/…`, `/blob/…`.
    let revision = revision.or_else(|| {
        matches!(parts.next(), Some("resolve" | "tree" | "blob")).then(|| parts.next()).flatten()
    });
    let id = format!("{owner}/{model}");
    is_hub_id(&id).then(|| (id, revision.map(str::to_owned)))
}

/// Is it a program that runs a script?
pub(crate) fn is_interpreter(program: &str) -> bool {
    let plain = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(plain, "python" | "node" | "tsx" | "ts-node" | "ruby" | "bash" | "sh" | "java")
}

/// Does a revision name content that cannot change: a commit?
pub(crate) fn is_commit(revision: &str) -> bool {
    (revision.len() == 40 || revision.len() == 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The dated or numbered snapshot in a provider's model name: `2024-08-06` of `gpt-4o-2024-08-06`, `20240620`, `002`.
pub(crate) fn snapshot(name: &str) -> Option<String> {
    // Bedrock appends a version of its own: `-v1:0`.
    let name = name.split(':').next().unwrap_or(name);
    let name = name.strip_suffix("-v1").or_else(|| name.strip_suffix("-v2")).unwrap_or(name);
    let parts: Vec<&str> = name.split(['-', '@']).collect();
    let digits =
        |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        [_, .., year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2) => {
            Some(format!("{year}-{month}-{day}"))
        }
        [_, .., last] if digits(last, 8) || digits(last, 4) || digits(last, 3) => Some((*last).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_paths_and_other_texts_are_told_apart() {
        for id in
            ["google-bert/bert-base-uncased", "meta-llama/Meta-Llama-3-8B", "openai/clip-vit-base-patch32"]
        {
            assert!(is_hub_id(id) && is_model(id) && !is_path(id), "{id}");
        }
        for path in ["./x", "models/clf", "net.pt", "/opt/m", "data/train.csv", "C:/m/x", "models/imdb-lora"]
        {
            assert!(is_path(path) && !is_hub_id(path) && !is_model(path), "{path}");
        }
        for model in
            ["gpt-4o", "claude-3-5-sonnet-20240620", "anthropic.claude-v2:1", "openai:gpt-4o", "llama3.2:1b"]
        {
            assert!(is_model(model), "{model}");
        }
        for other in
            ["text-generation", "user", "https://x.y/gpt-4", "a b", "gpt-4 {}", "linear", "application/json"]
        {
            assert!(!is_model(other), "{other}");
        }
    }

    #[test]
    fn a_snapshot_is_read_from_the_end_of_a_name() {
        let cases = [
            ("gpt-4o-2024-08-06", Some("2024-08-06")),
            ("claude-3-5-sonnet-20240620", Some("20240620")),
            ("gemini-1.5-pro-002", Some("002")),
            ("gpt-4-0613", Some("0613")),
            ("anthropic.claude-3-haiku-20240307-v1:0", Some("20240307")),
            ("gpt-4o", None),
            ("gpt-4", None),
        ];
        for (name, expected) in cases {
            assert_eq!(snapshot(name).as_deref(), expected, "{name}");
        }
    }
}
