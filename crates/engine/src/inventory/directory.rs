//! Folders of this machine.

use std::{fs, path::Path};

use super::{
    Found, Problem, ProblemKind, Source,
    found::{Harvest, Opened, Reach, SourceError},
};
use crate::source::{self, Item, Listing, LocalFile, Opening};

/// Every file below the folder.
pub(crate) fn harvest(source: &Source, reach: &Reach) -> Result<Harvest, SourceError> {
    files(source, Path::new(&source.location), reach)
}

/// Every file below a folder, whatever an ignore file says: models are often left out of git.
pub(crate) fn files(source: &Source, folder: &Path, reach: &Reach) -> Result<Harvest, SourceError> {
    if !folder.is_dir() {
        return Err(SourceError::Unreachable(format!("`{}` is no folder, or it is gone", folder.display())));
    }
    let mut listing = Listing::default();
    source::list(folder, "", true, &reach.cancel, &mut listing);
    let mut harvest = Harvest::default();
    for Item { path, opening, siblings, .. } in std::mem::take(&mut listing.items) {
        let uri = uri(folder, &path);
        match opening {
            Opening::File(disk) => {
                let mut found = Found::at(uri, path);
                if let Ok(metadata) = fs::symlink_metadata(&disk) {
                    found.size = Some(metadata.len());
                    found.token = Some(token(&metadata));
                }
                found.siblings = siblings;
                found.open = Some(Box::new(move || open(&disk)));
                harvest.found.push(found);
            }
            Opening::Unreadable(kind, reason) => {
                // A FIFO or device is no asset; a folder that cannot be listed may hold some.
                if kind == bartizan_core::Kind::UNKNOWN {
                    harvest.problems.push(Problem::new(ProblemKind::Unreadable, &source.name, &uri, reason));
                }
            }
            // A folder that is an asset is inventoried by its files.
            Opening::Folder(_) | Opening::Content { .. } => {}
        }
    }
    Ok(harvest)
}

/// Opens a local file, which must not change while it is read.
pub(crate) fn open(disk: &Path) -> std::io::Result<Opened> {
    let (content, witness) = LocalFile::open(disk)?.content()?;
    Ok(Opened { content, witness: Some(witness) })
}

fn uri(folder: &Path, path: &str) -> String {
    let folder = source::prefix(folder);
    match path {
        "." => format!("file://{folder}"),
        _ => format!("file://{}/{path}", folder.trim_end_matches('/')),
    }
}

/// What changes when a file does: its size, its times, and which file it is.
pub(crate) fn token(metadata: &fs::Metadata) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        format!(
            "{}-{}.{:09}-{}.{:09}-{}-{}",
            metadata.len(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
            metadata.dev(),
            metadata.ino()
        )
    }
    #[cfg(not(unix))]
    {
        let since = |time: std::io::Result<std::time::SystemTime>| {
            time.ok()
                .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
                .map_or(0, |time| time.as_nanos())
        };
        format!("{}-{}-{}", metadata.len(), since(metadata.modified()), since(metadata.created()))
    }
}
