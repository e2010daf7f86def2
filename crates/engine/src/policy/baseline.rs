//! Findings that were there before: a file of fingerprints.

use std::{collections::BTreeMap, fs, io::Write as _, path::Path};

use serde::{Deserialize, Serialize};

use crate::{EngineError, draft, report::Report};

/// Findings that a scan knew already, by fingerprint. They are listed, but do not count.
///
/// The rule, path and message of each are there for people and for reviews of the file; only the fingerprint decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Version of this format: 1.
    pub version: u32,
    /// The findings.
    pub findings: BTreeMap<String, Known>,
}

/// One known finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Id of its rule.
    pub rule: String,
    /// Path of its asset.
    pub path: String,
    /// What it said.
    pub message: String,
}

/// The only version there is.
const VERSION: u32 = 1;

impl Baseline {
    /// The baseline that covers every finding of a report which counts now. Gaps are left out: a file that cannot be
    /// read now may hold anything when it can.
    pub fn of(report: &Report) -> Self {
        let findings = report
            .findings
            .iter()
            .filter(|finding| finding.suppressed.as_deref().is_none_or(|reason| reason == Self::REASON))
            .filter(|finding| finding.rule != crate::rules::INCOMPLETE.id)
            // What is undecided today may fail tomorrow, under the same fingerprint.
            .filter(|finding| finding.state != Some(bartizan_core::State::Unknown))
            .map(|finding| {
                let known = Known {
                    rule: finding.rule.to_owned(),
                    path: finding.path.clone(),
                    message: finding.message.clone(),
                };
                (finding.fingerprint.as_str().to_owned(), known)
            })
            .collect();
        Self { version: VERSION, findings }
    }

    /// Why a finding that it covers does not count.
    pub(crate) const REASON: &'static str = "it is in the baseline";

    /// Reads a baseline.
    ///
    /// # Errors
    /// When the file cannot be read or is no baseline.
    pub fn read(path: &Path) -> Result<Self, EngineError> {
        let text = fs::read_to_string(path).map_err(|error| failed(path, &error))?;
        let baseline: Self = serde_json::from_str(&text).map_err(|error| failed(path, &error))?;
        if baseline.version == VERSION {
            Ok(baseline)
        } else {
            let reason = format!("version {} is not known, only {VERSION} is", baseline.version);
            Err(failed(path, &reason))
        }
    }

    /// Writes the baseline: all of it, or nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), EngineError> {
        let mut text = serde_json::to_string_pretty(self).map_err(|error| failed(path, &error))?;
        text.push('\n');
        let mut file = draft(path).map_err(|error| failed(path, &error))?;
        file.write_all(text.as_bytes()).map_err(|error| failed(path, &error))?;
        file.persist(path).map_err(|error| failed(path, &error.error))?;
        Ok(())
    }
}

fn failed(path: &Path, reason: &dyn std::fmt::Display) -> EngineError {
    EngineError::Baseline { path: path.to_owned(), reason: reason.to_string() }
}
