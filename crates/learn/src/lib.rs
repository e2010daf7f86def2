//! Small text classifiers that explain themselves.
//!
//! A caller turns its text into a [`Sequence`] of positions, each with a handful of tokens. A [`Network`] reads the
//! sequence through one-dimensional convolutions and says for each category how likely the text belongs to it, and
//! which positions made it say so. Nothing in this crate knows what the text is about.
//!
//! * [`tokens`]: positions, tokens, hashing
//! * [`network`]: the convolutional network, inference in plain Rust
//! * `train`: training with automatic differentiation (feature `train`)
//! * [`baseline`]: logistic regression on the same tokens, the figure to beat
//! * [`evaluation`]: area under the curve, precision at k, confidence intervals, calibration
//! * [`calibration`]: logits into probabilities
//! * [`weights`]: several networks as one safetensors file with a digest
//! * [`card`]: what a model is, how it was made, and what it cannot do

pub mod baseline;
pub mod calibration;
pub mod card;
pub mod evaluation;
pub mod network;
pub mod random;
pub mod tokens;
#[cfg(feature = "train")]
pub mod train;
pub mod weights;

pub use crate::{
    calibration::Calibration,
    card::ModelCard,
    network::{Architecture, Network, Verdict},
    tokens::{Hashing, Sequence},
};

/// What can go wrong with a model.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file of weights is no safetensors file, or lacks something.
    #[error("the weights cannot be read: {0}")]
    Weights(String),
    /// The weights are not those that the card describes.
    #[error("the weights have digest {found}, but their card says {expected}")]
    Digest {
        /// What the card says, hexadecimal SHA-256.
        expected: String,
        /// What was computed, hexadecimal SHA-256.
        found: String,
    },
    /// A tensor has another shape than the architecture.
    #[error("tensor {name} has {found} values where the architecture needs {expected}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Number of values that it should have.
        expected: usize,
        /// Number of values that it has.
        found: usize,
    },
    /// There is nothing to learn from.
    #[error("there is nothing to train on: {0}")]
    Empty(&'static str),
    /// The architecture cannot be built.
    #[error("the architecture is not usable: {0}")]
    Architecture(&'static str),
    /// The training library failed.
    #[error("training failed: {0}")]
    Training(String),
}
