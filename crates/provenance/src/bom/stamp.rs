//! What makes one writing of a document different from the next.

use uuid::Uuid;

/// When a document is made, and what tells it from others.
#[derive(Clone, Debug, Default)]
pub struct Stamp {
    /// 16 random bytes for the serial number; without them it is derived from the content.
    pub random: Option<[u8; 16]>,
    /// Time in RFC 3339; without it the document says none where it may.
    pub timestamp: Option<String>,
    /// Version of the program that makes it.
    pub tool_version: &'static str,
}

impl Stamp {
    /// The serial number of a document with this content.
    pub(super) fn uuid(&self, content: &[u8]) -> Uuid {
        match self.random {
            Some(bytes) => uuid::Builder::from_random_bytes(bytes).into_uuid(),
            None => {
                let digest = blake3::hash(content);
                let mut bytes = [0; 16];
                for (byte, from) in bytes.iter_mut().zip(digest.as_bytes()) {
                    *byte = *from;
                }
                // Version 8: made as its maker says (RFC 9562, section 5.8).
                uuid::Builder::from_custom_bytes(bytes).into_uuid()
            }
        }
    }
}
