//! What can be wrong with a lineage.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const UNKNOWN_ORIGIN: Taxonomy = Taxonomy {
    cwe: &["CWE-345"],
    atlas: &["AML.T0010.003"],
    owasp_llm: &["LLM03:2025"],
    owasp_ml: &["ML06:2023"],
    owasp_agentic: &["ASI04"],
    nist_ai_rmf: &["MAP 4.1", "GOVERN 6.1"],
    eu_ai_act: &["Article 11", "Article 53"],
};

/// Declaration and weights contradict each other.
pub static LINEAGE_DISAGREES: Rule = Rule {
    id: "provenance/lineage-disagrees",
    title: "Declared and observed lineage disagree",
    severity: Severity::Medium,
    category: Category::SupplyChain,
    why: "The model's card or metadata says one thing about where it comes from, its weights say another: it names a base \
          model that its weights have nothing in common with, or names none although they descend from another model. \
          Licences, known weaknesses and backdoors are inherited from the real ancestor, not from the declared one.",
    fix: "Ask the publisher what the model was made from; correct `base_model` in the card, or replace the weights by \
          those that the card describes.",
    references: &["https://arxiv.org/abs/2312.04828", "https://atlas.mitre.org/techniques/AML.T0010.003"],
    taxonomy: UNKNOWN_ORIGIN,
};

/// The descendant's licence asks less than the ancestor's.
pub static LICENCE_LOOSER: Rule = Rule {
    id: "provenance/licence-looser-than-ancestor",
    title: "Licence asks less than the ancestor's",
    severity: Severity::Medium,
    category: Category::SupplyChain,
    why: "A model that was made from another one inherits the conditions of that one's licence. This model's licence leaves \
          out something that its ancestor's asks, such as no commercial use: whoever relies on it may break the \
          ancestor's licence.",
    fix: "Publish the model under a licence that keeps the ancestor's conditions, or make it from an ancestor whose \
          licence allows yours. Have a lawyer read both: only identifiers are compared here.",
    references: &[
        "https://spdx.org/licenses/",
        "https://creativecommons.org/faq/#can-i-combine-material-under-different-creative-commons-licenses-in-my-work",
    ],
    taxonomy: Taxonomy { cwe: &[], atlas: &[], ..UNKNOWN_ORIGIN },
};

/// Every rule of lineage.
pub static RULES: &[&Rule] = &[&LICENCE_LOOSER, &LINEAGE_DISAGREES];
