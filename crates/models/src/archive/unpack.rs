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

/// Decompresses at most `most` bytes.
pub(crate) fn unpack(mut from: impl Read, most: u64, context: &Context<'_>) -> Unpacked {
    let mut bytes = Vec::new();
    let mut step = vec![0; STEP];
    let end = loop {
        if context.interrupted() {
            break End::Limit(LimitReached::Time);
        }
        match from.read(&mut step) {
            Ok(0) => break End::Complete,
            Ok(count) => {
                if let Err(limit) = context.expand(count as u64) {
                    break End::Limit(limit);
                }
                let room = most.saturating_sub(bytes.len() as u64);
                let kept = usize::try_from(room).unwrap_or(usize::MAX).min(count);
                bytes.extend_from_slice(step.get(..kept).unwrap_or_default());
                if kept < count {
                    break End::TooLarge;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => break End::Broken(super::plain(&error)),
        }
    };
    Unpacked { bytes: bytes.into(), end }
}
