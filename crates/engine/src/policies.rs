//! Rules that a user brings: loading their folder, and proving them by their own examples.

use std::path::Path;

use bartizan_core::{Asset, Content, Kind};
use bartizan_iac::brought::{Brought, Failure};
pub use bartizan_iac::brought::{Example, Proof};

use crate::{EngineError, dispatch::Record, source};

/// Loads a folder of policies. What of it does not load is told by [`Brought::failures`].
///
/// # Errors
/// When there is no such folder, or nothing in it that could be a policy.
pub(crate) fn load(folder: &Path) -> Result<Brought, EngineError> {
    let shown = folder.display();
    let canonical = folder.canonicalize().map_err(|error| {
        EngineError::Usage(format!("the folder of policies {shown} cannot be read: {error}"))
    })?;
    if !canonical.is_dir() {
        return Err(EngineError::Usage(format!(
            "{shown} is no folder; name the folder that holds the policies"
        )));
    }
    let brought = Brought::load(source::tree(&canonical).as_ref());
    if brought.policies.is_empty() && brought.failures.is_empty() {
        return Err(EngineError::Usage(format!(
            "{shown} holds no policies: files that end in .yaml or .yml are looked for, in and below it"
        )));
    }
    Ok(brought)
}

/// What did not load, as parts of a report that were not read.
pub(crate) fn unread(folder: &Path, brought: &Brought) -> Vec<Vec<Record>> {
    let record = |failure: &Failure| {
        let path = format!("{}/{}", source::prefix(folder), failure.path);
        let asset = Asset::new(&path, Content::from_bytes(Vec::new()));
        vec![Record::unread(&asset, Kind::new("policy"), told(failure))]
    };
    brought.failures.iter().map(record).collect()
}

/// `line 7: fails.equal: there is no such test`.
fn told(failure: &Failure) -> String {
    match failure.line {
        Some(line) => format!("line {line}: {}", failure.message),
        None => failure.message.clone(),
    }
}

/// What became of the examples of a folder of policies.
#[derive(Clone, Debug)]
pub struct Trial {
    /// One for each policy, in order of files.
    pub proofs: Vec<Proof>,
    /// Files that did not load, and why.
    pub unloaded: Vec<(String, String)>,
}

impl Trial {
    /// Are there examples that are decided otherwise than they say?
    pub fn has_failed(&self) -> bool {
        self.proofs.iter().flat_map(|proof| &proof.examples).any(|example| example.wrong.is_some())
    }
}

/// Tries every policy of a folder on its own examples.
///
/// # Errors
/// When there is no such folder, or nothing in it that could be a policy.
pub fn test(folder: &Path, interrupted: &dyn Fn() -> bool) -> Result<Trial, EngineError> {
    let brought = load(folder)?;
    Ok(Trial {
        proofs: brought
            .policies
            .iter()
            .map(|policy| bartizan_iac::brought::prove(policy, interrupted))
            .collect(),
        unloaded: brought.failures.iter().map(|failure| (failure.path.clone(), told(failure))).collect(),
    })
}
