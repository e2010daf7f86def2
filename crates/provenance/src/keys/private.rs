//! Private keys.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
    },
};
use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument, pkcs5::EncryptionScheme};

use super::{Curve, KeyError, PublicKey, pem};

/// OpenSSL's default is 2,048, OWASP asks for 600,000. Ten million take some seconds.
const MOST_ITERATIONS: u32 = 10_000_000;
/// scrypt's N * r * p; RFC 7914 proposes 2^20 * 8 for file encryption.
const MOST_WORK: u64 = 1 << 24;

/// A key that signs.
pub struct PrivateKey {
    curve: Curve,
    pair: EcdsaKeyPair,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PrivateKey({})", self.curve)
    }
}

impl PrivateKey {
    /// Reads a `PRIVATE KEY`, `ENCRYPTED PRIVATE KEY` or `EC PRIVATE KEY` block. `password` is looked at only when the
    /// key is encrypted.
    ///
    /// # Errors
    /// When the text holds no such block, a key of another kind, or one that the password does not open.
    pub fn from_pem(text: &[u8], password: Option<&[u8]>) -> Result<Self, KeyError> {
        let blocks = pem::blocks(text)?;
        let Some(block) = blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY")) else {
            let found = blocks.first().map(|block| block.label.clone()).unwrap_or_default();
            return Err(KeyError::Kind { found, expected: "a PRIVATE KEY" });
        };
        if block.has_headers {
            return Err(KeyError::Outdated);
        }
        match block.label.as_str() {
            "PRIVATE KEY" | "EC PRIVATE KEY" => Self::from_der(&block.bytes),
            "ENCRYPTED PRIVATE KEY" => {
                let password = password.ok_or(KeyError::PasswordNeeded)?;
                Self::from_der(opened(&block.bytes, password)?.as_bytes())
            }
            _ => Err(KeyError::Curve),
        }
    }

    /// Reads an unencrypted PKCS#8 or SEC 1 structure.
    ///
    /// # Errors
    /// When it is neither, or a key of another kind.
    pub fn from_der(bytes: &[u8]) -> Result<Self, KeyError> {
        Curve::ALL
            .into_iter()
            .find_map(|curve| {
                let pair = EcdsaKeyPair::from_private_key_der(signing(curve), bytes).ok()?;
                Some(Self { curve, pair })
            })
            .ok_or(KeyError::Curve)
    }

    /// The key that verifies what this one signs.
    ///
    /// # Errors
    /// When the pair's public half is not an uncompressed point.
    pub fn public(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_point(self.curve, self.pair.public_key().as_ref())
    }

    /// An ECDSA signature (DER) with the curve's own hash function.
    ///
    /// # Errors
    /// When the system has no random bytes to give.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Signing)?;
        Ok(signature.as_ref().to_vec())
    }
}

fn signing(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
        Curve::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        Curve::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
    }
}

fn opened(bytes: &[u8], password: &[u8]) -> Result<SecretDocument, KeyError> {
    let info = EncryptedPrivateKeyInfoRef::try_from(bytes)
        .map_err(|_| KeyError::Damaged("it is no EncryptedPrivateKeyInfo of a kind that is known here"))?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(KeyError::Outdated);
    };
    if parameters.kdf.pbkdf2().is_some_and(|kdf| kdf.iteration_count > MOST_ITERATIONS) {
        return Err(KeyError::Expensive);
    }
    if let Some(kdf) = parameters.kdf.scrypt() {
        let factors = [u64::from(kdf.block_size), u64::from(kdf.parallelization)];
        let work = factors.into_iter().try_fold(kdf.cost_parameter, u64::checked_mul);
        if work.is_none_or(|work| work > MOST_WORK) {
            return Err(KeyError::Expensive);
        }
    }
    info.decrypt(password).map_err(|_| KeyError::Password)
}
