//! What the JSON files of a repository say: code, classes, shards, origins.

use std::collections::BTreeSet;

use bartizan_core::{
    Asset, Dependency, Fact, Finding, Import, Inspection, Model, Reference, UseKind, redacted,
};

use super::{origin, rules};
use crate::{
    callables::{Standing, standing},
    json::{Node, Value},
};

/// Libraries that `model_index.json`, adapters and sentence-transformers name.
const LIBRARIES: &[&str] = &[
    "controlnet_aux",
    "diffusers",
    "flax",
    "k_diffusion",
    "onnxruntime",
    "optimum",
    "peft",
    "sentence_transformers",
    "timm",
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "open_clip",
    "pylate",
];

/// Judges a document by the keys that the libraries of the Hugging Face hub act upon.
pub(crate) fn judge(root: &Node, asset: &Asset) -> Inspection {
    let mut judge = Judge { asset, inspection: Inspection::new() };
    judge.auto_map(root, "auto_map");
    judge.pipelines(root);
    judge.trust(root);
    judge.adapter(root);
    judge.pipeline_index(root);
    judge.sentence_modules(root);
    judge.shards(root);
    judge.facts(root);
    origin::facts(root, &mut judge.inspection);
    judge.inspection
}

struct Judge<'a> {
    asset: &'a Asset,
    inspection: Inspection,
}

impl Judge<'_> {
    /// `"AutoModel": "modeling_x.XModel"`, or a list of them, or `"org/repo--modeling_x.XModel"`.
    fn auto_map(&mut self, root: &Node, key: &str) {
        let Some(map) = root.get(key).filter(|map| map.is_object()) else { return };
        let mut seen = BTreeSet::new();
        for (auto, targets) in map.pairs() {
            for target in targets.texts() {
                if seen.insert(target.to_owned()) {
                    self.code(auto, target, targets.line);
                }
            }
        }
    }

    fn code(&mut self, role: &str, target: &str, line: u32) {
        let (repository, class) = match target.split_once("--") {
            Some((repository, class)) => (Some(repository), class),
            None => (None, target),
        };
        let (module, name) = class.rsplit_once('.').unwrap_or((class, ""));
        self.inspection.know(Fact::Import(Import {
            module: redacted(module),
            name: redacted(name),
            uses: vec![UseKind::Plugin],
            offset: None,
            count: 1,
        }));
        let finding = match repository {
            Some(repository) => {
                self.inspection.know(Fact::Dependency(Dependency {
                    role: "custom-code",
                    name: redacted(repository),
                    version: None,
                    relation: None,
                }));
                let message = format!(
                    "`{}` runs the class `{}` from another repository, `{}`, at whatever commit it has then",
                    redacted(role),
                    redacted(class),
                    redacted(repository)
                );
                Finding::new(&rules::FOREIGN_CODE, self.asset, message)
            }
            None => {
                let file = format!("{}.py", module.replace('.', "/"));
                let there = self.asset.siblings.as_ref().map(|tree| tree.entry(&file).is_some());
                let said = if there == Some(false) { ", which is not here" } else { "" };
                let message = format!(
                    "with `trust_remote_code`, `{}` runs the class `{}` of `{}`{said}",
                    redacted(role),
                    redacted(name),
                    redacted(&file)
                );
                Finding::new(&rules::REMOTE_CODE, self.asset, message).evidence("file", file)
            }
        };
        self.inspection.find(finding.line(line).evidence("class", target));
    }

    /// `"custom_pipelines": {"task": {"impl": "pipeline.Class", …}}`
    fn pipelines(&mut self, root: &Node) {
        for (task, pipeline) in root.get("custom_pipelines").map(Node::pairs).unwrap_or_default() {
            if let Some(target) = pipeline.text_of("impl") {
                self.code(task, target, pipeline.line);
            }
        }
    }

    fn trust(&mut self, root: &Node) {
        if let Some(node) = root.get("trust_remote_code").filter(|node| node.truth() == Some(true)) {
            let message = "the settings allow code of the repository to run";
            self.inspection.find(Finding::new(&rules::TRUSTS_CODE, self.asset, message).line(node.line));
        }
    }

    /// PEFT imports `parent_library` and takes `base_model_class` from it.
    fn adapter(&mut self, root: &Node) {
        if let Some(map) = root.get("auto_mapping").filter(|map| map.is_object()) {
            let class = map.text_of("base_model_class").unwrap_or_default();
            if let Some(library) = map.text_of("parent_library") {
                self.library(library, class, map.line);
            }
        }
    }

    /// A library that settings name: its module is imported.
    fn library(&mut self, module: &str, class: &str, line: u32) {
        let first = module.split('.').next().unwrap_or_default();
        if LIBRARIES.contains(&first) || first.is_empty() {
            return;
        }
        self.inspection.know(Fact::Import(Import {
            module: redacted(module),
            name: redacted(class),
            uses: vec![UseKind::Plugin],
            offset: None,
            count: 1,
        }));
        let (rule, message) = if standing(&format!("{module}.{class}")) == Standing::Dangerous {
            let message = format!(
                "on load, `{}` of the module `{}` is imported and called",
                redacted(class),
                redacted(module)
            );
            (&rules::CLASS_REFERENCE, message)
        } else {
            (
                &rules::REMOTE_CODE,
                format!(
                    "`{}` comes from `{}`, a module beside the weights or of another package",
                    redacted(class),
                    redacted(module)
                ),
            )
        };
        let finding = Finding::new(rule, self.asset, message);
        self.inspection.find(finding.line(line).evidence("module", module).evidence("class", class));
    }

    /// `model_index.json`: `"unet": ["diffusers", "UNet2DConditionModel"]`.
    fn pipeline_index(&mut self, root: &Node) {
        let Some(class) = root.get("_class_name") else { return };
        if let [module, name] = class.texts()[..] {
            self.code("_class_name", &format!("{module}.{name}"), class.line);
        }
        for (key, value) in root.pairs().iter().filter(|(key, _)| !key.starts_with('_')) {
            if let [library, name] = value.texts()[..]
                && value.items().len() == 2
                // A component of the pipeline's own module is named after its folder.
                && library != key
            {
                self.library(library, name, value.line);
            }
        }
    }

    /// `modules.json` of sentence-transformers: `[{"idx": 0, "path": "", "type": "module.Class"}]`.
    fn sentence_modules(&mut self, root: &Node) {
        for item in root.items().iter().take(64) {
            if item.get("idx").is_some()
                && item.get("path").is_some()
                && let Some((module, class)) = item.text_of("type").and_then(|class| class.rsplit_once('.'))
            {
                self.library(module, class, item.line);
            }
            if let Some(path) = item.text_of("path").filter(|path| item.get("idx").is_some() && leaves(path))
            {
                let message = format!("a module of the model is read from `{}`", redacted(path));
                let finding = Finding::new(&rules::PATH_TRAVERSAL, self.asset, message);
                self.inspection.find(finding.line(item.line).evidence("file", path));
            }
        }
    }

    fn shards(&mut self, root: &Node) {
        let Some(map) = root.get("weight_map") else { return };
        let mut files = BTreeSet::new();
        for (tensor, node) in map.pairs() {
            let Some(file) = node.text() else { continue };
            if !files.insert(file) || files.len() > 10_000 {
                continue;
            }
            self.inspection.know(Fact::Reference(Reference { role: "shard", target: redacted(file) }));
            if leaves(file) {
                let message =
                    format!("the weights of `{}` are read from `{}`", redacted(tensor), redacted(file));
                let finding = Finding::new(&rules::PATH_TRAVERSAL, self.asset, message);
                self.inspection
                    .find(finding.line(node.line).evidence("file", file).evidence("tensor", tensor));
            } else if let Some(tree) = &self.asset.siblings
                && tree.entry(file).is_none()
            {
                let message = format!("the shard `{}` is not here", redacted(file));
                self.inspection
                    .find(Finding::new(&rules::MISSING_SHARD, self.asset, message).evidence("file", file));
            }
        }
    }

    fn facts(&mut self, root: &Node) {
        if !root.is_object() {
            return;
        }
        for (key, relation) in [("base_model_name_or_path", Some("adapter")), ("_name_or_path", None)] {
            if let Some(name) = root.text_of(key).filter(|name| !name.is_empty()) {
                let version = root.text_of("revision").map(redacted);
                self.inspection.know(Fact::Dependency(Dependency {
                    role: "base-model",
                    name: redacted(name),
                    version,
                    relation,
                }));
            }
        }
        if let Some(model) = model(root) {
            self.inspection.know(Fact::Model(model));
        }
    }
}

