//! The learned tier: a network's suspicion about blocks of configuration.
//!
//! Rules say what is wrong because somebody wrote down that it is. The network says what *looks* wrong, compared with
//! configuration that it has seen labelled. It ranks; it proves nothing, and it never blocks.

pub mod judgement;
pub mod labels;
mod literal;
mod meaning;
pub mod model;
pub mod mutation;
mod policy;
pub mod reader;
#[cfg(feature = "train")]
pub mod recipe;
#[cfg(feature = "train")]
pub mod shipping;
pub mod tokens;
pub mod tree;
#[cfg(feature = "train")]
pub mod trial;
mod words;

pub use self::model::{Suspicion, judge};
pub use crate::category::Category;

use bartizan_learn::tokens::Bounds;

/// How much of a block is read.
pub(crate) const BOUNDS: Bounds = Bounds { positions: 48, tokens: 24 };
