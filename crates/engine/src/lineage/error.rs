//! Why a model or a store could not be used.

use std::path::{Path, PathBuf};

use bartizan_provenance::lineage::SketchError;

/// What stops a lineage command for one of its inputs.
#[derive(Debug, thiserror::Error)]
pub enum LineageError {
    /// It cannot be opened.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is no model in it.
    #[error(
        "{}: no weights found; name a safetensors, PyTorch, GGUF, ONNX or NumPy file, or a folder that holds one model",
        .0.display()
    )]
    NoWeights(PathBuf),
    /// There is one, and nothing of it could be read.
    #[error("{}: no tensor could be read: {why}", path.display())]
    NothingRead {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A sketch that is not one.
    #[error("{}: {why}", path.display())]
    Sketch {
        /// Which.
        path: PathBuf,
        /// Why.
        why: SketchError,
    },
}

impl LineageError {
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), why: format!("it cannot be opened: {error}") }
    }
}
