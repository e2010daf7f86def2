//! What can be found in cards. None of it is dangerous: a card is read by people.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

pub(super) static UNCLOSED: Rule = Rule {
    id: "card/unclosed-front-matter",
    title: "The card's metadata does not end",
    severity: Severity::Info,
    category: Category::Integrity,
    why: "A line of `---` opens the metadata of the card and none closes it, so that readers find no metadata at all: \
          neither licence nor base model nor datasets.",
    fix: "Close the metadata with a second line of `---`.",
    references: &["https://huggingface.co/docs/hub/model-cards#model-card-metadata"],
    taxonomy: Taxonomy::NONE,
};

pub(super) static RESULT: Rule = Rule {
    id: "card/incomplete-result",
    title: "A result in the card is not complete",
    severity: Severity::Info,
    category: Category::Integrity,
    why: "A measured result says something only with its task, the dataset it was measured on, its metric and its \
          value. The hub drops the results of a card when one of them lacks a part.",
    fix: "Give every entry of `model-index` a name, and every result a task, a dataset and metrics with type and value.",
    references: &["https://huggingface.co/docs/hub/model-cards#evaluation-results"],
    taxonomy: Taxonomy::NONE,
};

/// Every rule of this module.
pub(super) static ALL: &[&Rule] = &[&UNCLOSED, &RESULT];
