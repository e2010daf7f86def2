//! Standard input: held in memory when it is small, in an unlinked temporary file otherwise.

use std::{
    io::{self, Read, Write},
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
};

use bartizan_core::{Content, ReadAt};

/// Reads `input` to its end. At most `held` bytes stay in memory.
pub(crate) fn spool(input: &mut dyn Read, held: u64, cancel: &AtomicBool) -> io::Result<Content> {
    let mut memory = Vec::new();
    (&mut *input).take(held.saturating_add(1)).read_to_end(&mut memory)?;
    if memory.len() as u64 <= held {
        return Ok(Content::from_bytes(memory));
    }
    // The file has no name, so that nothing is left behind however the program ends.
    let mut file = tempfile::tempfile()?;
    file.write_all(&memory)?;
    let mut size = memory.len() as u64;
    let mut buffer = memory;
    buffer.truncate(1 << 20);
    buffer.shrink_to_fit();
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(io::Error::other("the scan was interrupted"));
        }
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                file.write_all(buffer.get(..count).unwrap_or_default())?;
                size = size.saturating_add(count as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Content::from_source(Arc::new(Spooled { file, size })))
}

struct Spooled {
    file: std::fs::File,
    size: u64,
}

impl ReadAt for Spooled {
    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_into_memory_is_read_back_from_a_file() {
        let bytes: Vec<u8> = (0..=255u8).cycle().take(3_000_000).collect();
        for held in [10, 2_000_000, 3_000_000] {
            let content = spool(&mut bytes.as_slice(), held, &AtomicBool::new(false)).unwrap();
            assert_eq!(content.in_memory().is_some(), held == 3_000_000);
            assert_eq!(content.whole(u64::MAX).unwrap().as_ref(), bytes);
        }
    }
}
