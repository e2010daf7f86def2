//! One certificate.

use std::fmt;

use x509_cert::{
    Version,
    der::{AnyRef, Decode as _, Reader as _, SliceReader, asn1::ObjectIdentifier},
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage},
};

use super::{name::is_same, signature};
use crate::keys::{KeyError, PublicKey, blocks};

/// No certificate needs more.
const LARGEST: usize = 1 << 20;
/// No file of roots or intermediates needs more; Mozilla's has about 150.
const MOST: usize = 1_000;

/// id-kp-codeSigning.
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// Extensions that a path is checked for, or that say nothing about whether it holds: key usage, subject and issuer
/// alternative names, basic constraints, certificate policies, authority and subject key identifier, extended key usage.
const UNDERSTOOD: [&str; 8] =
    ["2.5.29.15", "2.5.29.17", "2.5.29.18", "2.5.29.19", "2.5.29.32", "2.5.29.35", "2.5.29.14", "2.5.29.37"];
/// Names that an authority may certify. Not understood, and dangerous to overlook even when it is not critical.
const NAME_CONSTRAINTS: &str = "2.5.29.30";

/// Why bytes are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not DER, or not a certificate.
    #[error("not a certificate: {0}")]
    Damaged(String),
    /// The file around it.
    #[error(transparent)]
    File(#[from] KeyError),
    /// More than any chain needs.
    #[error("more than {MOST} certificates")]
    Many,
}

/// A certificate, as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    pub(super) parsed: x509_cert::Certificate,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Certificate({})", self.subject())
    }
}

impl Certificate {
    /// Reads DER.
    ///
    /// # Errors
    /// When the bytes are no certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > LARGEST {
            return Err(CertificateError::Damaged("it is larger than 1 MB".to_owned()));
        }
        let parsed = x509_cert::Certificate::from_der(der)
            .map_err(|error| CertificateError::Damaged(error.to_string()))?;
        Ok(Self { der: der.to_vec(), parsed })
    }

    /// Reads every `CERTIFICATE` block of a PEM file.
    ///
    /// # Errors
    /// When there is none, or one is damaged.
    pub fn all_from_pem(text: &[u8]) -> Result<Vec<Self>, CertificateError> {
        let blocks = blocks(text)?;
        let ours = |label: &str| matches!(label, "CERTIFICATE" | "X509 CERTIFICATE");
        let found: Vec<_> = blocks.iter().filter(|block| ours(&block.label)).collect();
        if found.len() > MOST {
            return Err(CertificateError::Many);
        }
        if found.is_empty() {
            let found = blocks.first().map(|block| block.label.clone()).unwrap_or_default();
            return Err(KeyError::Kind { found, expected: "a CERTIFICATE" }.into());
        }
        found.into_iter().map(|block| Self::from_der(&block.bytes)).collect()
    }

    /// Its encoding, as it was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whom it is about (RFC 4514).
    pub fn subject(&self) -> String {
        self.parsed.tbs_certificate().subject().to_string()
    }

    /// Who issued it (RFC 4514).
    pub fn issuer(&self) -> String {
        self.parsed.tbs_certificate().issuer().to_string()
    }

    /// When its validity begins, in seconds since 1970.
    pub fn not_before(&self) -> u64 {
        self.parsed.tbs_certificate().validity().not_before.to_unix_duration().as_secs()
    }

    /// When its validity ends, in seconds since 1970.
    pub fn not_after(&self) -> u64 {
        self.parsed.tbs_certificate().validity().not_after.to_unix_duration().as_secs()
    }

    /// Its elliptic-curve key.
    ///
    /// # Errors
    /// When it is a key of another kind.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_info(self.parsed.tbs_certificate().subject_public_key_info())
    }

    /// May its key sign documents? Digital signatures or code signing; a certificate that says nothing may not.
    pub fn may_sign(&self) -> bool {
        let tbs = self.parsed.tbs_certificate();
        let signature = tbs.get_extension::<KeyUsage>().ok().flatten();
        let code = tbs.get_extension::<ExtendedKeyUsage>().ok().flatten();
        signature.is_some_and(|(_, usage)| usage.digital_signature())
            || code.is_some_and(|(_, usage)| usage.0.contains(&CODE_SIGNING))
    }

    pub(super) fn is_valid_at(&self, time: u64) -> bool {
        (self.not_before()..=self.not_after()).contains(&time)
    }

    /// Does it bear the name of its issuer?
    pub(super) fn is_self_issued(&self) -> bool {
        let tbs = self.parsed.tbs_certificate();
        is_same(tbs.subject(), tbs.issuer())
    }

    pub(super) fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.has_signed(self)
    }

    /// Was `other` signed with the key in this one?
    pub(super) fn has_signed(&self, other: &Self) -> bool {
        let inner = other.parsed.tbs_certificate().signature();
        let outer = other.parsed.signature_algorithm();
        let (Some(message), Some(bits)) = (other.to_be_signed(), other.parsed.signature().as_bytes()) else {
            return false;
        };
        inner == outer
            && signature::verifies(
                outer,
                self.parsed.tbs_certificate().subject_public_key_info(),
                message,
                bits,
            )
    }

    /// The bytes that the issuer signed: as they were read, because another encoder might write others.
    fn to_be_signed(&self) -> Option<&[u8]> {
        let certificate = AnyRef::from_der(&self.der).ok()?;
        SliceReader::new(certificate.value()).ok()?.tlv_bytes().ok()
    }

    /// Why it may not issue certificates with `below` authorities between it and the leaf; `None` when it may.
    pub(super) fn objection_to_issuing(&self, below: usize) -> Option<&'static str> {
        let tbs = self.parsed.tbs_certificate();
        match tbs.get_extension::<BasicConstraints>() {
            Err(_) => return Some("has broken basic constraints"),
            Ok(Some((_, constraints))) => {
                if !constraints.ca {
                    return Some("is not a certificate authority");
                }
                if constraints.path_len_constraint.is_some_and(|most| usize::from(most) < below) {
                    return Some("may not have so many authorities below it");
                }
            }
            // Roots of before version 3 had no way to say what they are.
            Ok(None) if tbs.version() == Version::V1 && self.is_self_issued() => {}
            Ok(None) => return Some("is not a certificate authority"),
        }
        match tbs.get_extension::<KeyUsage>() {
            Err(_) => Some("has a broken key usage"),
            Ok(Some((_, usage))) if !usage.key_cert_sign() => Some("may not sign certificates"),
            Ok(_) => None,
        }
    }

    /// An extension that has to be understood, and is not.
    pub(super) fn has_unknown_constraint(&self) -> bool {
        self.parsed.tbs_certificate().extensions().into_iter().flatten().any(|extension| {
            let identifier = extension.extn_id.to_string();
            identifier == NAME_CONSTRAINTS
                || (extension.critical && !UNDERSTOOD.contains(&identifier.as_str()))
        })
    }
}
