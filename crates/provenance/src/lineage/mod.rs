//! Lineage: which model descends from which, as declared and as its weights show.
//!
//! A [`Sketch`] keeps sampled values of every tensor, drawn at positions that depend on its shape alone. Two sketches
//! are [`compare`]d tensor by tensor, best counterpart first, so that neither names nor order matter. What declarations
//! and weights say together is a [`Graph`].

mod blocks;
mod codec;
mod compare;
mod element;
mod elements;
mod graph;
mod grid;
mod judgement;
mod licence;
mod matching;
mod packed;
mod pair;
mod permuted;
mod profile;
mod regular;
mod render;
mod rules;
mod sketch;
#[cfg(test)]
mod tests;
mod view;

pub use codec::{LARGEST, SketchError};
pub use compare::{Comparison, Descent, RELATED, Relation, TensorMatch, compare};
pub use elements::{TensorSource, Unread};
pub use graph::{Declared, DeclaredKind, Edge, EdgeKind, Graph, Member, Node, Source};
pub use licence::{Terms, is_looser};
pub use render::{dot, tree};
pub use rules::{LICENCE_LOOSER, LINEAGE_DISAGREES, RULES};
pub use sketch::Sketch;
