//! The edge of what the user asked to scan. Links are followed up to it and never across.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A scanned folder, and the one place outside it that belongs to it: the `blobs` folder of a Hugging Face cache, which
/// the links in `snapshots` lead into.
#[derive(Debug)]
pub(crate) struct Boundary {
    root: PathBuf,
    blobs: Option<PathBuf>,
}

/// Where a link leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// To this path inside the boundary.
    Inside(PathBuf),
    /// Elsewhere; the reason, in words.
    Outside(&'static str),
}

impl Boundary {
    /// The boundary around a canonical path.
    pub(crate) fn around(root: &Path) -> Self {
        let blobs = root
            .ancestors()
            .find(|folder| folder.file_name().is_some_and(|name| name == "snapshots"))
            .and_then(Path::parent)
            .map(|repository| repository.join("blobs"))
            .filter(|blobs| blobs.is_dir());
        Self { root: root.to_owned(), blobs }
    }

    /// Is this canonical path inside?
    pub(crate) fn contains(&self, canonical: &Path) -> bool {
        canonical.starts_with(&self.root)
            || self.blobs.as_ref().is_some_and(|blobs| canonical.starts_with(blobs))
    }

    /// Does this canonical path lie in git's own folder, below the root?
    pub(crate) fn is_in_git_folder(&self, canonical: &Path) -> bool {
        canonical
            .strip_prefix(&self.root)
            .is_ok_and(|inner| inner.components().any(|part| part.as_os_str() == ".git"))
    }

    /// Follows every link in the path.
    pub(crate) fn destination(&self, path: &Path) -> Destination {
        match path.canonicalize() {
            Ok(canonical) if self.contains(&canonical) => Destination::Inside(canonical),
            Ok(_) => Destination::Outside("a link that leaves the scanned folder"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Destination::Outside("a link that leads nowhere")
            }
            Err(error) if is_loop(&error) => Destination::Outside("a link that leads in a circle"),
            Err(_) => Destination::Outside("a link that cannot be followed"),
        }
    }
}

#[cfg(unix)]
fn is_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
}

#[cfg(not(unix))]
fn is_loop(_: &io::Error) -> bool {
    false
}

/// Is this a link of a Hugging Face cache, from `snapshots/REVISION/NAME` to `blobs/DIGEST` of the same repository?
/// `target` is canonical.
///
/// <https://huggingface.co/docs/huggingface_hub/guides/manage-cache>
pub(crate) fn is_snapshot_link(link: &Path, target: &Path) -> bool {
    let Some(blobs) = target.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "blobs"))
    else {
        return false;
    };
    let Some(repository) = blobs.parent() else { return false };
    // The link's own folders must not be links, or its path would say nothing about where it is.
    link.parent()
        .and_then(|folder| folder.canonicalize().ok())
        .is_some_and(|folder| folder.starts_with(repository.join("snapshots")))
}

/// Is this canonical folder the `blobs` folder of a Hugging Face cache?
pub(crate) fn is_blob_folder(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "blobs")
        && folder.parent().is_some_and(|repository| repository.join("snapshots").is_dir())
}
