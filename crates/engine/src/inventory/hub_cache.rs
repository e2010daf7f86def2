//! Caches of Hugging Face's libraries: `models--ORG--NAME/{refs,blobs,snapshots}`.
//!
//! A blob's name is the SHA-256 of its content when the hub keeps it in LFS, and git's SHA-1 otherwise, so that a cache
//! can be checked without the hub: <https://huggingface.co/docs/huggingface_hub/guides/manage-cache>

use std::path::{Path, PathBuf};

use super::{
    ContentDigest, Found, Source, directory,
    found::{Harvest, Reach, SourceError},
    record::is_hex,
};

/// Every file that a snapshot names, and every blob that none names.
pub(crate) fn harvest(source: &Source, reach: &Reach) -> Result<Harvest, SourceError> {
    let root = Path::new(&source.location);
    // `HF_HOME` is one folder above the cache.
    let hub = root.join("hub");
    let root = if hub.is_dir() && !holds_repositories(root) { hub } else { root.to_owned() };
    let mut harvest = directory::files(source, &root, reach)?;
    let repositories = holds_repositories(&root);
    harvest.found.retain_mut(|found| prepare(found, &root));
    if !repositories && !root.join("snapshots").is_dir() {
        harvest
            .notes
            .push("the folder holds no `models--…` or `datasets--…` folders: is it a cache?".to_owned());
    }
    Ok(harvest)
}

fn holds_repositories(folder: &Path) -> bool {
    std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| repository(&entry.path()).is_some())
}

/// `models--org--name`: `org/name`.
fn repository(folder: &Path) -> Option<String> {
    let name = folder.file_name()?.to_str()?;
    ["models--", "datasets--", "spaces--"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .map(|id| id.replacen("--", "/", 1))
}

/// Fills in what the cache's layout says; `false` for its own files.
fn prepare(found: &mut Found, root: &Path) -> bool {
    let parts: Vec<&str> = found.path.split('/').collect();
    let Some(at) = parts.iter().position(|part| matches!(*part, "snapshots" | "blobs")) else {
        return false;
    };
    found.version = match parts.as_slice() {
        [.., "blobs", _] => None,
        _ => parts.get(at.saturating_add(1)).map(|revision| (*revision).to_owned()),
    };
    // Where the bytes are: a snapshot's file is a link to a blob.
    let disk: PathBuf = root.join(&found.path);
    let blob = disk.canonicalize().ok().and_then(|blob| {
        let folder = blob.parent()?.file_name()?;
        (folder == "blobs").then(|| blob.file_name()?.to_str().map(str::to_owned)).flatten()
    });
    if let Some(name) = blob {
        if name.ends_with(".incomplete") || name.ends_with(".lock") {
            return false;
        }
        found.declared = if is_hex(&name, 64) {
            ContentDigest::sha256(&name)
        } else {
            is_hex(&name, 40).then(|| ContentDigest::other("git-sha1", name.to_ascii_lowercase()))
        };
        found.check = found.declared.is_some();
    }
    true
}