/// What a `config.json`, `model_index.json` or `adapter_config.json` tells about the model.
pub(super) fn model(root: &Node) -> Option<Model> {
    let architecture = root
        .get("architectures")
        .and_then(|node| node.texts().first().map(|text| redacted(text)))
        .or_else(|| root.get("_class_name").and_then(|node| node.texts().last().map(|text| redacted(text))))
        .or_else(|| root.text_of("peft_type").map(redacted));
    let telling = ["model_type", "transformers_version", "_diffusers_version", "peft_type", "architectures"];
    if !telling.iter().any(|key| root.get(key).is_some()) {
        return None;
    }
    let framework = if root.get("_diffusers_version").is_some() {
        "diffusers"
    } else if root.get("peft_type").is_some() {
        "peft"
    } else {
        "transformers"
    };
    let versions = ["transformers_version", "_diffusers_version", "peft_version"];
    Some(Model {
        framework: Some(framework.to_owned()),
        framework_version: versions.iter().find_map(|key| root.text_of(key)).map(redacted),
        architecture,
        name: root.text_of("_name_or_path").filter(|name| !name.is_empty()).map(redacted),
        task: ["task_type", "finetuning_task"].iter().find_map(|key| root.text_of(key)).map(redacted),
        quantisation: root
            .get("quantization_config")
            .and_then(|node| node.text_of("quant_method"))
            .map(redacted),
        ..Model::of("huggingface")
    })
}

/// Does a relative path lead out of its folder?
pub(super) fn leaves(path: &str) -> bool {
    path.starts_with(['/', '\\', '~'])
        || path.contains("://")
        || path.contains('\0')
        || path.get(1..2) == Some(":")
        || path.split(['/', '\\']).any(|part| part == "..")
}

/// Keys of which any one shows that a JSON object is a setting of the hub's libraries.
pub(super) fn is_settings(value: &Node) -> bool {
    matches!(value.value, Value::Object(_)) && super::KEYS.iter().any(|key| value.get(key).is_some())
}
