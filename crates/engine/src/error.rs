//! What stops a scan before it starts. What goes wrong with single inputs is noted in the report instead.

use std::path::PathBuf;

/// A request that cannot be carried out at all: wrong usage or a wrong configuration.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The request contradicts itself or names something that cannot exist.
    #[error("{0}")]
    Usage(String),
    /// A baseline that is not one, or cannot be read or written.
    #[error("baseline {}: {reason}", path.display())]
    Baseline {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The worker threads could not be started.
    #[error("cannot start the worker threads: {0}")]
    Threads(String),
}

impl EngineError {
    /// The exit code of a command that ends with this error: 2, usage or configuration.
    pub const fn exit_code(&self) -> u8 {
        2
    }
}
