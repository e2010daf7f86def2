//! Random-access bytes: in memory, a slice of a file, or ranges of a remote object.

use std::{
    fmt, io,
    io::{Read, Seek, SeekFrom},
    sync::Arc,
};

use bytes::Bytes;

use crate::Tree;

/// Something that bytes can be read from at any offset.
pub trait ReadAt: Send + Sync {
    /// The size in bytes when it was opened.
    fn size(&self) -> u64;

    /// Reads up to `buffer.len()` bytes at `offset`. Zero means the end, which may come before [`ReadAt::size`] when
    /// a file shrinks under the reader.
    ///
    /// # Errors
    /// Any failure of the underlying file or connection.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Why bytes could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes lie past the end: the input is truncated, lies about sizes, or shrank while it was read.
    #[error("{wanted} bytes at offset {offset} reach past the end of {size} bytes")]
    PastEnd {
        /// Where the read began.
        offset: u64,
        /// How many bytes were asked for.
        wanted: u64,
        /// How many bytes there are.
        size: u64,
    },
    /// More bytes than the caller is ready to hold at once.
    #[error("{wanted} bytes are more than the limit of {limit}")]
    TooLarge {
        /// How many bytes were asked for.
        wanted: u64,
        /// The caller's limit.
        limit: u64,
    },
    /// The file or connection failed.
    #[error("{0}")]
    Io(String),
    /// A directory has no bytes of its own.
    #[error("a directory has no bytes")]
    Directory,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::PastEnd { .. } => Self::new(io::ErrorKind::UnexpectedEof, error),
            other => Self::other(other),
        }
    }
}

/// The bytes of an asset, or the directory it is. Cheap to clone and to slice.
#[derive(Clone)]
pub struct Content(Repr);

#[derive(Clone)]
enum Repr {
    Memory(Bytes),
    Ranged { source: Arc<dyn ReadAt>, start: u64, len: u64 },
    Tree(Arc<dyn Tree>),
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Memory(bytes) => write!(f, "Content::Memory({} bytes)", bytes.len()),
            Repr::Ranged { start, len, .. } => write!(f, "Content::Ranged({len} bytes from {start})"),
            Repr::Tree(_) => f.write_str("Content::Tree"),
        }
    }
}

