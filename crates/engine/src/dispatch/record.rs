//! What a scan knows about one asset before the policy looks at it.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_core::{Asset, AssetPath, Coverage, Fact, Finding, Inspection, Kind};

use crate::rules;

/// One asset's result.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) path: String,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    pub(crate) sha256: Option<String>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) coverage: Coverage,
    /// How many findings were left out because there were too many.
    pub(crate) dropped: usize,
}

impl Record {
    pub(crate) fn new(asset: &Asset) -> Self {
        Self {
            path: asset.path.to_string(),
            kind: asset.kind,
            size: asset.content.len(),
            sha256: None,
            facts: Vec::new(),
            findings: Vec::new(),
            coverage: Coverage::complete(),
            dropped: 0,
        }
    }

    /// The record of something that could not even be opened.
    pub(crate) fn unread(asset: &Asset, kind: Kind, reason: impl Into<String>) -> Self {
        let mut record = Self { kind, ..Self::new(asset) };
        record.coverage.miss(reason);
        record.finish(asset, usize::MAX);
        record
    }

    /// Adds what one reader learned.
    pub(crate) fn take(&mut self, inspection: Inspection) {
        self.facts.extend(inspection.facts);
        self.findings.extend(inspection.findings);
        self.coverage.merge(inspection.coverage);
    }

    /// Notes a gap that showed only after the record was finished.
    pub(crate) fn gap(&mut self, asset: &Asset, reason: String) {
        self.coverage.miss(reason);
        self.findings.retain(|finding| finding.rule.id != rules::INCOMPLETE.id);
        self.findings.extend(self.incomplete(asset));
    }

    /// Makes one finding of the gaps, drops repetitions, and keeps the `most` most severe ones of each file.
    pub(crate) fn finish(&mut self, asset: &Asset, most: usize) {
        let mut seen = BTreeSet::new();
        self.findings.retain(|finding| seen.insert(finding.fingerprint("")));
        self.findings.sort_by_key(|finding| {
            (std::cmp::Reverse((finding.severity, finding.confidence)), finding.at.offset)
        });
        let all = self.findings.len();
        let mut kept: BTreeMap<AssetPath, usize> = BTreeMap::new();
        self.findings.retain(|finding| {
            let count = kept.entry(finding.at.path.clone()).or_default();
            *count = count.saturating_add(1);
            *count <= most
        });
        self.dropped = all.saturating_sub(self.findings.len());
        self.findings.extend(self.incomplete(asset));
    }

    /// The finding about the gaps, if there are any.
    fn incomplete(&self, asset: &Asset) -> Option<Finding> {
        let gap = self.coverage.gaps().first()?;
        let others = self.coverage.gaps().len().saturating_sub(1);
        let more = match others {
            0 => String::new(),
            1 => ", and one more gap".to_owned(),
            _ => format!(", and {others} more gaps"),
        };
        let reason = bartizan_core::printable(&gap.reason);
        let mut finding =
            Finding::new(&rules::INCOMPLETE, asset, format!("not read to its end: {reason}{more}"))
                .evidence("gap", &gap.reason);
        finding.at.offset = gap.offset;
        Some(finding)
    }
}
