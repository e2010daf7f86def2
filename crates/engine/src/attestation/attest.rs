//! Making an attestation.

use std::path::PathBuf;

use bartizan_provenance::{
    attestation::{FindingCounts, Kind, LARGEST_STATEMENT, ScanSummary, Statement, ToolName},
    dsse,
};
use serde_json::Value;

use super::{AttestationError, read};
use crate::{
    Progress, ScanRequest, Target,
    report::Report,
    scan,
    signing::{self, Credential, Hashing},
};

/// What to attest.
#[derive(Debug)]
pub struct AttestRequest {
    /// The model.
    pub asset: PathBuf,
    /// What kind of thing is said.
    pub kind: Kind,
    /// What is said.
    pub content: Content,
    /// How the model's root digest is made.
    pub hashing: Hashing,
    /// Who says it.
    pub credential: Credential,
}

/// Where the predicate comes from.
#[derive(Debug)]
pub enum Content {
    /// A JSON file.
    File(PathBuf),
    /// A scan of the model, made now.
    Scan,
}

/// An attestation.
#[derive(Debug)]
pub struct Attested {
    /// The bundle, one line of JSON.
    pub bundle: String,
    /// The model that it is about.
    pub root_digest: String,
    /// The type of its predicate.
    pub predicate_type: String,
}

/// Signs a statement about a model.
///
/// # Errors
/// When the model or the predicate cannot be read, the predicate is not what its kind demands, the model changes while it
/// is scanned, or the signer cannot sign.
pub fn attest(request: &AttestRequest, progress: &dyn Progress) -> Result<Attested, AttestationError> {
    let root_digest = signing::digest(&request.asset, &request.hashing, progress)?;
    let (path, predicate) = match &request.content {
        Content::File(path) => (path, predicate(path)?),
        Content::Scan => (&request.asset, scanned(request, &root_digest, progress)?),
    };
    let name = request.asset.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let statement = Statement::about(&name, &root_digest, request.kind, predicate)
        .map_err(|source| AttestationError::Statement { path: path.clone(), source })?;
    let bytes = statement
        .to_json()
        .map_err(|error| AttestationError::Malformed { path: path.clone(), reason: error.to_string() })?;
    let bundle = request.credential.seal(bytes)?;
    Ok(Attested { bundle, root_digest, predicate_type: statement.predicate_type })
}

fn predicate(path: &PathBuf) -> Result<Value, AttestationError> {
    dsse::parse(&read(path)?, LARGEST_STATEMENT)
        .map_err(|error| AttestationError::Malformed { path: path.clone(), reason: error.to_string() })
}

/// A scan of the model as it was digested, summed up. What `.gitignore` hides is scanned like all else: it is digested,
/// too.
fn scanned(request: &AttestRequest, root_digest: &str, progress: &dyn Progress) -> Result<Value, AttestationError> {
    let mut scan_request = ScanRequest::new(vec![Target::Path(request.asset.clone())]);
    scan_request.no_ignore = true;
    scan_request.digests = false;
    scan_request.cancel = std::sync::Arc::clone(&request.hashing.cancel);
    let report = scan(&scan_request, progress)?;
    if request.hashing.cancel.load(std::sync::atomic::Ordering::Relaxed) {
        return Err(signing::SigningError::Interrupted.into());
    }
    if signing::digest(&request.asset, &request.hashing, progress)? != root_digest {
        return Err(AttestationError::Changed(request.asset.clone()));
    }
    let now = jiff::Timestamp::from_second(super::verify::now()).unwrap_or_default();
    serde_json::to_value(summary(&report, now.to_string())).map_err(|error| AttestationError::Malformed {
        path: request.asset.clone(),
        reason: error.to_string(),
    })
}

fn summary(report: &Report, scanned_at: String) -> ScanSummary {
    let found = &report.summary.findings;
    ScanSummary {
        verdict: report.verdict,
        rules_version: report.tool.rules_version.to_owned(),
        scanned_at,
        findings: FindingCounts {
            critical: found.critical,
            high: found.high,
            medium: found.medium,
            low: found.low,
            info: found.info,
        },
        tool: ToolName { name: report.tool.name.to_owned(), version: report.tool.version.to_owned() },
    }
}
