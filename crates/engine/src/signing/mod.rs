//! Signing models and verifying them: everything around the signature that touches files.
//!
//! [`sign`] walks a model, hashes it (or takes from the [hash cache](cache) what did not change) and writes a bundle.
//! [`verify`] reads a bundle, asks [`bartizan_provenance::oms`] whether it is to be believed, and compares what it lists
//! with what is there. Who has to have signed is [`Trusted`]. [`digest`] is the model's identity without a signature.

mod cache;
mod error;
mod file;
mod hashing;
mod paths;
mod secret;
mod sign;
mod trust;
mod verify;
mod walk;

pub use bartizan_provenance::{
    certificates::Certificate,
    digest::HashAlgorithm,
    keys::{KeyError, PrivateKey, PublicKey},
    oms::{Method, Note, Problem, Reason, SHARD_SIZE, Signer, SignerKind, Status, Trust, Verdict, Warning},
};
pub use error::SigningError;
pub use paths::signature_of;
pub(crate) use paths::{beside, inside, name};
pub use secret::{certificates, private_key, public_key};
pub(crate) use sign::whole_file_digests;
pub use sign::{Credential, Hashing, SignRequest, Signed, digest, sign};
pub use trust::Trusted;
pub use verify::{VerifyRequest, verify};
pub(crate) use verify::{check_bundle, read_bundle};

/// The JSON schema of what `verify --format json` prints.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Verdict)
}

#[cfg(test)]
mod tests;
