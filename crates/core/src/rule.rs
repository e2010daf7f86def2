//! Static metadata of everything that can be found.

use serde::Serialize;

use crate::Severity;

/// What kind of harm a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Code runs when the asset is loaded or used.
    CodeExecution,
    /// The asset needs code that is not part of it, or brings its own.
    CustomCode,
    /// A template reaches beyond rendering.
    TemplateInjection,
    /// A path or link leads outside the asset's folder.
    PathTraversal,
    /// Loading reads or writes files.
    FileAccess,
    /// Loading opens a connection.
    NetworkAccess,
    /// Loading costs far more than the asset's size.
    ResourceExhaustion,
    /// The asset contradicts itself: headers, checksums, sizes, overlapping parts.
    Integrity,
    /// The asset pretends to be something else.
    Disguise,
    /// A secret lies in the asset.
    Secret,
    /// Where it comes from is not pinned or not known.
    SupplyChain,
    /// The weights themselves look tampered with.
    Weights,
    /// Something could not be read or understood.
    Coverage,
    /// Infrastructure keeps or sends something without encryption.
    Encryption,
    /// Infrastructure lets somebody in without asking who it is.
    Authentication,
    /// Infrastructure can be reached from where it should not be.
    Network,
    /// Infrastructure does not record what happens to it.
    Logging,
    /// Infrastructure grants more than is needed.
    Iam,
    /// Infrastructure code holds secrets.
    Secrets,
    /// Another weakness of infrastructure.
    Other,
}

/// Where a rule stands in the field's classifications. Ids only, as their publishers spell them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Taxonomy {
    /// MITRE CWE numbers: `CWE-502`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub cwe: &'static [&'static str],
    /// MITRE ATLAS techniques: `AML.T0010.003`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub atlas: &'static [&'static str],
    /// OWASP Top 10 for LLM applications 2025: `LLM03:2025`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub owasp_llm: &'static [&'static str],
    /// OWASP Machine Learning Security Top 10 2023: `ML06:2023`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub owasp_ml: &'static [&'static str],
    /// OWASP Top 10 for agentic applications 2026: `ASI04`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub owasp_agentic: &'static [&'static str],
    /// NIST AI RMF 1.0 subcategories: `MEASURE 2.7`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub nist_ai_rmf: &'static [&'static str],
    /// Articles of Regulation (EU) 2024/1689: `Article 15`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub eu_ai_act: &'static [&'static str],
}

impl Taxonomy {
    /// No classification; to be filled by struct update.
    pub const NONE: Self = Self {
        cwe: &[],
        atlas: &[],
        owasp_llm: &[],
        owasp_ml: &[],
        owasp_agentic: &[],
        nist_ai_rmf: &[],
        eu_ai_act: &[],
    };

    /// Loading the model runs the attacker's code: CWE-502, unsafe AI artefacts, supply chain.
    pub const UNSAFE_ARTEFACT: Self = Self {
        cwe: &["CWE-502"],
        atlas: &["AML.T0010.003", "AML.T0011.000"],
        owasp_llm: &["LLM03:2025"],
        owasp_ml: &["ML06:2023"],
        owasp_agentic: &["ASI04"],
        nist_ai_rmf: &["MAP 4.1", "MEASURE 2.7"],
        eu_ai_act: &["Article 15"],
    };

    /// The artefact contradicts itself or hides what it is.
    pub const TAMPERED_ARTEFACT: Self = Self {
        cwe: &["CWE-345"],
        atlas: &["AML.T0010.003"],
        owasp_llm: &["LLM03:2025"],
        owasp_ml: &["ML06:2023"],
        owasp_agentic: &["ASI04"],
        nist_ai_rmf: &["MEASURE 2.7"],
        eu_ai_act: &["Article 15"],
    };

    /// Loading costs far more than it should.
    pub const DENIAL_OF_SERVICE: Self = Self {
        cwe: &["CWE-400"],
        atlas: &["AML.T0029"],
        owasp_llm: &["LLM10:2025"],
        owasp_ml: &["ML06:2023"],
        owasp_agentic: &[],
        nist_ai_rmf: &["MEASURE 2.7"],
        eu_ai_act: &["Article 15"],
    };
}

/// One thing that can be found: static, and rendered into reports, documentation and compliance maps alike.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// `domain/kebab-name`, stable for ever.
    pub id: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Severity unless a finding or the policy says otherwise.
    pub severity: Severity,
    /// The kind of harm.
    pub category: Category,
    /// Why it matters, for someone who has never heard of it: one or more sentences.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// Addresses and identifiers to read on: URLs, CVE and GHSA ids.
    pub references: &'static [&'static str],
    /// Where it stands in the field's classifications.
    pub taxonomy: Taxonomy,
}

impl Rule {
    /// The part of the id before the slash.
    pub fn domain(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(domain, _)| domain)
    }
}
