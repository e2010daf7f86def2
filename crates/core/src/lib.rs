//! The nouns that every part of bartizan speaks.
//!
//! An [`Asset`] is anything an AI system is made of. An [`Inspector`] reads it once and answers with an
//! [`Inspection`]: typed [`Fact`]s, [`Finding`]s and the [`Coverage`] it reached. Members of containers leave through
//! [`Context::emit`] and are assets of their own.
//!
//! This crate does no I/O of its own, knows no clock and holds no global state.

mod asset;
mod content;
mod coverage;
mod cursor;
mod description;
pub mod document;
mod fact;
mod finding;
mod infrastructure;
mod inspector;
mod limits;
mod probe;
mod redact;
mod rule;
mod tree;
mod verdict;

pub use asset::{Asset, AssetPath, Kind};
pub use content::{Content, ContentReader, ReadAt, ReadError};
pub use coverage::{Coverage, Gap};
pub use cursor::{Cursor, Truncated};
pub use description::{Cell, Description, Section};
pub use fact::{
    Collection, Dataset, Dependency, Digest, Direction, Distribution, Evaluation, Fact, Import, Licence,
    Metadata, Model, Port, Prompt, RecordSet, Reference, Span, Statement, Tensor, Usage, UsageKind, UseKind,
};
pub use finding::{Confidence, Evidence, Finding, Fingerprint, Fix, Location, Severity};
pub use infrastructure::{Infrastructure, State, Tier};
pub use inspector::{Budget, Context, Inspection, Inspector, LimitReached, Options};
pub use limits::Limits;
pub use probe::{Claim, Probe};
pub use redact::{printable, redacted, redacted_within, truncated};
pub use rule::{Category, Rule, Taxonomy};
pub use tree::{Entry, EntryKind, Files, Tree};
pub use verdict::Verdict;
