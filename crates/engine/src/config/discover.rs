//! A first manifest, written from what a folder holds.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use bartizan_core::Fact;

use super::ConfigError;
use crate::{EngineError, ScanRequest, Target, draft, extensions, report::AssetReport, scan};

/// Extensions of files that hold tables or texts to learn from.
const DATA: &[&str] = &["csv", "tsv", "parquet", "arrow", "feather", "jsonl", "ndjson"];
/// Kinds that tell of a model and are none.
const DESCRIPTIONS: &[&str] = &[
    "huggingface",
    "huggingface-settings",
    "keras-config",
    "mar-manifest",
    "model-card",
    "requirements",
    "unknown",
    "weight-index",
];
/// Extensions of files in which addresses of endpoints stand.
const SETTINGS: &[&str] = &["py", "ts", "js", "env", "toml", "yaml", "yml", "json", "ipynb"];
/// Addresses that are endpoints wherever they stand, and what they speak.
const ADDRESSES: &[(&str, &str)] = &[
    ("https://api.openai.com/v1", "openai"),
    ("https://api.mistral.ai/v1", "openai"),
    ("https://openrouter.ai/api/v1", "openai"),
    ("https://api.anthropic.com", "anthropic"),
    ("http://localhost:11434", "ollama"),
    ("http://127.0.0.1:11434", "ollama"),
];
/// How much of a settings file is searched.
const SEARCHED: u64 = 1 << 20;

/// Looks through a folder and writes a commented manifest of the models, datasets and endpoints in it.
///
/// # Errors
/// When the folder cannot be scanned at all.
pub fn discover(folder: &Path, cancel: &Arc<AtomicBool>) -> Result<String, EngineError> {
    let mut request = ScanRequest::new(vec![Target::Path(folder.to_owned())]);
    request.digests = false;
    request.cancel = Arc::clone(cancel);
    let report = scan(&request, &())?;
    let top: Vec<&AssetReport> = report.assets.iter().filter(|asset| !asset.path.contains('!')).collect();
    let name = folder.canonicalize().ok().and_then(|f| Some(f.file_name()?.to_string_lossy().into_owned()));

    let mut text = String::from(
        "# The AI system in this folder. Every verb of bartizan reads this file.\n# What is commented out was not found; \
         fill in what applies.\n\n[system]\n",
    );
    let _ = writeln!(text, "name = {}", quoted(name.as_deref().unwrap_or("system")));
    text.push_str("# intent = \"What the system is for.\"\n# owner = \"team@example.org\"\n");
    text.push_str("# risk = \"high\"          # high | limited | minimal, as in Regulation (EU) 2024/1689\n");
    models(&mut text, &top);
    datasets(&mut text, &top);
    endpoints(&mut text, folder, &top);
    text.push_str(
        "\n[policy]\nfail-on = \"high\"         # info | low | medium | high | critical\n\
         # rules.\"scan/incomplete\".severity = \"medium\"\n# pickle.allow = [\"mymodule.MyClass\"]\n\n\
         # [[waiver]]\n# rule = \"pickle/unknown-call\"\n# where = \"models/legacy.pkl\"\n\
         # reason = \"Written by our own training job.\"\n# owner = \"team@example.org\"\n# expires = 2027-01-31\n",
    );
    Ok(text)
}

/// Writes a manifest: all of it, or nothing, and over an existing one only with `force`.
///
/// # Errors
/// When there is one already, or the file cannot be written.
pub fn write(path: &Path, text: &str, force: bool) -> Result<(), ConfigError> {
    let failed =
        |error: std::io::Error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() };
    let mut file = draft(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    let persisted = if force { file.persist(path) } else { file.persist_noclobber(path) };
    persisted.map(|_| ()).map_err(|error| match error.error.kind() {
        std::io::ErrorKind::AlreadyExists => ConfigError::Exists { path: path.to_owned() },
        _ => failed(error.error),
    })
}

fn models(text: &mut String, assets: &[&AssetReport]) {
    let mut found = false;
    for asset in assets {
        let model = asset.facts.iter().find_map(|fact| match fact {
            Fact::Model(model) => Some(model),
            _ => None,
        });
        let extension =
            asset.path.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
        let by_name = extensions::is_model(&extension) && asset.size > 0;
        if DESCRIPTIONS.contains(&asset.kind) || model.is_none() && !by_name {
            continue;
        }
        found = true;
        let _ =
            writeln!(text, "\n[[model]]\npath = {}\nformat = {}", quoted(&asset.path), quoted(asset.kind));
        match model.and_then(|model| model.task.as_ref()) {
            Some(task) => _ = writeln!(text, "task = {}", quoted(task)),
            None => text.push_str("# task = \"classification\"\n"),
        }
    }
    if !found {
        text.push_str("\n# [[model]]\n# path = \"models/model.safetensors\"\n# task = \"classification\"\n");
    }
}

fn datasets(text: &mut String, assets: &[&AssetReport]) {
    let mut found = false;
    for asset in assets.iter().filter(|asset| has_extension(&asset.path, DATA)) {
        found = true;
        let _ = writeln!(text, "\n[[dataset]]\npath = {}", quoted(&asset.path));
        let lower = asset.path.to_ascii_lowercase();
        match ["train", "test", "reference", "live"].iter().find(|role| lower.contains(*role)) {
            Some(role) => _ = writeln!(text, "role = \"{role}\""),
            None => text.push_str("# role = \"train\"        # train | test | reference | live\n"),
        }
        text.push_str("# label = \"target\"\n# protected = [\"sex\", \"age\"]\n");
    }
    if !found {
        text.push_str(
            "\n# [[dataset]]\n# path = \"data/train.csv\"\n# role = \"train\"\n# label = \"target\"\n",
        );
    }
}

fn endpoints(text: &mut String, folder: &Path, assets: &[&AssetReport]) {
    let mut found: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for asset in assets.iter().filter(|asset| has_extension(&asset.path, SETTINGS)) {
        let mut bytes = Vec::new();
        let opened = fs::File::open(folder.join(&asset.path)).map(|file| file.take(SEARCHED));
        if opened.and_then(|mut file| file.read_to_end(&mut bytes)).is_err() {
            continue;
        }
        let settings = String::from_utf8_lossy(&bytes);
        for (address, kind) in ADDRESSES {
            if settings.contains(address) {
                found.entry(address).or_insert((kind, &asset.path));
            }
        }
    }
    for (address, (kind, path)) in &found {
        let path = bartizan_core::printable(path);
        let _ = writeln!(
            text,
            "\n[[endpoint]]          # named in {path}\nurl = \"{address}\"\nkind = \"{kind}\""
        );
    }
    if found.is_empty() {
        text.push_str("\n# [[endpoint]]\n# url = \"https://models.example.org/v1\"\n# kind = \"openai\"\n");
    }
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    extensions.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// As a TOML basic string in which nothing can move a cursor or reorder text.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.extend(['\\', c]);
        } else if bartizan_core::printable(c.encode_utf8(&mut [0; 4])).starts_with('\\') {
            let _ = write!(quoted, "\\U{:08X}", u32::from(c));
        } else {
            quoted.push(c);
        }
    }
    quoted.push('"');
    quoted
}
