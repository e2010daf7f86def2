//! Which models a folder holds: one, or several beside and below each other.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bartizan_core::{EntryKind, Tree};

use super::files::{Part, format_of};
use crate::source;

/// Files that say that the whole folder is one model.
const WHOLE: &[&str] = &["model_index.json", "MLmodel", "saved_model.pb", "modules.json"];
/// What libraries call the weights when a folder holds one model; the same model in several formats has several.
const USUAL: &[&str] = &[
    "model",
    "pytorch_model",
    "tf_model",
    "flax_model",
    "rust_model",
    "diffusion_pytorch_model",
    "consolidated",
    "adapter_model",
    "open_clip_pytorch_model",
    "weights",
];
/// How deep models are looked for, and how many.
const DEEPEST: usize = 6;
const MOST: usize = 1000;

/// The models at a path: itself, or those in and below a folder that holds more than one.
///
/// A folder is one model when a file in it says so (`model_index.json`, an index of shards, …), or when its weights have the
/// names that libraries give to a folder's only model. Otherwise each file of weights, with its shards, is a model.
pub fn models(path: &Path) -> Vec<PathBuf> {
    let Some(canonical) = path.canonicalize().ok().filter(|path| path.is_dir()) else {
        // A file; or opening it says what is wrong.
        return vec![path.to_owned()];
    };
    let tree = source::tree(&canonical);
    let mut found = Vec::new();
    collect(&*tree, "", 0, &mut found);
    match found.as_slice() {
        // Nothing, or the folder itself: opening it says what is wrong with it.
        [] => vec![path.to_owned()],
        _ => found.into_iter().map(|inner| below(path, &inner)).collect(),
    }
}

fn below(path: &Path, inner: &str) -> PathBuf {
    match (inner, path == Path::new(".")) {
        ("", _) => path.to_owned(),
        (_, true) => PathBuf::from(inner),
        (_, false) => path.join(inner),
    }
}

fn collect(tree: &dyn Tree, folder: &str, depth: usize, found: &mut Vec<String>) {
    if depth >= DEEPEST || found.len() >= MOST {
        return;
    }
    let mut folders = Vec::new();
    let mut files = Vec::new();
    for entry in tree.list(folder) {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        match entry.kind {
            _ if name.starts_with('.') => {}
            EntryKind::Directory => folders.push(entry.path),
            EntryKind::File | EntryKind::LinkInside => files.push(entry.path),
            EntryKind::LinkOutside | EntryKind::Special => {}
        }
    }
    files.sort();
    folders.sort();
    let mut groups: BTreeMap<String, &String> = BTreeMap::new();
    for file in files.iter().filter(|file| format_of(file).is_some()) {
        groups.entry(stem(file)).or_insert(file);
    }
    if is_whole(&files) || !groups.is_empty() && groups.keys().all(|stem| is_usual(stem)) {
        found.push(folder.to_owned());
        return;
    }
    // Arrays by themselves are the parts of something.
    if !groups.is_empty() && groups.values().all(|file| file.ends_with(".npy")) {
        found.push(folder.to_owned());
        return;
    }
    found.extend(groups.into_values().take(MOST.saturating_sub(found.len())).cloned());
    for inner in folders {
        collect(tree, &inner, depth + 1, found);
    }
}

/// The name of a file without what tells its parts, its format and the variants of its precision apart.
fn stem(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or_default();
    let stem = Part::of(name)
        .map_or_else(|| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned(), |part| part.stem);
    // Two formats of two stems that differ are two models: `a.gguf` is not `a.safetensors`.
    if is_usual(&stem) { stem } else { file.strip_suffix(name).unwrap_or_default().to_owned() + &whole(name) }
}

/// The name that all parts of a file have in common.
fn whole(name: &str) -> String {
    Part::of(name).map_or_else(|| name.to_owned(), |part| format!("{}.{}", part.stem, part.extension))
}

fn is_usual(stem: &str) -> bool {
    let plain = stem.split('.').next().unwrap_or_default();
    let plain = ["_fp16", "_int8", "_quantized", "_q4"]
        .iter()
        .find_map(|end| plain.strip_suffix(end))
        .unwrap_or(plain);
    USUAL.contains(&plain)
}

fn is_whole(files: &[String]) -> bool {
    files.iter().any(|file| {
        let name = file.rsplit('/').next().unwrap_or_default();
        WHOLE.contains(&name) || name.ends_with(".index.json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        models(folder.path())
            .iter()
            .map(|model| model.strip_prefix(folder.path()).unwrap().display().to_string())
            .collect()
    }

    #[test]
    fn a_folder_with_one_model_in_however_many_files_and_formats_is_one() {
        for files in [
            &["model.safetensors", "config.json", "pytorch_model.bin", "onnx/model.onnx"][..],
            &["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
            &["big-00001-of-00002.bin", "big-00002-of-00002.bin", "big.bin.index.json"],
            &["model_index.json", "unet/x.safetensors", "vae/y.safetensors"],
            &["model.fp16.safetensors", "model.safetensors"],
            &["layer0.npy", "layer1.npy"],
            &["README.md"],
        ] {
            assert_eq!(found(files), [""], "{files:?}");
        }
    }

    #[test]
    fn a_folder_with_several_models_is_several() {
        assert_eq!(
            found(&["a.safetensors", "b.safetensors", "b.gguf", "notes.txt"]),
            ["a.safetensors", "b.gguf", "b.safetensors"]
        );
        assert_eq!(
            found(&["base/model.safetensors", "tuned/model.safetensors", "tuned/README.md", "q/x-Q4_0.gguf"]),
            ["base", "q/x-Q4_0.gguf", "tuned"]
        );
        assert_eq!(
            found(&["x-00001-of-00002.gguf", "x-00002-of-00002.gguf", "y.gguf"]),
            ["x-00001-of-00002.gguf", "y.gguf"]
        );
    }
}
