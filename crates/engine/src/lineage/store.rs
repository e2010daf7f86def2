//! A folder of sketches, each kept once however often and under whatever name its model comes by.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use bartizan_core::Content;
use bartizan_provenance::lineage::{Comparison, LARGEST, Sketch, compare};

use super::LineageError;
use crate::{draft, source::LocalFile};

/// Extension of the files in a store.
const EXTENSION: &str = "sketch";

/// A folder of sketches.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What became of a sketch that was to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was written to this file.
    New(PathBuf),
    /// The same weights were there already, in this file.
    Known(PathBuf),
}

/// A stored sketch that is related.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The model's name when it was sketched.
    pub label: String,
    /// The sketch.
    pub file: PathBuf,
    /// How they are related.
    pub comparison: Comparison,
}

impl Store {
    /// A store in this folder, which need not be there yet.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Keeps a sketch unless one of the same weights is there.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn save(&self, sketch: &Sketch) -> Result<Saved, LineageError> {
        let file = self.folder.join(format!("{}.{EXTENSION}", sketch.digest()));
        let failed = |error: io::Error| LineageError::Unreadable {
            path: file.clone(),
            why: format!("it cannot be written: {error}"),
        };
        if file.is_file() {
            return Ok(Saved::Known(file));
        }
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let mut draft = draft(&file).map_err(failed)?;
        draft.write_all(&sketch.to_bytes()).map_err(failed)?;
        draft.persist(&file).map_err(|error| failed(error.error))?;
        Ok(Saved::New(file))
    }

    /// Every stored sketch that is related to this one, the closest first. The second list names files that are no
    /// sketch that can be used.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn search(&self, sketch: &Sketch) -> Result<(Vec<Hit>, Vec<LineageError>), LineageError> {
        let listed =
            fs::read_dir(&self.folder).map_err(|error| LineageError::unreadable(&self.folder, &error))?;
        let mut files: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == EXTENSION));
        files.sort();
        let (mut hits, mut failures) = (Vec::new(), Vec::new());
        for file in files {
            match read(&file) {
                Ok(stored) => {
                    let comparison = compare(&stored, sketch);
                    if comparison.related {
                        hits.push(Hit { label: stored.label, file, comparison });
                    }
                }
                Err(error) => failures.push(error),
            }
        }
        hits.sort_by(|one, other| {
            other.comparison.score.total_cmp(&one.comparison.score).then(one.file.cmp(&other.file))
        });
        Ok((hits, failures))
    }
}

/// Reads one sketch.
pub(super) fn read(path: &Path) -> Result<Sketch, LineageError> {
    let (content, _) = LocalFile::open(path)
        .and_then(LocalFile::content)
        .map_err(|error| LineageError::unreadable(path, &error))?;
    of_content(path, &content)
}

/// Reads a sketch from bytes that are open already.
pub(super) fn of_content(path: &Path, content: &Content) -> Result<Sketch, LineageError> {
    let bytes = content
        .whole(LARGEST)
        .map_err(|error| LineageError::NothingRead { path: path.to_owned(), why: error.to_string() })?;
    Sketch::from_bytes(&bytes).map_err(|why| LineageError::Sketch { path: path.to_owned(), why })
}
