//! Verifying a keyless bundle, without network.

use bartizan_provenance::{
    attestation::Expected,
    dsse::{DEEPEST, IN_TOTO, nesting},
    oms::{LARGEST_BUNDLE, Problem, Reason, Signer, SignerKind},
};
use sigstore_types::{Bundle, Sha256Hash, SignatureContent};
use sigstore_verify::{CertificateError, Error, VerificationPolicy};

use super::TrustRoot;

/// A signature is logged once, and stamped by one or two authorities. Each one costs a signature check.
const MOST_PROOFS: usize = 16;

/// Who must have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The subject alternative name of the certificate: an e-mail address, or the URI of a workflow.
    pub identity: Expected,
    /// The OpenID Connect issuer that vouched for it.
    pub issuer: Expected,
}

/// An accepted bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Who signed, as the certificate says and the log proves.
    pub signer: Signer,
    /// The in-toto statement that was signed, as its bytes.
    pub payload: Vec<u8>,
}

/// Checks the certificate and its chain, its SCT, the identity, the log's proof and promise, timestamps, and the
/// signature over the envelope.
///
/// The statement inside is authentic afterwards; whether it describes the files at hand is the caller's to find out.
///
/// # Errors
/// A problem of kind [`Reason::Format`], [`Reason::Signature`], [`Reason::Chain`] or [`Reason::Identity`].
pub fn verify(bundle: &[u8], root: &TrustRoot, expected: &Expectation) -> Result<Verified, Problem> {
    let bundle = read(bundle)?;
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(Problem::new(Reason::Format, "the bundle holds no DSSE envelope"));
    };
    if envelope.payload_type != IN_TOTO {
        let detail = "what was signed is no in-toto statement";
        return Err(Problem::new(Reason::Signature, detail).between(IN_TOTO, &envelope.payload_type));
    }
    let payload = envelope.payload.as_bytes().to_vec();
    let digest = subject(&payload)?;
    // Who signed is compared below, because the library knows no patterns.
    let policy = VerificationPolicy::any_identity();
    let result = root.verifier.verify(digest, &bundle, &policy).map_err(|error| rejected(&error))?;
    // What the policy asked for is asked once more: a default that changes must not weaken the check.
    if !(result.certificate_verified() && result.sct_verified() && result.tlog_verified()) {
        return Err(Problem::new(Reason::Chain, "the certificate or its log entry was not checked"));
    }
    let (Some(identity), Some(issuer)) = (result.identity(), result.issuer()) else {
        return Err(Problem::new(Reason::Identity, "the certificate names no identity or issuer"));
    };
    let identity = identity.as_str();
    if !(expected.identity.accepts(identity) && expected.issuer.accepts(issuer)) {
        return Err(Problem::new(Reason::Identity, "someone else signed than the one who was expected")
            .between(
                format!("{}, as {} says", expected.identity, expected.issuer),
                format!("{identity}, as {issuer} says"),
            ));
    }
    let signed_at = result.verified_timestamps().iter().min().map(ToString::to_string);
    let signer = Signer {
        kind: SignerKind::Keyless,
        key_sha256: None,
        subject: None,
        identity: Some(identity.to_owned()),
        issuer: Some(issuer.to_owned()),
        signed_at,
    };
    Ok(Verified { signer, payload })
}

fn read(bundle: &[u8]) -> Result<Bundle, Problem> {
    let format = |message: String| Problem::new(Reason::Format, message);
    if bundle.len() > LARGEST_BUNDLE {
        return Err(format(format!("the bundle has {} bytes, more than {LARGEST_BUNDLE}", bundle.len())));
    }
    if nesting(bundle) > DEEPEST {
        return Err(format(format!("the bundle is nested more than {DEEPEST} levels deep")));
    }
    let text =
        std::str::from_utf8(bundle).map_err(|error| format(format!("the bundle is no text: {error}")))?;
    let bundle = Bundle::from_json(text)
        .map_err(|error| format(format!("the file is no keyless Sigstore bundle: {error}")))?;
    if bundle.signing_certificate().is_none() {
        return Err(Problem::new(
            Reason::Identity,
            "the model was signed with a key, not keyless; verify it with its public key (--key)",
        ));
    }
    let material = &bundle.verification_material;
    let proofs =
        material.tlog_entries.len().max(material.timestamp_verification_data.rfc3161_timestamps.len());
    if proofs > MOST_PROOFS {
        return Err(format(format!(
            "the bundle has {proofs} log entries or timestamps, more than {MOST_PROOFS}"
        )));
    }
    Ok(bundle)
}

/// The first digest that the statement is about; the library binds the bundle to it.
fn subject(payload: &[u8]) -> Result<Sha256Hash, Problem> {
    #[derive(serde::Deserialize)]
    struct Statement {
        subject: Vec<Subject>,
    }
    #[derive(serde::Deserialize)]
    struct Subject {
        digest: std::collections::BTreeMap<String, String>,
    }
    let format = |message: String| Problem::new(Reason::Format, message);
    let statement: Statement = serde_json::from_slice(payload)
        .map_err(|error| format(format!("what was signed is no in-toto statement: {error}")))?;
    let digest = statement
        .subject
        .iter()
        .find_map(|subject| subject.digest.get("sha256"))
        .ok_or_else(|| format("the signed statement is about no SHA-256 digest".to_owned()))?;
    Sha256Hash::from_hex(digest).map_err(|error| format(format!("the subject's digest is none: {error}")))
}

fn rejected(error: &Error) -> Problem {
    let reason = match error {
        Error::Certificate(CertificateError::Malformed(_))
        | Error::InvalidBundle(_)
        | Error::UnsupportedBundle(_)
        | Error::Bundle(_)
        | Error::Types(_) => Reason::Format,
        Error::Certificate(_) | Error::InvalidTrustRoot(_) | Error::TrustRoot(_) => Reason::Chain,
        // A missing or forged proof of time is as good as no signature.
        _ => Reason::Signature,
    };
    Problem::new(reason, error.to_string())
}
