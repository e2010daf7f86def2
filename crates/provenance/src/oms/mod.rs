//! OpenSSF model signing (OMS): manifests of digests, signed as one statement.
//!
//! A *bundle* (one line of JSON, Sigstore bundle 0.3) carries a DSSE envelope and who signed it. Its payload is an
//! in-toto *statement*: the digest of every file (or of every shard of it), and a root digest over those, which is the
//! model's identity. <https://github.com/ossf/model-signing-spec>
//!
//! Verification goes: [`Bundle::parse`], [`authenticate`] (key or certificates; keyless bundles are left to their own
//! verifier), [`Manifest::parse`] of the payload, then [`Manifest::compare`] with what the files hold now. Each step
//! fails with a [`Problem`] that becomes the [`Verdict`]'s reason.

mod authenticate;
mod bundle;
mod compare;
mod manifest;
mod name;
mod serialization;
mod sign;
mod statement;
mod verdict;

pub use authenticate::{Authenticated, Trust, authenticate};
pub use bundle::{Bundle, KeyMaterial, LARGEST_BUNDLE, MEDIA_TYPE, Material};
pub use compare::Observation;
pub use manifest::{Block, Manifest};
pub use name::ResourceName;
pub use serialization::{GIT_PATHS, IgnoredPaths, Method, SHARD_SIZE, Serialization, may_act_when_empty};
pub use sign::{certificate_bundle, key_bundle};
pub use verdict::{Note, Problem, Reason, Signer, SignerKind, Status, Verdict, Warning};

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
