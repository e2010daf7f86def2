//! Which files of a folder are one model's weights, and which declare something about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use bartizan_core::{EntryKind, Tree};

use super::LineageError;
use crate::source;

/// The files of one model.
pub(super) struct Model {
    /// The folder that the paths are relative to.
    pub(super) tree: Arc<dyn Tree>,
    /// Files with weights, sorted.
    pub(super) weights: Vec<String>,
    /// Cards and settings.
    pub(super) declarations: Vec<String>,
    /// Names by which others may mean the model.
    pub(super) names: Vec<String>,
    /// What was left out although it may belong to the model.
    pub(super) gaps: Vec<String>,
}

/// Formats of weights by extension, preferred first: a folder often holds the same model in several.
const FORMATS: &[&[&str]] = &[
    &["safetensors"],
    &["gguf"],
    &["bin", "pt", "pth", "ckpt"],
    &["onnx"],
    &["keras", "h5", "hdf5"],
    &["npz"],
    &["npy"],
    &["msgpack", "tflite", "pb", "params", "pdiparams", "pdparams"],
];
/// Files that declare something.
const DECLARATIONS: &[&str] =
    &["README.md", "adapter_config.json", "config.json", "model_index.json", "MLmodel"];
/// How deep a model's folders go, and how many files are listed.
const DEEPEST: usize = 4;
const MOST: usize = 20_000;

impl Model {
    /// `canonical` is where it is, `given` how the user named it.
    pub(super) fn find(canonical: &Path, given: &Path) -> Result<Self, LineageError> {
        if canonical.is_dir() { Self::folder(canonical, given) } else { Self::file(canonical, given) }
    }

    /// A single file. What stands beside it is about it only when it is the only model there.
    fn file(canonical: &Path, given: &Path) -> Result<Self, LineageError> {
        let folder = canonical.parent().unwrap_or(Path::new("/"));
        let tree: Arc<dyn Tree> = source::tree(folder);
        let name = source::name_of(canonical);
        let entries = tree.list("");
        let files = || entries.iter().filter(|entry| entry.kind != EntryKind::Directory);
        let whole = Part::of(&name);
        let belongs = |file: &str| {
            file == name
                || whole.as_ref().zip(Part::of(file)).is_some_and(|(one, other)| one.goes_with(&other))
        };
        let others = files().any(|entry| !belongs(&entry.path) && format_of(&entry.path).is_some());
        let declarations = if others {
            Vec::new()
        } else {
            declarations(&entries.iter().map(|e| e.path.clone()).collect::<Vec<_>>())
        };
        let mut weights: Vec<String> =
            files().map(|entry| entry.path.clone()).filter(|file| belongs(file)).collect();
        weights.sort();
        if weights.is_empty() {
            weights.push(name.clone());
        }
        let gaps = missing_parts(&weights);
        let mut names = vec![given.display().to_string()];
        names.push(name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_owned());
        names.push(name.clone());
        if !others {
            names.extend(folder_names(folder));
        }
        Ok(Self { tree, weights, declarations, names, gaps })
    }

    fn folder(canonical: &Path, given: &Path) -> Result<Self, LineageError> {
        let tree: Arc<dyn Tree> = source::tree(canonical);
        let mut gaps = Vec::new();
        let files = listed(&*tree, &mut gaps);
        let of_format = |extensions: &&[&str]| {
            let fits = |file: &&String| format_of(file).is_some_and(|format| format == *extensions);
            files.iter().filter(fits).cloned().collect::<Vec<_>>()
        };
        let weights = FORMATS.iter().map(of_format).find(|files| !files.is_empty());
        let Some(weights) = weights else { return Err(LineageError::NoWeights(given.to_owned())) };
        let mut names = folder_names(canonical);
        names.push(given.display().to_string());
        let weights = one_variant(weights, &mut gaps);
        gaps.extend(missing_parts(&weights));
        Ok(Self { declarations: declarations(&files), tree, weights, names, gaps })
    }
}

/// The folder's name, and the id of the repository when the folder is a snapshot in a Hugging Face cache.
fn folder_names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let cached = folder
        .ancestors()
        .filter_map(|folder| folder.file_name()?.to_str()?.strip_prefix("models--"))
        .map(|name| name.replacen("--", "/", 1));
    names.extend(cached.take(1));
    names.extend(folder.file_name().and_then(|name| name.to_str()).map(str::to_owned));
    names
}

/// Every file, folders in order.
fn listed(tree: &dyn Tree, gaps: &mut Vec<String>) -> Vec<String> {
    let mut files = Vec::new();
    let mut waiting = vec![(String::new(), 0)];
    while let Some((folder, depth)) = waiting.pop() {
        for entry in tree.list(&folder) {
            let hidden = entry.path.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
            match entry.kind {
                EntryKind::Directory if hidden => {}
                EntryKind::Directory if depth + 1 >= DEEPEST => {
                    gaps.push(format!("{}: deeper folders were not looked at", entry.path));
                }
                EntryKind::Directory => waiting.push((entry.path, depth + 1)),
                EntryKind::File | EntryKind::LinkInside if files.len() < MOST => files.push(entry.path),
                EntryKind::LinkOutside if format_of(&entry.path).is_some() => {
                    gaps.push(format!("{}: a link that leaves the folder was not followed", entry.path));
                }
                _ => {}
            }
        }
    }
    if files.len() >= MOST {
        gaps.push(format!("more than {MOST} files: the others were not looked at"));
    }
    files.sort();
    files
}

