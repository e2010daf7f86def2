//! Attestations of models: making them, verifying them, and holding a model against a policy.
//!
//! An attestation is a Sigstore bundle whose DSSE envelope holds an in-toto statement about the model's root digest, so
//! that other tools read it too. They are kept beside the model, one on each line; bare DSSE envelopes that a key signed
//! are read as well. What may be believed is decided
//! in [`bartizan_provenance::attestation`]; here are the files, the scan and the clock.

mod attest;
mod document;
mod policy;
mod scan_report;
mod verify;

pub use attest::{AttestRequest, AttestationMade, Content, attest};
pub use bartizan_provenance::attestation::{Approval, Decision, Demand, Deny, Judgement, Kind, Predicate};
pub use policy::{DemandSources, Demands, verify_with_demands};
pub use verify::{AttestationReport, AttestationVerdict, VerifyAttestationRequest, verify_attestations};

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use bartizan_provenance::{
    attestation::{PolicyError, StatementError},
    oms::LARGEST_BUNDLE,
};

use crate::{
    EngineError,
    signing::{self, SigningError},
};

/// What ends `attest` and `verify-attestation`, and the policy part of `verify`.
#[derive(Debug, thiserror::Error)]
pub enum AttestationError {
    /// Arguments that make no sense together.
    #[error("{0}")]
    Usage(String),
    /// A predicate or statement that is not what it should be.
    #[error("{}: {source}", path.display())]
    Statement {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: StatementError,
    },
    /// A file that is no JSON.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A policy that cannot be used.
    #[error("{}: {source}", path.display())]
    Policy {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: PolicyError,
    },
    /// The model or a key cannot be read.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The model cannot be scanned.
    #[error(transparent)]
    Scan(#[from] EngineError),
    /// The model changed between its digest and its scan.
    #[error("{} changed while it was scanned; attest it when nothing writes to it", .0.display())]
    Changed(PathBuf),
}

impl AttestationError {
    /// The exit code of a command that ends with this error.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Signing(error) => error.exit_code(),
            Self::Changed(_) => 3,
            _ => 2,
        }
    }
}

/// Where a model's attestations are kept unless told otherwise: beside it, one bundle on each line.
///
/// # Errors
/// When the model has no name.
pub fn store(model: &Path) -> Result<PathBuf, SigningError> {
    signing::beside(model, "attestations.jsonl")
}

/// The attestations that are kept beside a model, if there are any.
pub fn kept(model: &Path) -> Option<PathBuf> {
    // Not through a pipe that somebody left there, which would never end.
    store(model).ok().filter(|file| file.is_file())
}

/// The JSON schema of what `verify-attestation --format json` prints.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(AttestationReport)
}

/// A time as attestations write it (RFC 3339, to the second); `None` when it is beyond the calendar.
pub fn time(time: std::time::SystemTime) -> Option<String> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?.to_string())
}

/// Seconds since 1970.
fn now() -> i64 {
    i64::try_from(UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

/// A file of at most as many bytes as a bundle may have, and one more, so that its reader sees that there are more.
fn read(path: &Path) -> Result<Vec<u8>, AttestationError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => AttestationError::Usage(format!("no such file: {}", path.display())),
        _ => SigningError::Read { path: path.to_owned(), reason: error.to_string() }.into(),
    };
    let mut bytes = Vec::new();
    let cap = (LARGEST_BUNDLE as u64).saturating_add(1);
    File::open(path).map_err(failed)?.take(cap).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
