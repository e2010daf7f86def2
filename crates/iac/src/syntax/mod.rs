//! HCL, the language of Terraform and OpenTofu: text in, tree out.
//!
//! <https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md>
//!
//! A reader of our own, because a scanner needs what a library for correct files does not give: a broken block must not
//! hide the others of its file, an attribute given twice must not hide its block, a conditional may be broken over lines,
//! nesting and text are bounded, and no copies are made of white space that nobody asks for. `tests.rs` compares it with
//! `hcl-edit`.

mod cursor;
mod expression;
mod json;
mod structure;
mod template;
#[cfg(test)]
mod tests;
mod tree;

pub use json::{parse_json, parse_json_variables};
pub use structure::parse;
pub use template::parse_template;
pub use tree::*;

/// How deeply blocks and expressions may be nested.
pub const MOST_NESTING: u32 = 256;

/// Bytes of one heredoc.
pub const LONGEST_HEREDOC: usize = 1 << 20;
