//! JSON and YAML, read into one kind of tree with line numbers, within bounds.

pub mod json;
mod tree;
pub mod yaml;

pub use tree::{Node, Value};

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Malformed {
    /// Where, from 1.
    pub line: u32,
    /// What is wrong.
    pub reason: &'static str,
}

/// Why a document is refused that nests deeper than any real one.
pub const TOO_DEEP: &str = "the document is nested too deeply";