impl Content {
    /// Bytes held in memory.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Self(Repr::Memory(bytes.into()))
    }

    /// Bytes read on demand.
    pub fn from_source(source: Arc<dyn ReadAt>) -> Self {
        let len = source.size();
        Self(Repr::Ranged { source, start: 0, len })
    }

    /// A directory.
    pub fn from_tree(tree: Arc<dyn Tree>) -> Self {
        Self(Repr::Tree(tree))
    }

    /// Size in bytes; zero for a directory.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Repr::Memory(bytes) => bytes.len() as u64,
            Repr::Ranged { len, .. } => *len,
            Repr::Tree(_) => 0,
        }
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The directory, if this is one.
    pub fn tree(&self) -> Option<&Arc<dyn Tree>> {
        match &self.0 {
            Repr::Tree(tree) => Some(tree),
            _ => None,
        }
    }

    /// The bytes, if they are in memory already.
    pub fn in_memory(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Memory(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A part of the content, without reading it.
    ///
    /// # Errors
    /// [`ReadError::PastEnd`] when the part reaches past the end.
    pub fn slice(&self, offset: u64, len: u64) -> Result<Self, ReadError> {
        self.check(offset, len)?;
        match &self.0 {
            Repr::Memory(bytes) => {
                // Both fit: checked against a length that is a usize.
                let (from, to) = (offset as usize, (offset + len) as usize);
                Ok(Self(Repr::Memory(bytes.slice(from..to))))
            }
            Repr::Ranged { source, start, .. } => Ok(Self(Repr::Ranged {
                source: Arc::clone(source),
                start: start.saturating_add(offset),
                len,
            })),
            Repr::Tree(_) => Err(ReadError::Directory),
        }
    }

    /// Everything from `offset` to the end, without reading it; empty when `offset` is past the end.
    #[must_use]
    pub fn tail(&self, offset: u64) -> Self {
        let offset = offset.min(self.len());
        self.slice(offset, self.len() - offset).unwrap_or_else(|_| Self::from_bytes(Bytes::new()))
    }

    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end.
    ///
    /// # Errors
    /// Failures of the source.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        match &self.0 {
            Repr::Memory(bytes) => {
                let rest =
                    usize::try_from(offset).ok().and_then(|from| bytes.get(from..)).unwrap_or_default();
                let count = rest.len().min(buffer.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                    to.copy_from_slice(from);
                }
                Ok(count)
            }
            Repr::Ranged { source, start, len } => {
                let allowed = len.saturating_sub(offset).min(buffer.len() as u64) as usize;
                let mut filled = 0;
                while filled < allowed {
                    let at = start.saturating_add(offset).saturating_add(filled as u64);
                    let Some(room) = buffer.get_mut(filled..allowed) else { break };
                    match source.read_at(at, room) {
                        Ok(0) => break,
                        Ok(count) => filled += count,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Ok(filled)
            }
            Repr::Tree(_) => Err(ReadError::Directory),
        }
    }

    /// Exactly `len` bytes at `offset`, at most `limit`.
    ///
    /// # Errors
    /// [`ReadError::TooLarge`] above `limit`; [`ReadError::PastEnd`] when the content ends sooner, also when a file
    /// shrank since it was opened.
    pub fn read(&self, offset: u64, len: u64, limit: u64) -> Result<Bytes, ReadError> {
        if len > limit {
            return Err(ReadError::TooLarge { wanted: len, limit });
        }
        self.check(offset, len)?;
        if let Repr::Memory(bytes) = &self.0 {
            return Ok(bytes.slice(offset as usize..(offset + len) as usize));
        }
        let mut buffer = vec![0; len as usize];
        let filled = self.read_at(offset, &mut buffer)?;
        if filled as u64 != len {
            return Err(ReadError::PastEnd {
                offset,
                wanted: len,
                size: offset.saturating_add(filled as u64),
            });
        }
        Ok(buffer.into())
    }

    /// The first `len` bytes, or all there are when there are fewer.
    ///
    /// # Errors
    /// Failures of the source.
    pub fn head(&self, len: u64) -> Result<Bytes, ReadError> {
        self.read(0, len.min(self.len()), len)
    }

    /// All bytes, at most `limit`.
    ///
    /// # Errors
    /// As [`Content::read`].
    pub fn whole(&self, limit: u64) -> Result<Bytes, ReadError> {
        self.read(0, self.len(), limit)
    }

    /// A buffered reader from the start.
    pub fn reader(&self) -> ContentReader {
        ContentReader { content: self.clone(), position: 0, buffer: Vec::new(), buffer_start: 0 }
    }

    fn check(&self, offset: u64, len: u64) -> Result<(), ReadError> {
        let size = self.len();
        match offset.checked_add(len) {
            Some(end) if end <= size => Ok(()),
            _ => Err(ReadError::PastEnd { offset, wanted: len, size }),
        }
    }
}

/// How much a [`ContentReader`] reads ahead.
const READ_AHEAD: usize = 64 * 1024;

/// [`Read`] and [`Seek`] over a [`Content`], with a read-ahead buffer of 64 KiB.
#[derive(Debug, Clone)]
pub struct ContentReader {
    content: Content,
    position: u64,
    buffer: Vec<u8>,
    buffer_start: u64,
}

impl ContentReader {
    /// Where the next byte comes from.
    pub fn position(&self) -> u64 {
        self.position
    }
}

impl Read for ContentReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.len() >= READ_AHEAD || self.content.in_memory().is_some() {
            let count = self.content.read_at(self.position, out)?;
            self.position += count as u64;
            return Ok(count);
        }
        let buffered = |reader: &Self| {
            reader
                .position
                .checked_sub(reader.buffer_start)
                .and_then(|skip| usize::try_from(skip).ok())
                .filter(|skip| *skip < reader.buffer.len())
        };
        if buffered(self).is_none() {
            self.buffer.resize(READ_AHEAD, 0);
            let filled = self.content.read_at(self.position, &mut self.buffer)?;
            self.buffer.truncate(filled);
            self.buffer_start = self.position;
        }
        let Some(rest) = buffered(self).and_then(|skip| self.buffer.get(skip..)) else { return Ok(0) };
        let count = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for ContentReader {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        let position = match target {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(delta) => self.content.len().checked_add_signed(delta),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position =
            position.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek before the start"))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that claims more bytes than it has, as a file does that shrinks while it is read.
    struct Shrunk;

    impl ReadAt for Shrunk {
        fn size(&self) -> u64 {
            100
        }
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            let count = 10u64.saturating_sub(offset).min(buffer.len() as u64).min(3) as usize;
            buffer[..count].fill(7);
            Ok(count)
        }
    }

    #[test]
    fn a_file_that_shrank_is_an_error_and_not_zeros() {
        let content = Content::from_source(Arc::new(Shrunk));
        assert_eq!(content.read(0, 10, 99).unwrap().as_ref(), &[7; 10]);
        assert!(matches!(content.read(5, 10, 99), Err(ReadError::PastEnd { .. })));
    }

    #[test]
    fn slices_of_slices_keep_their_bounds() {
        let content = Content::from_bytes(&b"0123456789"[..]).slice(2, 6).unwrap();
        assert_eq!(content.slice(1, 2).unwrap().whole(9).unwrap().as_ref(), b"34");
        assert!(content.slice(5, 2).is_err());
        assert!(content.slice(u64::MAX, 2).is_err());
        assert_eq!(content.tail(4).whole(9).unwrap().as_ref(), b"67");
        assert!(content.tail(40).is_empty());
    }

    #[test]
    fn the_reader_seeks_and_reads_to_the_end() {
        let source = Content::from_bytes((0..=255u8).cycle().take(200_000).collect::<Vec<_>>());
        let mut reader = source.reader();
        reader.seek(SeekFrom::End(-3)).unwrap();
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        assert_eq!(rest.len(), 3);
        assert!(reader.seek(SeekFrom::Current(-1_000_000)).is_err());
    }
}
