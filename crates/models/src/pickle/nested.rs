//! Pickles and archives hidden in a pickle's own literals: as bytes, base64 or hexadecimal.

use bartizan_core::{Budget, Content, Context, Limits};
use base64::Engine as _;

use super::{
    machine::{Literal, Machine},
    source::Source,
};

/// Might a literal that begins so be a pickle, an archive, or an encoding of one?
pub(super) fn looks_nested(head: &[u8], is_text: bool) -> bool {
    // A Latin-1 text of protocol 2 and below may hold raw bytes too.
    is_binary_head(head)
        || is_text && is_latin1_head(head)
        || is_text && is_hex_head(head)
        || decoded_head(head).is_some_and(|decoded| is_binary_head(&decoded))
}

/// A protocol 2 pickle stores bytes as text for `_codecs.encode(…, "latin1")`: `\x80` becomes `\xc2\x80`.
fn is_latin1_head(head: &[u8]) -> bool {
    matches!(
        head,
        [0xc2, 0x80, 2..=5, ..] | [0x78, 0xc2, 0x9c, ..] | [0x78, 0xc3, 0x9a, ..] | [0x1f, 0xc2, 0x8b, 8, ..]
    )
}

/// The bytes that Latin-1 makes of a text; `None` when it has other characters.
fn latin1(text: &[u8]) -> Option<Vec<u8>> {
    std::str::from_utf8(text).ok()?.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn is_binary_head(head: &[u8]) -> bool {
    matches!(head, [0x80, 2..=5, next, ..] if super::opcode::describe(*next).is_some())
        || head.starts_with(b"PK\x03\x04")
        || head.starts_with(&[0x1f, 0x8b, 8])
        || head.starts_with(b"BZh")
        || head.starts_with(b"\xfd7zXZ\0")
        || matches!(head, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..])
        || head.starts_with(b"cos\n")
        || head.starts_with(b"cposix\n")
        || head.starts_with(b"c__builtin")
        || head.starts_with(b"cbuiltins")
        || head.starts_with(b"csubproc")
}

/// Hexadecimal of `\x80`, of `PK`, of gzip or of a GLOBAL opcode.
fn is_hex_head(head: &[u8]) -> bool {
    let lower = head.to_ascii_lowercase();
    [
        &b"8002"[..],
        b"8003",
        b"8004",
        b"8005",
        b"504b0304",
        b"1f8b08",
        b"636f73",
        b"63706f",
        b"635f5f62",
        b"636275",
    ]
    .iter()
    .any(|magic| lower.starts_with(magic))
}

fn decoded_head(head: &[u8]) -> Option<Vec<u8>> {
    let whole = head.len() - head.len() % 4;
    let head = head.get(..whole).filter(|head| !head.is_empty())?;
    base64::engine::general_purpose::STANDARD_NO_PAD.decode(head).ok()
}

/// The bytes behind a literal and how they were encoded; `None` when nothing decodes or it is too large.
pub(super) fn decode(
    literal: Literal,
    content: &Content,
    limits: &Limits,
) -> Option<(&'static str, Content)> {
    let raw = content.slice(literal.offset, literal.length).ok()?;
    let head = raw.head(8).ok()?;
    if is_binary_head(&head) || literal.is_loaded && !literal.is_text {
        return Some(("bytes", raw));
    }
    let text = raw.whole(limits.held).ok()?;
    if is_latin1_head(&head) || literal.is_loaded {
        return latin1(&text).map(|bytes| ("latin1", Content::from_bytes(bytes)));
    }
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if is_hex_head(&text) {
        return Some(("hex", Content::from_bytes(unhex(&text)?)));
    }
    let trimmed = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(&text);
    let decoded = base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(trimmed)
        .or_else(|_| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(trimmed))
        .ok()?;
    is_binary_head(&decoded).then(|| ("base64", Content::from_bytes(decoded)))
}

/// A binary head alone is a coincidence in random data: a pickle must run to its STOP, import something, or be
/// broken after an import; an archive is for its own inspector to judge.
pub(super) fn is_worth_a_look(content: &Content, context: &Context<'_>) -> bool {
    let Ok(head) = content.head(8) else { return false };
    let is_pickle = head.first() == Some(&0x80) || head.first() == Some(&b'c');
    if !is_pickle {
        return !matches!(head.as_ref(), [0x78, ..]) || inflates(content);
    }
    let limits = Limits { opcodes: 1_000_000, ..*context.limits };
    let budget = Budget::default();
    let inner = Context { limits: &limits, budget: &budget, outlet: &|_| {}, ..*context };
    let mut machine = Machine::new(Source::new(content), &inner);
    let end = machine.run();
    machine.names.iter().next().is_some()
        || machine.source.remaining() > 0
        || !machine.literals.is_empty()
        || matches!(end, super::machine::End::Limit(_))
}

/// Does a zlib stream really begin here?
fn inflates(content: &Content) -> bool {
    let mut out = [0u8; 64];
    let mut decoder = flate2::read::ZlibDecoder::new(content.reader());
    std::io::Read::read_exact(&mut decoder, &mut out).is_ok()
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    text.chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_of_a_pickle_are_recognised_and_ordinary_text_is_not() {
        assert!(looks_nested(b"\x80\x04\x95", false));
        assert!(looks_nested(b"gASVHgAA", true));
        assert!(looks_nested(b"80049523", true));
        assert!(!looks_nested(b"os.syste", true));
        assert!(!looks_nested(b"aGVsbG8g", true));
    }
}
