//! All configuration below a folder, read once.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_core::{Entry, EntryKind, Tree};

use super::module::Module;
use crate::{
    source::{FileId, Sources},
    syntax::{self, Document},
};

/// Bytes of one file.
pub(crate) const LARGEST_FILE: u64 = 8 << 20;
/// Folders and files that are looked at.
const MOST_ENTRIES: usize = 1_000_000;
/// Folders inside folders.
const DEEPEST_FOLDER: usize = 64;

/// Folders that hold copies of other people's modules, or no configuration at all.
const LEFT_OUT: &[&str] = &[".git", ".terraform", ".terragrunt-cache", "node_modules"];

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) path: String,
    pub(crate) line: Option<u32>,
    pub(crate) message: String,
}

/// All configuration below a folder.
#[derive(Debug, Default)]
pub(crate) struct Project {
    pub(crate) sources: Sources,
    /// By folder.
    pub(crate) modules: BTreeMap<String, Module>,
    /// Files of variables, by folder: `terraform.tfvars` first, then `*.auto.tfvars` by name.
    pub(crate) variables: BTreeMap<String, Vec<(FileId, Document)>>,
    pub(crate) unread: Vec<Unread>,
}

/// Is this the name of a file of Terraform or OpenTofu configuration?
pub fn is_configuration(name: &str) -> bool {
    let folded = name.to_ascii_lowercase();
    [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().any(|end| folded.ends_with(end))
}

/// Is this the name of a file of variables that is read without being asked for?
fn is_automatic(name: &str) -> bool {
    let plain = name.strip_suffix(".json").unwrap_or(name);
    plain == "terraform.tfvars" || plain.ends_with(".auto.tfvars")
}

/// Is there any configuration in or below the folder?
pub(crate) fn holds_configuration(tree: &dyn Tree) -> bool {
    let mut waiting = vec![(String::new(), 0)];
    let mut seen = 0usize;
    while let Some((folder, depth)) = waiting.pop() {
        for entry in tree.list(&folder) {
            seen += 1;
            if seen > MOST_ENTRIES {
                return false;
            }
            let name = last_name(&entry.path);
            match entry.kind {
                EntryKind::File | EntryKind::LinkInside if is_configuration(name) => return true,
                EntryKind::Directory if depth < DEEPEST_FOLDER && !LEFT_OUT.contains(&name) => {
                    waiting.push((entry.path, depth + 1));
                }
                _ => {}
            }
        }
    }
    false
}

fn last_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl Project {
    /// Reads every file of configuration in and below the tree.
    pub(crate) fn read(tree: &dyn Tree, interrupted: &dyn Fn() -> bool) -> Self {
        let mut project = Self::default();
        let mut waiting = vec![(String::new(), 0)];
        let mut seen = 0usize;
        while let Some((folder, depth)) = waiting.pop() {
            let entries = tree.list(&folder);
            seen = seen.saturating_add(entries.len());
            if seen > MOST_ENTRIES || interrupted() {
                project.miss(&folder, None, "there are too many files to look at all of them".to_owned());
                break;
            }
            let inner = project.folder(tree, &folder, &entries, depth);
            // The last is taken first: folders are read in the order of their names.
            waiting.extend(inner.into_iter().rev().map(|folder| (folder, depth + 1)));
        }
        project
    }

    /// Reads the files of one folder, and returns the folders in it.
    fn folder(&mut self, tree: &dyn Tree, folder: &str, entries: &[Entry], depth: usize) -> Vec<String> {
        let replaced: BTreeSet<String> = entries
            .iter()
            .filter_map(|entry| entry.path.strip_suffix(".tofu").map(|stem| format!("{stem}.tf")))
            .collect();
        let mut inner = Vec::new();
        for entry in entries {
            let name = last_name(&entry.path);
            match entry.kind {
                EntryKind::Directory if LEFT_OUT.contains(&name) => {}
                EntryKind::Directory if depth >= DEEPEST_FOLDER => {
                    let message = format!("folders are nested more than {DEEPEST_FOLDER} levels deep");
                    self.miss(&entry.path, None, message);
                }
                EntryKind::Directory => inner.push(entry.path.clone()),
                // OpenTofu reads the one instead of the other.
                EntryKind::File | EntryKind::LinkInside
                    if is_configuration(name) && !replaced.contains(&entry.path) =>
                {
                    if let Some((file, document)) = self.document(tree, &entry.path) {
                        let module =
                            self.modules.entry(folder.to_owned()).or_insert_with(|| Module::new(folder));
                        let stem = name.split('.').next().unwrap_or(name);
                        if stem == "override" || stem.ends_with("_override") {
                            module.add_override(file, document);
                        } else {
                            module.add(file, document);
                        }
                    }
                }
                EntryKind::File | EntryKind::LinkInside if is_automatic(name) => {
                    if let Some(read) = self.document(tree, &entry.path) {
                        let files = self.variables.entry(folder.to_owned()).or_default();
                        // `terraform.tfvars` is read first, so that the others win.
                        let first = if name.starts_with("terraform.tfvars") { 0 } else { files.len() };
                        files.insert(first, read);
                    }
                }
                EntryKind::LinkOutside if is_configuration(name) => {
                    let message = "a link that leaves the scanned folder, which is not followed";
                    self.miss(&entry.path, None, message.to_owned());
                }
                _ => {}
            }
        }
        inner
    }

    /// Reads one file; errors in it are noted.
    pub(crate) fn document(&mut self, tree: &dyn Tree, path: &str) -> Option<(FileId, Document)> {
        let read = tree.open(path).and_then(|content| content.whole(LARGEST_FILE));
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) => {
                self.miss(path, None, format!("it cannot be read: {error}"));
                return None;
            }
        };
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) => {
                self.miss(path, None, format!("it is not UTF-8: byte {} is wrong", error.valid_up_to()));
                return None;
            }
        };
        Some(self.parse(path, text))
    }

    /// Reads a text as a file of this path; errors in it are noted.
    pub(crate) fn parse(&mut self, path: &str, text: &str) -> (FileId, Document) {
        let file = self.sources.add(path, text);
        let document = match path.strip_suffix(".json") {
            Some(stem) if stem.ends_with("tfvars") => syntax::parse_json_variables(text),
            Some(_) => syntax::parse_json(text),
            None => syntax::parse(text),
        };
        for error in &document.errors {
            let line = self.sources.line_of(file, error.offset);
            self.miss(path, Some(line), error.message.clone());
        }
        (file, document)
    }

    fn miss(&mut self, path: &str, line: Option<u32>, message: String) {
        self.unread.push(Unread { path: path.to_owned(), line, message });
    }
}

/// A path relative to a folder, without `.` and `..`; `None` when it leaves the scanned root or is absolute.
pub(crate) fn resolve(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') || path.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
