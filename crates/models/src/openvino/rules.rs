//! The rules of OpenVINO models.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const IR: &str = "https://docs.openvino.ai/2025/documentation/openvino-ir-format.html";
const EXTENSIONS: &str = "https://docs.openvino.ai/2025/documentation/openvino-extensibility.html";

pub(super) static LIBRARY: Rule = Rule {
    id: "openvino/library",
    title: "The OpenVINO model names a library to be loaded",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "A layer that names its library or implementation wants native code in the process that runs the model. Whoever \
          ships the model chooses what code that is.",
    fix: "Load only a library that you built or trust; convert the model again with standard operations.",
    references: &[EXTENSIONS],
    taxonomy: Taxonomy { cwe: &["CWE-114"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static CUSTOM: Rule = Rule {
    id: "openvino/custom-operation",
    title: "The OpenVINO model needs an extension",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "Operations outside the standard sets are native code that must be added to the runtime before the model runs.",
    fix: "Load only an extension that you built or trust, or convert the model with standard operations.",
    references: &[EXTENSIONS],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static OUTSIDE: Rule = Rule {
    id: "openvino/weights-outside",
    title: "The OpenVINO model reads a file outside its folder",
    severity: Severity::High,
    category: Category::PathTraversal,
    why: "Weights lie beside the model. A path that leaves the folder makes whoever loads the model read any file of the \
          machine.",
    fix: "Do not load it. Convert the model again; its weights belong beside it.",
    references: &[IR],
    taxonomy: Taxonomy { cwe: &["CWE-22"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static RANGE: Rule = Rule {
    id: "openvino/weights-range",
    title: "A constant lies outside the weights",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "The model says where in the weights each constant lies. Numbers that cannot be make a reader go beyond what it \
          was given.",
    fix: "Do not load it. Get the model again from its publisher.",
    references: &[IR],
    taxonomy: Taxonomy { cwe: &["CWE-125", "CWE-190"], ..Taxonomy::TAMPERED_ARTEFACT },
};

pub(super) static MISSING: Rule = Rule {
    id: "openvino/weights-missing",
    title: "The weights of the OpenVINO model are not there",
    severity: Severity::Low,
    category: Category::Coverage,
    why: "The file of weights beside the model is shorter than the model says.",
    fix: "Fetch the weights again and scan the model again.",
    references: &[IR],
    taxonomy: Taxonomy::NONE,
};
