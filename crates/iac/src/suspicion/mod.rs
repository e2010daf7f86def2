//! The learned tier: a network's suspicion about blocks of configuration.
//!
//! Rules say what is wrong because somebody wrote down that it is. The network says what *looks* wrong, compared with
//! configuration that it has seen labelled. It ranks; it proves nothing, and it never blocks.

pub mod category;
pub mod labels;
mod literal;
mod meaning;
pub mod mutation;
mod policy;
pub mod reader;
#[cfg(feature = "train")]
pub mod recipe;
pub mod tokens;
pub mod tree;
mod words;

pub use self::category::Category;

use bartizan_learn::tokens::Bounds;

/// How much of a block is read.
pub(crate) const BOUNDS: Bounds = Bounds { positions: 96, tokens: 24 };
