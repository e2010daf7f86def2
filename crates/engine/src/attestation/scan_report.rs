//! The report of an earlier scan as a predicate.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::UNIX_EPOCH};

use bartizan_core::Verdict;
use bartizan_provenance::attestation::{FindingCounts, ScanSummary, ToolName};
use serde::Deserialize;
use serde_json::Value;

use super::{AttestRequest, AttestationError, now};
use crate::{Progress, report::SCHEMA, signing};

/// What of a report is needed here; other fields may come.
#[derive(Deserialize)]
struct Written {
    tool: WrittenTool,
    verdict: Verdict,
    assets: Vec<WrittenAsset>,
    summary: WrittenSummary,
}

#[derive(Deserialize)]
struct WrittenTool {
    name: String,
    version: String,
    rules_version: String,
}

#[derive(Deserialize)]
struct WrittenAsset {
    sha256: Option<String>,
}

#[derive(Deserialize)]
struct WrittenSummary {
    findings: FindingCounts,
}

/// Is it what `scan --format json` writes?
pub(super) fn is_report(value: &Value) -> bool {
    value.get("schema").and_then(Value::as_str) == Some(SCHEMA)
}

/// Sums up a report that covers every file of the model as it is now. The scan is dated by the report's file, because
/// reports carry no time.
pub(super) fn summary(
    report: &Value,
    path: &Path,
    request: &AttestRequest,
    progress: &dyn Progress,
) -> Result<ScanSummary, AttestationError> {
    let malformed = |reason: String| AttestationError::Malformed { path: path.to_owned(), reason };
    let Written { tool, verdict, assets, summary } =
        Written::deserialize(report).map_err(|error| malformed(error.to_string()))?;
    let known: BTreeSet<String> = assets.into_iter().filter_map(|asset| asset.sha256).collect();
    if known.is_empty() {
        return Err(malformed("the report has no digests; scan without --no-digest".to_owned()));
    }
    let hashing = &request.hashing;
    let mut ignore = hashing.ignore.clone();
    if !hashing.git_paths {
        ignore.extend(bartizan_provenance::oms::GIT_PATHS.map(Into::into));
    }
    let model = signing::whole_file_digests(
        &request.model,
        ignore,
        hashing.allow_symlinks,
        Arc::clone(&hashing.cancel),
        progress,
    )?;
    if let Some((_, name)) = model.iter().find(|(digest, _)| !known.contains(*digest)) {
        return Err(malformed(format!(
            "the report is not about this model as it is now: it does not cover {name}; scan again with --no-ignore"
        )));
    }
    let written = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let written = written.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let seconds = written.and_then(|time| i64::try_from(time.as_secs()).ok()).unwrap_or_default().min(now());
    let scanned_at = jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string();
    let WrittenTool { name, version, rules_version } = tool;
    Ok(ScanSummary {
        verdict,
        rules_version,
        scanned_at,
        findings: summary.findings,
        tool: ToolName { name, version },
    })
}
