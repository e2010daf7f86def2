//! Small reads at any offset of a large content, with little I/O.

use std::cell::RefCell;

use bartizan_core::{Content, ReadError};
use bytes::Bytes;

/// Read ahead after a jump: the next field's header, and short names.
const JUMP: u64 = 4 * 1024;
/// Read ahead where the last window ended: many small fields in a row.
const ONWARD: u64 = 64 * 1024;

/// A content seen through one window that follows the reader. Large parts that are jumped over are never read.
#[derive(Debug)]
pub(crate) struct Window {
    content: Content,
    held: RefCell<(u64, Bytes)>,
}

impl Window {
    pub(crate) fn new(content: &Content) -> Self {
        let held = content.in_memory().cloned().unwrap_or_default();
        Self { content: content.clone(), held: RefCell::new((0, held)) }
    }

    /// Size of the content.
    pub(crate) fn len(&self) -> u64 {
        self.content.len()
    }

    /// The content behind the window.
    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// Exactly `len` bytes at `offset`, at most `limit`.
    pub(crate) fn read(&self, offset: u64, len: u64, limit: u64) -> Result<Bytes, ReadError> {
        if len <= JUMP {
            let found = self.with(offset, len, |bytes, held, from| {
                (bytes.len() as u64 == len).then(|| held.slice(from..from.saturating_add(bytes.len())))
            })?;
            if let Some(bytes) = found {
                return Ok(bytes);
            }
        }
        self.content.read(offset, len, limit)
    }

    /// Up to `len` bytes (at most 4 KiB) at `offset`, fewer at the end, lent to `look`.
    pub(crate) fn peek<R>(
        &self,
        offset: u64,
        len: u64,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, ReadError> {
        self.with(offset, len.min(JUMP), |bytes, _, _| look(bytes))
    }

    fn with<R>(
        &self,
        offset: u64,
        len: u64,
        look: impl FnOnce(&[u8], &Bytes, usize) -> R,
    ) -> Result<R, ReadError> {
        let wanted = len.min(self.content.len().saturating_sub(offset));
        let mut held = self.held.borrow_mut();
        let end = held.0.saturating_add(held.1.len() as u64);
        if offset < held.0 || offset.saturating_add(wanted) > end {
            let onward = offset >= held.0 && offset <= end && end != 0;
            let ahead = if onward { ONWARD } else { JUMP };
            let span = ahead.min(self.content.len().saturating_sub(offset));
            *held = (offset, self.content.read(offset, span, ONWARD)?);
        }
        let from = usize::try_from(offset.saturating_sub(held.0)).unwrap_or(usize::MAX);
        let to = from.saturating_add(usize::try_from(wanted).unwrap_or(0));
        let bytes = held.1.get(from..to).unwrap_or_default();
        Ok(look(bytes, &held.1, from))
    }
}
