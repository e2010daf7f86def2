//! JSON from strangers: capped in size and depth, and the same keys to every reader.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::unique_names;

/// Levels of nesting that bundles and statements may have.
pub const DEEPEST: usize = 64;

/// Why a document was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// More bytes than any such document needs.
    #[error("it is larger than {0} bytes")]
    Large(usize),
    /// Nested deeper than any such document needs to be.
    #[error("it is nested more than {DEEPEST} levels deep")]
    Deep,
    /// Not JSON, or other fields than expected.
    #[error("{0}")]
    Shape(String),
}

/// Reads a document of at most `largest` bytes. A field that is known and occurs twice is refused, because readers
/// would disagree on it.
///
/// # Errors
/// When it is too large or too deep, not JSON, or of another shape.
pub fn parse<T: DeserializeOwned>(bytes: &[u8], largest: usize) -> Result<T, JsonError> {
    if bytes.len() > largest {
        return Err(JsonError::Large(largest));
    }
    if nesting(bytes) > DEEPEST {
        return Err(JsonError::Deep);
    }
    serde_json::from_slice(bytes).map_err(|error| JsonError::Shape(error.to_string()))
}

/// Reads any value of at most `largest` bytes that has no name twice in one object.
///
/// # Errors
/// When it is too large or too deep, or not such JSON.
pub fn parse_value(bytes: &[u8], largest: usize) -> Result<Value, JsonError> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Unique(#[serde(deserialize_with = "unique_names::deserialize")] Value);
    parse(bytes, largest).map(|Unique(value)| value)
}

/// How deep the brackets of a JSON text go, whether or not the rest of it is JSON.
pub fn nesting(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
