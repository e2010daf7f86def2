//! Digests of files, in parallel, with a bounded buffer for each thread.

use std::{
    io::{Read as _, Seek as _, SeekFrom},
    sync::atomic::{AtomicBool, Ordering},
};

use bartizan_provenance::{
    digest::{HashAlgorithm, Hasher},
    oms::{Method, ResourceName},
};
use rayon::prelude::*;

use super::file::Found;
use crate::Progress;

/// The digests of one file's pieces, or why there are none.
type Hashed = Result<Digests, Failure>;

/// Big enough that system calls cost nothing beside hashing, small enough to stay in the second-level cache.
const BUFFER: u64 = 128 * 1024;

/// Why a file has no digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Another program wrote to it, or put another one in its place.
    Changed,
    /// What the system says.
    Unreadable(String),
    /// Ctrl-C.
    Interrupted,
}

impl Failure {
    pub(super) fn words(&self) -> String {
        match self {
            Self::Changed => "it changed while it was read; try again when nothing writes to it".to_owned(),
            Self::Unreadable(reason) => format!("it cannot be read: {reason}"),
            Self::Interrupted => "interrupted".to_owned(),
        }
    }
}

/// The digests of a file's pieces, in order.
pub(super) type Digests = Vec<Vec<u8>>;

/// How to hash.
pub(super) struct Job<'a> {
    pub(super) algorithm: HashAlgorithm,
    pub(super) method: Method,
    pub(super) cancel: &'a AtomicBool,
    pub(super) progress: &'a dyn Progress,
}

impl Job<'_> {
    /// The digests of every file's pieces, in the order of the files.
    pub(super) fn run<'f>(&self, files: &[&'f Found]) -> Vec<(&'f ResourceName, Hashed)> {
        self.progress.total(files.len() as u64);
        files
            .par_iter()
            .with_max_len(1)
            .map(|file| {
                self.progress.started(file.name.as_str());
                let digests = self.file(file);
                self.progress.finished(file.name.as_str(), file.stamp.size);
                (&file.name, digests)
            })
            .collect()
    }

    fn file(&self, file: &Found) -> Result<Digests, Failure> {
        match self.method {
            Method::Files => Ok(vec![self.piece(file, 0, file.stamp.size)?]),
            Method::Shards(size) => (0..self.method.pieces(file.stamp.size))
                .into_par_iter()
                .map(|index| {
                    let start = index.saturating_mul(size.get());
                    let end = start.saturating_add(size.get()).min(file.stamp.size);
                    self.piece(file, start, end)
                })
                .collect(),
        }
    }

    /// The digest of some bytes of a file, which after they were read is still the file that was found before.
    fn piece(&self, found: &Found, start: u64, end: u64) -> Result<Vec<u8>, Failure> {
        let unreadable = |error: std::io::Error| Failure::Unreadable(error.to_string());
        let mut file = found.open().map_err(unreadable)?;
        if start > 0 {
            file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        }
        let mut hasher = Hasher::new(self.algorithm);
        let mut left = end.saturating_sub(start);
        let mut buffer = vec![0; usize::try_from(left.min(BUFFER)).unwrap_or_default()];
        while left > 0 {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted);
            }
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let count = match file.read(buffer.get_mut(..wanted).unwrap_or_default()) {
                Ok(0) => return Err(Failure::Changed),
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(error)),
            };
            hasher.update(buffer.get(..count).unwrap_or_default());
            left = left.saturating_sub(count as u64);
        }
        if !found.is_unchanged(&file).map_err(unreadable)? {
            return Err(Failure::Changed);
        }
        Ok(hasher.finish())
    }
}
