//! What was not understood.

use serde::Serialize;

/// One part of an asset that was not read or not understood, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Gap {
    /// What is wrong, in a sentence.
    pub reason: String,
    /// Where it begins, in bytes from the asset's start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

/// How much of an asset was understood. An asset with a gap is never clean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    gaps: Vec<Gap>,
}

impl Coverage {
    /// How many gaps an asset keeps; more of them add nothing to the verdict.
    const MOST: usize = 32;

    /// Everything was read and understood.
    pub fn complete() -> Self {
        Self::default()
    }

    /// Notes a part that was not understood.
    pub fn miss(&mut self, reason: impl Into<String>) {
        self.push(Gap { reason: reason.into(), offset: None });
    }

    /// Notes a part that was not understood, with where it begins.
    pub fn miss_at(&mut self, offset: u64, reason: impl Into<String>) {
        self.push(Gap { reason: reason.into(), offset: Some(offset) });
    }

    /// Adds the gaps of another part of the same asset.
    pub fn merge(&mut self, other: Self) {
        for gap in other.gaps {
            self.push(gap);
        }
    }

    /// Was everything understood?
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// The parts that were not.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    fn push(&mut self, gap: Gap) {
        if self.gaps.len() < Self::MOST && !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }
}
