//! Files and folders of this machine.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, FileType},
    io,
    path::{Component, Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bartizan_core::{Asset, Content, Finding, Kind, Severity, Tree};

use super::{
    Item, Listing, Opening,
    boundary::{self, Boundary, Destination},
    ignored::IgnoreChain,
    names,
    tree::LocalTree,
};
use crate::rules;

/// Lists a local target. `prefix` goes before every path, so that several targets stay apart.
pub(crate) fn list(root: &Path, prefix: &str, no_ignore: bool, cancel: &AtomicBool, listing: &mut Listing) {
    let canonical = match root.canonicalize() {
        Ok(canonical) => canonical,
        Err(error) => {
            listing.unreadable(shown(root), Kind::UNKNOWN, format!("it cannot be opened: {error}"));
            return;
        }
    };
    if canonical.is_dir() {
        let boundary = Arc::new(Boundary::around(&canonical));
        let ignores = if no_ignore { None } else { IgnoreChain::of_root(&canonical) };
        let mut walk = Walk {
            boundary,
            no_ignore,
            cancel,
            listing,
            links: Vec::new(),
            blobs_read: BTreeSet::new(),
            blobs: Vec::new(),
        };
        walk.run(Folder { disk: canonical, path: prefix.to_owned(), ignored: false, ignores, parent: None });
        return;
    }
    let name = if prefix.is_empty() { name_of(root) } else { prefix.to_owned() };
    match fs::metadata(&canonical).map(|metadata| special(metadata.file_type())) {
        Ok(None) => {}
        Ok(Some(kind)) => {
            listing.skip(&name, &format!("a {kind}, which is never opened"), 1);
            listing.unreadable(name, kind, format!("it is a {kind}, which is never opened"));
            return;
        }
        Err(error) => {
            listing.unreadable(name, Kind::UNKNOWN, format!("it cannot be opened: {error}"));
            return;
        }
    }
    // A file of configuration that is named alone is read alone: its folder is not what was asked for.
    let alone = bartizan_iac::terraform::is_configuration(&name);
    let siblings = if alone { None } else { canonical.parent().map(tree) };
    let opening = Opening::File(canonical);
    listing.items.push(Item { path: name, opening, siblings, ignored_in: None });
}

/// A canonical folder as inspectors see it.
pub(crate) fn tree(folder: &Path) -> Arc<dyn Tree> {
    Arc::new(LocalTree::new(folder.to_owned(), Arc::new(Boundary::around(folder))))
}

/// The name of a file that is scanned by itself.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| shown(path), |name| names::escaped(name).into_owned())
}

/// What goes before the paths of one of several targets: the target as it was given.
pub(crate) fn prefix(path: &Path) -> String {
    let plain: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    shown(&plain)
}

/// A path as it stands in reports.
fn shown(path: &Path) -> String {
    names::escaped(path.as_os_str()).into_owned()
}

/// What a FIFO, socket or device is called; `None` for what can be opened.
fn special(file_type: FileType) -> Option<Kind> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if file_type.is_fifo() {
            return Some(Kind::new("fifo"));
        }
        if file_type.is_socket() {
            return Some(Kind::new("socket"));
        }
        if file_type.is_block_device() || file_type.is_char_device() {
            return Some(Kind::new("device"));
        }
    }
    (!file_type.is_file() && !file_type.is_dir() && !file_type.is_symlink())
        .then(|| Kind::new("special-file"))
}

/// A folder to be listed.
struct Folder {
    disk: PathBuf,
    path: String,
    ignored: bool,
    ignores: Option<Arc<IgnoreChain>>,
    parent: Option<Arc<dyn Tree>>,
}

impl Folder {
    fn child(&self, name: &std::ffi::OsStr) -> String {
        let name = names::escaped(name);
        if self.path.is_empty() { name.into_owned() } else { format!("{}/{name}", self.path) }
    }

    fn shown(&self) -> &str {
        if self.path.is_empty() { "." } else { &self.path }
    }
}

struct Walk<'a> {
    boundary: Arc<Boundary>,
    no_ignore: bool,
    cancel: &'a AtomicBool,
    listing: &'a mut Listing,
    /// Links that are followed: what they lead to, the folder that they stand in, and the item.
    links: Vec<(PathBuf, String, Item)>,
    /// Blobs of a Hugging Face cache that a snapshot's link named already.
    blobs_read: BTreeSet<PathBuf>,
    /// Blobs met as files, to be read under their own name if no snapshot names them.
    blobs: Vec<(PathBuf, Item)>,
}

