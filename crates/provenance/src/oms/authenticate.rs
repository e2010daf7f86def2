//! Who signed a bundle, and whether that is who should have.

use super::{
    bundle::{Bundle, KeyMaterial, Material},
    verdict::{Note, Problem, Reason, Signer, SignerKind, Warning},
};
use crate::{
    certificates::{Certificate, chain},
    dsse::IN_TOTO,
    keys::{Hash, KeyError, PublicKey},
};

/// Certificates that one bundle may carry.
const MOST_CERTIFICATES: usize = 32;

/// Who may have signed.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The owner of this key.
    Key(PublicKey),
    /// Whoever has a certificate under one of these roots.
    Roots(Vec<Certificate>),
}

/// Who did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// The signer.
    pub signer: Signer,
    /// What to know of the signature.
    pub notes: Vec<Note>,
}

/// Checks the signature of a bundle that a key or a certificate made. `now` is in seconds since 1970; certificates are
/// checked as of the beginning of the signer's validity, and an expired one is noted.
///
/// # Errors
/// A problem of kind [`Reason::Key`], [`Reason::Chain`], [`Reason::Usage`], [`Reason::Signature`] or [`Reason::Format`].
pub fn authenticate(bundle: &Bundle, trust: &Trust, now: u64) -> Result<Authenticated, Problem> {
    let authenticated = match (&bundle.material, trust) {
        (Material::Key(material), Trust::Key(key)) => by_key(bundle, material, key)?,
        (Material::Certificates(certificates), Trust::Roots(roots)) => {
            by_certificate(bundle, certificates, roots, now)?
        }
        (material, trust) => return Err(mismatch(material, trust)),
    };
    require_statement(bundle)?;
    Ok(authenticated)
}

/// What was signed has to be an in-toto statement.
///
/// # Errors
/// A problem of kind [`Reason::Signature`] when it is something else.
fn require_statement(bundle: &Bundle) -> Result<(), Problem> {
    let found = &bundle.envelope.payload_type;
    if found == IN_TOTO {
        return Ok(());
    }
    Err(Problem::new(Reason::Signature, "what was signed is no in-toto statement").between(IN_TOTO, found))
}

fn mismatch(material: &Material, trust: &Trust) -> Problem {
    let (how, option) = match material {
        Material::Key(_) => ("with a key", "its public key (--key)"),
        Material::Certificates(_) => ("with a certificate", "the root certificate (--root)"),
        Material::Keyless => ("without a key of the signer's own", "--identity and --issuer"),
    };
    let reason = if matches!(trust, Trust::Key(_)) { Reason::Key } else { Reason::Chain };
    Problem::new(reason, format!("the model was signed {how}; verify it with {option}"))
}

fn by_key(bundle: &Bundle, material: &KeyMaterial, key: &PublicKey) -> Result<Authenticated, Problem> {
    let ours = key.hint().map_err(unusable)?;
    let other = |theirs: &str| {
        Problem::new(Reason::Key, "another key signed than the one that was given")
            .between(format!("key {ours}"), format!("key {theirs}"))
    };
    let mut notes = Vec::new();
    match (&material.hint, &material.pem) {
        (Some(theirs), _) if *theirs != ours => return Err(other(theirs)),
        (Some(_), _) => {}
        (None, pem) => {
            let named = pem.as_ref().and_then(|pem| PublicKey::from_pem(pem).ok());
            if let Some(named) = named.filter(|named| named != key) {
                return Err(other(&named.hint().map_err(unusable)?));
            }
            notes.push(Note::new(
                Warning::HintAbsent,
                "the signature does not say by its digest which key made it; sign the model again to have that",
            ));
        }
    }
    let hash = key.curve().hash();
    check(bundle, key, hash, &mut notes)?;
    let signer = Signer {
        kind: SignerKind::Key,
        key_sha256: Some(ours),
        subject: None,
        identity: None,
        issuer: None,
        signed_at: None,
    };
    Ok(Authenticated { signer, notes })
}

fn by_certificate(
    bundle: &Bundle,
    encoded: &[Vec<u8>],
    roots: &[Certificate],
    now: u64,
) -> Result<Authenticated, Problem> {
    if encoded.len() > MOST_CERTIFICATES {
        return Err(Problem::new(Reason::Format, "the bundle carries too many certificates")
            .between(format!("at most {MOST_CERTIFICATES}"), encoded.len().to_string()));
    }
    let certificates =
        encoded.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>().map_err(
            |error| Problem::new(Reason::Format, format!("a certificate of the bundle is {error}")),
        )?;
    let Some((leaf, others)) = certificates.split_first() else {
        return Err(Problem::new(Reason::Format, "the bundle carries no certificate"));
    };
    chain(leaf, others, roots, leaf.not_before())
        .map_err(|error| Problem::new(Reason::Chain, format!("the certificate is not trusted: {error}")))?;
    if !leaf.may_sign() {
        let detail = format!(
            "the certificate of `{}` is not for signing: it has neither the key usage digitalSignature nor the extended \
             key usage codeSigning",
            leaf.subject()
        );
        return Err(Problem::new(Reason::Usage, detail));
    }
    let key = leaf.public_key().map_err(unusable)?;
    let mut notes = Vec::new();
    check(bundle, &key, Hash::Sha256, &mut notes)?;
    if now > leaf.not_after() {
        notes.push(Note::new(
            Warning::ExpiredNoTimestamp,
            format!(
                "the certificate of `{}` has expired, and no timestamp proves that the model was signed before",
                leaf.subject()
            ),
        ));
    }
    let signer = Signer {
        kind: SignerKind::Certificate,
        key_sha256: Some(key.hint().map_err(unusable)?),
        subject: Some(leaf.subject()),
        identity: None,
        issuer: Some(leaf.issuer()),
        signed_at: None,
    };
    Ok(Authenticated { signer, notes })
}

/// Model-signing 0.2 and 0.3 signed another encoding, with `old_hash`.
fn check(bundle: &Bundle, key: &PublicKey, old_hash: Hash, notes: &mut Vec<Note>) -> Result<(), Problem> {
    let envelope = &bundle.envelope;
    let Some(signature) = envelope.signatures.first() else {
        return Err(Problem::new(Reason::Format, "the bundle has no signature"));
    };
    if key.verifies(key.curve().hash(), &envelope.signed_bytes(), &signature.sig) {
        return Ok(());
    }
    if key.verifies(old_hash, &envelope.compatibility_bytes(), &signature.sig) {
        notes.push(Note::new(
            Warning::CompatibilityEncoding,
            "the signature is over the faulty encoding of model-signing 0.2 and 0.3; sign the model again",
        ));
        return Ok(());
    }
    Err(Problem::new(
        Reason::Signature,
        "the signature does not hold: the statement was changed after it was signed, or another key signed it",
    ))
}

fn unusable(error: KeyError) -> Problem {
    Problem::new(Reason::Key, error.to_string())
}
