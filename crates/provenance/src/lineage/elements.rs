//! Reads single stretches of a tensor's elements, and counts what that costs.

use bartizan_core::{Content, ReadError};

use super::element::Encoding;

/// A tensor whose elements can be read.
#[derive(Clone, Debug)]
pub struct TensorSource {
    /// Its name; a hint for reports, never evidence.
    pub name: String,
    /// Element type as its format spells it.
    pub dtype: String,
    /// Size of each dimension, outermost first.
    pub shape: Vec<u64>,
    /// Its bytes and nothing else.
    pub content: Content,
}

/// Why a tensor was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The element type is not one that is read.
    #[error("elements of type {0} are not read")]
    Encoding(String),
    /// Shape and length contradict each other.
    #[error("{bytes} bytes are not what {elements} elements of type {dtype} take")]
    Length {
        /// Bytes there are.
        bytes: u64,
        /// Elements that the shape claims.
        elements: u64,
        /// Their type.
        dtype: String,
    },
    /// The bytes could not be had.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// How elements lie in the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One after the other, in row-major order.
    Flat(Encoding),
    /// Eight rows share one row of 32-bit words of this many columns, 4 bits each.
    PackedRows {
        /// Columns.
        width: u64,
    },
}

/// Readings shorter than this are rounded up to it: a page is fetched anyway, and single system calls cost more.
const LEAST: u64 = 1 << 10;

/// The elements of one tensor.
pub(super) struct Elements {
    content: Content,
    layout: Layout,
    count: u64,
    /// The last stretch of bytes that was read, and where it begins.
    held: (u64, Vec<u8>),
    /// Bytes that were read.
    pub(super) read: u64,
}

impl Elements {
    /// Elements in this layout, after checking that the content is large enough.
    pub(super) fn new(content: Content, layout: Layout, count: u64, dtype: &str) -> Result<Self, Unread> {
        let wrong = || Unread::Length { bytes: content.len(), elements: count, dtype: dtype.to_owned() };
        let needed = match layout {
            Layout::Flat(encoding) => {
                let (elements, bytes) = encoding.block();
                count.div_ceil(elements).checked_mul(bytes)
            }
            Layout::PackedRows { .. } => Some(count.div_ceil(2)),
        };
        if needed.is_none_or(|needed| needed > content.len()) {
            return Err(wrong());
        }
        Ok(Self { content, layout, count, held: (0, Vec::new()), read: 0 })
    }

    /// Reads everything at once, so that nothing is read twice.
    pub(super) fn hold(&mut self) -> Result<(), ReadError> {
        let size = self.content.len();
        self.held = (0, self.content.read(0, size, size)?.to_vec());
        self.read += size;
        Ok(())
    }

    /// Appends `count` elements from `start` on.
    pub(super) fn append(&mut self, start: u64, count: u64, out: &mut Vec<f32>) -> Result<(), ReadError> {
        let past = ReadError::PastEnd { offset: start, wanted: count, size: self.count };
        if start.checked_add(count).is_none_or(|end| end > self.count) {
            return Err(past);
        }
        match self.layout {
            Layout::Flat(encoding) => self.append_flat(encoding, start, count, out),
            Layout::PackedRows { width } => self.append_packed(width, start, count, out),
        }
    }

    fn append_flat(
        &mut self,
        encoding: Encoding,
        start: u64,
        count: u64,
        out: &mut Vec<f32>,
    ) -> Result<(), ReadError> {
        if count == 0 {
            return Ok(());
        }
        let (per_block, size) = encoding.block();
        let first = start / per_block;
        let last = (start + count - 1) / per_block;
        let bytes = self.bytes(first * size, (last - first + 1) * size)?;
        let mut index = (start - first * per_block) as usize;
        let mut left = count as usize;
        for block in bytes.chunks_exact(size as usize) {
            while index < per_block as usize && left > 0 {
                let value = encoding.value(block, index);
                out.push(if value.is_finite() { value } else { 0.0 });
                index += 1;
                left -= 1;
            }
            index = 0;
        }
        Ok(())
    }

    fn append_packed(
        &mut self,
        width: u64,
        start: u64,
        count: u64,
        out: &mut Vec<f32>,
    ) -> Result<(), ReadError> {
        let mut at = start;
        let end = start + count;
        while at < end {
            let (row, column) = (at / width, at % width);
            let take = (width - column).min(end - at);
            let word = (row / 8) * width + column;
            let within = (row % 8) as usize;
            let bytes = self.bytes(word * 4, take * 4)?;
            out.extend(bytes.chunks_exact(4).map(|word| Encoding::Packed4.value(word, within)));
            at += take;
        }
        Ok(())
    }

    /// A stretch of bytes, from what was read last, or from all of it, when it is there.
    fn bytes(&mut self, offset: u64, len: u64) -> Result<&[u8], ReadError> {
        let held = |(from, bytes): &(u64, Vec<u8>)| {
            let skip = offset.checked_sub(*from)?;
            (skip + len <= bytes.len() as u64).then_some(skip as usize)
        };
        if held(&self.held).is_none() {
            let wanted = len.max(LEAST).min(self.content.len().saturating_sub(offset)).max(len);
            self.held = (offset, self.content.read(offset, wanted, wanted)?.to_vec());
            self.read += wanted;
        }
        let skip = held(&self.held).unwrap_or(0);
        Ok(self.held.1.get(skip..skip + len as usize).unwrap_or_default())
    }
}
