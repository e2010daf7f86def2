//! Decompression that stops in time.

use std::io::Read;

use bartizan_core::{Context, LimitReached};
use bytes::Bytes;

/// What came out of a decompressor.
#[derive(Debug)]
pub(crate) struct Unpacked {
    /// The bytes, from the start to where it ended.
    pub(crate) bytes: Bytes,
    /// Why it ended.
    pub(crate) end: End,
}

/// How decompression ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// At the end of the stream.
    Complete,
    /// At the caller's bound; there is more.
    TooLarge,
    /// In corrupt or truncated data.
    Broken(String),
    /// At a limit of the whole scan.
    Limit(LimitReached),
}

/// How much is decompressed between two looks at the limits.
const STEP: usize = 64 * 1024;

/// Collects what decompressors produce, up to a bound.
#[derive(Debug)]
pub(crate) struct Sink {
    bytes: Vec<u8>,
    step: Vec<u8>,
    most: u64,
}

impl Sink {
    /// Holds at most `most` bytes.
    pub(crate) fn new(most: u64) -> Self {
        Self { bytes: Vec::new(), step: vec![0; STEP], most }
    }

    /// Takes everything that one stream produces.
    pub(crate) fn fill(&mut self, mut from: impl Read, context: &Context<'_>) -> End {
        loop {
            if context.interrupted() {
                return End::Limit(LimitReached::Time);
            }
            match from.read(&mut self.step) {
                Ok(0) => return End::Complete,
                Ok(count) => {
                    if let Err(limit) = context.expand(count as u64) {
                        return End::Limit(limit);
                    }
                    let room = self.most.saturating_sub(self.bytes.len() as u64);
                    let kept = usize::try_from(room).unwrap_or(usize::MAX).min(count);
                    self.bytes.extend_from_slice(self.step.get(..kept).unwrap_or_default());
                    if kept < count {
                        return End::TooLarge;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return End::Broken(super::plain(&error)),
            }
        }
    }

    /// Decodes and forgets.
    pub(crate) fn discard(mut self, mut from: impl Read, context: &Context<'_>) -> End {
        self.most = u64::MAX;
        loop {
            let end = self.fill((&mut from).take(STEP as u64), context);
            if end != End::Complete || self.bytes.is_empty() {
                return end;
            }
            self.bytes.clear();
        }
    }

    /// What was collected.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.bytes.into()
    }
}

/// Decompresses at most `most` bytes of one stream.
pub(crate) fn unpack(from: impl Read, most: u64, context: &Context<'_>) -> Unpacked {
    let mut sink = Sink::new(most);
    let end = sink.fill(from, context);
    Unpacked { bytes: sink.into_bytes(), end }
}
