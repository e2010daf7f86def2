//! What a manifest may say.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_core::{Limits, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::{Policy, RulePolicy, Waiver};

/// The system manifest: what bytes cannot say about an AI system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// The system as a whole.
    pub system: Option<System>,
    /// Its models.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
    /// Its data.
    #[serde(rename = "dataset")]
    pub datasets: Vec<Dataset>,
    /// Where it is served, or what it calls.
    #[serde(rename = "endpoint")]
    pub endpoints: Vec<Endpoint>,
    /// How findings are judged.
    pub policy: PolicySection,
    /// Accepted findings.
    #[serde(rename = "waiver")]
    pub waivers: Vec<Waiver>,
    /// Bounds on the work for one input.
    pub limits: Limits,
}

/// The system as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct System {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub intent: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// How much harm it can do, in the classes of Regulation (EU) 2024/1689.
    pub risk: Option<Risk>,
}

/// Risk classes of Regulation (EU) 2024/1689.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Article 6: high-risk systems.
    High,
    /// Article 50: transparency obligations.
    Limited,
    /// Everything else.
    Minimal,
}

/// A model of the system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Model {
    /// What it is called.
    pub name: Option<String>,
    /// File or folder, relative to the manifest.
    pub path: Option<String>,
    /// Where it is, when it is not a file here.
    pub uri: Option<String>,
    /// Its format, as bartizan names it.
    pub format: Option<String>,
    /// What it does: `classification`, `text-generation`, …
    pub task: Option<String>,
    /// Names of its inputs, in order.
    pub inputs: Vec<String>,
}

/// Data of the system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dataset {
    /// What it is called.
    pub name: Option<String>,
    /// File or folder, relative to the manifest.
    pub path: Option<String>,
    /// Where it is, when it is not a file here.
    pub uri: Option<String>,
    /// What it is used for.
    pub role: Option<DatasetRole>,
    /// The column to be predicted.
    pub label: Option<String>,
    /// The column that holds the model's answer.
    pub prediction: Option<String>,
    /// Columns with protected attributes.
    pub protected: Vec<String>,
}

/// What a dataset is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetRole {
    /// Training.
    Train,
    /// Testing.
    Test,
    /// What live data is compared with.
    Reference,
    /// Data from production.
    Live,
}

/// Where the system is served, or what it calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Endpoint {
    /// What it is called.
    pub name: Option<String>,
    /// Its address.
    pub url: String,
    /// The protocol it speaks.
    pub kind: EndpointKind,
}

/// Protocols of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointKind {
    /// OpenAI's, and what is compatible with it.
    Openai,
    /// Anthropic's Messages.
    Anthropic,
    /// Ollama's own.
    Ollama,
    /// Open Inference Protocol of KServe.
    Kserve,
    /// Model Context Protocol.
    Mcp,
    /// Anything else over HTTP.
    Http,
}

/// `[policy]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicySection {
    /// Findings of this severity and above make the exit code 1; `high` when absent.
    pub fail_on: Option<Severity>,
    /// Overrides by rule id.
    pub rules: BTreeMap<String, RulePolicy>,
    /// About pickles.
    pub pickle: PicklePolicy,
}

/// `[policy.pickle]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PicklePolicy {
    /// Callables of your own that pickles may use: `mymodule.MyClass`. Callables that are known to be dangerous stay
    /// findings.
    pub allow: BTreeSet<String>,
}

impl Manifest {
    /// The policy that it describes.
    pub fn policy(&self) -> Policy {
        let default = Policy::default();
        Policy {
            fail_on: self.policy.fail_on.unwrap_or(default.fail_on),
            rules: self.policy.rules.clone(),
            waivers: self.waivers.clone(),
            baseline: None,
            allowed_callables: self.policy.pickle.allow.clone(),
        }
    }

    /// In which ways it lets more pass than the default does, in words.
    pub(crate) fn weakenings(&self) -> Vec<String> {
        let mut weaker = Vec::new();
        let default = Policy::default().fail_on;
        if let Some(level) = self.policy.fail_on.filter(|level| *level > default) {
            weaker.push(format!("fails only on {level}"));
        }
        let count = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        weaker.extend(count(self.policy.rules.len(), "rule override", "rule overrides"));
        weaker.extend(count(self.policy.pickle.allow.len(), "allowed callable", "allowed callables"));
        weaker.extend(count(self.waivers.len(), "waiver", "waivers"));
        if self.limits != Limits::default() {
            weaker.push("other limits".to_owned());
        }
        weaker
    }
}
