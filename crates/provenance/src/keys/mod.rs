//! Signature keys: elliptic-curve keys as PEM files hold them.
//!
//! Private keys are PKCS#8 (RFC 5958), PKCS#8 encrypted with a password (PBES2, RFC 8018) or SEC 1 (RFC 5915); public
//! keys are a `SubjectPublicKeyInfo` (RFC 5280). The arithmetic is that of AWS-LC.

mod pem;
mod private;
mod public;

#[cfg(test)]
pub(crate) use pem::encode;
pub use pem::{Block, blocks};
pub use private::PrivateKey;
pub use public::{Curve, Hash, PublicKey};

/// Why a key cannot be used. Never says anything of what a private key holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not PEM.
    #[error("not a PEM file: {0}")]
    Pem(&'static str),
    /// The text is PEM, of something else.
    #[error("the file holds {found}, where {expected} is needed")]
    Kind {
        /// What stands in the PEM header.
        found: String,
        /// What was looked for.
        expected: &'static str,
    },
    /// A key of another kind or curve.
    #[error("the key is not on one of the curves P-256, P-384 and P-521")]
    Curve,
    /// A public key with a compressed point.
    #[error(
        "the public key's point is compressed; `openssl ec -pubin -conv_form uncompressed` writes the other form"
    )]
    Compressed,
    /// The key's encoding is broken.
    #[error("the key is damaged: {0}")]
    Damaged(&'static str),
    /// An encrypted key, and no password.
    #[error("the private key is encrypted, and no password was given")]
    PasswordNeeded,
    /// The password opens nothing.
    #[error("the password does not open the private key")]
    Password,
    /// Encryption of before PKCS#8.
    #[error("the private key is encrypted in an outdated way; `openssl pkcs8 -topk8` converts it")]
    Outdated,
    /// A password function that would compute for hours.
    #[error("the private key's password function is too expensive")]
    Expensive,
    /// A certificate and a key that do not belong together.
    #[error("the certificate is that of another key")]
    Certificate,
    /// The signature could not be made.
    #[error("the signature could not be made")]
    Signing,
}

#[cfg(test)]
mod tests;
