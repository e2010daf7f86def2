//! Files hidden in texts: what a base64 or hexadecimal value decodes to.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// The shortest text that is looked into.
const SHORTEST: usize = 16;

/// What the text decodes to, when that is a pickle, an archive or a program; with what it is called.
pub(crate) fn payload(text: &str) -> Option<(&'static str, Vec<u8>)> {
    let text = text.trim();
    if text.len() < SHORTEST || !text.is_ascii() || text.contains(char::is_whitespace) {
        return None;
    }
    let bytes = hexadecimal(text).or_else(|| STANDARD.decode(text).ok())?;
    recognise(&bytes).map(|what| (what, bytes))
}

/// What bytes begin with, when that has no place inside a value.
pub(crate) fn recognise(bytes: &[u8]) -> Option<&'static str> {
    let pickle = matches!(bytes, [0x80, 2..=5, .., b'.']);
    let protocol_0 = bytes.starts_with(b"c")
        && bytes.ends_with(b".")
        && bytes.iter().filter(|byte| **byte == b'\n').count() >= 2;
    match bytes {
        _ if pickle || protocol_0 => Some("a pickle"),
        [b'P', b'K', 3, 4, ..] => Some("a ZIP archive"),
        [0x1f, 0x8b, 8, ..] => Some("gzip data"),
        [0x7f, b'E', b'L', b'F', ..] => Some("an ELF program"),
        [b'M', b'Z', ..] if bytes.len() > 0x40 && memchr::memmem::find(bytes, b"PE\0\0").is_some() => {
            Some("a Windows program")
        }
        _ => None,
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    Some(
        digits?
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0u8, |byte, digit| (byte << 4) | digit))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_in_disguise_are_payloads() {
        assert_eq!(payload("gASVBQAAAAAAAACMAWGULg==").map(|found| found.0), Some("a pickle"));
        assert_eq!(payload("504b030414000000080000000000").map(|found| found.0), Some("a ZIP archive"));
        for ordinary in
            ["0123456789abcdef0123456789abcdef", "binary:logistic", "QUJDREVGR0hJSktMTU5PUA==", ""]
        {
            assert_eq!(payload(ordinary), None, "{ordinary}");
        }
    }
}
