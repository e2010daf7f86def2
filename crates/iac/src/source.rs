//! Files, and places in them.

use std::sync::Arc;

/// Which file of a [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// Some bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// Byte behind the last.
    pub end: u32,
}

impl Place {
    /// From this place's start to the other's end.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { end: other.end.max(self.end), ..self }
    }

    /// Does this place enclose the other?
    pub fn encloses(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

/// One file that was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Relative to the scanned root, `/` between folders.
    pub path: Arc<str>,
    /// Its text, byte order mark included, so that offsets are those of the bytes on disk.
    pub text: Arc<str>,
    /// Where each line begins.
    lines: Vec<u32>,
}

/// All files of one reading, so that a [`Place`] stays small.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file. Its text must be shorter than 4 GiB, which every reader here bounds far below.
    pub fn add(&mut self, path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let text: Arc<str> = text.into();
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(newlines.map(|(at, _)| at as u32 + 1)).collect();
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile { path: path.into(), text, lines });
        id
    }

    /// A file.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// All files, in the order of their ids.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(index as u32), file))
    }

    /// A file's path; empty when there is no such file.
    pub fn path(&self, id: FileId) -> &str {
        self.file(id).map_or("", |file| &file.path)
    }

    /// The line of a byte, from 1.
    pub fn line_of(&self, id: FileId, offset: u32) -> u32 {
        self.file(id).map_or(1, |file| file.lines.partition_point(|start| *start <= offset) as u32)
    }

    /// First line of a place, from 1.
    pub fn line(&self, place: Place) -> u32 {
        self.line_of(place.file, place.start)
    }

    /// Last line of a place, from 1.
    pub fn end_line(&self, place: Place) -> u32 {
        self.line_of(place.file, place.end.saturating_sub(1).max(place.start))
    }

    /// The text of a place.
    pub fn text(&self, place: Place) -> &str {
        self.file(place.file)
            .and_then(|file| file.text.get(place.start as usize..place.end as usize))
            .unwrap_or_default()
    }

    /// `prod.tfvars:3`.
    pub fn shown(&self, place: Place) -> String {
        format!("{}:{}", self.path(place.file), self.line(place))
    }
}
