//! XML as the formats here read it: one pass of events, and what is dangerous in any XML.
//!
//! <https://www.w3.org/TR/xml/>. Entities are never expanded and nothing is fetched. What a document type definition
//! would make another reader do (open files and addresses, grow a few bytes to gigabytes) is reported instead. The
//! inspector takes XML that no model format claims.

mod doctype;
mod inspector;
mod reader;
mod rules;
mod source;

pub(crate) use inspector::{Xml, root};
pub(crate) use reader::{Element, Part, read};
pub(crate) use rules::ALL as RULES;

#[cfg(test)]
mod tests;
