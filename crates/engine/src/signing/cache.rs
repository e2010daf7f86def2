//! Digests of files that did not change since they were hashed, so that signing a large model again is quick.
//!
//! A file is recognised by device, inode, size, modification and change time. No program can set the change time, so a
//! file that was written to is hashed again, also when its modification time was put back. Verification never uses the
//! cache.

use std::{
    collections::HashMap,
    env, fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use bartizan_provenance::{
    digest::{HashAlgorithm, hex, sha256, unhex},
    oms::Method,
};
use serde::{Deserialize, Serialize};

use super::file::{Found, Stamp, now};

/// A million files need less.
const LARGEST: u64 = 256 << 20;
const VERSION: u32 = 1;

/// The digests of one model's files.
pub(super) struct Cache {
    file: PathBuf,
    algorithm: HashAlgorithm,
    known: HashMap<Stamp, Vec<Vec<u8>>>,
    pieces: Method,
    /// When hashing began: what was written since then, or just before, is not kept.
    began: i64,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    files: Vec<(Stamp, String)>,
}

impl Cache {
    /// The cache of a model, empty when there is none yet or it cannot be trusted. `None` where there is no place for
    /// one, or no change time to rely on.
    pub(super) fn open(model: &Path, algorithm: HashAlgorithm, pieces: Method) -> Option<Self> {
        if cfg!(not(unix)) {
            return None;
        }
        let folder = folder()?;
        let model = model.canonicalize().ok()?;
        let how = format!("{algorithm} {pieces:?} {}", model.display());
        let file = folder.join(format!("{}.json", hex(&sha256(how.as_bytes()))));
        let mut cache = Self { file, algorithm, known: HashMap::new(), pieces, began: now() };
        for (stamp, digests) in cache.load().unwrap_or_default() {
            if let Some(digests) = cache.digests(&stamp, &digests) {
                cache.known.insert(stamp, digests);
            }
        }
        Some(cache)
    }

    /// The digests of a file, if it is known as it is.
    pub(super) fn get(&self, file: &Found) -> Option<&Vec<Vec<u8>>> {
        self.known.get(&file.stamp)
    }

    /// Keeps these and no others. A cache that cannot be written is not worth an error.
    pub(super) fn store<'a>(&self, files: impl Iterator<Item = (&'a Found, &'a Vec<Vec<u8>>)>) {
        let files = files
            .filter(|(file, _)| !file.stamp.is_fresh(self.began))
            .map(|(file, digests)| (file.stamp, hex(&digests.concat())))
            .collect();
        let _ = self.write(&Stored { version: VERSION, files });
    }

    fn write(&self, stored: &Stored) -> io::Result<()> {
        let Some(folder) = self.file.parent() else { return Ok(()) };
        make(folder)?;
        // Private, unlike other files that are written here.
        let mut draft = tempfile::NamedTempFile::new_in(folder)?;
        let mut out = io::BufWriter::new(draft.as_file_mut());
        serde_json::to_writer(&mut out, stored)?;
        out.flush()?;
        drop(out);
        draft.persist(&self.file)?;
        Ok(())
    }

    fn load(&self) -> Option<Vec<(Stamp, String)>> {
        let file = fs::File::open(&self.file).ok()?;
        let metadata = file.metadata().ok()?;
        let folder = fs::metadata(self.file.parent()?).ok()?;
        if is_writable_by_others(&metadata) || is_writable_by_others(&folder) || metadata.len() > LARGEST {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(LARGEST).read_to_end(&mut bytes).ok()?;
        let stored: Stored = serde_json::from_slice(&bytes).ok()?;
        (stored.version == VERSION).then_some(stored.files)
    }

    fn digests(&self, stamp: &Stamp, text: &str) -> Option<Vec<Vec<u8>>> {
        let bytes = unhex(text)?;
        let digests: Vec<Vec<u8>> = bytes.chunks(self.algorithm.length()).map(<[u8]>::to_vec).collect();
        let is_whole = bytes.len().is_multiple_of(self.algorithm.length());
        (is_whole && digests.len() as u64 == self.pieces.pieces(stamp.size)).then_some(digests)
    }
}

/// The user's cache directory, by the rules of freedesktop.org.
fn folder() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(base.join("bartizan").join("hashes"))
}

fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// What others may write is not to be believed.
fn is_writable_by_others(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o022 != 0
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}
