//! Attestations of models: making them, verifying them, and holding a model against a policy.
//!
//! An attestation is a Sigstore bundle whose DSSE envelope holds an in-toto statement about the model's root digest, so
//! that other tools read it too; a bare DSSE envelope that a key signed is read as well. What may be believed is decided
//! in [`bartizan_provenance::attestation`]; here are the files, the scan and the clock.

mod attest;
mod document;
mod policy;
mod verify;

pub use attest::{AttestRequest, Attested, Content, attest};
pub use bartizan_provenance::attestation::{Judgement, Kind, Unmet};
pub use policy::{Demands, PolicyRequest, enforce};
pub use verify::{AttestationReport, AttestationVerdict, VerifyAttestationRequest, verify_attestations};

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use bartizan_provenance::{
    attestation::{LARGEST_STATEMENT, PolicyError, StatementError},
    keys::KeyError,
};

use crate::{EngineError, signing::SigningError};

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
    /// The key cannot sign.
    #[error("cannot sign: {0}")]
    Key(#[from] KeyError),
    /// The model or a key cannot be read.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The model cannot be scanned.
    #[error(transparent)]
    Scan(#[from] EngineError),
    /// The model changed between its digest and its scan.
    #[error("{} changed while it was scanned; attest it when nothing writes to it", .0.display())]
    Changed(PathBuf),
    /// Keyless signing failed.
    #[cfg(feature = "keyless")]
    #[error(transparent)]
    Keyless(#[from] crate::keyless::SignError),
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

/// A file of at most as many bytes as a statement in base64 may have, and one more.
fn read(path: &Path) -> Result<Vec<u8>, AttestationError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => AttestationError::Usage(format!("no such file: {}", path.display())),
        _ => SigningError::Read { path: path.to_owned(), reason: error.to_string() }.into(),
    };
    let mut bytes = Vec::new();
    let cap = (LARGEST_STATEMENT as u64).saturating_add(1);
    File::open(path).map_err(failed)?.take(cap).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
