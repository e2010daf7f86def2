//! Checked reads of a flatbuffer (<https://flatbuffers.dev/internals/>), without its schema compiled in.
//!
//! A table begins with the distance back to its table of fields, which gives the offset of each; what has a variable size
//! lies behind a further offset. Nothing is trusted: every read is inside the buffer, and a budget bounds all of them, as
//! many places may share the same bytes.

use std::cell::Cell;

use bartizan_core::Content;

use crate::protobuf::Window;

/// The most reads of one file.
const MOST: u64 = 4_000_000;
/// Longest text.
const LONGEST: u64 = 4096;

/// A buffer, as far as its program reaches.
#[derive(Debug)]
pub(super) struct Buffer {
    window: Window,
    left: Cell<u64>,
}

/// A table: where it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'b> {
    buffer: &'b Buffer,
    at: u64,
}

/// A vector: where its elements begin, and how many there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector<'b> {
    buffer: &'b Buffer,
    at: u64,
    pub(super) len: u64,
}

impl Buffer {
    pub(super) fn new(content: &Content) -> Self {
        Self { window: Window::new(content), left: Cell::new(MOST) }
    }

    /// Were there more reads than any program needs?
    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    fn number(&self, at: u64, bytes: u64) -> Option<u64> {
        self.left.set(self.left.get().checked_sub(1)?);
        let read = self.window.read(at, bytes, 8).ok()?;
        Some(read.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    /// Where the offset at `at` leads.
    fn follow(&self, at: u64) -> Option<u64> {
        let offset = self.number(at, 4).filter(|offset| *offset > 0)?;
        at.checked_add(offset).filter(|to| *to < self.window.len())
    }

    /// The outermost table.
    pub(super) fn root(&self) -> Option<Table<'_>> {
        Some(Table { buffer: self, at: self.follow(0)? })
    }
}

impl<'b> Table<'b> {
    /// Where the field of a number lies; `None` when it has its default.
    fn field(&self, number: u64) -> Option<u64> {
        let back = u32::try_from(self.buffer.number(self.at, 4)?).ok()?.cast_signed();
        let fields = self.at.checked_add_signed(i64::from(back).checked_neg()?)?;
        let place = number.checked_mul(2)?.checked_add(4)?;
        if place.checked_add(2)? > self.buffer.number(fields, 2)? {
            return None;
        }
        let offset = self.buffer.number(fields.checked_add(place)?, 2).filter(|offset| *offset != 0)?;
        self.at.checked_add(offset)
    }

    /// A number of so many bytes.
    pub(super) fn number(&self, field: u64, bytes: u64) -> Option<u64> {
        self.buffer.number(self.field(field)?, bytes)
    }

    pub(super) fn text(&self, field: u64) -> Option<String> {
        let at = self.buffer.follow(self.field(field)?)?;
        let len = self.buffer.number(at, 4)?.min(LONGEST);
        let bytes = self.buffer.window.read(at.checked_add(4)?, len, LONGEST).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A vector of elements of so many bytes, all of which are there; an empty one when there is none.
    pub(super) fn vector(&self, field: u64, bytes: u64) -> Vector<'b> {
        let found = || {
            let at = self.buffer.follow(self.field(field)?)?;
            let len = self.buffer.number(at, 4)?;
            let start = at.checked_add(4)?;
            let end = start.checked_add(len.checked_mul(bytes)?)?;
            (end <= self.buffer.window.len()).then_some(Vector { buffer: self.buffer, at: start, len })
        };
        found().unwrap_or(Vector { buffer: self.buffer, at: self.at, len: 0 })
    }
}

impl<'b> Vector<'b> {
    /// Its elements as tables.
    pub(super) fn tables(self) -> impl Iterator<Item = Table<'b>> {
        (0..self.len).map_while(move |index| {
            let at = self.at.checked_add(index.checked_mul(4)?)?;
            Some(Table { buffer: self.buffer, at: self.buffer.follow(at)? })
        })
    }
}
