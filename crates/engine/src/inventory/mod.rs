//! One list of AI assets over scattered systems.
//!
//! The user adds [`Source`]s; [`sync`] reads them and remembers every asset with the place it was found at; [`list`]
//! joins places by content digest, so that the same bytes in three systems are one [`Asset`] with three [`Location`]s.
//! Connectors live in one file each and know nothing of each other: each yields what it [`Found`], and the rest of
//! this module decides what that is, digests it, and compares it with what was there before.

mod asset;
mod classify;
mod definition;
mod directory;
mod examine;
mod found;
mod git;
mod git_command;
#[cfg(feature = "remote")]
mod hub;
mod hub_cache;
mod lfs;
#[cfg(feature = "remote")]
mod mlflow;
#[cfg(feature = "remote")]
mod object_store;
#[cfg(feature = "remote")]
mod oci;
mod reading;
mod record;
#[cfg(feature = "remote")]
mod rest;
mod store;
mod sync;
mod verify;

use std::path::PathBuf;

pub use asset::{Asset, Filter, Location, list, schema};
pub use definition::{Source, SourceKind};
pub use record::{AssetKind, ContentDigest, FactSummary};
pub use store::Store;
pub use sync::{Problem, ProblemKind, SourceReport, SyncReport, SyncRequest, sync};
pub use verify::{VerifyReport, verify};

use found::Found;

/// What stops a command of the inventory. What goes wrong with a source is part of the report instead.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The request makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The inventory's file cannot be used.
    #[error("inventory {}: {reason}", path.display())]
    Store {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The worker threads could not be started.
    #[error("cannot start the worker threads: {0}")]
    Threads(String),
    /// The user stopped it; nothing was written.
    #[error("interrupted: the inventory is as it was")]
    Interrupted,
}

/// Adds a source, and gives the name that it got: its own, or with `may_rename` another one where that is taken.
///
/// # Errors
/// When it is there already or its name is taken, or the inventory cannot be read or written.
pub fn add(store: &Store, mut source: Source, may_rename: bool) -> Result<String, InventoryError> {
    store.update(|state| {
        let place = |source: &Source| (source.kind, source.location.clone(), source.endpoint.clone());
        if let Some(known) = state.sources.iter().find(|known| place(known) == place(&source)) {
            return Err(InventoryError::Usage(format!(
                "`{}` is a source already, named `{}`",
                bartizan_core::printable(&known.location),
                bartizan_core::printable(&known.name)
            )));
        }
        let taken = |name: &str| state.sources.iter().find(|known| known.name == name);
        if let Some(known) = taken(&source.name) {
            if !may_rename {
                return Err(InventoryError::Usage(format!(
                    "there is a source `{}` already ({} {}); give this one another name with --name",
                    bartizan_core::printable(&known.name),
                    known.kind.name(),
                    bartizan_core::printable(&known.location)
                )));
            }
            let free = (2u64..).map(|n| format!("{}-{n}", source.name)).find(|name| taken(name).is_none());
            source.name = free.unwrap_or_default();
        }
        let name = source.name.clone();
        state.sources.push(source);
        Ok(name)
    })
}

/// Removes a source and what was found in it; says how many locations that were.
///
/// # Errors
/// When there is none of this name, or the inventory cannot be read or written.
pub fn remove(store: &Store, name: &str) -> Result<usize, InventoryError> {
    store.update(|state| {
        let before = state.sources.len();
        state.sources.retain(|source| source.name != name);
        if state.sources.len() == before {
            return Err(unknown(name, &state.sources));
        }
        let locations = state.records.len();
        state.records.retain(|record| record.source != name);
        state.others.remove(name);
        Ok(locations.saturating_sub(state.records.len()))
    })
}

/// The sources, in the order in which they were added.
///
/// # Errors
/// When the inventory cannot be read.
pub fn sources(store: &Store) -> Result<Vec<Source>, InventoryError> {
    Ok(store.load()?.sources)
}

/// The current time as the inventory writes it: RFC 3339, UTC, whole seconds.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn unknown(name: &str, sources: &[Source]) -> InventoryError {
    let names = sources.iter().map(|source| source.name.as_str());
    let hint = match crate::nearest(name, names) {
        Some(name) => format!("did you mean `{}`?", bartizan_core::printable(name)),
        None => "`bartizan inventory sources` lists them".to_owned(),
    };
    InventoryError::Usage(format!("there is no source `{}`; {hint}", bartizan_core::printable(name)))
}

/// The sources of these names; all of them when no name is given.
fn chosen(sources: &[Source], names: &[String]) -> Result<Vec<Source>, InventoryError> {
    if sources.is_empty() {
        return Err(InventoryError::Usage(
            "the inventory has no sources yet: add one with `bartizan inventory add`".to_owned(),
        ));
    }
    if let Some(name) = names.iter().find(|name| !sources.iter().any(|source| source.name == **name)) {
        return Err(unknown(name, sources));
    }
    Ok(sources.iter().filter(|source| names.is_empty() || names.contains(&source.name)).cloned().collect())
}
