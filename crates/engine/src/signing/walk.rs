//! What lies in a model's folder. Links to folders are never followed.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use bartizan_provenance::oms::{IgnoredPaths, Note, ResourceName, Warning};

use super::{
    error::SigningError,
    file::{Found, Stamp, special},
};
use crate::source::names::escaped;

/// Folders within folders.
const DEEPEST: usize = 200;
/// Unsigned paths that are listed one by one.
const MOST_IGNORED: usize = 10_000;

/// How a walk goes.
pub(super) struct Rules<'a> {
    /// Paths relative to the model that are left out.
    pub(super) ignore: &'a IgnoredPaths,
    /// Are files read that links lead to?
    pub(super) allow_symlinks: bool,
    /// Do names go into shard names, where a colon separates?
    pub(super) is_sharded: bool,
    /// The signature itself, when it lies in the model: neither signed nor worth a word.
    pub(super) signature: Option<&'a ResourceName>,
    pub(super) cancel: &'a AtomicBool,
}

/// What was found.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) files: BTreeMap<ResourceName, Found>,
    /// What no signature can cover, and why.
    pub(super) refused: Vec<(String, String)>,
    /// What the rules leave out.
    pub(super) ignored: Vec<String>,
    pub(super) notes: Vec<Note>,
}

/// Lists a model: every file in and below a folder, or the one file that it is.
pub(super) fn walk(model: &Path, rules: &Rules<'_>) -> Result<Contents, SigningError> {
    let metadata = fs::metadata(model).map_err(|error| missing(model, &error))?;
    let mut contents = Contents::default();
    if metadata.is_dir() {
        let root = model.canonicalize().map_err(|error| SigningError::read(model, error))?;
        let mut walk = Walk { rules, root: &root, contents: &mut contents, ignored: 0 };
        walk.folder(&root, "", 0)?;
        walk.say_what_was_not_listed();
    } else if let Some(kind) = special(&metadata) {
        contents.refused.push((".".to_owned(), format!("it is {kind}")));
    } else {
        let name = ResourceName::itself();
        let found = Found {
            name: name.clone(),
            path: model.to_owned(),
            stamp: Stamp::of(&metadata),
            // Whoever names a link means what it leads to.
            is_link: true,
        };
        contents.files.insert(name, found);
    }
    Ok(contents)
}

/// Looks at single files of a model, as [`walk`] does at all of them.
pub(super) fn look(
    model: &Path,
    names: &[ResourceName],
    rules: &Rules<'_>,
) -> Result<Contents, SigningError> {
    if fs::metadata(model).map_err(|error| missing(model, &error))?.is_file() {
        return walk(model, rules);
    }
    let root = model.canonicalize().map_err(|error| SigningError::read(model, error))?;
    let mut contents = Contents::default();
    let mut walk = Walk { rules, root: &root, contents: &mut contents, ignored: 0 };
    for name in names {
        let mut path = root.clone();
        let mut parts = name.parts().peekable();
        while let Some(part) = parts.next() {
            path.push(part);
            let Ok(metadata) = fs::symlink_metadata(&path) else { break };
            if parts.peek().is_none() {
                walk.entry(&path, name.as_str(), &metadata, None)?;
            } else if metadata.is_symlink() {
                walk.refuse(name.as_str(), "a folder above it is a symbolic link");
                break;
            }
        }
    }
    Ok(contents)
}

fn missing(model: &Path, error: &io::Error) -> SigningError {
    if error.kind() == io::ErrorKind::NotFound {
        SigningError::Usage(format!("no such file or folder: {}", model.display()))
    } else {
        SigningError::read(model, error)
    }
}

struct Walk<'a> {
    rules: &'a Rules<'a>,
    root: &'a Path,
    contents: &'a mut Contents,
    ignored: usize,
}

