//! Verifying a keyless bundle, without network.

use sigstore_types::{Bundle, Sha256Hash, SignatureContent};
use sigstore_verify::{CertificateError, Error, VerificationPolicy};

use super::TrustRoot;

/// Bundles are kilobytes; a manifest of very many files makes megabytes.
const LARGEST: usize = 64 << 20;
/// A signature is logged once, and stamped by one or two authorities. Each one costs a signature check.
const MOST_PROOFS: usize = 16;

/// Who must have signed. Both are compared as they are, without patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The subject alternative name of the certificate: an e-mail address, or the URI of a workflow.
    pub identity: String,
    /// The OpenID Connect issuer that vouched for it.
    pub issuer: String,
}

/// Why a bundle was not accepted. The names are those of failed verifications of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No keyless bundle, or one that cannot be read.
    Format,
    /// The signature, or what proves when it was made, does not fit.
    Signature,
    /// The certificate does not descend from a trusted authority, or was not valid at the time of signing.
    Chain,
    /// Somebody else signed.
    Identity,
}

impl Reason {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Signature => "signature",
            Self::Chain => "chain",
            Self::Identity => "identity",
        }
    }
}

/// A bundle that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejected {
    /// Why, as a word.
    pub reason: Reason,
    /// Why, as a sentence.
    pub message: String,
}

impl Rejected {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// Who signed, as the certificate says and the log proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeylessSigner {
    /// The subject alternative name of the certificate.
    pub identity: String,
    /// Who vouched for it.
    pub issuer: String,
    /// When it was signed, in seconds since 1970: the earliest time that a log or a timestamp authority proves.
    pub signed_at: Option<i64>,
}

/// An accepted bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Who signed.
    pub signer: KeylessSigner,
    /// The in-toto statement that was signed, as its bytes.
    pub payload: Vec<u8>,
}

/// Checks the certificate and its chain, its SCT, the identity, the log's proof and promise, timestamps, and the
/// signature over the envelope.
///
/// The statement inside is authentic afterwards; whether it describes the files at hand is the caller's to find out.
pub fn verify(bundle: &[u8], root: &TrustRoot, expected: &Expectation) -> Result<Verified, Rejected> {
    if expected.identity.is_empty() || expected.issuer.is_empty() {
        return Err(Rejected::new(Reason::Identity, "an empty identity or issuer matches nobody"));
    }
    let bundle = read(bundle)?;
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(Rejected::new(Reason::Format, "the bundle holds no DSSE envelope"));
    };
    let payload = envelope.payload.as_bytes().to_vec();
    let digest = subject(&payload)?;
    let policy = VerificationPolicy::new(expected.identity.as_str(), expected.issuer.as_str());
    let result = root.verifier.verify(digest, &bundle, &policy).map_err(|error| rejected(&error))?;
    let (Some(identity), Some(issuer)) = (result.identity(), result.issuer()) else {
        return Err(Rejected::new(Reason::Identity, "the certificate names no identity or issuer"));
    };
    // What the policy asked for is asked once more: a default that changes must not weaken the check.
    if !(result.certificate_verified() && result.sct_verified() && result.tlog_verified()) {
        return Err(Rejected::new(Reason::Chain, "the certificate or its log entry was not checked"));
    }
    let signed_at = result.verified_timestamps().iter().map(|time| time.as_second()).min();
    Ok(Verified {
        signer: KeylessSigner {
            identity: identity.as_str().to_owned(),
            issuer: issuer.to_owned(),
            signed_at,
        },
        payload,
    })
}

fn read(bundle: &[u8]) -> Result<Bundle, Rejected> {
    let format = |message: String| Rejected::new(Reason::Format, message);
    if bundle.len() > LARGEST {
        return Err(format(format!("the bundle has {} bytes, more than {LARGEST}", bundle.len())));
    }
    let text =
        std::str::from_utf8(bundle).map_err(|error| format(format!("the bundle is no text: {error}")))?;
    let bundle = Bundle::from_json(text)
        .map_err(|error| format(format!("the file is no keyless Sigstore bundle: {error}")))?;
    if bundle.signing_certificate().is_none() {
        return Err(format(
            "the bundle was signed with a key, not keyless; verify it with --key or --root".to_owned(),
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
fn subject(payload: &[u8]) -> Result<Sha256Hash, Rejected> {
    #[derive(serde::Deserialize)]
    struct Statement {
        subject: Vec<Subject>,
    }
    #[derive(serde::Deserialize)]
    struct Subject {
        digest: std::collections::BTreeMap<String, String>,
    }
    let format = |message: String| Rejected::new(Reason::Format, message);
    let statement: Statement = serde_json::from_slice(payload)
        .map_err(|error| format(format!("what was signed is no in-toto statement: {error}")))?;
    let digest = statement
        .subject
        .iter()
        .find_map(|subject| subject.digest.get("sha256"))
        .ok_or_else(|| format("the signed statement is about no SHA-256 digest".to_owned()))?;
    Sha256Hash::from_hex(digest).map_err(|error| format(format!("the subject's digest is none: {error}")))
}

fn rejected(error: &Error) -> Rejected {
    let reason = match error {
        Error::IdentityMismatch { .. } | Error::IssuerMismatch { .. } => Reason::Identity,
        Error::Certificate(CertificateError::Malformed(_))
        | Error::InvalidBundle(_)
        | Error::UnsupportedBundle(_)
        | Error::Bundle(_)
        | Error::Types(_) => Reason::Format,
        Error::Certificate(_) | Error::InvalidTrustRoot(_) | Error::TrustRoot(_) => Reason::Chain,
        // A missing or forged proof of time is as good as no signature.
        _ => Reason::Signature,
    };
    Rejected::new(reason, error.to_string())
}
