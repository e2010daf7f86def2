//! SHA-256 of assets.

use bartizan_core::{Content, ReadError};
use bartizan_provenance::digest::{HashAlgorithm, Hasher, hex};

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
    let mut hasher = Hasher::new(HashAlgorithm::Sha256);
    let mut bytes = 0u64;
    if let Some(memory) = content.in_memory() {
        hasher.update(memory);
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
            hasher.update(buffer.get(..count).unwrap_or_default());
            bytes += count as u64;
        }
    }
    Ok(Some(Digested { sha256: hex(&hasher.finish()), bytes }))
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
