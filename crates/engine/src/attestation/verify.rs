//! Verifying attestations without a policy: who says what about this model?

use std::path::PathBuf;

use bartizan_provenance::{
    attestation::{Deny, Kind, Predicate, Statement},
    oms::{Note, Problem, Reason, Signer, Status, Warning},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{
    AttestationError,
    document::{Entry, entries},
    now, read,
};
use crate::{
    Progress,
    signing::{self, Hashing, Trusted},
};

/// Seconds by which clocks may differ before a time counts as lying in the future.
const DRIFT: i64 = 300;

/// What to verify.
#[derive(Debug)]
pub struct VerifyAttestationRequest {
    /// The model.
    pub model: PathBuf,
    /// Files of attestations.
    pub attestations: Vec<PathBuf>,
    /// Those of this kind alone; of all kinds when absent.
    pub kind: Option<Kind>,
    /// Who may have signed.
    pub trust: Trusted,
    /// What is revoked.
    pub deny: Deny,
    /// How the model's root digest is made.
    pub hashing: Hashing,
}

/// What was found out about all attestations.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AttestationReport {
    /// Verified when each file holds at least one attestation that is.
    pub status: Status,
    /// The model's identity.
    pub root_digest: String,
    /// One answer for each attestation of the kind that was asked for, or of no known one.
    pub attestations: Vec<AttestationVerdict>,
    /// Files in which no attestation is verified.
    pub missing: Vec<String>,
}

/// What was found out about one attestation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AttestationVerdict {
    /// Which file.
    pub file: String,
    /// Which line of it, from 1, when the file holds one attestation on each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
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

/// Is every attestation by the expected signer, about this model, and what its type says? What others added to a file
/// does no harm, as long as one attestation of it holds.
///
/// # Errors
/// When the model or a file of attestations cannot be read at all.
pub fn verify_attestations(
    request: &VerifyAttestationRequest,
    progress: &dyn Progress,
) -> Result<AttestationReport, AttestationError> {
    let files = request
        .attestations
        .iter()
        .map(|path| Ok((path.display().to_string(), read(path)?)))
        .collect::<Result<Vec<_>, AttestationError>>()?;
    let root_digest = signing::digest(&request.model, &request.hashing, progress)?;
    let mut attestations = Vec::new();
    let mut missing = Vec::new();
    for (file, bytes) in files {
        let all = entries(&bytes).unwrap_or_else(|problem| vec![Entry { line: None, bundles: Err(problem) }]);
        let verdicts: Vec<_> = all
            .into_iter()
            .map(|entry| verdict(&file, entry, request, &root_digest))
            .filter(|one| is_asked_for(one, request.kind))
            .collect();
        if !verdicts.iter().any(|one| one.status == Status::Verified) {
            missing.push(file);
        }
        attestations.extend(verdicts);
    }
    let is_verified = missing.is_empty() && !attestations.is_empty();
    let status = if is_verified { Status::Verified } else { Status::Failed };
    Ok(AttestationReport { status, root_digest, attestations, missing })
}

/// What could not be read may be what is asked for.
fn is_asked_for(one: &AttestationVerdict, kind: Option<Kind>) -> bool {
    kind.is_none() || one.kind == kind || (one.kind.is_none() && one.status == Status::Failed)
}

fn verdict(
    file: &str,
    entry: Entry,
    request: &VerifyAttestationRequest,
    root_digest: &str,
) -> AttestationVerdict {
    let mut verdict = AttestationVerdict {
        file: file.to_owned(),
        line: entry.line,
        status: Status::Failed,
        reason: None,
        problem: None,
        signer: None,
        kind: None,
        predicate_type: None,
        predicate: None,
        notes: Vec::new(),
    };
    match fill(&mut verdict, entry.bundles, request, root_digest) {
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
    bundles: Result<Vec<Vec<u8>>, Problem>,
    request: &VerifyAttestationRequest,
    root_digest: &str,
) -> Result<(), Problem> {
    let now = u64::try_from(now()).unwrap_or_default();
    let mut problem = None;
    for bundle in bundles? {
        match request.trust.authenticate(&bundle, now) {
            Ok((authenticated, payload)) => {
                verdict.notes = authenticated.notes;
                // Envelopes do not name their keys by digest; that is no weakness of theirs.
                verdict.notes.retain(|note| note.warning != Warning::HintAbsent);
                let denied = request.deny.signer(&authenticated.signer);
                verdict.signer = Some(authenticated.signer);
                let denied = denied.or_else(|| request.deny.model(root_digest));
                denied.map_or(Ok(()), |reason| Err(Problem::new(Reason::Revoked, reason)))?;
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
    let subjects: Vec<_> = statement
        .subject
        .iter()
        .take(3)
        .filter_map(|subject| subject.digest.get("sha256").cloned())
        .collect();
    let is_about = statement.is_about(root_digest);
    // A predicate of a known kind was checked when the statement was read.
    let dated = statement.kind().and_then(|kind| Predicate::read(kind, &statement.predicate).ok()?.time());
    verdict.predicate = Some(statement.predicate);
    if dated.is_some_and(|time| time > now().saturating_add(DRIFT)) {
        return Err(Problem::new(Reason::Inconsistent, "the attestation is dated in the future"));
    }
    if is_about {
        return Ok(());
    }
    let detail = "the attestation is about another model, or this model was changed since";
    Err(Problem::new(Reason::Inconsistent, detail).between(subjects.join(", "), root_digest))
}
