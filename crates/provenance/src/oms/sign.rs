//! Making bundles of any in-toto statement: [`Manifest::to_statement`](super::Manifest::to_statement), or an attestation.

use super::bundle::{Bundle, KeyMaterial, MEDIA_TYPE, Material};
use crate::{
    certificates::Certificate,
    dsse::{Envelope, IN_TOTO},
    keys::{KeyError, PrivateKey},
};

/// Signs a statement; the bundle names the key by its digest.
///
/// # Errors
/// When the key fails to sign.
pub fn key_bundle(statement: Vec<u8>, key: &PrivateKey) -> Result<Bundle, KeyError> {
    let hint = Some(key.public()?.hint()?);
    signed(statement, key, Material::Key(KeyMaterial { hint, pem: None }))
}

/// Signs a statement; the bundle carries the certificate of the key, and those above it.
///
/// # Errors
/// When the certificate is that of another key, or the key fails to sign.
pub fn certificate_bundle(
    statement: Vec<u8>,
    key: &PrivateKey,
    certificate: &Certificate,
    above: &[Certificate],
) -> Result<Bundle, KeyError> {
    if certificate.public_key()? != key.public()? {
        return Err(KeyError::Certificate);
    }
    let chain = std::iter::once(certificate).chain(above).map(|certificate| certificate.der().to_vec());
    signed(statement, key, Material::Certificates(chain.collect()))
}

fn signed(statement: Vec<u8>, key: &PrivateKey, material: Material) -> Result<Bundle, KeyError> {
    let envelope = Envelope::sign(statement, IN_TOTO, key)?;
    Ok(Bundle { media_type: MEDIA_TYPE.to_owned(), material, envelope })
}
