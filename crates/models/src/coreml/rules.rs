//! The rules of Core ML models.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const CUSTOM: &str = "https://apple.github.io/coremltools/docs-guides/source/custom-operators.html";
const MODEL: &str = "https://apple.github.io/coremltools/mlmodel/Format/Model.html";

pub(super) static CUSTOM_LAYER: Rule = Rule {
    id: "coreml/custom-layer",
    title: "The Core ML model has custom layers",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "A custom layer is a class of the app that loads the model. The model decides which class is made and with which \
          parameters; the code itself is not in the file.",
    fix: "Load it only in an app whose classes of these names you wrote for this model.",
    references: &[CUSTOM],
    taxonomy: Taxonomy { cwe: &["CWE-470"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static CUSTOM_MODEL: Rule = Rule {
    id: "coreml/custom-model",
    title: "The Core ML model is a class of the app",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "A custom model holds a class name and parameters instead of a network. Loading it makes an instance of that \
          class in the app's process.",
    fix: "Load it only in an app whose class of this name you wrote for this model.",
    references: &["https://apple.github.io/coremltools/mlmodel/Format/CustomModel.html"],
    taxonomy: Taxonomy { cwe: &["CWE-470"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static OUTSIDE: Rule = Rule {
    id: "coreml/path-outside",
    title: "The Core ML model reads a file outside its folder",
    severity: Severity::High,
    category: Category::PathTraversal,
    why: "Linked models, weights and the parts of a package are named by paths. One that leaves the folder makes whoever \
          loads the model read any file of the machine.",
    fix: "Do not load it. Export the model again; its parts belong beside it.",
    references: &["https://apple.github.io/coremltools/mlmodel/Format/LinkedModel.html", MODEL],
    taxonomy: Taxonomy { cwe: &["CWE-22"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static PACKAGE: Rule = Rule {
    id: "coreml/package-inconsistent",
    title: "The Core ML package names parts that are not there",
    severity: Severity::Low,
    category: Category::Coverage,
    why: "The manifest of the package names files that are not in it; they were not checked.",
    fix: "Fetch the whole package and scan it again.",
    references: &["https://apple.github.io/coremltools/docs-guides/source/convert-to-ml-program.html"],
    taxonomy: Taxonomy::NONE,
};
