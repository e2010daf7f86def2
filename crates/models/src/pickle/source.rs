//! The bytes of a pickle, through a window that slides: memory stays small whatever the size of the file.

use bartizan_core::{Content, ReadError};
use bytes::Bytes;

/// How many bytes the window holds when the content is not in memory already.
const WINDOW: u64 = 1 << 20;

/// Reads a pickle from front to back, and small parts of it again by offset.
pub(super) struct Source {
    content: Content,
    size: u64,
    window: Bytes,
    /// Offset of the window's first byte.
    start: u64,
    /// Position of the next byte inside the window.
    position: usize,
    /// Why reading failed, if not merely at the end.
    failure: Option<ReadError>,
}

/// The pickle ended before the argument did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended;

impl Source {
    pub(super) fn new(content: &Content) -> Self {
        let window = content.in_memory().cloned().unwrap_or_default();
        Self { size: content.len(), content: content.clone(), window, start: 0, position: 0, failure: None }
    }

    /// Offset of the next byte.
    #[inline]
    pub(super) fn offset(&self) -> u64 {
        self.start + self.position as u64
    }

    /// Size of the whole content.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// How many bytes are left.
    #[inline]
    pub(super) fn remaining(&self) -> u64 {
        self.size.saturating_sub(self.offset())
    }

    /// A failure to read that is not the end of the file.
    pub(super) fn failure(&self) -> Option<&ReadError> {
        self.failure.as_ref()
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Result<u8, Ended> {
        if let Some(byte) = self.window.get(self.position) {
            self.position += 1;
            return Ok(*byte);
        }
        self.refill(1)?;
        let byte = *self.window.get(self.position).ok_or(Ended)?;
        self.position += 1;
        Ok(byte)
    }

    /// The bytes of the window that are still to come.
    #[inline]
    pub(super) fn ahead(&self) -> &[u8] {
        self.window.get(self.position..).unwrap_or_default()
    }

    /// Moves over bytes that [`Source::ahead`] showed.
    #[inline]
    pub(super) fn advance(&mut self, length: usize) {
        self.position = (self.position + length).min(self.window.len());
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Ended> {
        if self.window.len() - self.position < N {
            self.refill(N)?;
        }
        let taken = self.window.get(self.position..self.position + N).ok_or(Ended)?;
        self.position += N;
        taken.try_into().map_err(|_| Ended)
    }

    /// Moves over `length` bytes without reading them.
    #[inline]
    pub(super) fn skip(&mut self, length: u64) -> Result<(), Ended> {
        let in_window = (self.window.len() - self.position) as u64;
        if length <= in_window {
            self.position += length as usize;
            return Ok(());
        }
        self.skip_far(length)
    }

    #[cold]
    fn skip_far(&mut self, length: u64) -> Result<(), Ended> {
        if length > self.remaining() {
            return Err(Ended);
        }
        self.seek(self.offset() + length);
        Ok(())
    }

    /// Moves to an offset.
    pub(super) fn seek(&mut self, offset: u64) {
        match offset.checked_sub(self.start) {
            Some(inside) if inside <= self.window.len() as u64 => self.position = inside as usize,
            _ => {
                self.start = offset;
                self.position = 0;
                self.window = Bytes::new();
            }
        }
    }

    /// The next line without its line feed, as offset and length, at most `most` bytes of length.
    pub(super) fn line(&mut self, most: u64) -> Result<(u64, u64), Ended> {
        let begin = self.offset();
        loop {
            let rest = self.window.get(self.position..).unwrap_or_default();
            if let Some(found) = memchr::memchr(b'\n', rest) {
                self.position += found + 1;
                return Ok((begin, self.offset() - begin - 1));
            }
            self.position = self.window.len();
            if self.offset() - begin > most {
                return Err(Ended);
            }
            self.refill(1)?;
        }
    }

    /// A part that was passed already, at most 64 KiB.
    pub(super) fn again(&self, offset: u64, length: u64) -> Option<Bytes> {
        if let Some(inside) = offset.checked_sub(self.start).and_then(|inside| usize::try_from(inside).ok()) {
            let end = inside.checked_add(usize::try_from(length).ok()?)?;
            if end <= self.window.len() {
                return Some(self.window.slice(inside..end));
            }
        }
        self.content.read(offset, length, 1 << 16).ok()
    }

    /// A part that still lies in the window; costs no read.
    #[inline]
    pub(super) fn near(&self, offset: u64, length: u64) -> Option<&[u8]> {
        let inside = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.window.get(inside..inside.checked_add(usize::try_from(length).ok()?)?)
    }

    /// The content itself.
    pub(super) fn content(&self) -> &Content {
        &self.content
    }

    #[cold]
    fn refill(&mut self, wanted: usize) -> Result<(), Ended> {
        let offset = self.offset();
        let length = self.size.saturating_sub(offset).min(WINDOW);
        if length < wanted as u64 || self.content.in_memory().is_some() {
            return Err(Ended);
        }
        match self.content.read(offset, length, WINDOW) {
            Ok(window) => {
                self.window = window;
                self.start = offset;
                self.position = 0;
                Ok(())
            }
            Err(error) => {
                self.failure = Some(error);
                Err(Ended)
            }
        }
    }
}
