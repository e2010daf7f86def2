//! The bytes that a signature is over.

/// DSSE's pre-authentication encoding: kind and payload, each after its length.
pub fn encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// What model-signing 0.2 and 0.3 signed instead: the payload as Python's `repr` of bytes shows it, after a name with
/// a capital V.
pub fn compatibility_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEV1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    represent(payload, &mut bytes);
    bytes
}

fn represent(payload: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let quote = if payload.contains(&b'\'') && !payload.contains(&b'"') { b'"' } else { b'\'' };
    out.reserve(payload.len().saturating_add(payload.len() / 8));
    out.extend_from_slice(&[b'b', quote]);
    for &byte in payload {
        match byte {
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            _ if byte == quote => out.extend_from_slice(&[b'\\', quote]),
            b' '..=b'~' => out.push(byte),
            _ => {
                let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
                out.extend_from_slice(&[b'\\', b'x', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    out.push(quote);
}
