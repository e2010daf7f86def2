//! What was found, where, how sure, and what to do.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Asset, AssetPath, Infrastructure, Rule, redacted};

/// How bad it is if it is true.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A weakness that needs something else to hurt.
    Low,
    /// Suspicious: a person should look.
    Medium,
    /// Dangerous.
    High,
    /// Runs an attacker's code, or as bad.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.name() == name)
            .ok_or_else(|| format!("`{name}` is not a severity: info, low, medium, high or critical"))
    }
}

/// How sure the finding is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Circumstantial: unusual, and often harmless.
    Low,
    /// The construct is there; whether it hurts depends on the loader.
    Medium,
    /// The bytes prove it.
    High,
}

/// Where in an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The asset, with its containers.
    pub path: AssetPath,
    /// Byte offset in the asset.
    pub offset: Option<u64>,
    /// First line, from 1, for text.
    pub line: Option<u32>,
    /// Last line, from 1, for text.
    pub end_line: Option<u32>,
}

/// One observed value that supports a finding. Values are redacted and cut when the evidence is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Evidence {
    /// What it is: `callee`, `argument`, `opcode`, `layer`, `node`, …
    pub label: &'static str,
    /// The value, printable, without secrets, at most 200 characters.
    pub value: String,
}

/// What to do about a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Fix {
    /// One sentence in the imperative.
    pub summary: String,
    /// A command that does it, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Identifies a finding across runs: rule, location inside the scanned root, and evidence, but neither offsets nor
/// wording.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something that a person should know about an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// How bad, here.
    pub severity: Severity,
    /// How sure, here.
    pub confidence: Confidence,
    /// Where.
    pub at: Location,
    /// What it does, in plain words: "on load, this file runs `os.system("…")`".
    pub message: String,
    /// The values that support it.
    pub evidence: Vec<Evidence>,
    /// What to do here; the rule's general advice when absent.
    pub fix: Option<Fix>,
    /// Further CVE, GHSA ids or addresses that fit this very finding.
    pub references: Vec<String>,
    /// What a finding about infrastructure as code says besides.
    pub infrastructure: Option<Box<Infrastructure>>,
}

impl Finding {
    /// A finding about the whole asset, with the rule's severity and high confidence.
    pub fn new(rule: &'static Rule, asset: &Asset, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            confidence: Confidence::High,
            at: Location { path: asset.path.clone(), offset: None, line: None, end_line: None },
            message: message.into(),
            evidence: Vec::new(),
            fix: None,
            references: Vec::new(),
            infrastructure: None,
        }
    }

    /// With another severity than the rule's.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// With another confidence than high.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// At a byte offset.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.at.offset = Some(offset);
        self
    }

    /// On a line of text, counted from 1.
    #[must_use]
    pub fn line(mut self, line: u32) -> Self {
        self.at.line = Some(line);
        self
    }

    /// On lines of text, counted from 1, both included.
    #[must_use]
    pub fn lines(mut self, first: u32, last: u32) -> Self {
        self.at.line = Some(first);
        self.at.end_line = Some(last);
        self
    }

    /// In another file than the asset itself: a member or a neighbour.
    #[must_use]
    pub fn path(mut self, path: AssetPath) -> Self {
        self.at.path = path;
        self
    }

    /// With an observed value.
    #[must_use]
    pub fn evidence(mut self, label: &'static str, value: impl AsRef<str>) -> Self {
        self.evidence.push(Evidence { label, value: redacted(value.as_ref()) });
        self
    }

    /// With advice for this very finding.
    #[must_use]
    pub fn fix(mut self, summary: impl Into<String>) -> Self {
        self.fix = Some(Fix { summary: summary.into(), command: None });
        self
    }

    /// With advice and a command that follows it.
    #[must_use]
    pub fn fix_with(mut self, summary: impl Into<String>, command: impl Into<String>) -> Self {
        self.fix = Some(Fix { summary: summary.into(), command: Some(command.into()) });
        self
    }

    /// With a reference to read on.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.references.push(reference.into());
        self
    }

    /// Identifies this finding across runs. `folder` is where the scanned root lies in its project, `""` at the top: so
    /// a finding is the same one whether the whole project or a part of it is scanned.
    pub fn fingerprint(&self, folder: &str) -> Fingerprint {
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(self.rule.id.as_bytes());
        let path = self.at.path.as_str();
        part(if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }.as_bytes());
        for evidence in &self.evidence {
            part(evidence.label.as_bytes());
            let folded: Vec<&str> = evidence.value.split_whitespace().collect();
            part(folded.join(" ").as_bytes());
        }
        let mut hex = hasher.finalize().to_hex().to_string();
        hex.truncate(32);
        Fingerprint(hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Category, Content, Taxonomy};

    static RULE: Rule = Rule {
        id: "test/rule",
        title: "t",
        severity: Severity::High,
        category: Category::Integrity,
        why: "w",
        fix: "f",
        references: &[],
        taxonomy: Taxonomy::NONE,
    };

    #[test]
    fn a_fingerprint_follows_the_finding_when_it_moves_but_not_when_it_changes() {
        let asset = Asset::new("a.pkl", Content::from_bytes(&b""[..]));
        let one = Finding::new(&RULE, &asset, "x").offset(3).evidence("callee", "os.system");
        let moved = Finding::new(&RULE, &asset, "other words").offset(99).evidence("callee", "os.system");
        let other = Finding::new(&RULE, &asset, "x").offset(3).evidence("callee", "os.popen");
        assert_eq!(one.fingerprint(""), moved.fingerprint(""));
        assert_ne!(one.fingerprint(""), other.fingerprint(""));
        assert_ne!(one.fingerprint(""), one.fingerprint("models"));
        assert_eq!(one.fingerprint("").as_str().len(), 32);
    }
}
