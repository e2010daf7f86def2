//! X.509 certificates (RFC 5280): reading them, and whether a chain leads to a trusted root.
//!
//! Verifiers made for TLS refuse what model signatures carry: leaves that are marked as authorities, or that bear the
//! name of their issuer. The path is therefore built here; all signatures are checked by AWS-LC.

mod certificate;
mod chain;
mod name;
mod signature;

pub use certificate::{Certificate, CertificateError};
pub use chain::{ChainError, chain};

#[cfg(test)]
mod tests;
