//! MLflow models: a folder with an `MLmodel` file, YAML (<https://mlflow.org/docs/latest/ml/model/>).
//!
//! The `python_function` flavour names a `loader_module` that `mlflow.pyfunc.load_model` imports and asks to load the
//! model, and a `code` folder that it puts on Python's path first. Paths in the file are relative to the folder.

use bartizan_core::{
    Asset, Category, Cell, Claim, Confidence, Context, Dependency, Description, Fact, Finding, Import,
    Inspection, Inspector, Kind, Metadata, Model, Probe, Rule, Section, Severity, Taxonomy, UseKind,
};

use crate::callables::{Standing, standing};
use crate::document::{self, Node, Value};
use crate::yaml;

mod environment;
mod signature;
#[cfg(test)]
mod tests;

pub(crate) use environment::EnvironmentInspector;

static LOADER: Rule = Rule {
    id: "mlflow/loader-module",
    title: "The model names the Python module that loads it",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "`mlflow.pyfunc.load_model` imports the `loader_module` of the `MLmodel` file and calls its `_load_pyfunc`. A \
          module that is not one of MLflow's flavours is code that comes with the model, or that happens to be there.",
    fix: "Read the module's code before loading the model, or load the inner model with its own flavour.",
    references: &["https://mlflow.org/docs/latest/ml/traditional-ml/tutorials/creating-custom-pyfunc/"],
    taxonomy: Taxonomy { cwe: &["CWE-470", "CWE-94"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static TRAVERSAL: Rule = Rule {
    id: "mlflow/path-traversal",
    title: "A path in the MLmodel file leaves the model's folder",
    severity: Severity::High,
    category: Category::PathTraversal,
    why: "Loading the model follows this path, and reads or imports what lies there instead of the model's own files.",
    fix: "Do not load the model; every path in an `MLmodel` file is relative and stays inside the folder.",
    references: &["https://cwe.mitre.org/data/definitions/22.html"],
    taxonomy: Taxonomy { cwe: &["CWE-22"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static PICKLED: Rule = Rule {
    id: "mlflow/pickled-model",
    title: "The model is a pickle",
    severity: Severity::Info,
    category: Category::CodeExecution,
    why: "Flavours such as `python_function` with a `python_model` and scikit-learn store a pickle, which can run code \
          when it is loaded. The pickle itself is judged on its own.",
    fix: "Save with a format that is only data (skops, ONNX, safetensors) where the flavour offers one.",
    references: &["https://mlflow.org/docs/latest/ml/model/"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

/// Reads `MLmodel` files.
#[derive(Debug)]
pub(crate) struct MlflowInspector;

/// Larger `MLmodel` files are not read: they are a page of text.
const LARGEST: u64 = 4 << 20;

impl Inspector for MlflowInspector {
    fn kind(&self) -> Kind {
        Kind::new("mlflow")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static ALL: &[&Rule] = &[&LOADER, &TRAVERSAL, &PICKLED, &yaml::OBJECT];
        ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let says = |text: &[u8]| memchr::memmem::find(&probe.head, text).is_some();
        let flavours = probe.head.starts_with(b"flavors:") || says(b"\nflavors:");
        match (probe.name() == "MLmodel", flavours) {
            (true, true) => Claim::Certain,
            (true, false) if probe.is_text() => Claim::Shape,
            (false, true) if says(b"loader_module:") => Claim::Shape,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        match read(asset, context) {
            Ok(documents) => {
                for document in &documents {
                    document.each(&mut |node| {
                        if let Some(tag) = &node.tag {
                            yaml::object(tag, node.line, asset, &mut inspection);
                        }
                    });
                    examine(document, asset, &mut inspection);
                }
            }
            Err(reason) => inspection.coverage.miss(reason),
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut section = Section::new("flavours", &["flavour", "key", "value"]);
        for document in read(asset, context).unwrap_or_default() {
            for (flavour, settings) in document.get("flavors").map(Node::entries).unwrap_or_default() {
                for (key, value) in settings.entries() {
                    let value = bartizan_core::redacted(value.text().unwrap_or("…"));
                    let flavour = bartizan_core::redacted(flavour);
                    section.push(
                        context.limits.rows,
                        vec![flavour.into(), bartizan_core::redacted(key).into(), Cell::Text(value)],
                    );
                }
            }
        }
        Description { sections: vec![section] }
    }
}

fn read(asset: &Asset, context: &Context<'_>) -> Result<Vec<Node>, String> {
    let bytes = asset
        .content
        .whole(LARGEST.min(context.limits.held))
        .map_err(|error| format!("the MLmodel file could not be read: {error}"))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| "the MLmodel file is not valid UTF-8".to_owned())?;
    document::yaml(text, context.limits.depth)
}

fn examine(document: &Node, asset: &Asset, inspection: &mut Inspection) {
    let mut model = Model::of("mlflow");
    model.producer = document.text_at("mlflow_version").map(|version| format!("mlflow {version}"));
    model.version = document.text_at("model_uuid").map(str::to_owned);
    let flavours = document.get("flavors").map(Node::entries).unwrap_or_default();
    let named = flavours.iter().map(|(name, settings)| (name.as_str(), settings));
    for (name, settings) in named.clone().filter(|(name, _)| *name != "python_function") {
        model.framework = Some(name.to_owned());
        let version = settings.entries().iter().find(|(key, _)| key.ends_with("_version"));
        model.framework_version = version.and_then(|(_, value)| value.text()).map(str::to_owned);
    }
    for (_, settings) in named.clone() {
        model.task = model.task.or_else(|| settings.text_at("task").map(bartizan_core::redacted));
        origin(settings, inspection);
    }
    inspection.know(Fact::Model(model));
    signature::ports(document, inspection);
    let all: Vec<_> = flavours.iter().take(100).map(|(name, _)| name.as_str()).collect();
    inspection.know(Fact::Metadata(Metadata::new("flavors", all.join(", "))));
    for (name, settings) in named {
        if let Some(loader) = settings.get("loader_module") {
            loader_module(loader, settings, asset, inspection);
        }
        let pickled = ["python_model", "pickled_model"].iter().find_map(|key| settings.get(key));
        if let Some(path) = pickled.and_then(Node::text).filter(|path| path.ends_with(".pkl")) {
            let message = format!("the flavour `{name}` loads the pickle `{path}`");
            inspection.find(Finding::new(&PICKLED, asset, message).evidence("path", path));
        }
    }
    paths(document, "", asset, inspection);
    let keys = ["run_id", "artifact_path", "utc_time_created", "model_uuid", "model_id", "model_size_bytes"];
    for key in keys {
        if let Some(value) = document.text_at(key) {
            inspection.know(Fact::Metadata(Metadata::new(key, value)));
        }
    }
}

/// The model of a hub that a flavour's model was loaded from.
fn origin(settings: &Node, inspection: &mut Inspection) {
    let name = settings.text_at("source_model_name").filter(|name| !matches!(*name, "" | "null" | "~"));
    let Some(name) = name else { return };
    let adapter = settings.text_at("peft_adaptor").is_some_and(|path| !matches!(path, "" | "null" | "~"));
    inspection.know(Fact::Dependency(Dependency {
        role: "base-model",
        name: bartizan_core::redacted(name),
        version: settings.text_at("source_model_revision").map(bartizan_core::redacted),
        relation: adapter.then_some("adapter"),
    }));
}

fn loader_module(loader: &Node, settings: &Node, asset: &Asset, inspection: &mut Inspection) {
    let Some(module) = loader.text() else { return };
    inspection.know(Fact::Import(Import {
        module: module.to_owned(),
        name: "_load_pyfunc".to_owned(),
        uses: vec![UseKind::Plugin],
        offset: None,
        count: 1,
    }));
    let message = format!("when the model is loaded, MLflow imports `{module}` and lets it load the model");
    let finding = Finding::new(&LOADER, asset, message).line(loader.line).evidence("loader_module", module);
    let is_own = module == "mlflow" || module.starts_with("mlflow.");
    let brings_code = settings.text_at("code").is_some_and(|code| !matches!(code, "" | "null" | "~"));
    let finding = match standing(module) {
        _ if module.is_empty() || module == "null" => return,
        // MLflow calls its `_load_pyfunc`, which nothing of Python's own has.
        _ if module == "builtins" => finding.confidence(Confidence::Medium),
        Standing::Framework if !is_own => return,
        _ if is_own && standing(module) != Standing::Dangerous => return,
        Standing::Dangerous => finding.severity(Severity::Critical),
        // Its code lies beside it and is judged on its own.
        _ if brings_code => finding.severity(Severity::Low).confidence(Confidence::Medium),
        _ => finding.confidence(Confidence::Medium),
    };
    inspection.find(finding);
}

/// Keys whose value is a path inside the model's folder.
const PATH_KEYS: &[&str] = &[
    "artifact_path",
    "artifacts_path",
    "code",
    "conda",
    "data",
    "env",
    "local_model_path",
    "model_data",
    "model_path",
    "path",
    "pickled_model",
    "python_model",
    "saved_model_dir",
    "virtualenv",
    "keras_module_path",
    "onnx_model",
    "model_binary",
    "pipeline_model",
    "serialized_model",
];

/// The tree is at most `limits.depth` deep.
fn paths(node: &Node, key: &str, asset: &Asset, inspection: &mut Inspection) {
    match &node.value {
        Value::Scalar(path) if PATH_KEYS.contains(&key) && leaves(path) => {
            let message = format!("`{key}: {path}` leads outside the model's folder");
            let finding = Finding::new(&TRAVERSAL, asset, message).line(node.line);
            inspection.find(finding.evidence("key", key).evidence("path", path));
        }
        Value::Sequence(items) => items.iter().for_each(|item| paths(item, key, asset, inspection)),
        Value::Mapping(entries) => {
            for (inner, value) in entries {
                // The signature and the input example are data, and where the original came from is history.
                if !matches!(
                    inner.as_str(),
                    "signature" | "uri" | "saved_input_example_info" | "metadata" | "source"
                ) {
                    paths(value, inner, asset, inspection);
                }
            }
        }
        _ => {}
    }
}

/// Does the path lead outside the folder it is relative to?
pub(crate) fn leaves(path: &str) -> bool {
    let parts = path.split(['/', '\\']);
    let drive =
        path.as_bytes().get(1) == Some(&b':') && path.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    path.starts_with(['/', '\\', '~'])
        || drive
        || path.to_ascii_lowercase().starts_with("file:")
        || parts.into_iter().any(|part| part == "..")
}
