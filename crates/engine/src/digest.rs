//! SHA-256 of assets.

use aws_lc_rs::digest::{Context, SHA256};
use bartizan_core::{Content, ReadError};

/// Big enough that system calls cost nothing beside hashing, small enough to stay in the second-level cache.
const BUFFER: usize = 256 * 1024;

/// What came out of reading an asset to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Digested {
    /// Lower-case hexadecimal SHA-256 of what was read.
    pub(crate) sha256: String,
    /// How many bytes that was; fewer than the content's length when a file shrank.
    pub(crate) bytes: u64,
}

/// Reads everything once. `None` when `stop` said so.
pub(crate) fn sha256(content: &Content, stop: &dyn Fn() -> bool) -> Result<Option<Digested>, ReadError> {
    let mut context = Context::new(&SHA256);
    let mut bytes = 0u64;
    if let Some(memory) = content.in_memory() {
        context.update(memory);
        bytes = memory.len() as u64;
    } else {
        let size = content.len();
        let mut buffer = vec![0; BUFFER.min(usize::try_from(size).unwrap_or(BUFFER))];
        while bytes < size {
            if stop() {
                return Ok(None);
            }
            let count = content.read_at(bytes, &mut buffer)?;
            if count == 0 {
                break;
            }
            context.update(buffer.get(..count).unwrap_or_default());
            bytes += count as u64;
        }
    }
    Ok(Some(Digested { sha256: hex(context.finish().as_ref()), bytes }))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_fips_180_4() {
        let digested = sha256(&Content::from_bytes(&b"abc"[..]), &|| false).unwrap().unwrap();
        assert_eq!(digested.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digested.bytes, 3);
    }
}
