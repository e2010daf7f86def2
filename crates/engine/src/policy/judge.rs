//! Applying a policy to findings.

use std::collections::BTreeSet;

use globset::GlobMatcher;
use jiff::civil::Date;

use super::{Baseline, Waiver};
use crate::{Policy, report::FindingReport};

/// Rules about callables that nobody knows to be dangerous. Only these can be allowed by name; a callable that is known
/// to execute, load, read or connect stays a finding whatever the policy says.
const UNKNOWN_CALLABLE: &[&str] = &["pickle/unknown-import", "pickle/unknown-call"];

/// Applies one policy to the findings of one report, and remembers what of the policy was used.
pub(crate) struct Judge<'a> {
    policy: &'a Policy,
    folder: &'a str,
    waivers: Vec<Waiving<'a>>,
    covered: BTreeSet<String>,
}

struct Waiving<'a> {
    waiver: &'a Waiver,
    matcher: Option<GlobMatcher>,
    expired: bool,
    used: u64,
}

impl Policy {
    /// Starts judging, on the day it is.
    /// `folder` is where the scanned root lies in its project: waivers name paths from the project's top.
    pub(crate) fn judge<'a>(&'a self, folder: &'a str) -> Judge<'a> {
        // The zone does not matter for a deadline in days; everybody sees the same one with UTC.
        self.judge_on(jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date(), folder)
    }

    pub(crate) fn judge_on<'a>(&'a self, today: Date, folder: &'a str) -> Judge<'a> {
        let waivers = self
            .waivers
            .iter()
            .map(|waiver| Waiving {
                waiver,
                matcher: waiver.matcher(),
                expired: waiver.expires < today,
                used: 0,
            })
            .collect();
        Judge { policy: self, folder, waivers, covered: BTreeSet::new() }
    }
}

impl Judge<'_> {
    /// Sets the finding's severity, and whether it counts.
    pub(crate) fn judge(&mut self, finding: &mut FindingReport) {
        let rule = self.policy.rules.get(finding.rule);
        if let Some(severity) = rule.and_then(|rule| rule.severity) {
            finding.severity = severity;
        }
        if rule.is_some_and(|rule| rule.ignore) {
            finding.suppressed = Some(format!("the policy ignores {}", finding.rule));
        } else if let Some(callee) = self.allowed(finding) {
            finding.suppressed = Some(format!("the policy allows `{callee}`"));
        }
        // Asked in any case, so that a waiver which is not needed any more shows as such.
        let waived = self.waived(finding);
        let known = self.known(finding);
        if finding.suppressed.is_none() {
            finding.suppressed = waived.or(known);
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

    fn waived(&mut self, finding: &FindingReport) -> Option<String> {
        let container = finding.path.split('!').next().unwrap_or_default();
        let from_top = |path: &str| {
            if self.folder.is_empty() { path.to_owned() } else { format!("{}/{path}", self.folder) }
        };
        let paths = [from_top(&finding.path), from_top(container)];
        let mut reason = None;
        for waiving in &mut self.waivers {
            let Waiver { rule, reason: why, owner, expires, .. } = waiving.waiver;
            let covers_path = waiving
                .matcher
                .as_ref()
                .is_some_and(|matcher| paths.iter().any(|path| matcher.is_match(path)));
            if !covers_path || (rule != "*" && rule != finding.rule) {
                continue;
            }
            waiving.used = waiving.used.saturating_add(1);
            if !waiving.expired && reason.is_none() {
                reason = Some(format!("waived by {owner} until {expires}: {why}"));
            }
        }
        reason
    }

    fn known(&mut self, finding: &FindingReport) -> Option<String> {
        let baseline = self.policy.baseline.as_ref()?;
        let fingerprint = finding.fingerprint.as_str();
        baseline.findings.contains_key(fingerprint).then(|| {
            self.covered.insert(fingerprint.to_owned());
            Baseline::REASON.to_owned()
        })
    }

    /// What the user should know about the policy itself.
    pub(crate) fn notes(self, is_rule: impl Fn(&str) -> bool) -> Vec<String> {
        let mut notes = Vec::new();
        for Waiving { waiver, expired, used, .. } in &self.waivers {
            let shown = waiver.shown();
            match (expired, used) {
                (true, 0) => notes.push(format!("{shown} expired on {} and can be removed", waiver.expires)),
                (true, used) => notes.push(format!(
                    "{shown} EXPIRED on {}: {} that it covered {} again",
                    waiver.expires,
                    counted(*used),
                    if *used == 1 { "counts" } else { "count" }
                )),
                (false, 0) => notes.push(format!("{shown} matches nothing")),
                (false, used) => notes.push(format!("{shown} covers {}: {}", counted(*used), waiver.reason)),
            }
        }
        for id in self.policy.rules.keys().filter(|id| !is_rule(id)) {
            notes.push(format!("the policy names the rule `{id}`, which does not exist"));
        }
        if let Some(baseline) = &self.policy.baseline {
            let gone = baseline.findings.len().saturating_sub(self.covered.len());
            if gone > 0 {
                notes.push(format!("{gone} findings of the baseline are gone; write it anew to forget them"));
            }
        }
        notes
    }
}

fn counted(findings: u64) -> String {
    if findings == 1 { "1 finding".to_owned() } else { format!("{findings} findings") }
}
