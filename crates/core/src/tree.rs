//! A directory, as inspectors see it.

use crate::{Content, ReadError};

/// What an entry of a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link that stays inside the scanned root.
    LinkInside,
    /// A symbolic link that leaves the scanned root, loops, or leads nowhere.
    LinkOutside,
    /// A FIFO, socket or device.
    Special,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path relative to the tree, `/` between folders.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Size in bytes; zero for what has none.
    pub size: u64,
}

/// A directory (or an archive's members) that can be listed and read without leaving it.
pub trait Tree: Send + Sync {
    /// The entries directly in `folder` (empty for the tree itself), sorted by path.
    fn list(&self, folder: &str) -> Vec<Entry>;

    /// What the relative path is; `None` when it is not there. `..` and absolute paths are never there.
    fn entry(&self, path: &str) -> Option<Entry>;

    /// Opens a file by its relative path.
    ///
    /// # Errors
    /// When it is not there, not a file, leaves the tree, or cannot be read.
    fn open(&self, path: &str) -> Result<Content, ReadError>;
}

impl std::fmt::Debug for dyn Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tree")
    }
}
