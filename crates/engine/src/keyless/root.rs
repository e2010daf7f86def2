//! The trusted root: whose certificates, logs and timestamps count.

use std::path::{Path, PathBuf};

use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::Verifier;

/// A trusted root is a few kilobytes; nothing sensible is as large as this.
const LARGEST: u64 = 4 << 20;
/// Nesting that a trusted root may have; real ones have six levels.
const DEEPEST: usize = 32;

/// Why a trusted root cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// The file cannot be read.
    #[error("cannot read the trusted root {}: {error}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no trusted root.
    #[error(
        "{} is no Sigstore trusted root: {reason}; it takes a trusted_root.json, or a client trust configuration \
         that holds one",
        path.display()
    )]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Certificate authorities, transparency logs and timestamp authorities that are trusted.
pub struct TrustRoot {
    pub(super) verifier: Verifier,
}

impl std::fmt::Debug for TrustRoot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TrustRoot").finish_non_exhaustive()
    }
}

impl TrustRoot {
    /// The root of Sigstore's public good instance, as the library that verifies ships it. Its keys change every few
    /// years; a newer file can be given to [`TrustRoot::read`].
    pub fn shipped() -> Result<Self, RootError> {
        Self::parse(SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes(), Path::new("the shipped trusted root"))
    }

    /// The root in a file: `trusted_root.json`, or a client trust configuration with a `trustedRoot`.
    pub fn read(path: &Path) -> Result<Self, RootError> {
        let unreadable = |error| RootError::Unreadable { path: path.to_owned(), error };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if metadata.len() > LARGEST {
            let reason = format!("it has {} bytes, more than {LARGEST}", metadata.len());
            return Err(RootError::Malformed { path: path.to_owned(), reason });
        }
        Self::parse(&std::fs::read(path).map_err(unreadable)?, path)
    }

    /// The root in bytes; `path` is named in errors.
    pub fn parse(json: &[u8], path: &Path) -> Result<Self, RootError> {
        let malformed = |reason: String| RootError::Malformed { path: path.to_owned(), reason };
        let mut value: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| malformed(error.to_string()))?;
        if depth(&value) > DEEPEST {
            return Err(malformed(format!("it is nested deeper than {DEEPEST} levels")));
        }
        if let Some(inner) = value.get_mut("trustedRoot") {
            value = inner.take();
        }
        let root: TrustedRoot =
            serde_json::from_value(value).map_err(|error| malformed(error.to_string()))?;
        if !root.media_type.starts_with("application/vnd.dev.sigstore.trustedroot") {
            return Err(malformed(format!("its mediaType is {:?}", root.media_type)));
        }
        if root.certificate_authorities.is_empty() || root.tlogs.is_empty() || root.ctlogs.is_empty() {
            return Err(malformed(
                "it lacks certificateAuthorities, tlogs or ctlogs, so that it could trust nothing".to_owned(),
            ));
        }
        let verifier = Verifier::new(&root).map_err(|error| malformed(error.to_string()))?;
        Ok(Self { verifier })
    }
}

/// Levels of nesting; `serde_json` itself stops at 128.
fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => items.iter().map(depth).max().unwrap_or(0).saturating_add(1),
        serde_json::Value::Object(fields) => fields.values().map(depth).max().unwrap_or(0).saturating_add(1),
        _ => 0,
    }
}
