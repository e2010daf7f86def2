//! A directory, as inspectors see it.

use std::collections::BTreeMap;

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

/// A tree of contents that are at hand: files by their path.
#[derive(Clone, Debug, Default)]
pub struct Files(BTreeMap<String, Content>);

impl Files {
    /// A tree of these files; `/` in a path makes folders.
    pub fn of<P: Into<String>>(files: impl IntoIterator<Item = (P, Content)>) -> Self {
        Self(files.into_iter().map(|(path, content)| (path.into(), content)).collect())
    }
}

impl Tree for Files {
    fn list(&self, folder: &str) -> Vec<Entry> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut found: BTreeMap<String, Entry> = BTreeMap::new();
        for (path, content) in &self.0 {
            let Some(rest) = path.strip_prefix(&prefix) else { continue };
            let entry = match rest.split_once('/') {
                Some((folder, _)) => {
                    Entry { path: format!("{prefix}{folder}"), kind: EntryKind::Directory, size: 0 }
                }
                None => Entry { path: path.clone(), kind: EntryKind::File, size: content.len() },
            };
            found.insert(entry.path.clone(), entry);
        }
        found.into_values().collect()
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        let content = self.0.get(path)?;
        Some(Entry { path: path.to_owned(), kind: EntryKind::File, size: content.len() })
    }

    fn open(&self, path: &str) -> Result<Content, ReadError> {
        self.0.get(path).cloned().ok_or_else(|| ReadError::Io("there is no such file".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_folder_by_folder() {
        let files = Files::of(["a/b/c", "a/d", "e"].map(|path| (path, Content::from_bytes(&b"xy"[..]))));
        let listed = |folder: &str| {
            files
                .list(folder)
                .into_iter()
                .map(|entry| (entry.path, entry.kind, entry.size))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            listed(""),
            [("a".to_owned(), EntryKind::Directory, 0), ("e".to_owned(), EntryKind::File, 2)]
        );
        assert_eq!(
            listed("a"),
            [("a/b".to_owned(), EntryKind::Directory, 0), ("a/d".to_owned(), EntryKind::File, 2)]
        );
        assert!(listed("a/d").is_empty() && files.entry("a").is_none() && files.open("a/x").is_err());
        assert_eq!(files.open("a/b/c").unwrap().len(), 2);
    }
}
