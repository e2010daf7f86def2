//! Reads model files of every framework without loading them.
//!
//! One folder per format: its inspector, its parser, its rules and its tests. Adding a format adds a folder and one
//! line in [`inspectors`].

use bartizan_core::Inspector;

mod archive;
mod gguf;
mod location;
mod npy;
mod onnx;
pub mod pickle;
mod protobuf;
mod safetensors;
#[cfg(test)]
mod testing;
mod weights;
mod zip;

/// Version of the rules and of the knowledge behind them: the date of their last change.
pub const RULES_VERSION: &str = "2026.11.24";

/// Every inspector of this crate. Where two claim an asset with equal certainty and only one may read it, the earlier
/// one does.
pub fn inspectors() -> Vec<Box<dyn Inspector>> {
    vec![
        Box::new(gguf::Gguf),
        Box::new(npy::Npy),
        Box::new(onnx::Onnx),
        Box::new(pickle::Pickle),
        Box::new(safetensors::Safetensors),
        Box::new(safetensors::WeightIndex),
        Box::new(zip::Zip),
    ]
}
