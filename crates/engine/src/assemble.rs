//! From records to the report.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bartizan_core::{Coverage, Finding, Fingerprint, Rule, Severity, State, Verdict};

use crate::{
    Policy, VERSION,
    dispatch::Record,
    report::{
        AssetReport, CoverageReport, FindingReport, Report, SCHEMA, SeverityCounts, Skipped, Summary, Tool,
    },
};

/// What a scan gathered.
pub(crate) struct Gathered {
    /// One list per top-level asset: its own record first.
    pub(crate) groups: Vec<Vec<Record>>,
    /// Findings about what is no asset: links.
    pub(crate) loose: Vec<Finding>,
    /// Where the scanned root lies in its project; empty at its top.
    pub(crate) folder: String,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) notes: Vec<String>,
    /// Rules that the user brought.
    pub(crate) brought: Vec<&'static Rule>,
    pub(crate) elapsed: Duration,
}

/// Applies the policy, draws the conclusions and sorts.
pub(crate) fn assemble(mut gathered: Gathered, policy: &Policy) -> Report {
    gathered.groups.sort_by(|one, other| {
        let path = |group: &Vec<Record>| group.first().map(|record| record.path.clone());
        path(one).cmp(&path(other))
    });
    join(&mut gathered.groups);
    let mut report = Report {
        schema: SCHEMA,
        tool: Tool { name: "bartizan", version: VERSION, rules_version: bartizan_models::RULES_VERSION },
        verdict: Verdict::Clean,
        assets: Vec::new(),
        findings: Vec::new(),
        summary: Summary {
            skipped: gathered.skipped,
            notes: gathered.notes,
            seconds: gathered.elapsed.as_secs_f64(),
            ..Summary::default()
        },
        brought: gathered.brought,
    };
    let folder = gathered.folder;
    let mut judge = policy.judge(&folder);
    for group in gathered.groups {
        let first = report.assets.len();
        for (index, record) in group.into_iter().enumerate() {
            if index == 0 {
                report.summary.bytes = report.summary.bytes.saturating_add(record.size);
            }
            add(&mut report, record, &folder, &mut judge);
        }
        spread(report.assets.get_mut(first..).unwrap_or_default());
    }
    attribute(&mut report);
    for asset in &report.assets {
        let verdicts = &mut report.summary.verdicts;
        let counter = match asset.verdict {
            Verdict::Clean => &mut verdicts.clean,
            Verdict::Incomplete => &mut verdicts.incomplete,
            Verdict::Suspicious => &mut verdicts.suspicious,
            Verdict::Malicious => &mut verdicts.malicious,
        };
        *counter = counter.saturating_add(1);
    }
    for finding in gathered.loose {
        let mut finding = FindingReport::new(finding, &folder);
        judge.judge(&mut finding);
        count(&mut report.summary, &finding);
        report.findings.push(finding);
    }
    // Stable: within an asset they are sorted by severity already.
    report.findings.sort_by(|one, other| order(&one.path).cmp(order(&other.path)));
    let notes = judge.notes(|id| report.rule(id).is_some());
    report.summary.notes.extend(notes);
    if report.assets.is_empty() {
        report.summary.notes.push("there was nothing to scan".to_owned());
    }
    report
}

fn add(report: &mut Report, record: Record, folder: &str, judge: &mut crate::policy::Judge<'_>) {
    let mut findings: Vec<FindingReport> =
        record.findings.into_iter().map(|finding| FindingReport::new(finding, folder)).collect();
    for finding in &mut findings {
        judge.judge(finding);
        count(&mut report.summary, finding);
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let verdict = verdict(&findings, &record.coverage);
    if record.dropped > 0 {
        report.summary.notes.push(format!(
            "{}: {} more findings were left out, the {} most severe are listed",
            record.path,
            record.dropped,
            findings.len()
        ));
    }
    report.verdict = report.verdict.max(verdict);
    report.summary.assets = report.summary.assets.saturating_add(1);
    report.assets.push(AssetReport {
        path: record.path,
        kind: record.kind.name(),
        verdict,
        coverage: CoverageReport {
            complete: record.coverage.is_complete(),
            gaps: record.coverage.gaps().to_vec(),
        },
        size: record.size,
        sha256: record.sha256,
        facts: record.facts,
    });
    report.findings.extend(findings);
}

/// A configuration and its plan are judged by the same rules: what both say is told once, and what the plan decides is no
/// longer open in the configuration.
fn join(groups: &mut [Vec<Record>]) {
    let state = |finding: &Finding| finding.infrastructure.as_ref().map(|about| about.state);
    let findings = groups.iter().flatten().flat_map(|record| &record.findings);
    let decided: BTreeSet<Fingerprint> = findings
        .filter(|finding| state(finding) == Some(State::Fail))
        .map(|finding| finding.fingerprint(""))
        .collect();
    let mut told = BTreeSet::new();
    for record in groups.iter_mut().flatten() {
        record.findings.retain(|finding| {
            let Some(state) = state(finding) else { return true };
            let fingerprint = finding.fingerprint("");
            (state != State::Unknown || !decided.contains(&fingerprint)) && told.insert(fingerprint)
        });
    }
}

/// A file is as bad as what the inspector of its folder found in it.
fn attribute(report: &mut Report) {
    let mut worst: BTreeMap<&str, Verdict> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.rule.starts_with("iac/")) {
        let known = worst.entry(&finding.path).or_default();
        *known = finding.verdict().max(*known);
    }
    for asset in &mut report.assets {
        if let Some(verdict) = worst.get(asset.path.as_str()) {
            asset.verdict = asset.verdict.max(*verdict);
        }
    }
}

/// A container is as bad as the worst of its members.
fn spread(group: &mut [AssetReport]) {
    let mut worst: BTreeMap<String, Verdict> = BTreeMap::new();
    for asset in group.iter().filter(|asset| asset.verdict > Verdict::Clean) {
        for (at, _) in asset.path.match_indices('!') {
            let container = asset.path.get(..at).unwrap_or_default();
            let known = worst.entry(container.to_owned()).or_default();
            *known = asset.verdict.max(*known);
        }
    }
    for asset in group {
        if let Some(verdict) = worst.get(&asset.path) {
            asset.verdict = asset.verdict.max(*verdict);
        }
    }
}

/// The top-level path, then members in the order in which they were found.
fn order(path: &str) -> &str {
    path.split('!').next().unwrap_or(path)
}

/// What the findings and gaps of one asset amount to. Suppressed findings do not count.
fn verdict(findings: &[FindingReport], coverage: &Coverage) -> Verdict {
    findings.iter().map(FindingReport::verdict).max().unwrap_or_default().max(if coverage.is_complete() {
        Verdict::Clean
    } else {
        Verdict::Incomplete
    })
}

fn count(summary: &mut Summary, finding: &FindingReport) {
    let SeverityCounts { info, low, medium, high, critical } = &mut summary.findings;
    let counter = match finding.severity {
        _ if finding.suppressed.is_some() => &mut summary.suppressed,
        _ if !finding.counts() => &mut summary.unknown,
        Severity::Info => info,
        Severity::Low => low,
        Severity::Medium => medium,
        Severity::High => high,
        Severity::Critical => critical,
    };
    *counter = counter.saturating_add(1);
}