impl Walk<'_> {
    /// `name` is the folder's, and empty for the model itself.
    fn folder(&mut self, path: &Path, name: &str, depth: usize) -> Result<(), SigningError> {
        if self.rules.cancel.load(Ordering::Relaxed) {
            return Err(SigningError::Interrupted);
        }
        if depth > DEEPEST {
            self.refuse(name, "folders are nested too deeply");
            return Ok(());
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(SigningError::read(path, error)),
            Err(error) => {
                self.refuse(name, format!("the folder cannot be listed: {error}"));
                return Ok(());
            }
        };
        let mut is_empty = true;
        for entry in entries {
            is_empty = false;
            match entry.and_then(|entry| Ok((entry.path(), entry.file_name(), entry.metadata()?))) {
                Ok((path, file_name, metadata)) => {
                    let name = child(name, &file_name);
                    if file_name.to_str().is_some() {
                        self.entry(&path, &name, &metadata, Some(depth))?;
                    } else {
                        self.refuse(&name, "its name is not UTF-8");
                    }
                }
                Err(error) => self.refuse(name, format!("an entry of the folder cannot be read: {error}")),
            }
        }
        if is_empty && depth > 0 && !self.is_ignored(name) {
            let detail = "an empty folder, which no signature covers";
            self.contents.notes.push(Note::at(Warning::EmptyDirectory, name, detail));
        }
        Ok(())
    }

    /// `depth` is that of the folder around it; `None` when folders are not to be entered.
    fn entry(
        &mut self,
        path: &Path,
        name: &str,
        metadata: &fs::Metadata,
        depth: Option<usize>,
    ) -> Result<(), SigningError> {
        if metadata.is_dir() {
            return match depth {
                Some(depth) => self.folder(path, name, depth.saturating_add(1)),
                None => {
                    self.refuse(name, "it is a folder");
                    Ok(())
                }
            };
        }
        let Ok(resource) = ResourceName::parse(name) else {
            self.refuse(name, "its name cannot be written into a signature");
            return Ok(());
        };
        if self.rules.signature == Some(&resource) {
            return Ok(());
        }
        if self.rules.ignore.cover(&resource) {
            self.ignored = self.ignored.saturating_add(1);
            if self.contents.ignored.len() < MOST_IGNORED {
                self.contents.ignored.push(name.to_owned());
            }
            return Ok(());
        }
        if let Some(kind) = special(metadata) {
            self.refuse(name, format!("it is {kind}, which is never opened"));
        } else if self.rules.is_sharded && name.contains(':') {
            self.refuse(
                name,
                "its name has a colon, which the shards method cannot write; use --method files",
            );
        } else if metadata.is_symlink() {
            self.link(path, resource);
        } else {
            self.keep(resource, path.to_owned(), metadata, false);
        }
        Ok(())
    }

    fn link(&mut self, path: &Path, name: ResourceName) {
        let text = name.as_str().to_owned();
        let Ok(target) = fs::metadata(path) else {
            self.refuse(&text, "it is a symbolic link that leads nowhere");
            return;
        };
        if !self.rules.allow_symlinks {
            self.refuse(&text, "it is a symbolic link; --allow-symlinks reads what such links lead to");
        } else if let Some(kind) = special(&target) {
            self.refuse(&text, format!("it is a symbolic link to {kind}"));
        } else if target.is_dir() {
            let detail =
                "a link to a folder, which was not followed: nothing in it is covered by the signature";
            self.contents.notes.push(Note::at(Warning::SymlinkedDirectory, text, detail));
        } else {
            if !path.canonicalize().is_ok_and(|canonical| canonical.starts_with(self.root)) {
                let detail = "a link to a file outside of the model, whose content was read";
                self.contents.notes.push(Note::at(Warning::SymlinkOutside, text, detail));
            }
            self.keep(name, path.to_owned(), &target, true);
        }
    }

    fn keep(&mut self, name: ResourceName, path: PathBuf, metadata: &fs::Metadata, is_link: bool) {
        let found = Found { name: name.clone(), path, stamp: Stamp::of(metadata), is_link };
        self.contents.files.insert(name, found);
    }

    fn refuse(&mut self, name: &str, why: impl Into<String>) {
        self.contents.refused.push((name.to_owned(), why.into()));
    }

    fn is_ignored(&self, name: &str) -> bool {
        ResourceName::parse(name).is_ok_and(|name| self.rules.ignore.cover(&name))
    }

    fn say_what_was_not_listed(&mut self) {
        let more = self.ignored.saturating_sub(self.contents.ignored.len());
        if more > 0 {
            let detail = format!("{more} more files than are listed are not covered by the signature");
            self.contents.notes.push(Note::new(Warning::UnsignedContent, detail));
        }
    }
}

fn child(folder: &str, name: &OsStr) -> String {
    let name = name.to_str().map_or_else(|| escaped(name).into_owned(), str::to_owned);
    if folder.is_empty() { name } else { format!("{folder}/{name}") }
}
