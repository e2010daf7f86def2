//! The report: a contract. Field names and meanings change only with [`SCHEMA`].

mod html;
mod json;
mod junit;
mod sarif;
mod table;

pub use html::html;
pub use json::{json, jsonl};
pub use junit::junit;
pub use sarif::sarif;
pub use table::{Appearance, table};

use bartizan_core::{
    Category, Confidence, Evidence, Fact, Finding, Fingerprint, Fix, Gap, Rule, Severity, State, Taxonomy,
    Tier, Verdict,
};
use schemars::JsonSchema;
use serde::Serialize;

/// Identifier of this version of the report.
pub const SCHEMA: &str = "https://bartizan.dev/schemas/report-1.json";

/// What one scan concluded.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// What made the report.
    pub tool: Tool,
    /// The worst verdict of all assets.
    pub verdict: Verdict,
    /// Everything that was looked at, sorted by path; members follow their container.
    pub assets: Vec<AssetReport>,
    /// Everything that was found, most severe first within an asset, assets in order of path.
    pub findings: Vec<FindingReport>,
    /// Counts, and what was left out.
    pub summary: Summary,
    /// Rules that the user brought.
    #[serde(skip)]
    pub(crate) brought: Vec<&'static Rule>,
}

impl Report {
    /// The rule of this id, which a finding of it can name.
    pub(crate) fn rule(&self, id: &str) -> Option<&'static Rule> {
        crate::rules::rule(id).or_else(|| self.brought.iter().copied().find(|rule| rule.id == id))
    }
}

/// What made the report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Tool {
    /// `bartizan`.
    pub name: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// Version of the rules and of the knowledge behind them, a date: `2026.11.24`. Later ones compare greater.
    pub rules_version: &'static str,
}

/// One asset.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AssetReport {
    /// Relative to the scanned root with `/`; members after `!`.
    pub path: String,
    /// What it is, by content.
    pub kind: &'static str,
    /// The conclusion about it.
    pub verdict: Verdict,
    /// How much of it was understood.
    pub coverage: CoverageReport,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal; absent for directories, for large members of containers, and
    /// when digests were switched off.
    pub sha256: Option<String>,
    /// What is known about it.
    pub facts: Vec<Fact>,
}

/// How much of an asset was understood.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CoverageReport {
    /// Was it read and understood to its end?
    pub complete: bool,
    /// What was not, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// One finding.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FindingReport {
    /// Id of the rule.
    pub rule: &'static str,
    /// The rule's title.
    pub title: &'static str,
    /// How bad, after the policy's overrides.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The kind of harm.
    pub category: Category,
    /// Path of the asset.
    pub path: String,
    /// First line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Last line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// Byte offset in the asset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// What it does, in plain words.
    pub message: String,
    /// Values that support it.
    pub evidence: Vec<Evidence>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// Where it stands in the field's classifications.
    pub taxonomy: Taxonomy,
    /// Addresses and identifiers to read on.
    pub references: Vec<String>,
    /// Identifies it across runs.
    pub fingerprint: Fingerprint,
    /// Why it does not count towards the verdict and the exit code: the waiver or baseline that covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<String>,
    /// Infrastructure: the resource's address, with its instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Infrastructure: what the finding rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Infrastructure: ids of the same control elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Infrastructure: the value that decides, as evaluated, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Infrastructure: where the value comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<String>,
    /// Infrastructure: the reference that cannot be resolved, when the state is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unresolved: Option<String>,
    /// Infrastructure: what became of the rule's question. What is unknown counts towards nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
}

impl FindingReport {
    /// Does it count towards the verdict and the exit code?
    pub fn counts(&self) -> bool {
        self.suppressed.is_none() && self.state != Some(State::Unknown)
    }

