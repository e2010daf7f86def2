//! The rules of ONNX models.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const EXTERNAL_DATA: &str = "https://onnx.ai/onnx/repo-docs/ExternalData.html";

pub(super) static OUTSIDE: Rule = Rule {
    id: "onnx/external-data-outside",
    title: "ONNX model reads a file outside its folder",
    severity: Severity::High,
    category: Category::PathTraversal,
    why: "Tensors may lie in files beside the model. A location that leaves the folder makes whoever loads the model \
          read any file of the machine into a tensor, and makes tools that save the model overwrite it.",
    fix: "Do not load it. External data must lie beside the model, under a relative path without `..`.",
    references: &[EXTERNAL_DATA, "CVE-2022-25882", "CVE-2024-27318", "CVE-2025-51480"],
    taxonomy: Taxonomy { cwe: &["CWE-22"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static MISSING: Rule = Rule {
    id: "onnx/external-data-missing",
    title: "External data of the ONNX model is not there",
    severity: Severity::Low,
    category: Category::Coverage,
    why: "The model names files that are not beside it, or that are shorter than it says; they were not checked.",
    fix: "Fetch the missing files and scan the model again.",
    references: &[EXTERNAL_DATA],
    taxonomy: Taxonomy::NONE,
};

pub(super) static BAD_RANGE: Rule = Rule {
    id: "onnx/external-data-range",
    title: "External data's offset or length cannot be",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "An offset or length that is negative, no number, or overflows makes loaders read memory or files that are \
          not theirs.",
    fix: "Do not load it. Get the model again from its publisher.",
    references: &[EXTERNAL_DATA],
    taxonomy: Taxonomy { cwe: &["CWE-190"], ..Taxonomy::TAMPERED_ARTEFACT },
};

pub(super) static PYTHON_OPERATOR: Rule = Rule {
    id: "onnx/python-operator",
    title: "ONNX model calls Python code",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "This operator runs a Python function of the process that runs the model, chosen by the model.",
    fix: "Do not run it, unless you registered this very function. Export the model without Python operators.",
    references: &["https://onnxruntime.ai/docs/extensions/"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static CUSTOM_DOMAIN: Rule = Rule {
    id: "onnx/custom-operator",
    title: "ONNX model needs a custom operator library",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "Operators outside the standard domains are native code that must be loaded into the process before the \
          model runs. Whoever ships the model chooses what code that is.",
    fix: "Load only a library that you built or trust, or export the model with standard operators.",
    references: &["https://onnxruntime.ai/docs/reference/operators/add-custom-op.html"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static VENDOR_DOMAIN: Rule = Rule {
    id: "onnx/vendor-operator",
    title: "ONNX model uses a vendor's operators",
    severity: Severity::Info,
    category: Category::CustomCode,
    why: "The operators belong to a known runtime or exporter, and run only there.",
    fix: "Make sure that the runtime is the one you mean to use.",
    references: &["https://onnxruntime.ai/docs/reference/operators/"],
    taxonomy: Taxonomy::NONE,
};

pub(super) static MALFORMED: Rule = Rule {
    id: "onnx/malformed-tensor",
    title: "Tensor of the ONNX model contradicts itself",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "A shape whose size overflows makes loaders allocate too little and write past it.",
    fix: "Do not load it. Get the model again from its publisher.",
    references: &["https://github.com/onnx/onnx/blob/main/docs/IR.md"],
    taxonomy: Taxonomy { cwe: &["CWE-190"], ..Taxonomy::TAMPERED_ARTEFACT },
};

pub(super) static ENCODED_PAYLOAD: Rule = Rule {
    id: "onnx/encoded-payload",
    title: "ONNX metadata encodes a program, pickle or archive",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "Metadata is for descriptions. A pickle, a program or an archive written there as text waits for a script \
          that decodes and runs it.",
    fix: "Do not use it. Find out which code reads this key, and export the model anew without it.",
    references: &[],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};
