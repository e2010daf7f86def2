//! JSON and what stands in it that is more than data.
//!
//! The reader ([`parse`]) keeps duplicate keys and line numbers, and is used by every format here that carries JSON
//! (RFC 8259, <https://www.rfc-editor.org/rfc/rfc8259>). The inspector takes JSON that no other inspector knows, and
//! looks in it for chat templates, Keras objects and Hugging Face settings.

pub(crate) use bartizan_core::document::{
    Node, TOO_DEEP, Value,
    json::{Document, Reading, parse},
};

mod inspector;
mod templates;

pub(crate) use inspector::{Json, MOST_VALUES, SHARED_RULES, duplicates, judge, read, table};
pub(crate) use templates::templates;
