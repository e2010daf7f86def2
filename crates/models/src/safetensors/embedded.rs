//! Payloads written as text: base64 or hexadecimal of something that is not text.
//!
//! Metadata is free text, and words in it prove nothing. But text that decodes to a complete pickle, a program or an
//! archive was put there to be decoded.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Something with a magic number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    /// In words: "a pickle".
    pub(crate) what: &'static str,
    /// Extension for the child asset.
    pub(crate) extension: &'static str,
}

/// What the bytes begin with, if it is something that runs, or that can hide what runs. Needs enough structure that
/// random bytes do not match.
pub(crate) fn payload(bytes: &[u8]) -> Option<Payload> {
    let word = |at: usize| {
        bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(|word: [u8; 4]| u32::from_le_bytes(word))
    };
    let found = |what, extension| Some(Payload { what, extension });
    if bytes.starts_with(b"\x7fELF") && matches!(bytes.get(4..7), Some([1 | 2, 1 | 2, 1])) {
        return found("an ELF program", "elf");
    }
    if bytes.starts_with(b"MZ") {
        let header = word(0x3c).and_then(|at| usize::try_from(at).ok());
        if header.and_then(|at| bytes.get(at..)).is_some_and(|rest| rest.starts_with(b"PE\0\0")) {
            return found("a Windows program", "exe");
        }
    }
    if bytes.starts_with(b"PK\x03\x04") && bytes.get(4).is_some_and(|version| *version <= 63) {
        return found("a ZIP archive", "zip");
    }
    if bytes.starts_with(b"7z\xbc\xaf\x27\x1c") {
        return found("a 7z archive", "7z");
    }
    if bytes.starts_with(b"#!/") && bytes.get(3).is_some_and(u8::is_ascii_alphabetic) {
        return found("a script", "sh");
    }
    pickle(bytes).then_some(Payload { what: "a pickle", extension: "pkl" })
}

/// Does it begin as a pickle and hold a STOP? Protocol 2 and later have a header that text and weights do not have;
/// the earlier ones are recognised by an import at the start.
fn pickle(bytes: &[u8]) -> bool {
    if !bytes.contains(&b'.') {
        return false;
    }
    match bytes {
        [0x80, 4 | 5, 0x95, frame @ ..] => {
            // The frame's length fits what follows.
            frame.first_chunk().is_some_and(|len| u64::from_le_bytes(*len) <= frame.len() as u64)
        }
        // `}` `]` `)` `(` `c` `X` `K` `U` … : an opcode that a pickle begins with.
        [0x80, 2..=5, first, ..] => b"c}])(XKUMJGNBC\x8c\x88\x89\x8a\x8e\x96".contains(first),
        [b'c', rest @ ..] => {
            let mut lines = rest.split(|byte| *byte == b'\n');
            let name = |line: Option<&[u8]>| {
                line.is_some_and(|line| {
                    !line.is_empty()
                        && line.len() < 256
                        && line.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(byte))
                })
            };
            name(lines.next()) && name(lines.next()) && lines.next().is_some()
        }
        _ => false,
    }
}

/// Shortest text worth decoding: the shortest pickle that calls something is longer.
const SHORTEST: usize = 20;

/// The payload that the text encodes, or is.
pub(crate) fn in_text(text: &str, limit: u64) -> Option<(Payload, Vec<u8>)> {
    let text = text.trim();
    if text.len() < SHORTEST || text.len() as u64 > limit {
        return None;
    }
    let raw = text.as_bytes();
    if let Some(found) = payload(raw).filter(|found| found.extension == "pkl") {
        return Some((found, raw.to_vec()));
    }
    // `data:application/octet-stream;base64,…`
    let body =
        text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")).map_or(text, |(_, b)| b);
    let compact: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = hexadecimal(&compact).or_else(|| base64(&compact))?;
    payload(&decoded).map(|found| (found, decoded))
}

fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    [&STANDARD, &URL_SAFE]
        .into_iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, lenient).decode(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_decodes_to_a_pickle_is_found_and_words_are_not() {
        let pickle = b"cos\nsystem\n(S'echo harmless'\ntR.";
        let encoded = GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new()).encode(pickle);
        assert_eq!(in_text(&encoded, 1 << 20).unwrap().1, pickle);
        let hex: String = pickle.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(in_text(&hex, 1 << 20).unwrap().0.what, "a pickle");
        assert!(in_text("cos\nsystem\n(S'echo harmless'\ntR.", 1 << 20).is_some());
        for text in [
            "import os; os.system('echo harmless')",
            "a long description of how the model was trained, in words.",
            "0123456789abcdef0123456789abcdef01234567",
            "code\nlike words. And more\n text.",
        ] {
            assert_eq!(in_text(text, 1 << 20), None, "{text}");
        }
    }
}
