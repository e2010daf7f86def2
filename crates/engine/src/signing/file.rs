//! One file of a model: found once, opened later, and recognised when it is another one by then.

use std::{
    fs::{File, Metadata, OpenOptions},
    io,
    path::PathBuf,
    time::UNIX_EPOCH,
};

use bartizan_provenance::oms::ResourceName;
use serde::{Deserialize, Serialize};

/// A file that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) name: ResourceName,
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    /// Is it reached through a link, which the user allowed?
    pub(super) is_link: bool,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    pub(super) size: u64,
    /// Nanoseconds since 1970.
    modified: i64,
    /// Nanoseconds since 1970; unlike `modified`, no program can set it.
    changed: i64,
}

impl Stamp {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let nanoseconds =
            |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = modified.and_then(|time| i64::try_from(time.as_nanos()).ok()).unwrap_or_default();
        Self { device: 0, inode: 0, size: metadata.len(), modified, changed: modified }
    }

    /// Can the file change without that being seen here? Times have a resolution, and a write within it leaves none of
    /// them changed.
    pub(super) fn is_fresh(&self, now: i64) -> bool {
        /// FAT counts in steps of two seconds, other file systems in finer ones.
        const RESOLUTION: i64 = 2_000_000_000;
        self.modified.max(self.changed) > now.saturating_sub(RESOLUTION)
    }
}

/// Nanoseconds since 1970.
pub(super) fn now() -> i64 {
    let now = UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

impl Found {
    /// Opens it without waiting for anybody, and without following a link that was none when it was found.
    pub(super) fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            let follow = if self.is_link { 0 } else { libc::O_NOFOLLOW };
            options.custom_flags(follow | libc::O_NONBLOCK);
        }
        options.open(&self.path)
    }

    /// Is the open file still what was found? A folder above it that became a link leads to another inode.
    pub(super) fn is_unchanged(&self, file: &File) -> io::Result<bool> {
        Ok(Stamp::of(&file.metadata()?) == self.stamp)
    }
}

/// What something is that is neither file, folder nor link; `None` when it is one of those.
pub(super) fn special(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return Some("a named pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
        if kind.is_block_device() || kind.is_char_device() {
            return Some("a device");
        }
    }
    (!kind.is_file() && !kind.is_dir() && !kind.is_symlink()).then_some("neither a file nor a folder")
}
