//! Reading ranges of a remote object block by block, with a small cache.

use std::{
    io,
    sync::{Arc, Mutex},
};

use bartizan_core::ReadAt;
use bytes::Bytes;

use super::Ranges;

/// Size of a block. Headers and directories fit into one or two.
const BLOCK: u64 = 256 * 1024;
/// How many blocks are kept: 4 MiB per object.
const KEPT: usize = 16;
/// How many blocks are fetched at once when reading goes straight on.
const AHEAD: u64 = 16;

/// A remote object as bytes.
pub(crate) struct Blocks {
    size: u64,
    ranges: Arc<dyn Ranges>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    /// Most recently used last.
    blocks: Vec<(u64, Bytes)>,
    /// Where the last fetch ended.
    next: u64,
}

impl Blocks {
    pub(crate) fn new(size: u64, ranges: Arc<dyn Ranges>) -> Self {
        Self { size, ranges, cache: Mutex::default() }
    }

    /// The block with this number.
    fn block(&self, number: u64) -> io::Result<Bytes> {
        let mut cache =
            self.cache.lock().map_err(|_| io::Error::other("another thread failed while reading"))?;
        if let Some(at) = cache.blocks.iter().position(|(known, _)| *known == number) {
            let block = cache.blocks.remove(at);
            cache.blocks.push(block.clone());
            return Ok(block.1);
        }
        let count = if number > 0 && number == cache.next { AHEAD } else { 1 };
        let start = number.saturating_mul(BLOCK);
        let end = start.saturating_add(BLOCK.saturating_mul(count)).min(self.size);
        let bytes = self.ranges.fetch(start, end)?;
        let mut first = Bytes::new();
        for index in 0..count {
            let from = usize::try_from(index.saturating_mul(BLOCK)).unwrap_or(usize::MAX).min(bytes.len());
            let to = from.saturating_add(BLOCK as usize).min(bytes.len());
            let block = bytes.slice(from..to);
            if index == 0 {
                first = block.clone();
            }
            if from < to {
                cache.blocks.push((number.saturating_add(index), block));
            }
        }
        let surplus = cache.blocks.len().saturating_sub(KEPT.max(count as usize));
        cache.blocks.drain(..surplus);
        cache.next = number.saturating_add(count);
        Ok(first)
    }
}

impl ReadAt for Blocks {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let block = self.block(offset / BLOCK)?;
        let skip = usize::try_from(offset % BLOCK).unwrap_or(usize::MAX);
        let rest = block.get(skip..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}
