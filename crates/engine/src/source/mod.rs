//! Where assets come from.

mod boundary;
mod file;
mod ignored;
mod local;
pub(crate) mod names;
mod project;
#[cfg(feature = "remote")]
pub(crate) mod remote;
mod stdin;
#[cfg(test)]
mod tests;
mod tree;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use bartizan_core::{Content, Finding, Kind, Tree};

pub(crate) use file::{LocalFile, Witness};
pub(crate) use local::{list, name_of, prefix, tree};
pub(crate) use names::shown_bytes;
pub(crate) use project::folder_in_project;
pub(crate) use stdin::spool;

use crate::report::Skipped;

/// One top-level asset that waits to be read.
pub(crate) struct Item {
    /// As in the report.
    pub(crate) path: String,
    /// How to get at it.
    pub(crate) opening: Opening,
    /// The folder that it sits in; `None` for what stands at the top of what is scanned.
    pub(crate) siblings: Option<Arc<dyn Tree>>,
    /// The folder, as in the report, of a file that git would leave out.
    pub(crate) ignored_in: Option<Arc<str>>,
}

/// How to get at an asset.
pub(crate) enum Opening {
    /// A local file.
    File(PathBuf),
    /// A folder, which is an asset only if an inspector claims it.
    Folder(Arc<dyn Tree>),
    /// Bytes that can be read already.
    Content {
        /// The bytes.
        content: Content,
        /// Digest it only up to this size: a remote object would have to be fetched for it.
        digest_up_to: Option<u64>,
    },
    /// Something that cannot be read, and why.
    Unreadable(Kind, String),
}

/// What a source holds.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) items: Vec<Item>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) notes: Vec<String>,
    skipped: BTreeMap<(String, String), u64>,
}

impl Listing {
    /// Counts something that is not looked at.
    pub(crate) fn skip(&mut self, path: &str, reason: &str, count: u64) {
        let entry = self.skipped.entry((path.to_owned(), reason.to_owned())).or_default();
        *entry = entry.saturating_add(count);
    }

    /// Notes something that cannot be read.
    pub(crate) fn unreadable(&mut self, path: String, kind: Kind, reason: impl Into<String>) {
        self.items.push(Item {
            path,
            opening: Opening::Unreadable(kind, reason.into()),
            siblings: None,
            ignored_in: None,
        });
    }

    /// What was not looked at, by path and reason.
    pub(crate) fn skipped(self) -> Vec<Skipped> {
        self.skipped.into_iter().map(|((path, reason), count)| Skipped { path, reason, count }).collect()
    }
}