    /// What the asset is, for this finding alone.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.severity {
            _ if !self.counts() => Verdict::Clean,
            _ if self.category == Category::Coverage => Verdict::Incomplete,
            // Infrastructure that is open to attack is not an attack.
            Severity::High | Severity::Critical
                if self.confidence >= Confidence::Medium && self.state.is_none() =>
            {
                Verdict::Malicious
            }
            severity if severity >= Severity::Medium => Verdict::Suspicious,
            _ => Verdict::Clean,
        }
    }

    /// The finding as it is reported; `folder` is where the scanned root lies in its project.
    pub(crate) fn new(finding: Finding, folder: &str) -> Self {
        let fingerprint = finding.fingerprint(folder);
        let mut references: Vec<String> = finding.rule.references.iter().map(|&r| r.to_owned()).collect();
        for reference in finding.references {
            if !references.contains(&reference) {
                references.push(reference);
            }
        }
        let about = finding.infrastructure.map(|about| *about);
        let suppressed = about
            .as_ref()
            .and_then(|about| about.suppressed.as_ref())
            .map(|reason| format!("a comment in the file takes it back: {reason}"));
        let state = about.as_ref().map(|about| about.state);
        let tier = about.as_ref().map(|about| about.tier);
        let (resource, aliases, value, provenance, unresolved) = match about {
            Some(about) => {
                (Some(about.resource), about.aliases, about.value, about.provenance, about.unresolved)
            }
            None => (None, Vec::new(), None, None, None),
        };
        Self {
            rule: finding.rule.id,
            title: finding.rule.title,
            severity: finding.severity,
            confidence: finding.confidence,
            category: finding.rule.category,
            path: finding.at.path.to_string(),
            line: finding.at.line,
            end_line: finding.at.end_line,
            offset: finding.at.offset,
            message: finding.message,
            evidence: finding.evidence,
            fix: finding.fix.or_else(|| Some(Fix { summary: finding.rule.fix.to_owned(), command: None })),
            taxonomy: finding.rule.taxonomy,
            references,
            fingerprint,
            suppressed,
            resource,
            tier,
            aliases,
            value,
            provenance,
            unresolved,
            state,
        }
    }
}

/// Counts, and what was left out.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Summary {
    /// Assets looked at, members included.
    pub assets: u64,
    /// Bytes of the top-level assets.
    pub bytes: u64,
    /// Assets by verdict.
    pub verdicts: VerdictCounts,
    /// Findings by severity, suppressed ones left out.
    pub findings: SeverityCounts,
    /// Findings that a waiver or baseline covers.
    pub suppressed: u64,
    /// Findings about infrastructure that nobody can decide without running it.
    #[serde(skip_serializing_if = "is_zero")]
    pub unknown: u64,
    /// What was not looked at, and why: ignored files, links that leave the root, devices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// What the user should know about the run itself: expired waivers, unused overrides, sources that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Seconds from start to end.
    pub seconds: f64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Assets by verdict.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[allow(missing_docs, reason = "the names are the verdicts")]
pub struct VerdictCounts {
    pub clean: u64,
    pub incomplete: u64,
    pub suspicious: u64,
    pub malicious: u64,
}

/// Findings by severity.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[allow(missing_docs, reason = "the names are the severities")]
pub struct SeverityCounts {
    pub info: u64,
    pub low: u64,
    pub medium: u64,
    pub high: u64,
    pub critical: u64,
}

/// Something that was not looked at.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Skipped {
    /// Its path, or the path of the folder that holds all of them.
    pub path: String,
    /// Why.
    pub reason: String,
    /// How many entries.
    pub count: u64,
}

impl Report {
    /// Assets with this verdict, members left out: a container's verdict is the worst of its members'.
    pub(crate) fn top_level(&self, verdict: Verdict) -> usize {
        self.assets.iter().filter(|asset| asset.verdict == verdict && !asset.path.contains('!')).count()
    }

    /// The exit code of a scan that ends with this report: 1 when a finding that counts is at `fail_on` or above, else 3
    /// when something could not be read or understood, else 0.
    pub fn exit_code(&self, fail_on: Severity) -> u8 {
        let mut counting = self.findings.iter().filter(|finding| finding.counts());
        let incomplete = crate::rules::INCOMPLETE.id;
        if counting.clone().any(|finding| finding.severity >= fail_on) {
            1
        } else if counting.any(|finding| finding.rule == incomplete) {
            3
        } else {
            0
        }
    }
}

/// The JSON schema of [`Report`].
pub fn schema() -> serde_json::Value {
    // As it is written: lists that are left out when they are empty are not required.
    let settings = schemars::generate::SchemaSettings::default().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    schema.insert("$id".to_owned(), SCHEMA.into());
    schema.into()
}
