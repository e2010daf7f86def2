//! Making an attestation.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use bartizan_provenance::{
    attestation::{
        Approval, FindingCounts, Kind, LARGEST_STATEMENT, ScanSummary, Statement, StatementError, ToolName,
    },
    dsse,
    oms::LARGEST_BUNDLE,
};
use serde_json::Value;

use super::{AttestationError, document, now, read, scan_report};
use crate::{
    Progress, ScanRequest, Target, draft,
    report::Report,
    scan,
    signing::{self, Credential, Hashing, SigningError},
};

/// What to attest.
#[derive(Debug)]
pub struct AttestRequest {
    /// The model.
    pub model: PathBuf,
    /// What is said.
    pub content: Content,
    /// How the model's root digest is made.
    pub hashing: Hashing,
    /// Who says it.
    pub credential: Credential,
    /// A file for this attestation alone. It is added to those [beside the model](super::store) when absent.
    pub output: Option<PathBuf>,
}

/// What is said.
#[derive(Debug)]
pub enum Content {
    /// What a JSON file says; for scans the report of one, too.
    File(Kind, PathBuf),
    /// What a scan of the model finds, made now.
    Scan,
    /// That somebody decided about it.
    Approval(Approval),
}

impl Content {
    /// What kind of thing is said.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::File(kind, _) => *kind,
            Self::Scan => Kind::Scan,
            Self::Approval(_) => Kind::Approval,
        }
    }
}

/// An attestation that was made.
#[derive(Debug)]
pub struct AttestationMade {
    /// Where it is.
    pub file: PathBuf,
    /// Attestations that the file holds now.
    pub count: usize,
    /// The model that it is about.
    pub root_digest: String,
    /// What was said.
    pub statement: Statement,
}

/// Signs a statement about a model, and keeps it.
///
/// # Errors
/// When the model or the predicate cannot be read, the predicate is not what its kind demands, the model changes while it
/// is scanned, the signer cannot sign, or the file cannot be written.
pub fn attest(request: &AttestRequest, progress: &dyn Progress) -> Result<AttestationMade, AttestationError> {
    refuse_inside(request)?;
    let root_digest = signing::digest(&request.model, &request.hashing, progress)?;
    let (path, predicate) = match &request.content {
        Content::File(kind, path) => (path, from_file(request, *kind, path, progress)?),
        Content::Scan => (&request.model, scanned(request, &root_digest, progress)?),
        Content::Approval(approval) => (&request.model, value(approval, &request.model)?),
    };
    let refused = |source: StatementError| AttestationError::Statement { path: path.clone(), source };
    let name = signing::name(&request.model)?;
    let statement =
        Statement::about(&name, &root_digest, request.content.kind(), predicate).map_err(refused)?;
    let bytes = statement.to_json().map_err(|error| malformed(path, &error))?;
    let bundle = request.credential.seal(bytes)?;
    let (file, count) = match &request.output {
        Some(file) => (file.clone(), 1),
        None => {
            let file = super::store(&request.model)?;
            let before = existing(&file)?;
            let count = before.lines().count().saturating_add(1);
            write(&file, &format!("{before}{bundle}\n"))?;
            return Ok(AttestationMade { file, count, root_digest, statement });
        }
    };
    write(&file, &format!("{bundle}\n"))?;
    Ok(AttestationMade { file, count, root_digest, statement })
}

/// A file that appears in the model makes it another one.
fn refuse_inside(request: &AttestRequest) -> Result<(), AttestationError> {
    let Some(file) = request.output.as_ref().filter(|_| request.model.is_dir()) else { return Ok(()) };
    if signing::inside(&request.model, file).is_none() {
        return Ok(());
    }
    Err(AttestationError::Usage(format!(
        "{} would lie in the model, which would no longer be what was attested; choose a place beside it",
        file.display()
    )))
}

fn malformed(path: &Path, error: &dyn std::fmt::Display) -> AttestationError {
    AttestationError::Malformed { path: path.to_owned(), reason: error.to_string() }
}

fn value(said: &impl serde::Serialize, path: &Path) -> Result<Value, AttestationError> {
    serde_json::to_value(said).map_err(|error| malformed(path, &error))
}

fn from_file(
    request: &AttestRequest,
    kind: Kind,
    path: &Path,
    progress: &dyn Progress,
) -> Result<Value, AttestationError> {
    let predicate =
        dsse::parse_value(&read(path)?, LARGEST_STATEMENT).map_err(|error| malformed(path, &error))?;
    if kind == Kind::Scan && scan_report::is_report(&predicate) {
        let summary = scan_report::summary(&predicate, path, request, progress)?;
        return value(&summary, path);
    }
    Ok(predicate)
}

/// The attestations that a model has, one on each line.
fn existing(file: &Path) -> Result<String, AttestationError> {
    let mut text = match std::fs::metadata(file) {
        Ok(metadata) if !metadata.is_file() => return Err(malformed(file, &"it is no file")),
        Ok(_) => String::from_utf8(read(file)?).map_err(|error| malformed(file, &error))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => {
            return Err(SigningError::Read { path: file.to_owned(), reason: error.to_string() }.into());
        }
    };
    let is_full = text.len() > LARGEST_BUNDLE || text.lines().count() >= document::MOST_ATTESTATIONS;
    if is_full {
        return Err(AttestationError::Usage(format!(
            "{} is full; remove attestations that are out of date, or name another file with --output",
            file.display()
        )));
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// Whole or not at all: what others attested must not be lost.
fn write(file: &Path, text: &str) -> Result<(), AttestationError> {
    let unwritable =
        |error: std::io::Error| SigningError::Write { path: file.to_owned(), reason: error.to_string() };
    if text.len() > LARGEST_BUNDLE {
        return Err(AttestationError::Usage(format!(
            "{} would be larger than {LARGEST_BUNDLE} bytes, and nobody would read it",
            file.display()
        )));
    }
    let mut draft = draft(file).map_err(unwritable)?;
    draft.write_all(text.as_bytes()).map_err(unwritable)?;
    draft.persist(file).map_err(|error| unwritable(error.error))?;
    Ok(())
}

/// A scan of the model as it was digested, summed up. What `.gitignore` hides is scanned like all else, since it is
/// digested, too; a manifest in the model has no say.
fn scanned(
    request: &AttestRequest,
    root_digest: &str,
    progress: &dyn Progress,
) -> Result<Value, AttestationError> {
    let mut scan_request = ScanRequest::new(vec![Target::Path(request.model.clone())]);
    scan_request.no_ignore = true;
    scan_request.digests = false;
    scan_request.cancel = Arc::clone(&request.hashing.cancel);
    let report = scan(&scan_request, progress)?;
    if request.hashing.cancel.load(Ordering::Relaxed) {
        return Err(SigningError::Interrupted.into());
    }
    if signing::digest(&request.model, &request.hashing, progress)? != root_digest {
        return Err(AttestationError::Changed(request.model.clone()));
    }
    let now = jiff::Timestamp::from_second(now()).unwrap_or_default();
    value(&summary(&report, now.to_string()), &request.model)
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
