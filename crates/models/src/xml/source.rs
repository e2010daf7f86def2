//! The bytes of a document as UTF-8, with line numbers and a bound on what one event may hold.

use std::io::{self, BufRead, Read};

use bartizan_core::{Content, ContentReader};

/// How much is decoded at once.
const CHUNK: usize = 64 * 1024;

/// How characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8, and every encoding that agrees with it on ASCII, which is all that markup is made of.
    Bytes,
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
}

impl Encoding {
    /// By the byte order mark, or by how `<` is written (XML 1.0, appendix F).
    pub(super) fn of(head: &[u8]) -> Self {
        match head {
            [0xff, 0xfe, 0, 0, ..] | [b'<', 0, 0, 0, ..] => Self::Utf32Le,
            [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, b'<', ..] => Self::Utf32Be,
            [0xff, 0xfe, ..] | [b'<', 0, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] | [0, b'<', ..] => Self::Utf16Be,
            _ => Self::Bytes,
        }
    }

    /// Decodes as much as is whole; returns how many bytes were used.
    pub(super) fn decode(self, bytes: &[u8], last: bool, out: &mut String) -> usize {
        let unit: fn([u8; 2]) -> u16 = match self {
            Self::Bytes => return decode_bytes(bytes, last, out),
            Self::Utf16Le => u16::from_le_bytes,
            Self::Utf16Be => u16::from_be_bytes,
            Self::Utf32Le => return decode_wide(bytes, last, u32::from_le_bytes, out),
            Self::Utf32Be => return decode_wide(bytes, last, u32::from_be_bytes, out),
        };
        let (pairs, _) = bytes.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().copied().map(unit).collect();
        // The first half of a surrogate pair waits for the second.
        if !last && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            units.pop();
        }
        let used = units.len().saturating_mul(2);
        out.extend(
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .filter(|c| *c != '\u{feff}'),
        );
        if last { bytes.len() } else { used }
    }
}

fn decode_wide(bytes: &[u8], last: bool, unit: fn([u8; 4]) -> u32, out: &mut String) -> usize {
    let (units, rest) = bytes.as_chunks::<4>();
    let characters = units.iter().map(|bytes| char::from_u32(unit(*bytes)));
    out.extend(characters.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).filter(|c| *c != '\u{feff}'));
    if last { bytes.len() } else { bytes.len().saturating_sub(rest.len()) }
}

fn decode_bytes(bytes: &[u8], last: bool, out: &mut String) -> usize {
    let mut used = 0usize;
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        used = used.saturating_add(chunk.valid().len());
        let rest = chunk.invalid();
        let at_end = used.saturating_add(rest.len()) == bytes.len();
        if rest.is_empty() || (at_end && !last && rest.len() < 4) {
            continue;
        }
        out.push(char::REPLACEMENT_CHARACTER);
        used = used.saturating_add(rest.len());
    }
    used
}

/// Reads a content as UTF-8.
#[derive(Debug)]
pub(super) struct Source {
    content: ContentReader,
    encoding: Encoding,
    raw: Vec<u8>,
    text: Vec<u8>,
    position: usize,
    ended: bool,
    /// Line of the next byte, from 1.
    pub(super) line: u32,
    /// How many more bytes the event at hand may hold.
    pub(super) allowance: u64,
}

impl Source {
    pub(super) fn new(content: &Content) -> Self {
        let head = content.head(4).unwrap_or_default();
        let mut reader = content.reader();
        if head.starts_with(b"\xef\xbb\xbf") {
            // A failure shows again at the next read.
            let _ = reader.read_exact(&mut [0; 3]);
        }
        Self {
            content: reader,
            encoding: Encoding::of(&head),
            raw: Vec::new(),
            text: Vec::new(),
            position: 0,
            ended: false,
            line: 1,
            allowance: 0,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        let mut text = String::new();
        while text.is_empty() && !self.ended {
            let kept = self.raw.len();
            let wanted = CHUNK.saturating_sub(kept) as u64;
            let read = self.content.by_ref().take(wanted).read_to_end(&mut self.raw)?;
            self.ended = (read as u64) < wanted;
            let used = self.encoding.decode(&self.raw, self.ended, &mut text);
            self.raw.drain(..used.min(self.raw.len()));
        }
        self.text = text.into_bytes();
        self.position = 0;
        Ok(())
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.allowance == 0 {
            return Err(io::Error::other("one part of the document is too large"));
        }
        if self.position >= self.text.len() {
            self.refill()?;
        }
        Ok(self.text.get(self.position..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        let end = self.position.saturating_add(amount).min(self.text.len());
        let lines = memchr::memchr_iter(b'\n', self.text.get(self.position..end).unwrap_or_default()).count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.allowance = self.allowance.saturating_sub(amount as u64);
        self.position = end;
    }
}
