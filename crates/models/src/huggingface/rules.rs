//! What can be found in a repository's settings.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

pub(super) static REMOTE_CODE: Rule = Rule {
    id: "huggingface/remote-code",
    title: "Model brings its own Python code",
    severity: Severity::Low,
    category: Category::CustomCode,
    why: "With `trust_remote_code`, loading the model imports Python files of its repository. They are judged \
          separately; what they do tomorrow is decided by whoever can write to the repository.",
    fix: "Read the code, and pin the repository to the commit that you read (`revision=`).",
    references: &["https://huggingface.co/docs/transformers/custom_models"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static FOREIGN_CODE: Rule = Rule {
    id: "huggingface/foreign-code",
    title: "Model takes Python code from another repository",
    severity: Severity::Medium,
    category: Category::SupplyChain,
    why: "The settings name code in another repository, without a commit: whoever can write there decides what runs \
          here, and scanning this repository does not show it.",
    fix: "Pin the other repository with `code_revision=`, and scan it too.",
    references: &["https://huggingface.co/docs/transformers/custom_models"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static CLASS_REFERENCE: Rule = Rule {
    id: "huggingface/class-reference",
    title: "Settings name a module that no model library has",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "The library imports the module that the settings name and calls the class it finds there. Modules of Python \
          itself run commands that way.",
    fix: "Do not load it.",
    references: &[],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static TRUSTS_CODE: Rule = Rule {
    id: "huggingface/trusts-remote-code",
    title: "Settings switch `trust_remote_code` on",
    severity: Severity::Low,
    category: Category::CustomCode,
    why: "Programs that follow these settings run the repository's Python code without asking.",
    fix: "Decide it where the model is loaded, not in a file that comes with it.",
    references: &["https://huggingface.co/docs/transformers/custom_models"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static PATH_TRAVERSAL: Rule = Rule {
    id: "huggingface/path-traversal",
    title: "Index names a file outside the repository",
    severity: Severity::High,
    category: Category::PathTraversal,
    why: "The loader reads the weights of a tensor from the file that the index names. A path that leaves the folder \
          makes it read other files, which may be pickles.",
    fix: "Do not load it; a shard index names files beside it only.",
    references: &["CWE-22"],
    taxonomy: Taxonomy { cwe: &["CWE-22"], ..Taxonomy::TAMPERED_ARTEFACT },
};

pub(super) static MISSING_SHARD: Rule = Rule {
    id: "huggingface/missing-shard",
    title: "Index names a file that is not there",
    severity: Severity::Info,
    category: Category::Integrity,
    why: "Part of the model was not scanned, because it is not in the folder.",
    fix: "Fetch the whole repository and scan it again.",
    references: &[],
    taxonomy: Taxonomy::NONE,
};

pub(super) static PICKLE_ONLY: Rule = Rule {
    id: "huggingface/pickle-only",
    title: "Weights are offered as pickles only",
    severity: Severity::Info,
    category: Category::SupplyChain,
    why: "Loading a pickle can run code. The same weights as safetensors cannot.",
    fix: "Convert the weights to safetensors.",
    references: &["https://huggingface.co/docs/safetensors/convert-weights"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

/// Every rule of this module.
pub(crate) static ALL: &[&Rule] = &[
    &REMOTE_CODE,
    &FOREIGN_CODE,
    &CLASS_REFERENCE,
    &TRUSTS_CODE,
    &PATH_TRAVERSAL,
    &MISSING_SHARD,
    &PICKLE_ONLY,
];
