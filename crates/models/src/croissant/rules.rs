//! What can be found in Croissant metadata.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

pub(super) static INVALID: Rule = Rule {
    id: "croissant/invalid",
    title: "The dataset's description breaks the Croissant format",
    severity: Severity::Low,
    category: Category::Integrity,
    why: "Loaders refuse the dataset or read something else than its author meant, and nobody can trace what a model \
          was trained on through a description that does not hold together.",
    fix: "Correct the property that the message names.",
    references: &["https://docs.mlcommons.org/croissant/docs/croissant-spec.html"],
    taxonomy: Taxonomy::NONE,
};

/// Every rule of this module.
pub(super) static ALL: &[&Rule] = &[&INVALID];
