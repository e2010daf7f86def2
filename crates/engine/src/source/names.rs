//! File names as text: what is not UTF-8 is escaped, so that every name is printable, unique, and can be found again.

use std::{
    borrow::Cow,
    ffi::{OsStr, OsString},
};

/// The name as it stands in reports. Bytes that are not UTF-8 become `\xNN`, and so do `!` (which separates members
/// from containers) and `\` (which would make the others ambiguous).
pub(crate) fn escaped(name: &OsStr) -> Cow<'_, str> {
    if let Some(text) = name.to_str()
        && !text.contains(['\\', '!'])
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    for chunk in bytes_of(name).utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '!' | '\\' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
                _ => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    Cow::Owned(out)
}

/// A path from elsewhere, whose bytes need not be text, as [`escaped`] shows one.
pub(crate) fn shown_bytes(path: &[u8]) -> String {
    escaped(&name_of(path.to_vec())).into_owned()
}

/// The name that [`escaped`] made this text from.
pub(crate) fn unescaped(text: &str) -> OsString {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after
            .strip_prefix(b"x")
            .and_then(|digits| digits.get(..2))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) if byte == b'\\' => {
                bytes.push(code);
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    name_of(bytes)
}

#[cfg(unix)]
fn bytes_of(name: &OsStr) -> &[u8] {
    std::os::unix::ffi::OsStrExt::as_bytes(name)
}

#[cfg(unix)]
fn name_of(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn bytes_of(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

#[cfg(not(unix))]
fn name_of(bytes: Vec<u8>) -> OsString {
    OsString::from(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_text_is_shown_and_found_again() {
        let name = name_of(b"caf\xe9.pkl".to_vec());
        assert_eq!(escaped(&name), "caf\\xe9.pkl");
        assert_eq!(unescaped("caf\\xe9.pkl"), name);
        assert_eq!(escaped(OsStr::new("é!.pt")), "é\\x21.pt");
    }

    proptest::proptest! {
        #[test]
        fn every_name_survives(bytes in proptest::collection::vec(1u8..=255, 0..20)) {
            let name = name_of(bytes);
            let text = escaped(&name).into_owned();
            proptest::prop_assert!(!text.contains('!'));
            proptest::prop_assert_eq!(unescaped(&text), name);
        }
    }
}
