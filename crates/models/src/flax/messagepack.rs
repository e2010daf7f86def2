//! MessagePack as a stream: values are passed over, not built, so a file of any size costs a few kilobytes.
//!
//! The format: <https://github.com/msgpack/msgpack/blob/master/spec.md>.

use std::io::{Read, Seek, SeekFrom};

use bartizan_core::{Content, ContentReader, Context, Span, Tensor, redacted};

/// An extension value that is none of Flax's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extension {
    pub(crate) path: String,
    pub(crate) number: i8,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// What a stream holds.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) omitted: u64,
    pub(crate) unknown: Vec<Extension>,
    /// Arrays whose elements are Python objects.
    pub(crate) objects: Vec<Extension>,
    /// Where reading ended, and why, when it was not the end.
    pub(crate) broken: Option<(u64, String)>,
    /// Where bytes follow the value.
    pub(crate) trailing: Option<u64>,
}

/// Flax's extension numbers: an array, a complex number, an array scalar.
const ARRAY: i8 = 1;
const COMPLEX: i8 = 2;
const SCALAR: i8 = 3;

/// Longest key or header that is looked at.
const LONGEST: u64 = 4096;

/// Reads one value.
pub(crate) fn read(content: &Content, context: &Context<'_>) -> Contents {
    let mut walk = Walk {
        reader: content.reader(),
        size: content.len(),
        context,
        contents: Contents::default(),
        steps: 0,
    };
    let read = walk.value(&mut String::new(), 0);
    let at = walk.reader.position();
    match read {
        Err(reason) => walk.contents.broken = Some((at, reason)),
        Ok(_) if at < walk.size => walk.contents.trailing = Some(at),
        Ok(_) => {}
    }
    walk.contents
}

struct Walk<'a> {
    reader: ContentReader,
    size: u64,
    context: &'a Context<'a>,
    contents: Contents,
    steps: u64,
}

/// The text of a value, when it is one.
type Key = Option<String>;

