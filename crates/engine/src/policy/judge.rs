//! Applying a policy to findings.

use crate::{Policy, report::FindingReport};

/// Rules about callables that nobody knows to be dangerous. Only these can be allowed by name; a callable that is known
/// to execute, load, read or connect stays a finding whatever the policy says.
const UNKNOWN_CALLABLE: &[&str] = &["pickle/unknown-import", "pickle/unknown-call"];

/// Applies one policy to the findings of one report, and remembers what of the policy was used.
pub(crate) struct Judge<'a> {
    policy: &'a Policy,
}

impl Policy {
    /// Starts judging.
    pub(crate) fn judge(&self) -> Judge<'_> {
        Judge { policy: self }
    }
}

impl Judge<'_> {
    /// Sets the finding's severity, and whether it counts.
    pub(crate) fn judge(&mut self, finding: &mut FindingReport) {
        if let Some(rule) = self.policy.rules.get(finding.rule) {
            if let Some(severity) = rule.severity {
                finding.severity = severity;
            }
            if rule.ignore {
                finding.suppressed = Some(format!("the policy ignores {}", finding.rule));
            }
        }
        if let Some(callee) = self.allowed(finding) {
            finding.suppressed = Some(format!("the policy allows `{callee}`"));
        }
    }

    /// The callable of the user's own that the finding is about.
    fn allowed(&self, finding: &FindingReport) -> Option<String> {
        if !UNKNOWN_CALLABLE.contains(&finding.rule) {
            return None;
        }
        let callee = finding.evidence.iter().find(|evidence| evidence.label == "callee")?;
        self.policy.allowed_callables.get(&callee.value).cloned()
    }

    /// What the user should know about the policy itself.
    pub(crate) fn notes(self) -> Vec<String> {
        Vec::new()
    }
}