/// The format of a file with weights, by its extension.
pub(super) fn format_of(path: &str) -> Option<&'static [&'static str]> {
    let extension = path.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
    let name = path.rsplit('/').next()?.to_ascii_lowercase();
    // What the training loop keeps besides the weights.
    let other = ["optimizer.", "scheduler.", "rng_state", "training_args.", "scaler."];
    if other.iter().any(|prefix| name.starts_with(prefix)) {
        return None;
    }
    FORMATS.iter().copied().find(|extensions| extensions.contains(&extension.as_str()))
}

fn declarations(files: &[String]) -> Vec<String> {
    let wanted = |file: &&String| DECLARATIONS.iter().any(|name| file.eq_ignore_ascii_case(name));
    files.iter().filter(wanted).cloned().collect()
}

/// One of several files that are one model: `STEM-00001-of-00003.EXTENSION`.
pub(super) struct Part {
    pub(super) stem: String,
    number: u32,
    total: u32,
    pub(super) extension: String,
}

impl Part {
    pub(super) fn of(path: &str) -> Option<Self> {
        let (rest, extension) = path.rsplit_once('.')?;
        let (rest, total) = rest.rsplit_once("-of-")?;
        let (stem, number) = rest.rsplit_once('-')?;
        let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 6;
        let count = |text: &str| text.parse().ok().filter(|_| numeric(text));
        Some(Self {
            stem: stem.to_owned(),
            number: count(number)?,
            total: count(total)?,
            extension: extension.to_ascii_lowercase(),
        })
    }

    fn goes_with(&self, other: &Self) -> bool {
        (&self.stem, self.total, &self.extension) == (&other.stem, other.total, &other.extension)
    }
}

/// Names the models of which parts are not there.
fn missing_parts(files: &[String]) -> Vec<String> {
    let mut models: BTreeMap<(String, u32), BTreeSet<u32>> = BTreeMap::new();
    for part in files.iter().filter_map(|file| Part::of(file)) {
        models.entry((part.stem, part.total)).or_default().insert(part.number);
    }
    let lacking = |((stem, total), numbers): ((String, u32), BTreeSet<u32>)| {
        // Some count from zero.
        let from = u32::from(!numbers.contains(&0));
        let lost = (from..total.saturating_add(from)).find(|number| !numbers.contains(number))?;
        Some(format!("`{stem}`: part {lost} of {total} is missing ({} are there)", numbers.len()))
    };
    models.into_iter().filter_map(lacking).collect()
}

/// Leaves out further copies of the same weights: other precisions, other quantisations.
fn one_variant(files: Vec<String>, gaps: &mut Vec<String>) -> Vec<String> {
    let is_gguf = files.first().is_some_and(|file| file.to_ascii_lowercase().ends_with(".gguf"));
    if is_gguf {
        return one_gguf(files, gaps);
    }
    let kept = |file: &&String| {
        let variants = [
            ".fp16.",
            ".bf16.",
            ".non_ema.",
            "_fp16.",
            "_int8.",
            "_uint8.",
            "_quantized.",
            "_q4.",
            "_bnb4.",
            "_q4f16.",
        ];
        let plain = |mark: &&str| file.contains(*mark) && files.contains(&file.replace(*mark, "."));
        let consolidated =
            file.starts_with("consolidated") && files.iter().any(|other| other.starts_with("model"));
        !variants.iter().any(plain) && !consolidated
    };
    files.iter().filter(kept).cloned().collect()
}

/// One GGUF model: all parts of the first.
fn one_gguf(files: Vec<String>, gaps: &mut Vec<String>) -> Vec<String> {
    let stem = |file: &str| Part::of(file).map_or_else(|| file.to_owned(), |part| part.stem);
    let Some(first) = files.first().map(|file| stem(file)) else { return files };
    let (kept, left): (Vec<String>, Vec<String>) = files.into_iter().partition(|file| stem(file) == first);
    if let Some(other) = left.first() {
        gaps.push(format!(
            "the folder holds several GGUF models; `{other}` was not looked at: name the file"
        ));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_in_other_precisions_are_left_out() {
        let files = ["unet/model.fp16.safetensors", "unet/model.safetensors", "vae/only.fp16.safetensors"];
        let mut gaps = Vec::new();
        let kept = one_variant(files.map(str::to_owned).to_vec(), &mut gaps);
        assert_eq!(kept, ["unet/model.safetensors", "vae/only.fp16.safetensors"]);
        assert!(gaps.is_empty());
    }

    #[test]
    fn one_gguf_model_is_taken_with_all_its_parts_and_others_are_named() {
        let files = ["m-Q4_K_M-00001-of-00002.gguf", "m-Q4_K_M-00002-of-00002.gguf", "m-Q8_0.gguf"];
        let mut gaps = Vec::new();
        let kept = one_variant(files.map(str::to_owned).to_vec(), &mut gaps);
        assert_eq!(kept.len(), 2);
        assert!(gaps[0].contains("m-Q8_0.gguf"));
    }

    #[test]
    fn optimiser_states_are_no_weights() {
        assert!(format_of("checkpoint/optimizer.pt").is_none());
        assert!(format_of("pytorch_model.bin").is_some());
    }
}
