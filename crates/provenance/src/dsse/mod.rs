//! DSSE envelopes: what is signed, by which keys.
//!
//! An envelope carries a payload, what kind of payload that is, and signatures over both, bound together by the
//! pre-authentication encoding. See the DSSE protocol, <https://github.com/secure-systems-lab/dsse>.

pub(crate) mod base64_text;
mod encoding;
mod envelope;
mod json;
pub(crate) mod unique_names;

pub use encoding::{compatibility_encoding, encoding};
pub use envelope::{Envelope, EnvelopeSignature};
pub use json::{DEEPEST, JsonError, nesting, parse, parse_value};

/// What in-toto statements call themselves.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

#[cfg(test)]
mod tests;
