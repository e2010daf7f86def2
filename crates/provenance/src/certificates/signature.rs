//! Signatures on certificates.

use aws_lc_rs::signature::{
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use x509_cert::{
    der::{AnyRef, Decode as _, Encode as _, asn1::ObjectIdentifier},
    spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef, SubjectPublicKeyInfoOwned},
};

use crate::keys::{Hash, PublicKey};

const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const ED25519_KEY: &str = "1.3.101.112";

/// Is `bits` a signature over `message` by `key`? Algorithms with SHA-1 or MD5, and RSA keys below 2,048 bits, never
/// verify.
pub(super) fn verifies(
    algorithm: &AlgorithmIdentifierOwned,
    key: &SubjectPublicKeyInfoOwned,
    message: &[u8],
    bits: &[u8],
) -> bool {
    let ecdsa = |hash| PublicKey::from_info(key).is_ok_and(|key| key.verifies(hash, message, bits));
    let with = |verification: &'static dyn VerificationAlgorithm, kind: &str| {
        key.algorithm.oid.to_string() == kind
            && key
                .subject_public_key
                .as_bytes()
                .is_some_and(|key| UnparsedPublicKey::new(verification, key).verify(message, bits).is_ok())
    };
    match algorithm.oid.to_string().as_str() {
        "1.2.840.10045.4.3.2" => ecdsa(Hash::Sha256),
        "1.2.840.10045.4.3.3" => ecdsa(Hash::Sha384),
        "1.2.840.10045.4.3.4" => ecdsa(Hash::Sha512),
        "1.2.840.113549.1.1.11" => with(&RSA_PKCS1_2048_8192_SHA256, RSA_ENCRYPTION),
        "1.2.840.113549.1.1.12" => with(&RSA_PKCS1_2048_8192_SHA384, RSA_ENCRYPTION),
        "1.2.840.113549.1.1.13" => with(&RSA_PKCS1_2048_8192_SHA512, RSA_ENCRYPTION),
        RSA_PSS => probabilistic(algorithm)
            .is_some_and(|verification| with(verification, RSA_ENCRYPTION) || with(verification, RSA_PSS)),
        ED25519_KEY => with(&ED25519, ED25519_KEY),
        _ => false,
    }
}

/// RSASSA-PSS with one of the hash functions, its mask generation with the same one (RFC 4055, section 3.1). A salt of
/// another length than the digest's does not verify.
fn probabilistic(algorithm: &AlgorithmIdentifierOwned) -> Option<&'static dyn VerificationAlgorithm> {
    let parameters = algorithm.parameters.as_ref()?.to_der().ok()?;
    let sequence = AnyRef::from_der(&parameters).ok()?;
    // [0] EXPLICIT AlgorithmIdentifier of the hash function comes first; without it the hash function is SHA-1.
    let tagged = AnyRef::from_der_partial(sequence.value()).ok()?.0;
    let hash = AlgorithmIdentifierRef::from_der(tagged.value()).ok()?.oid;
    let is = |identifier: &str| hash == ObjectIdentifier::new_unwrap(identifier);
    if is("2.16.840.1.101.3.4.2.1") {
        Some(&RSA_PSS_2048_8192_SHA256)
    } else if is("2.16.840.1.101.3.4.2.2") {
        Some(&RSA_PSS_2048_8192_SHA384)
    } else if is("2.16.840.1.101.3.4.2.3") {
        Some(&RSA_PSS_2048_8192_SHA512)
    } else {
        None
    }
}
