//! What the first bytes of a member look like: enough to decide whether it is worth handing on.

/// Could these be the first bytes of something that is loaded or run, hidden where plain tensor bytes belong?
///
/// Tensor bytes are arbitrary, so a check of two bytes would strike by chance; each check here costs an accident at
/// least four.
pub(crate) fn is_active(head: &[u8]) -> bool {
    const MAGICS: &[&[u8]] = &[
        b"\x7fELF\x01\x01\x01",
        b"\x7fELF\x02\x01\x01",
        b"#!/",
        b"PK\x03\x04",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
        b"\xfd7zXZ\0",
        b"\x1f\x8b\x08\x00",
        b"\x89HDF\r\n\x1a\n",
        b"\x93NUMPY",
        b"\xcf\xfa\xed\xfe\x07\0\0\x01",
        b"\xcf\xfa\xed\xfe\x0c\0\0\x01",
        b"<?php",
        b"<script",
        b"import ",
    ];
    MAGICS.iter().any(|magic| head.starts_with(magic)) || is_pe(head) || is_pickle(head)
}

/// A DOS header as linkers write it: `MZ`, and the offset of the new header within the first page.
fn is_pe(head: &[u8]) -> bool {
    let new_header = head.get(0x3c..0x40).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    head.starts_with(b"MZ") && new_header.is_some_and(|offset| (0x40..0x1000).contains(&offset))
}

/// A pickle of protocol 2 to 5 that goes on as one: with a frame, or with a name, a mark or a container.
fn is_pickle(head: &[u8]) -> bool {
    match head {
        [0x80, 4 | 5, 0x95, length @ ..] => length.get(5..8) == Some(&[0, 0, 0]),
        [0x80, 2 | 3, b'c', rest @ ..] => rest.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_'),
        [0x80, 2..=5, b'}' | b']' | b'(' | b')', b'q' | b'r' | b'\x94' | b'X' | b'\x8c' | b'.', ..] => true,
        [0x80, 2..=5, b'\x8c', length, name, ..] => (1..64).contains(length) && name.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Formats whose bulk is arrays, which legitimately compress a thousandfold when they are mostly zeros.
pub(crate) fn may_hold_arrays(head: &[u8]) -> bool {
    head.starts_with(b"\x93NUMPY")
        || head.starts_with(b"\x89HDF")
        || head.starts_with(b"GGUF")
        || head.starts_with(b"PK\x03\x04")
        || matches!(head, [0x80, 2..=5, ..])
        || head.get(257..262) == Some(b"ustar")
        || (head.get(8) == Some(&b'{') && head.get(4..8) == Some(&[0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_pickles_stand_out_from_tensor_bytes() {
        assert!(is_active(b"\x7fELF\x02\x01\x01\0"));
        assert!(is_active(b"\x80\x04\x95\x1b\0\0\0\0\0\0\0\x8c\x05posix"));
        assert!(is_active(b"\x80\x02cos\nsystem\n"));
        assert!(is_active(b"#!/bin/sh\n"));
        assert!(!is_active(b"\x80\x02\x80\x3f\0\0\0\0"));
        assert!(!is_active(&[0; 64]));
        assert!(!is_active(b""));
        assert!(!is_active(b"MZ"));
    }
}