impl Walk<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(|_| "the data ends inside a value".to_owned())?;
        Ok(bytes)
    }

    fn length(&mut self, width: u8) -> Result<u64, String> {
        Ok(match width {
            0 => u64::from(u8::from_be_bytes(self.bytes()?)),
            1 => u64::from(u16::from_be_bytes(self.bytes()?)),
            _ => u64::from(u32::from_be_bytes(self.bytes()?)),
        })
    }

    fn skip(&mut self, length: u64) -> Result<(), String> {
        let to = self.reader.position().checked_add(length).filter(|to| *to <= self.size);
        let to = to.ok_or_else(|| "a value reaches past the end".to_owned())?;
        self.reader.seek(SeekFrom::Start(to)).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn text(&mut self, length: u64) -> Result<Key, String> {
        let kept = length.min(LONGEST);
        let mut bytes = vec![0; usize::try_from(kept).unwrap_or(0)];
        self.reader.read_exact(&mut bytes).map_err(|_| "a text reaches past the end".to_owned())?;
        self.skip(length - kept)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn value(&mut self, path: &mut String, depth: usize) -> Result<Key, String> {
        self.steps += 1;
        if depth > self.context.limits.depth {
            return Err("the data is nested too deeply".to_owned());
        }
        if self.steps.is_multiple_of(4096) && self.context.interrupted() {
            return Err("the time ran out".to_owned());
        }
        let [first] = self.bytes()?;
        match first {
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => {}
            0x80..=0x8f => self.map(u64::from(first & 15), path, depth)?,
            0x90..=0x9f => self.list(u64::from(first & 15), path, depth)?,
            0xa0..=0xbf => return self.text(u64::from(first & 31)),
            0xc4..=0xc6 => {
                let length = self.length(first - 0xc4)?;
                self.skip(length)?;
            }
            0xc7..=0xc9 => {
                let length = self.length(first - 0xc7)?;
                self.extension(length, path)?;
            }
            0xcc | 0xd0 => self.skip(1)?,
            0xcd | 0xd1 => self.skip(2)?,
            0xca | 0xce | 0xd2 => self.skip(4)?,
            0xcb | 0xcf | 0xd3 => self.skip(8)?,
            0xd4..=0xd8 => self.extension(1 << (first - 0xd4), path)?,
            0xd9..=0xdb => {
                let length = self.length(first - 0xd9)?;
                return self.text(length);
            }
            0xdc | 0xdd => {
                let count = self.length(first - 0xdc + 1)?;
                self.list(count, path, depth)?;
            }
            0xde | 0xdf => {
                let count = self.length(first - 0xde + 1)?;
                self.map(count, path, depth)?;
            }
            0xc1 => return Err("a byte has no meaning".to_owned()),
        }
        Ok(None)
    }

    fn map(&mut self, count: u64, path: &mut String, depth: usize) -> Result<(), String> {
        for _ in 0..count {
            let key = self.value(path, depth + 1)?.unwrap_or_default();
            let before = path.len();
            if path.len() + key.len() < 1024 {
                path.push('/');
                path.push_str(&key);
            }
            self.value(path, depth + 1)?;
            path.truncate(before);
        }
        Ok(())
    }

    fn list(&mut self, count: u64, path: &mut String, depth: usize) -> Result<(), String> {
        for _ in 0..count {
            self.value(path, depth + 1)?;
        }
        Ok(())
    }

    fn extension(&mut self, length: u64, path: &str) -> Result<(), String> {
        let [number] = self.bytes()?;
        let number = i8::from_be_bytes([number]);
        let offset = self.reader.position();
        let end = offset.checked_add(length).filter(|end| *end <= self.size);
        let end = end.ok_or_else(|| "an extension reaches past the end".to_owned())?;
        let extension = Extension { path: path.to_owned(), number, offset, length };
        match number {
            ARRAY | SCALAR => match self.array(end) {
                Some((shape, dtype, span)) => self.tensor(path, shape, dtype, span, &extension),
                None => self.unknown(extension),
            },
            // -1 is MessagePack's own time stamp.
            COMPLEX | -1 => {}
            _ => self.unknown(extension),
        }
        self.reader.seek(SeekFrom::Start(end)).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn unknown(&mut self, extension: Extension) {
        if self.contents.unknown.len() < 64 {
            self.contents.unknown.push(extension);
        }
    }

    fn tensor(&mut self, path: &str, shape: Vec<u64>, dtype: String, span: Span, extension: &Extension) {
        if dtype.starts_with('O') || dtype == "object" || dtype.contains("|O") {
            self.contents.objects.push(extension.clone());
        }
        if self.contents.tensors.len() < self.context.limits.tensors {
            self.contents.tensors.push(Tensor {
                name: redacted(path.trim_start_matches('/')),
                dtype: redacted(&dtype.to_lowercase()),
                shape,
                span: Some(span),
                file: None,
            });
        } else {
            self.contents.omitted = self.contents.omitted.saturating_add(1);
        }
    }

    /// `[shape, dtype name, bytes]`
    fn array(&mut self, end: u64) -> Option<(Vec<u64>, String, Span)> {
        if self.items()? != 3 {
            return None;
        }
        let count = self.items().filter(|count| *count <= 64)?;
        let mut shape = Vec::new();
        for _ in 0..count {
            shape.push(self.unsigned()?);
        }
        let dtype = self.string()?;
        let [kind] = self.bytes().ok()?;
        let length = match kind {
            0xc4..=0xc6 => self.length(kind - 0xc4).ok()?,
            // A raw string, as writers without `bin` types had it.
            0xa0..=0xbf => u64::from(kind & 31),
            0xd9..=0xdb => self.length(kind - 0xd9).ok()?,
            _ => return None,
        };
        let offset = self.reader.position();
        (offset.checked_add(length)? <= end).then_some((shape, dtype, Span { offset, length }))
    }

    /// The header of a list, in any of its three spellings.
    fn items(&mut self) -> Option<u64> {
        match self.bytes().ok()? {
            [first @ 0x90..=0x9f] => Some(u64::from(first & 15)),
            [0xdc] => self.length(1).ok(),
            [0xdd] => self.length(2).ok(),
            _ => None,
        }
    }

    /// A short text and nothing else: what an extension holds is read once more as whatever follows when it lies about its
    /// length, so values inside of it are never descended into.
    fn string(&mut self) -> Option<String> {
        let length = match self.bytes().ok()? {
            [first @ 0xa0..=0xbf] => u64::from(first & 31),
            [first @ 0xd9..=0xdb] => self.length(first - 0xd9).ok()?,
            _ => return None,
        };
        if length > 64 {
            return None;
        }
        self.text(length).ok()?
    }

    fn unsigned(&mut self) -> Option<u64> {
        let [first] = self.bytes().ok()?;
        Some(match first {
            0x00..=0x7f => u64::from(first),
            0xcc => self.length(0).ok()?,
            0xcd => self.length(1).ok()?,
            0xce => self.length(2).ok()?,
            0xcf => u64::from_be_bytes(self.bytes().ok()?),
            _ => return None,
        })
    }
}
