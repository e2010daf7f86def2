//! Which files a loader imports by itself.

use bartizan_core::{Asset, Tree};

/// Configuration files whose `auto_map` (or module list) names Python files of the repository.
const CONFIGURATIONS: &[&str] = &[
    "config.json",
    "tokenizer_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "generation_config.json",
    "adapter_config.json",
    "modules.json",
    "model_index.json",
    "MAR-INF/MANIFEST.json",
    "MLmodel",
    "../MLmodel",
];

/// Files of Hugging Face repositories that `trust_remote_code` imports, by the start of their name.
const REPOSITORY_FILES: &[&str] = &[
    "modeling_",
    "configuration_",
    "tokenization_",
    "processing_",
    "image_processing_",
    "feature_extraction_",
];

/// Files that their ecosystem runs by name.
const RUN_BY_NAME: &[(&str, &str)] = &[
    ("__init__.py", "importing the package"),
    ("hubconf.py", "torch.hub"),
    ("sitecustomize.py", "every start of Python"),
    ("usercustomize.py", "every start of Python"),
];

/// Who imports this file without being told to: its name, its archive, or a configuration beside it says so.
pub(super) fn by_whom(asset: &Asset) -> Option<String> {
    let path = asset.path.as_str();
    let lower = path.to_ascii_lowercase();
    if lower.contains(".mar!") {
        return Some("model archive (MAR)".to_owned());
    }
    let name = asset.path.name();
    if let Some((_, who)) = RUN_BY_NAME.iter().find(|(file, _)| *file == name) {
        return Some((*who).to_owned());
    }
    if REPOSITORY_FILES.iter().any(|start| name.starts_with(start)) {
        return Some("trust_remote_code".to_owned());
    }
    if lower.contains("custom_generate/") && name == "generate.py" {
        return Some("custom_generate".to_owned());
    }
    let tree = asset.siblings.as_deref()?;
    let stem = name.strip_suffix(".py")?;
    CONFIGURATIONS.iter().find(|file| names(tree, file, stem)).map(|file| (*file).to_owned())
}

fn names(tree: &dyn Tree, file: &str, stem: &str) -> bool {
    if stem.is_empty() || tree.entry(file).is_none() {
        return false;
    }
    let Ok(content) = tree.open(file) else { return false };
    let Ok(bytes) = content.head(1 << 20) else { return false };
    let says = |text: String| memchr::memmem::find(&bytes, text.as_bytes()).is_some();
    if file == "MAR-INF/MANIFEST.json" {
        return says(format!("\"{stem}.py")) || says(format!("\"{stem}:")) || says(format!("\"{stem}\""));
    }
    if file.ends_with("MLmodel") {
        return says(format!("loader_module: {stem}\n")) || says(format!("python_model: {stem}.py"));
    }
    says(format!("\"{stem}.")) || says(format!("--{stem}."))
}
