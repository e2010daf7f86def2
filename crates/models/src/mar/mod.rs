//! TorchServe model archives: a ZIP whose `MAR-INF/MANIFEST.json` names the weights and the Python handler
//! (<https://github.com/pytorch/serve/blob/master/model-archiver/README.md>).
//!
//! The server unpacks the archive and imports the handler, which is any Python file in it. The handler's code is judged as
//! Python source of its own; here only the manifest is read.

use bartizan_core::{
    Asset, Category, Claim, Context, Dependency, Fact, Finding, Inspection, Inspector, Kind, Metadata, Model,
    Probe, Reference, Rule, Severity, Taxonomy,
};

use crate::callables::{Standing, standing};
use crate::document::{self, Node};
use crate::mlflow::leaves;

static HANDLER: Rule = Rule {
    id: "mar/handler",
    title: "The archive brings the code that serves it",
    severity: Severity::Info,
    category: Category::CustomCode,
    why: "TorchServe imports the handler that the manifest names; a handler that is not one of TorchServe's own runs with \
          the rights of the server.",
    fix: "Read the handler before serving the archive.",
    references: &["https://docs.pytorch.org/serve/custom_service.html"],
    taxonomy: Taxonomy { cwe: &["CWE-94"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static DANGEROUS: Rule = Rule {
    id: "mar/dangerous-handler",
    title: "The manifest names a handler that runs commands",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "The server imports the named module and calls the named function with what clients send. This one is not a \
          handler but a function of Python itself that runs commands or code.",
    fix: "Do not serve the archive.",
    references: &["https://docs.pytorch.org/serve/custom_service.html"],
    taxonomy: Taxonomy { cwe: &["CWE-470", "CWE-94"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static TRAVERSAL: Rule = Rule {
    id: "mar/path-traversal",
    title: "The manifest names a file outside the archive",
    severity: Severity::High,
    category: Category::PathTraversal,
    why: "The server resolves this path against the folder it unpacked the archive to; it leads elsewhere, to a file that \
          the archive's author does not own.",
    fix: "Do not serve the archive.",
    references: &["https://nvd.nist.gov/vuln/detail/CVE-2023-48299"],
    taxonomy: Taxonomy { cwe: &["CWE-22"], ..Taxonomy::UNSAFE_ARTEFACT },
};

/// Handlers that TorchServe itself has.
const BUILT_IN: &[&str] = &[
    "base_handler",
    "dali_image_classifier",
    "densenet_handler",
    "huggingface_handler",
    "image_classifier",
    "image_segmenter",
    "micro_batching",
    "object_detector",
    "request_envelope",
    "text_classifier",
    "text_handler",
    "vision_handler",
    "vllm_handler",
];

/// Reads manifests of model archives.
#[derive(Debug)]
pub(crate) struct MarInspector;

/// Larger manifests are not read.
const LARGEST: u64 = 1 << 20;

impl Inspector for MarInspector {
    fn kind(&self) -> Kind {
        Kind::new("mar-manifest")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&HANDLER, &DANGEROUS, &TRAVERSAL] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.first_visible() != Some(b'{') {
            return Claim::No;
        }
        let says = |text: &[u8]| memchr::memmem::find(&probe.head, text).is_some();
        let shaped = says(b"\"model\"") && (says(b"\"handler\"") || says(b"\"serializedFile\""));
        let named = probe.asset.path.as_str().replace('\\', "/").ends_with("MAR-INF/MANIFEST.json");
        match (named, shaped && says(b"\"modelName\"")) {
            (true, _) => Claim::Certain,
            (false, true) if probe.extension_is(&["json"]) => Claim::Shape,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let manifest = asset
            .content
            .whole(LARGEST)
            .map_err(|error| format!("the manifest could not be read: {error}"))
            .and_then(|bytes| document::json(&bytes, context.limits.depth));
        match manifest {
            Ok(manifest) => examine(&manifest, asset, &mut inspection),
            Err(reason) => inspection.coverage.miss(reason),
        }
        inspection
    }
}

fn examine(manifest: &Node, asset: &Asset, inspection: &mut Inspection) {
    let Some(described) = manifest.get("model") else {
        inspection.coverage.miss("the manifest describes no model");
        return;
    };
    let mut model = Model::of("mar");
    model.framework = Some("torchserve".to_owned());
    model.name = described.text_at("modelName").map(str::to_owned);
    model.version = described.text_at("modelVersion").map(str::to_owned);
    model.producer =
        manifest.text_at("archiverVersion").map(|version| format!("torch-model-archiver {version}"));
    inspection.know(Fact::Model(model));
    for (key, role) in [
        ("serializedFile", "weights"),
        ("modelFile", "model-code"),
        ("requirementsFile", "requirements"),
        ("configFile", "configuration"),
    ] {
        let Some(file) = described.text_at(key).filter(|file| !file.is_empty()) else { continue };
        inspection.know(Fact::Reference(Reference { role, target: bartizan_core::redacted(file) }));
        check_path(key, file, asset, inspection);
    }
    for runtime in manifest.text_at("runtime").into_iter() {
        inspection.know(Fact::Metadata(Metadata::new("runtime", runtime)));
    }
    if let Some(handler) = described.text_at("handler").filter(|handler| !handler.is_empty()) {
        examine_handler(handler, asset, inspection);
    }
}

fn check_path(key: &str, file: &str, asset: &Asset, inspection: &mut Inspection) {
    if leaves(file) {
        let message = format!("`{key}` names `{file}`, outside the archive");
        inspection.find(Finding::new(&TRAVERSAL, asset, message).evidence("key", key).evidence("path", file));
    }
}

fn examine_handler(handler: &str, asset: &Asset, inspection: &mut Inspection) {
    let (file, function) = handler.split_once(':').unwrap_or((handler, ""));
    check_path("handler", file, asset, inspection);
    let module = file.strip_suffix(".py").unwrap_or(file);
    if BUILT_IN.contains(&module) {
        return;
    }
    inspection.know(Fact::Dependency(Dependency {
        role: "custom-code",
        name: handler.to_owned(),
        version: None,
        relation: None,
    }));
    let dotted = if function.is_empty() { module.to_owned() } else { format!("{module}.{function}") };
    let is_file = file.ends_with(".py");
    if !is_file && standing(&dotted) == Standing::Dangerous {
        let message = format!("the server calls `{dotted}` with what clients send");
        inspection.find(Finding::new(&DANGEROUS, asset, message).evidence("handler", handler));
    } else {
        let message = format!("the archive is served by its own code, `{handler}`");
        inspection.find(Finding::new(&HANDLER, asset, message).evidence("handler", handler));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn findings(model: &str) -> Vec<(&'static str, Severity)> {
        let text = format!(
            r#"{{"runtime": "python", "model": {{"modelName": "m", {model}}}, "archiverVersion": "0.9.0"}}"#
        );
        let outcome = testing::inspect(&MarInspector, "m.mar!MAR-INF/MANIFEST.json", text.into_bytes());
        assert_eq!(outcome.claim, Claim::Certain);
        outcome.inspection.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    #[test]
    fn a_handler_is_judged_by_what_it_is() {
        assert_eq!(findings(r#""handler": "image_classifier", "serializedFile": "m.pt""#), []);
        assert_eq!(findings(r#""handler": "my_handler.py:entry""#), [("mar/handler", Severity::Info)]);
        assert_eq!(findings(r#""handler": "os:system""#), [("mar/dangerous-handler", Severity::Critical)]);
        assert_eq!(
            findings(r#""handler": "subprocess:Popen""#),
            [("mar/dangerous-handler", Severity::Critical)]
        );
    }

    #[test]
    fn files_stay_inside_the_archive() {
        assert_eq!(findings(r#""serializedFile": "../../x.pt""#), [("mar/path-traversal", Severity::High)]);
        let both = findings(r#""handler": "/tmp/x.py""#);
        assert_eq!(both.first(), Some(&("mar/path-traversal", Severity::High)));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            testing::inspect(&MarInspector, "MAR-INF/MANIFEST.json", bytes);
        }
    }
}
