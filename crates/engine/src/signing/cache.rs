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

use super::{
    file::{Found, Stamp, now},
    hashing::Digests,
};

/// A million files need less.
const LARGEST: u64 = 256 << 20;
const VERSION: u32 = 1;

/// The digests of one model's files.
pub(super) struct Cache {
    file: PathBuf,
    algorithm: HashAlgorithm,
    known: HashMap<Stamp, Digests>,
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
        Self::read(&folder()?, model, algorithm, pieces, now())
    }

    fn read(
        folder: &Path,
        model: &Path,
        algorithm: HashAlgorithm,
        pieces: Method,
        began: i64,
    ) -> Option<Self> {
        let model = model.canonicalize().ok()?;
        let how = format!("{algorithm} {pieces:?} {}", model.display());
        let file = folder.join(format!("{}.json", hex(&sha256(how.as_bytes()))));
        let mut cache = Self { file, algorithm, known: HashMap::new(), pieces, began };
        for (stamp, digests) in cache.load().unwrap_or_default() {
            if let Some(digests) = cache.digests(&stamp, &digests) {
                cache.known.insert(stamp, digests);
            }
        }
        Some(cache)
    }

    /// The digests of a file, if it is known as it is.
    pub(super) fn get(&self, file: &Found) -> Option<&Digests> {
        self.known.get(&file.stamp)
    }

    /// Keeps these and no others. A cache that cannot be written is not worth an error.
    pub(super) fn store<'a>(&self, files: impl Iterator<Item = (&'a Found, &'a Digests)>) {
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

    fn digests(&self, stamp: &Stamp, text: &str) -> Option<Digests> {
        let bytes = unhex(text)?;
        let digests: Digests = bytes.chunks(self.algorithm.length()).map(<[u8]>::to_vec).collect();
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

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt as _, time::SystemTime};

    use bartizan_provenance::oms::ResourceName;

    use super::*;

    struct Place {
        folder: tempfile::TempDir,
    }

    impl Place {
        fn cache(&self, began: i64) -> Cache {
            let folder = self.folder.path().join("cache");
            Cache::read(&folder, self.folder.path(), HashAlgorithm::Sha256, Method::Files, began).unwrap()
        }

        fn found(&self) -> Found {
            let path = self.folder.path().join("weights");
            let stamp = Stamp::of(&fs::metadata(&path).unwrap());
            Found { name: ResourceName::parse("weights").unwrap(), path, stamp, is_link: false }
        }

        /// With one file in the cache, hashed long after it was written.
        fn filled() -> (Self, Digests) {
            let place = Self { folder: tempfile::tempdir().unwrap() };
            fs::write(place.folder.path().join("weights"), "weights").unwrap();
            let digests = vec![sha256(b"weights")];
            place.cache(later()).store([(&place.found(), &digests)].into_iter());
            assert_eq!(place.cache(later()).get(&place.found()), Some(&digests));
            (place, digests)
        }
    }

    fn later() -> i64 {
        now() + 60_000_000_000
    }

    #[test]
    fn a_file_that_was_written_to_is_not_known_though_its_time_was_put_back() {
        let (place, _) = Place::filled();
        let path = place.found().path;
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "weightZ").unwrap();
        fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), modified);
        assert_eq!(place.cache(later()).get(&place.found()), None);
    }

    #[test]
    fn a_file_that_was_just_written_is_not_kept() {
        let (place, digests) = Place::filled();
        let path = place.found().path;
        fs::File::options().append(true).open(&path).unwrap().set_modified(SystemTime::now()).unwrap();
        place.cache(now()).store([(&place.found(), &digests)].into_iter());
        assert_eq!(place.cache(later()).get(&place.found()), None);
    }

    #[test]
    fn a_cache_that_others_may_write_or_that_is_damaged_is_not_believed() {
        let (place, _) = Place::filled();
        let file = place.cache(later()).file;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);
        let folder = file.parent().unwrap();
        for path in [file.as_path(), folder] {
            let before = fs::metadata(path).unwrap().permissions();
            fs::set_permissions(path, fs::Permissions::from_mode(before.mode() | 0o020)).unwrap();
            assert!(place.cache(later()).known.is_empty());
            fs::set_permissions(path, before).unwrap();
            assert!(!place.cache(later()).known.is_empty());
        }
        let text = fs::read_to_string(&file).unwrap();
        for damaged in [text.replace("\"version\":1", "\"version\":2"), text[..text.len() / 2].to_owned()] {
            fs::write(&file, damaged).unwrap();
            assert!(place.cache(later()).known.is_empty());
        }
        fs::write(&file, text.replace("\"]]", "00\"]]")).unwrap();
        assert!(place.cache(later()).known.is_empty(), "a digest of another length");
    }
}
