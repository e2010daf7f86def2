//! Why a model could not be signed, or a signature not be looked at.

use std::path::PathBuf;

use bartizan_provenance::{certificates::CertificateError, keys::KeyError};

/// What ends `sign`, `verify` and `digest`. A model that is not what was signed is no error but a verdict.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// Arguments that make no sense together.
    #[error("{0}")]
    Usage(String),
    /// A file of keys that cannot be used.
    #[error("{}: {source}", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A file of certificates that cannot be used.
    #[error("{}: {source}", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// A private key that others can read.
    #[error(
        "the private key {} can be read by other users (mode {mode:04o}); run `chmod 600 {}` and consider making a new \
         key",
        path.display(),
        path.display()
    )]
    Permissions {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Something that has to be read and cannot be.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The bundle cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A model with content that no signature can cover.
    #[error("{}", refusal(refused))]
    Refused {
        /// Where, and why.
        refused: Vec<(String, String)>,
    },
    /// A trusted root that cannot be used.
    #[cfg(feature = "keyless")]
    #[error(transparent)]
    Root(#[from] crate::keyless::RootError),
    /// A signature without a key of one's own was not made.
    #[cfg(feature = "keyless")]
    #[error(transparent)]
    Keyless(#[from] crate::keyless::SignError),
    /// The key does not sign.
    #[error("cannot sign: {0}")]
    Sealing(#[from] KeyError),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl SigningError {
    /// The exit code of a command that ends with this error.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Read { .. } | Self::Refused { .. } => 3,
            #[cfg(feature = "keyless")]
            Self::Keyless(crate::keyless::SignError::Service(_)) => 3,
            Self::Interrupted => 130,
            _ => 2,
        }
    }

    pub(super) fn read(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self::Read { path: path.into(), reason: reason.to_string() }
    }
}

/// The first of what was refused, each with its reason.
fn refusal(refused: &[(String, String)]) -> String {
    const SHOWN: usize = 10;
    let mut text = "the model holds what cannot be signed:".to_owned();
    for (path, why) in refused.iter().take(SHOWN) {
        text.push_str(&format!("\n  {path}: {why}"));
    }
    let more = refused.len().saturating_sub(SHOWN);
    if more > 0 {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}
