//! The system manifest: `bartizan.toml`.

mod discover;
mod error;
mod manifest;
#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub use discover::{discover, write};
pub use error::ConfigError;
pub use manifest::{
    Dataset, DatasetRole, Endpoint, EndpointKind, Manifest, Model, PicklePolicy, PolicySection, Risk, System,
};

use crate::ScanRequest;

/// The manifest's file name.
pub const FILE_NAME: &str = "bartizan.toml";

/// A manifest, and where it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// Where.
    pub path: PathBuf,
    /// What it says.
    pub manifest: Manifest,
}

/// Reads a manifest.
///
/// # Errors
/// When the file cannot be read, or something in it is not as it should be.
pub fn load(path: &Path) -> Result<Loaded, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    Ok(Loaded { path: path.to_owned(), manifest: parse(path, &text)? })
}

/// Reads a manifest's text. The path is for the error message.
///
/// # Errors
/// When something in it is not as it should be.
pub fn parse(path: &Path, text: &str) -> Result<Manifest, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::invalid(path, text, &error))
}

/// The manifest that governs a target: in its folder, or in one above, up to the top of its git work tree. Outside of a
/// work tree only the target's own folder counts.
pub fn find(target: &Path) -> Option<PathBuf> {
    let canonical = target.canonicalize().ok()?;
    let start = if canonical.is_dir() { canonical.as_path() } else { canonical.parent()? };
    let top = start.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(start);
    start
        .ancestors()
        .take_while(|folder| folder.starts_with(top))
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.is_file())
}

/// The JSON schema of a manifest.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Manifest)
}

impl Loaded {
    /// Makes the request follow the manifest, and says so in the report's notes: a manifest that lies in a scanned
    /// folder comes from whoever wrote that folder, and must not weaken the policy unseen.
    pub fn apply(&self, request: &mut ScanRequest) {
        let baseline = request.policy.baseline.take();
        request.policy = self.manifest.policy();
        request.policy.baseline = baseline;
        request.limits = self.manifest.limits;
        let mut note = format!("policy from {}", self.path.display());
        let weakened = self.manifest.weakenings();
        if !weakened.is_empty() {
            note.push_str(&format!(": {}; --no-config scans without it", weakened.join(", ")));
        }
        request.notes.push(note);
    }
}
