//! Bills of materials: CycloneDX and SPDX documents made from the facts of a scan.
//!
//! An [`Inventory`] (assets with their facts) becomes a [`Graph`] (components, what depends on what, what descends from
//! what), and the graph becomes a document. [`score()`], [`diff()`], [`merge()`] and [`vex`] work on CycloneDX documents
//! of anybody; [`Validator`] judges them.

mod cyclonedx;
mod diff;
mod graph;
mod inventory;
mod json;
mod layout;
mod licence;
mod merge;
mod purl;
mod score;
mod spdx;
mod stamp;
mod validate;
mod version;
pub mod vex;

pub use cyclonedx::cyclonedx;
pub use diff::{Change, Difference, diff};
pub use graph::{Component, Graph, Link, Metric, Occurrence, Origin, Port, Relation, Role};
pub use inventory::{Asset, Inventory};
pub use merge::{Conflict, Merge, merge};
pub use purl::Purl;
pub use score::{Category, Level, Profile, Score, Scored, Status, score};
pub use spdx::spdx;
pub use stamp::Stamp;
pub use validate::{Problem, Validator, judge, spec_version};
pub use version::SpecVersion;

/// Why a document cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum BomError {
    /// It is not JSON, or nested too deeply.
    #[error("it is not JSON: {0}")]
    Json(String),
    /// It is no CycloneDX document, or one of an unknown spec version.
    #[error("{0}")]
    Unsupported(String),
    /// A schema that cannot be used.
    #[error("the schema cannot be used: {0}")]
    Schema(String),
    /// A document made here is not valid, which is a defect of bartizan.
    #[error("the document made here is not valid, which is a defect of bartizan; please report it: {0}")]
    Invalid(String),
}

/// No bill of materials is larger; what is may be an attack.
pub const LARGEST: u64 = 256 << 20;

/// Reads a document. Nesting is bounded by the parser.
///
/// # Errors
/// When it is not JSON, nested too deeply, or an object in it has one key twice.
pub fn parse(bytes: &[u8]) -> Result<serde_json::Value, BomError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    json::parse(bytes).map_err(|error| BomError::Json(error.to_string()))
}

#[cfg(test)]
mod tests;
