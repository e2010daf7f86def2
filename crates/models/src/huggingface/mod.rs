//! Repositories of the Hugging Face hub, and the JSON files in them.
//!
//! A repository is a folder: `config.json` says which class the model is, `tokenizer_config.json` how text becomes
//! tokens and how a conversation becomes text (a chat template), `*.index.json` which shard holds which tensor,
//! `adapter_config.json` and `model_index.json` what an adapter or a pipeline is made from. Any of them can name Python
//! code: <https://huggingface.co/docs/transformers/custom_models>.

use bartizan_core::{
    Asset, Claim, Context, Description, EntryKind, Fact, Finding, Inspection, Inspector, Kind, Probe, Rule,
    Section, Tree, redacted,
};

mod origin;
mod rules;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use rules::ALL as RULES;
pub(crate) use settings::judge;

use crate::json;

/// Keys that tell the settings of the hub's libraries from other JSON.
const KEYS: &[&str] = &[
    "_class_name",
    "_diffusers_version",
    "added_tokens",
    "architectures",
    "auto_map",
    "base_model_name_or_path",
    "chat_template",
    "custom_pipelines",
    "feature_extractor_type",
    "image_processor_type",
    "model_type",
    "peft_type",
    "processor_class",
    "tokenizer_class",
    "transformers_version",
    "weight_map",
];

/// Files that make a folder a repository of the hub.
const MARKS: &[&str] =
    &["adapter_config.json", "config.json", "model_index.json", "modules.json", "tokenizer_config.json"];

/// The id of a repository of the hub, `owner/name`, whether it is written as such or as an address.
pub(crate) fn hub_id(name: &str) -> &str {
    let hosts =
        ["https://huggingface.co/", "http://huggingface.co/", "https://hf.co/", "huggingface.co/", "hf.co/"];
    let path = hosts.iter().find_map(|host| name.strip_prefix(host));
    match path.map(|path| path.strip_prefix("datasets/").unwrap_or(path).trim_end_matches('/')) {
        Some(path) if !path.is_empty() => {
            // Behind owner and name come `tree/main` and the like.
            let end = path.match_indices('/').nth(1).map_or(path.len(), |(at, _)| at);
            path.get(..end).unwrap_or(path)
        }
        _ => name,
    }
}

/// Reads the JSON files of a repository.
#[derive(Debug)]
pub(crate) struct Settings;

/// Reads a repository as a whole.
#[derive(Debug)]
pub(crate) struct Repository;

impl Inspector for Settings {
    fn kind(&self) -> Kind {
        Kind::new("huggingface-settings")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &json::SHARED_RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if !probe.is_text() || !matches!(probe.first_visible(), Some(b'{' | b'[')) {
            return Claim::No;
        }
        let head = String::from_utf8_lossy(&probe.head);
        let named = matches!(
            probe.name(),
            "config.json" | "tokenizer.json" | "tokenizer_config.json" | "generation_config.json"
        ) || probe.name().ends_with(".index.json");
        let has = |key: &&str| head.contains(&format!("\"{key}\""));
        if KEYS.iter().any(has) || head.contains("\"sentence_transformers.") {
            Claim::Shape
        } else if named {
            Claim::Name
        } else {
            Claim::No
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let Some(document) = json::read(asset, context, &mut inspection) else { return inspection };
        json::duplicates(&document, asset, &mut inspection);
        inspection.merge(json::judge(&document.root, asset, context));
        if !settings::is_settings(&document.root) {
            inspection.kind = Some(Kind::new("json"));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let document = json::read(asset, context, &mut Inspection::new());
        document.map(|document| json::table(&document.root, context)).unwrap_or_default()
    }
}

/// The settings of a repository that mark it as one.
fn marks(tree: &dyn Tree, context: Option<&Context<'_>>) -> Vec<(&'static str, json::Node)> {
    let limit = 4 << 20;
    let depth = context.map_or(64, |context| context.limits.depth);
    let reading = json::Reading { depth, values: 100_000, skip: &[] };
    let read = |name: &&'static str| {
        let entry =
            tree.entry(name).filter(|entry| matches!(entry.kind, EntryKind::File | EntryKind::LinkInside))?;
        let bytes = tree.open(&entry.path).ok()?.whole(limit).ok()?;
        let document = json::parse(&bytes, reading).ok()?;
        let list =
            *name == "modules.json" && document.root.items().iter().any(|item| item.get("idx").is_some());
        (list || settings::is_settings(&document.root)).then_some((*name, document.root))
    };
    MARKS.iter().filter_map(read).collect()
}

impl Inspector for Repository {
    fn kind(&self) -> Kind {
        Kind::new("huggingface")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        match probe.content().tree() {
            Some(tree) if !marks(tree.as_ref(), None).is_empty() => Claim::Certain,
            _ => Claim::No,
        }
    }

    /// What only the folder shows; its files are assets of their own and judged there.
    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let Some(tree) = asset.content.tree() else { return inspection };
        for (name, root) in marks(tree.as_ref(), Some(context)) {
            if let Some(model) = settings::model(&root).filter(|_| name != "tokenizer_config.json") {
                inspection.know(Fact::Model(model));
                break;
            }
        }
        let files = tree.list("");
        let ends = |endings: &[&str]| {
            let named = |path: &str| endings.iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
            files.iter().find(|entry| named(&entry.path)).map(|entry| entry.path.clone())
        };
        if let Some(pickle) = ends(&[".bin", ".pt", ".pth", ".ckpt"])
            && ends(&[".safetensors", ".gguf", ".onnx"]).is_none()
        {
            let message = format!("the weights are in `{}` and not in safetensors", redacted(&pickle));
            inspection.find(Finding::new(&rules::PICKLE_ONLY, asset, message).evidence("file", pickle));
        }
        for code in ["custom_generate/generate.py", "pipeline.py"] {
            if tree.entry(code).is_some() {
                let message = format!(
                    "`{code}` runs when someone generates or builds a pipeline with `trust_remote_code`"
                );
                inspection.find(Finding::new(&rules::REMOTE_CODE, asset, message).evidence("file", code));
            }
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut files = Section::new("members", &["path", "size"]);
        for entry in asset.content.tree().map(|tree| tree.list("")).unwrap_or_default() {
            files.push(context.limits.rows, vec![redacted(&entry.path).into(), entry.size.into()]);
        }
        Description { sections: vec![files] }
    }
}
