//! Public keys.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_cert::{
    der::{
        Decode as _, Encode as _,
        asn1::{BitString, ObjectIdentifier},
    },
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
};

use super::{KeyError, pem};
use crate::digest::{hex, sha256};

/// id-ecPublicKey (RFC 5480).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A NIST curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

/// A hash function in front of ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Curve {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    const fn identifier(self) -> ObjectIdentifier {
        match self {
            Self::P256 => ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
            Self::P384 => ObjectIdentifier::new_unwrap("1.3.132.0.34"),
            Self::P521 => ObjectIdentifier::new_unwrap("1.3.132.0.35"),
        }
    }

    /// Bytes of an uncompressed point.
    const fn point(self) -> usize {
        match self {
            Self::P256 => 65,
            Self::P384 => 97,
            Self::P521 => 133,
        }
    }

    /// The hash function that goes with the curve in Sigstore's key types.
    pub const fn hash(self) -> Hash {
        match self {
            Self::P256 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 => Hash::Sha512,
        }
    }

    /// The verification of one signature with this curve.
    pub(crate) fn verification(self, hash: Hash) -> &'static dyn VerificationAlgorithm {
        match (self, hash) {
            (Self::P256, Hash::Sha256) => &ECDSA_P256_SHA256_ASN1,
            (Self::P256, Hash::Sha384) => &ECDSA_P256_SHA384_ASN1,
            (Self::P256, Hash::Sha512) => &ECDSA_P256_SHA512_ASN1,
            (Self::P384, Hash::Sha256) => &ECDSA_P384_SHA256_ASN1,
            (Self::P384, Hash::Sha384) => &ECDSA_P384_SHA384_ASN1,
            (Self::P384, Hash::Sha512) => &ECDSA_P384_SHA512_ASN1,
            (Self::P521, Hash::Sha256) => &ECDSA_P521_SHA256_ASN1,
            (Self::P521, Hash::Sha384) => &ECDSA_P521_SHA384_ASN1,
            (Self::P521, Hash::Sha512) => &ECDSA_P521_SHA512_ASN1,
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        })
    }
}

/// A point on one of the curves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    curve: Curve,
    point: Vec<u8>,
}

impl PublicKey {
    /// Reads a `PUBLIC KEY` block.
    ///
    /// # Errors
    /// When the text holds no such block, or a key of another kind.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let blocks = pem::blocks(text)?;
        if let Some(block) = blocks.iter().find(|block| block.label == "PUBLIC KEY") {
            return Self::from_der(&block.bytes);
        }
        let found = blocks.first().map(|block| block.label.clone()).unwrap_or_default();
        Err(KeyError::Kind { found, expected: "a PUBLIC KEY" })
    }

    /// Reads a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// When the bytes are something else, or a key of another kind.
    pub fn from_der(bytes: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoOwned::from_der(bytes)
            .map_err(|_| KeyError::Damaged("it is no SubjectPublicKeyInfo"))?;
        Self::from_info(&info)
    }

    pub(crate) fn from_info(info: &SubjectPublicKeyInfoOwned) -> Result<Self, KeyError> {
        if info.algorithm.oid != EC_PUBLIC_KEY {
            return Err(KeyError::Curve);
        }
        let parameters = info.algorithm.parameters.as_ref().ok_or(KeyError::Curve)?;
        let named = parameters.decode_as::<ObjectIdentifier>().map_err(|_| KeyError::Curve)?;
        let curve =
            Curve::ALL.into_iter().find(|curve| curve.identifier() == named).ok_or(KeyError::Curve)?;
        let point = info.subject_public_key.as_bytes().ok_or(KeyError::Damaged("its point has odd bits"))?;
        Self::from_point(curve, point)
    }

    pub(crate) fn from_point(curve: Curve, point: &[u8]) -> Result<Self, KeyError> {
        match point.first() {
            Some(4) if point.len() == curve.point() => Ok(Self { curve, point: point.to_vec() }),
            Some(2 | 3) => Err(KeyError::Compressed),
            _ => Err(KeyError::Damaged("its point has the wrong length")),
        }
    }

    /// Its curve.
    pub const fn curve(&self) -> Curve {
        self.curve
    }

    /// The `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// Never for a key that was read; the encoder's signature allows for it.
    pub fn to_der(&self) -> Result<Vec<u8>, KeyError> {
        const BROKEN: KeyError = KeyError::Damaged("it cannot be encoded");
        SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned {
                oid: EC_PUBLIC_KEY,
                parameters: Some((&self.curve.identifier()).into()),
            },
            subject_public_key: BitString::from_bytes(&self.point).map_err(|_| BROKEN)?,
        }
        .to_der()
        .map_err(|_| BROKEN)
    }

    /// The `PUBLIC KEY` block, in 64 columns with line feeds.
    ///
    /// # Errors
    /// As [`to_der`](Self::to_der).
    pub fn to_pem(&self) -> Result<String, KeyError> {
        Ok(pem::encode("PUBLIC KEY", &self.to_der()?))
    }

    /// What model signatures call the key: SHA-256 of its PEM text, in hexadecimal digits.
    ///
    /// # Errors
    /// As [`to_der`](Self::to_der).
    pub fn hint(&self) -> Result<String, KeyError> {
        Ok(hex(&sha256(self.to_pem()?.as_bytes())))
    }

    /// Is this a signature (DER) of the message? Points that are not on the curve verify nothing.
    pub fn verifies(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.curve.verification(hash), &self.point).verify(message, signature).is_ok()
    }
}
