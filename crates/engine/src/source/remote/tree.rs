//! A remote folder as inspectors see it: the listing that was made when the scan began.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bartizan_core::{Content, Entry, EntryKind, ReadError, Tree};

use super::Object;

/// A folder in a remote listing.
pub(crate) struct RemoteTree {
    all: Arc<BTreeMap<String, Object>>,
    /// With a slash at the end; empty for the root.
    folder: String,
}

/// Every folder that holds an object or a folder, by path.
pub(crate) fn folders(objects: &[Object]) -> BTreeMap<String, Arc<dyn Tree>> {
    let all: Arc<BTreeMap<_, _>> =
        Arc::new(objects.iter().map(|object| (object.path.clone(), object.clone())).collect());
    let mut names = BTreeSet::from([String::new()]);
    for object in objects {
        let mut rest = object.path.as_str();
        while let Some((folder, _)) = rest.rsplit_once('/') {
            names.insert(folder.to_owned());
            rest = folder;
        }
    }
    names
        .into_iter()
        .map(|name| {
            let folder = if name.is_empty() { String::new() } else { format!("{name}/") };
            (name, Arc::new(RemoteTree { all: Arc::clone(&all), folder }) as Arc<dyn Tree>)
        })
        .collect()
}

impl RemoteTree {
    fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &Object)> {
        self.all
            .range(prefix.to_owned()..)
            .map_while(move |(path, object)| path.starts_with(prefix).then_some((path.as_str(), object)))
    }
}

impl Tree for RemoteTree {
    fn list(&self, folder: &str) -> Vec<Entry> {
        let folder = folder.trim_end_matches('/');
        let inner = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let prefix = format!("{}{inner}", self.folder);
        let mut entries: Vec<Entry> = Vec::new();
        for (path, object) in self.below(&prefix) {
            let rest = path.get(prefix.len()..).unwrap_or_default();
            let (name, kind, size) = match rest.split_once('/') {
                Some((name, _)) => (name, EntryKind::Directory, 0),
                None => (rest, EntryKind::File, object.size),
            };
            let path = format!("{inner}{name}");
            if entries.last().is_none_or(|last| last.path != path) {
                entries.push(Entry { path, kind, size });
            }
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        entries.dedup_by(|one, other| one.path == other.path);
        entries
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        let full = format!("{}{path}", self.folder);
        if let Some(object) = self.all.get(&full) {
            return Some(Entry { path: path.to_owned(), kind: EntryKind::File, size: object.size });
        }
        let folder = format!("{}/", full.trim_end_matches('/'));
        self.below(&folder).next()?;
        Some(Entry { path: path.to_owned(), kind: EntryKind::Directory, size: 0 })
    }

    fn open(&self, path: &str) -> Result<Content, ReadError> {
        self.all
            .get(&format!("{}{path}", self.folder))
            .map(Object::content)
            .ok_or_else(|| ReadError::Io("there is no such file".to_owned()))
    }
}
