//! Verifying attestations without a policy: who says what about this model?

use std::{path::PathBuf, time::UNIX_EPOCH};

use bartizan_provenance::{
    attestation::{Kind, Predicate, Statement},
    oms::{Note, Problem, Reason, Signer, Status},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{AttestationError, document::bundles, read};
use crate::{
    Progress,
    signing::{self, Hashing, Trusted},
};

/// What to verify.
#[derive(Debug)]
pub struct VerifyAttestationRequest {
    /// The model.
    pub asset: PathBuf,
    /// Files of attestations.
    pub attestations: Vec<PathBuf>,
    /// Who may have signed.
    pub trust: Trusted,
    /// How the model's root digest is made.
    pub hashing: Hashing,
}

/// What was found out about all attestations.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AttestationReport {
    /// Verified when all of them are.
    pub status: Status,
    /// The model's identity.
    pub root_digest: String,
    /// One answer for each file.
    pub attestations: Vec<AttestationVerdict>,
}

/// What was found out about one attestation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AttestationVerdict {
    /// Which file.
    pub file: String,
    /// By the expected signer, and about this model?
    pub status: Status,
    /// Why not.
    pub reason: Option<Reason>,
    /// Why not, in words.
    pub problem: Option<Problem>,
    /// Who signed. Absent when that could not be established.
    pub signer: Option<Signer>,
    /// Its kind, when it is one that is known.
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
    /// The type of its predicate.
    pub predicate_type: Option<String>,
    /// What it says.
    pub predicate: Option<Value>,
    /// What to know although it is not wrong.
    pub notes: Vec<Note>,
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    i64::try_from(UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

/// Is every attestation by the expected signer, about this model, and what its type says?
///
/// # Errors
/// When the model or an attestation cannot be read at all.
pub fn verify_attestations(
    request: &VerifyAttestationRequest,
    progress: &dyn Progress,
) -> Result<AttestationReport, AttestationError> {
    let files = request
        .attestations
        .iter()
        .map(|path| Ok((path.display().to_string(), read(path)?)))
        .collect::<Result<Vec<_>, AttestationError>>()?;
    let root_digest = signing::digest(&request.asset, &request.hashing, progress)?;
    let attestations: Vec<_> =
        files.iter().map(|(file, bytes)| verdict(file, bytes, &request.trust, &root_digest)).collect();
    let all = attestations.iter().all(|one| one.status == Status::Verified);
    let status = if all { Status::Verified } else { Status::Failed };
    Ok(AttestationReport { status, root_digest, attestations })
}

fn verdict(file: &str, bytes: &[u8], trust: &Trusted, root_digest: &str) -> AttestationVerdict {
    let mut verdict = AttestationVerdict {
        file: file.to_owned(),
        status: Status::Failed,
        reason: None,
        problem: None,
        signer: None,
        kind: None,
        predicate_type: None,
        predicate: None,
        notes: Vec::new(),
    };
    match fill(&mut verdict, bytes, trust, root_digest) {
        Ok(()) => verdict.status = Status::Verified,
        Err(problem) => {
            verdict.reason = Some(problem.kind);
            verdict.problem = Some(problem);
        }
    }
    verdict
}

fn fill(
    verdict: &mut AttestationVerdict,
    bytes: &[u8],
    trust: &Trusted,
    root_digest: &str,
) -> Result<(), Problem> {
    let now = u64::try_from(now()).unwrap_or_default();
    let mut problem = None;
    for bundle in bundles(bytes)? {
        match trust.authenticate(&bundle, now) {
            Ok((authenticated, payload)) => {
                verdict.signer = Some(authenticated.signer);
                verdict.notes = authenticated.notes;
                return describe(verdict, &payload, root_digest);
            }
            // The first signature's problem is as good as any other.
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    Err(problem.unwrap_or_else(|| Problem::new(Reason::Format, "the attestation has no signature")))
}

fn describe(verdict: &mut AttestationVerdict, payload: &[u8], root_digest: &str) -> Result<(), Problem> {
    let statement = Statement::parse(payload)
        .map_err(|error| Problem::new(Reason::Format, format!("what was signed cannot be used: {error}")))?;
    verdict.kind = statement.kind();
    verdict.predicate_type = Some(statement.predicate_type.clone());
    let subjects: Vec<_> =
        statement.subject.iter().take(3).filter_map(|subject| subject.digest.get("sha256").cloned()).collect();
    let is_about = statement.is_about(root_digest);
    // A predicate of a known kind was checked when the statement was read.
    let dated = statement.kind().and_then(|kind| Predicate::read(kind, &statement.predicate).ok()?.time());
    verdict.predicate = Some(statement.predicate);
    if dated.is_some_and(|time| time > now().saturating_add(300)) {
        return Err(Problem::new(Reason::Inconsistent, "the attestation is dated in the future"));
    }
    if is_about {
        return Ok(());
    }
    Err(Problem::new(
        Reason::Inconsistent,
        "the attestation is about another model, or this model was changed since",
    )
    .between(root_digest, subjects.join(", ")))
}
