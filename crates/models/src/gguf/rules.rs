//! The rules of GGUF files.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const SPECIFICATION: &str = "https://github.com/ggml-org/ggml/blob/master/docs/gguf.md";

pub(super) static MALFORMED: Rule = Rule {
    id: "gguf/malformed-header",
    title: "GGUF header lies about sizes",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "Loaders written in C allocate and copy by the counts and lengths in this header. Values that cannot be true \
          have led to heap overflows and code execution in them.",
    fix: "Do not load it. Get the file again from its publisher and compare digests.",
    references: &[
        SPECIFICATION,
        "CVE-2024-25664",
        "CVE-2024-25665",
        "CVE-2024-25666",
        "CVE-2024-25667",
        "CVE-2024-25668",
        "CVE-2025-53630",
    ],
    taxonomy: Taxonomy { cwe: &["CWE-190", "CWE-122"], ..Taxonomy::TAMPERED_ARTEFACT },
};

pub(super) static DUPLICATE_KEY: Rule = Rule {
    id: "gguf/duplicate-key",
    title: "GGUF metadata or tensor named twice",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "Loaders disagree on which of two equal names counts, so a reviewer and a loader can see different models, \
          or different chat templates, in the same file.",
    fix: "Do not load it. Get the file again from its publisher and compare digests.",
    references: &[SPECIFICATION],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

pub(super) static HIDDEN_DATA: Rule = Rule {
    id: "gguf/hidden-data",
    title: "Bytes in a GGUF file that belong to no tensor",
    severity: Severity::Low,
    category: Category::Integrity,
    why: "Bytes between or behind the tensors, beyond alignment, are carried along unseen.",
    fix: "Find out what they are, or convert the model anew, which leaves them behind.",
    references: &[SPECIFICATION],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

pub(super) static ENCODED_PAYLOAD: Rule = Rule {
    id: "gguf/encoded-payload",
    title: "GGUF metadata encodes a program, pickle or archive",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "Metadata is for descriptions. A pickle, a program or an archive written there as text waits for a script \
          that decodes and runs it.",
    fix: "Do not use it. Find out which code reads this key, and convert the model anew without it.",
    references: &[SPECIFICATION],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static OBSOLETE: Rule = Rule {
    id: "gguf/obsolete-format",
    title: "Obsolete GGML container",
    severity: Severity::Info,
    category: Category::Integrity,
    why: "Formats before GGUF are read by old loaders only, which no longer get security fixes.",
    fix: "Convert the model to GGUF with a current converter.",
    references: &[SPECIFICATION],
    taxonomy: Taxonomy::NONE,
};
