//! What is found about the things that code and configuration use.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

pub(crate) const UNPINNED: Taxonomy = Taxonomy {
    cwe: &["CWE-829", "CWE-494"],
    atlas: &["AML.T0010.003"],
    owasp_llm: &["LLM03:2025"],
    owasp_ml: &["ML06:2023"],
    owasp_agentic: &["ASI04"],
    nist_ai_rmf: &["MAP 4.1", "MANAGE 3.1"],
    eu_ai_act: &["Article 15"],
};

/// A model is fetched by a name that can mean another model tomorrow.
pub(crate) static UNPINNED_MODEL: Rule = Rule {
    id: "provenance/unpinned-model",
    title: "Model without a fixed revision",
    severity: Severity::Info,
    category: Category::SupplyChain,
    why: "The model is fetched by name alone, so what runs is whatever its owner, or whoever took over the account, \
          published last. The same code can behave differently tomorrow, and nobody can say afterwards which weights \
          were used.",
    fix: "Name the revision as a full commit (`revision=\"<40 hexadecimal digits>\"`, or what the tool calls it), or \
          keep a signed copy of the model and load that.",
    references: &[
        "https://huggingface.co/docs/huggingface_hub/guides/download",
        "https://cwe.mitre.org/data/definitions/829.html",
    ],
    taxonomy: UNPINNED,
};

/// A dataset is fetched by a name that can mean other data tomorrow.
pub(crate) static UNPINNED_DATASET: Rule = Rule {
    id: "provenance/unpinned-dataset",
    title: "Dataset without a fixed revision",
    severity: Severity::Info,
    category: Category::SupplyChain,
    why: "The dataset is fetched by name alone. Its owner can change records at any time, which is how training data \
          is poisoned, and results cannot be repeated when nobody knows which records they rest on.",
    fix: "Name the revision as a full commit (`revision=\"<40 hexadecimal digits>\"`), or keep a copy of the data with \
          its digest.",
    references: &[
        "https://huggingface.co/docs/datasets/loading#hugging-face-hub",
        "https://cwe.mitre.org/data/definitions/829.html",
    ],
    taxonomy: Taxonomy {
        atlas: &["AML.T0010.002", "AML.T0020"],
        owasp_llm: &["LLM03:2025", "LLM04:2025"],
        owasp_ml: &["ML02:2023"],
        eu_ai_act: &["Article 10", "Article 15"],
        ..UNPINNED
    },
};

/// Both.
pub(crate) static ALL: &[&Rule] = &[&UNPINNED_MODEL, &UNPINNED_DATASET];
