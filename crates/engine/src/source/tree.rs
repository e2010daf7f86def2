//! A local folder as inspectors see it.

use std::{
    fs,
    path::{Component, Path, PathBuf},
    sync::{Arc, OnceLock},
};

use bartizan_core::{Content, Entry, EntryKind, ReadError, Tree};

use super::{
    boundary::{Boundary, Destination},
    file::LocalFile,
    names,
};

/// A folder inside a scanned root, read when asked.
pub(crate) struct LocalTree {
    folder: PathBuf,
    boundary: Arc<Boundary>,
    own: OnceLock<Vec<Entry>>,
}

impl LocalTree {
    /// The tree below a canonical folder.
    pub(crate) fn new(folder: PathBuf, boundary: Arc<Boundary>) -> Self {
        Self { folder, boundary, own: OnceLock::new() }
    }

    /// The path on disk of a relative path. `..` and absolute paths have none.
    fn locate(&self, relative: &str) -> Option<PathBuf> {
        let name = names::unescaped(relative);
        let relative = Path::new(&name);
        relative
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
            .then(|| self.folder.join(relative))
    }

    fn describe(&self, path: &Path, relative: String) -> Option<Entry> {
        let metadata = fs::symlink_metadata(path).ok()?;
        let (kind, size) = if metadata.is_symlink() {
            match self.boundary.destination(path) {
                Destination::Inside(target) => {
                    let size = fs::metadata(target).ok().filter(fs::Metadata::is_file).map_or(0, |m| m.len());
                    (EntryKind::LinkInside, size)
                }
                Destination::Outside(_) => (EntryKind::LinkOutside, 0),
            }
        } else if metadata.is_dir() {
            (EntryKind::Directory, 0)
        } else if metadata.is_file() {
            (EntryKind::File, metadata.len())
        } else {
            (EntryKind::Special, 0)
        };
        Some(Entry { path: relative, kind, size })
    }

    fn read(&self, relative: &str) -> Vec<Entry> {
        let Some(folder) = self.locate(relative) else { return Vec::new() };
        if matches!(self.boundary.destination(&folder), Destination::Outside(_)) {
            return Vec::new();
        }
        let Ok(children) = fs::read_dir(&folder) else { return Vec::new() };
        let mut entries: Vec<Entry> = children
            .filter_map(Result::ok)
            .filter_map(|child| {
                let name = child.file_name();
                let name = names::escaped(&name);
                let path = match relative.trim_end_matches('/') {
                    "" => name.into_owned(),
                    folder => format!("{folder}/{name}"),
                };
                self.describe(&child.path(), path)
            })
            .collect();
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        entries
    }
}

impl Tree for LocalTree {
    fn list(&self, folder: &str) -> Vec<Entry> {
        if folder.is_empty() { self.own.get_or_init(|| self.read("")).clone() } else { self.read(folder) }
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        let located = self.locate(path)?;
        match self.boundary.destination(located.parent()?) {
            Destination::Inside(_) => self.describe(&located, path.to_owned()),
            Destination::Outside(_) => None,
        }
    }

    fn open(&self, path: &str) -> Result<Content, ReadError> {
        let located =
            self.locate(path).ok_or_else(|| ReadError::Io("the path leaves the folder".to_owned()))?;
        match self.boundary.destination(&located) {
            Destination::Inside(target) => {
                let (content, _) = LocalFile::open(&target)?.content()?;
                Ok(content)
            }
            Destination::Outside(_) if !located.is_symlink() && !located.exists() => {
                Err(ReadError::Io("there is no such file".to_owned()))
            }
            Destination::Outside(reason) => Err(ReadError::Io(reason.to_owned())),
        }
    }
}
