//! JSON and what stands in it that is more than data.
//!
//! The reader ([`parse`]) keeps duplicate keys and line numbers, and is used by every format here that carries JSON
//! (RFC 8259, <https://www.rfc-editor.org/rfc/rfc8259>). The inspector takes JSON that no other inspector knows, and
//! looks in it for chat templates, Keras objects and Hugging Face settings.

mod inspector;
mod parser;
mod templates;
mod tree;

pub(crate) use inspector::{Json, MOST_VALUES, SHARED_RULES, duplicates, judge, read, table};
pub(crate) use parser::{Document, Malformed, Reading, TOO_DEEP, parse};
pub(crate) use templates::templates;
pub(crate) use tree::{Node, Value};