impl Walk<'_> {
    /// Lists a folder and all below it. A list instead of recursion: folders may be nested thousands deep.
    fn run(&mut self, root: Folder) {
        let mut waiting = vec![root];
        while let Some(folder) = waiting.pop() {
            if self.cancel.load(Ordering::Relaxed) {
                self.listing.unreadable(
                    folder.shown().to_owned(),
                    Kind::UNKNOWN,
                    "the scan was interrupted before this folder was listed",
                );
                return;
            }
            self.folder(&folder, &mut waiting);
        }
        // Folders are listed in any order; the first name in alphabetical order is the one that counts.
        let mut links = std::mem::take(&mut self.links);
        links.sort_by(|(_, _, one), (_, _, other)| one.path.cmp(&other.path));
        for (target, folder, item) in links {
            if self.blobs_read.insert(target) {
                self.listing.items.push(item);
            } else {
                self.listing.skip(&folder, "links to a file that another link led to", 1);
            }
        }
        for (disk, item) in std::mem::take(&mut self.blobs) {
            if !self.blobs_read.contains(&disk) {
                self.listing.items.push(item);
            }
        }
    }

    fn folder(&mut self, folder: &Folder, waiting: &mut Vec<Folder>) {
        let entries = match entries(&folder.disk) {
            Ok((entries, None)) => entries,
            Ok((entries, Some(error))) => {
                let reason = format!("the folder cannot be listed to its end: {error}");
                self.listing.unreadable(folder.shown().to_owned(), Kind::UNKNOWN, reason);
                entries
            }
            Err(error) => {
                let reason = format!("the folder cannot be listed: {error}");
                self.listing.unreadable(folder.shown().to_owned(), Kind::UNKNOWN, reason);
                return;
            }
        };
        let tree: Arc<dyn Tree> = Arc::new(LocalTree::new(folder.disk.clone(), Arc::clone(&self.boundary)));
        self.listing.items.push(Item {
            path: folder.shown().to_owned(),
            opening: Opening::Folder(Arc::clone(&tree)),
            siblings: folder.parent.clone(),
            ignored_in: None,
        });
        let holds_blobs = boundary::is_blob_folder(&folder.disk);
        let shown: Arc<str> = Arc::from(folder.shown());
        for (name, file_type) in entries {
            let disk = folder.disk.join(&name);
            let path = folder.child(&name);
            if file_type.is_symlink() {
                self.link(folder, disk, path, &tree);
            } else if file_type.is_dir() && name == ".git" {
                self.listing.skip(&path, "git's own folder", count_files(&disk, self.cancel));
            } else if let Some(kind) = special(file_type) {
                self.listing.skip(&path, &format!("a {kind}, which is never opened"), 1);
                self.listing.unreadable(path, kind, format!("it is a {kind}, which is never opened"));
            } else {
                let ignored = folder.ignored
                    || folder.ignores.as_ref().is_some_and(|chain| chain.ignores(&disk, file_type.is_dir()));
                if file_type.is_dir() {
                    let ignores = match self.no_ignore {
                        true => None,
                        false => IgnoreChain::enter(folder.ignores.as_ref(), &disk),
                    };
                    let parent = Some(Arc::clone(&tree));
                    waiting.push(Folder { disk, path, ignored, ignores, parent });
                } else {
                    let item = Item {
                        path,
                        opening: Opening::File(disk.clone()),
                        siblings: Some(Arc::clone(&tree)),
                        ignored_in: ignored.then(|| Arc::clone(&shown)),
                    };
                    if holds_blobs {
                        self.blobs.push((disk, item));
                    } else {
                        self.listing.items.push(item);
                    }
                }
            }
        }
    }

    /// A link inside is not followed, because what it leads to is scanned at its own place. Two kinds are: those into
    /// git's folder, which is not scanned otherwise, and those of a Hugging Face cache, whose names say what the blobs
    /// are.
    fn link(&mut self, folder: &Folder, disk: PathBuf, path: String, tree: &Arc<dyn Tree>) {
        let target = match self.boundary.destination(&disk) {
            Destination::Inside(target) => target,
            Destination::Outside(reason) => {
                self.listing.skip(&path, reason, 1);
                let asset = Asset::new(&path, Content::from_bytes(Vec::new()));
                let target = fs::read_link(&disk).map(|target| shown(&target)).unwrap_or_default();
                let finding = Finding::new(
                    &rules::LINK_OUTSIDE,
                    &asset,
                    format!("this is {reason}: it was not followed"),
                );
                let severity = if is_private(&target) { Severity::Medium } else { finding.severity };
                self.listing.findings.push(finding.severity(severity).evidence("target", target));
                return;
            }
        };
        let into_git = self.boundary.is_in_git_folder(&target);
        let snapshot = boundary::is_snapshot_link(&disk, &target);
        if !target.is_file() || !(into_git || snapshot) {
            self.listing.skip(folder.shown(), "links to what is scanned at its own place", 1);
        } else {
            let opening = Opening::File(target.clone());
            let item = Item { path, opening, siblings: Some(Arc::clone(tree)), ignored_in: None };
            self.links.push((target, folder.shown().to_owned(), item));
        }
    }
}

type Entries = Vec<(OsString, FileType)>;

/// The names in a folder, sorted, and the error that ended the listing early.
fn entries(folder: &Path) -> io::Result<(Entries, Option<io::Error>)> {
    let mut entries = Vec::new();
    let mut failure = None;
    for entry in fs::read_dir(folder)? {
        match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
            Ok(entry) => entries.push(entry),
            Err(error) => failure = Some(error),
        }
    }
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    Ok((entries, failure))
}

/// How many files lie in and below a folder; links are not followed.
fn count_files(folder: &Path, cancel: &AtomicBool) -> u64 {
    let mut count = 0u64;
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        if cancel.load(Ordering::Relaxed) {
            break;
        }
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(file_type) if file_type.is_dir() => waiting.push(entry.path()),
                _ => count = count.saturating_add(1),
            }
        }
    }
    count
}

/// Does a link lead to the system's own files or to somebody's secrets? No repository needs that.
fn is_private(target: &str) -> bool {
    const SYSTEM: &[&str] = &["/etc/", "/proc/", "/sys/", "/dev/", "/root/", "/boot/", "/run/", "/var/"];
    const SECRETS: &[&str] =
        &["/.ssh", "/.aws", "/.kube", "/.config/gcloud", "/.netrc", "/.git-credentials", "/.gnupg"];
    SYSTEM.iter().any(|folder| target.starts_with(folder)) || SECRETS.iter().any(|part| target.contains(part))
}
