//! What counts: the level that fails a scan, overrides, waivers, baselines and allow lists.

mod judge;

use std::collections::{BTreeMap, BTreeSet};

use bartizan_core::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use judge::Judge;

/// What to do about the findings of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RulePolicy {
    /// Every finding of the rule gets this severity.
    pub severity: Option<Severity>,
    /// Findings of the rule are listed, but do not count.
    pub ignore: bool,
}

/// How findings are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Findings of this severity and above make the exit code 1.
    pub fail_on: Severity,
    /// Overrides by rule id.
    pub rules: BTreeMap<String, RulePolicy>,
    /// Callables of the user's own that pickles may use, as `module.name`.
    pub allowed_callables: BTreeSet<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { fail_on: Severity::High, rules: BTreeMap::new(), allowed_callables: BTreeSet::new() }
    }
}
