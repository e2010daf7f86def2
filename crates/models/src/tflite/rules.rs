//! The rules of TensorFlow Lite models.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

pub(super) static FLEX: Rule = Rule {
    id: "tflite/flex-operator",
    title: "TFLite model reaches files, network or Python through TensorFlow",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "Operators whose name begins with `Flex` run the TensorFlow operator of that name. This one does more than \
          arithmetic: it reads or writes files, opens connections, or calls Python.",
    fix: "Do not run it. Convert the model again without this operator, or run it in an interpreter without the Flex \
          delegate.",
    references: &["https://ai.google.dev/edge/litert/models/ops_select"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static CUSTOM: Rule = Rule {
    id: "tflite/custom-operator",
    title: "TFLite model needs a custom operator",
    severity: Severity::Low,
    category: Category::CustomCode,
    why: "The operator is not part of TensorFlow Lite. The application must bring native code for it.",
    fix: "Register only operators that you built or trust.",
    references: &["https://ai.google.dev/edge/litert/models/ops_custom"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static MALFORMED: Rule = Rule {
    id: "tflite/malformed",
    title: "TFLite model points outside itself",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "Interpreters that do not verify a model first follow its offsets and indices as they are, and read or write \
          memory that is not the model's.",
    fix: "Do not load it. Get the model again from its publisher.",
    references: &["https://ai.google.dev/edge/litert", "CVE-2020-15208", "CVE-2020-15211", "CVE-2021-29606"],
    taxonomy: Taxonomy { cwe: &["CWE-125", "CWE-787"], ..Taxonomy::TAMPERED_ARTEFACT },
};
