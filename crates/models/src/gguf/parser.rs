//! Reads the header: counts, key-value pairs, tensor descriptions.

use bartizan_core::{Content, Context, ReadError};
use bytes::Bytes;

use crate::protobuf::Window;

/// Why reading stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The file ends too early, as a broken download does.
    CutShort(String),
    /// A count or length that cannot be true of any file near this size, or that no loader accepts.
    Lie(String),
    /// It could not be read, or the time ran out.
    Unread(String),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::PastEnd { .. } => Self::CutShort(error.to_string()),
            other => Self::Unread(other.to_string()),
        }
    }
}

/// A value of the metadata. Numbers are kept as text and number; arrays are passed over.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(u64),
    Float(f64),
    Text(Bytes),
    /// Element type, length, and the first few elements when they are text.
    Array(u32, u64, Vec<String>),
}

/// One key-value pair.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) offset: u64,
}

/// One tensor as the header describes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Described {
    pub(super) name: String,
    /// Innermost dimension first, as GGUF has it.
    pub(super) dimensions: Vec<u64>,
    pub(super) kind: u32,
    /// From the start of the tensor data.
    pub(super) offset: u64,
}

/// What could be read, and why no more.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    pub(super) version: u32,
    pub(super) pairs: Vec<Pair>,
    pub(super) tensors: Vec<Described>,
    /// Where the header ends.
    pub(super) end: u64,
    pub(super) stop: Option<Stop>,
}

/// Bytes of the shortest pair (key length, type, one byte) and of the shortest tensor description.
const SHORTEST_PAIR: u64 = 13;
const SHORTEST_TENSOR: u64 = 24;
/// Most dimensions of a tensor. ggml itself has four.
const DIMENSIONS: u32 = 8;
/// Longest key; the specification allows 65,535 bytes.
const LONGEST_KEY: u64 = 65_535;
/// How many elements of a text array are kept.
const KEPT: usize = 8;

impl Header {
    pub(super) fn read(content: &Content, context: &Context<'_>) -> Self {
        let window = Window::new(content);
        let mut reader = Reader { window: &window, context, position: 4, big: false, old: false };
        let mut header = Self::default();
        header.stop = header.fill(&mut reader).err();
        header.end = reader.position;
        header
    }

    fn fill(&mut self, reader: &mut Reader<'_>) -> Result<(), Stop> {
        self.version = reader.u32()?;
        // Version 3 also exists in big-endian order; the version number shows which.
        if self.version.swap_bytes() < 16 && self.version >= 16 {
            reader.big = true;
            self.version = self.version.swap_bytes();
        }
        if !(1..=3).contains(&self.version) {
            return Err(Stop::Unread(format!("GGUF version {} is not known", self.version)));
        }
        reader.old = self.version == 1;
        let tensors = reader.size()?;
        let pairs = reader.size()?;
        let left = reader.left();
        for (what, count, each) in
            [("tensors", tensors, SHORTEST_TENSOR), ("key-value pairs", pairs, SHORTEST_PAIR)]
        {
            let need = count.checked_mul(each);
            if need.is_none_or(|need| need > left.saturating_mul(16).saturating_add(1 << 20)) {
                return Err(Stop::Lie(format!("it claims {count} {what} in {left} bytes")));
            }
        }
        for _ in 0..pairs {
            let offset = reader.position;
            let key = reader.text("a key", LONGEST_KEY)?;
            let kind = reader.u32()?;
            let value = reader.value(kind, 0)?;
            self.pairs.push(Pair { key: String::from_utf8_lossy(&key).into_owned(), value, offset });
        }
        for _ in 0..tensors {
            self.tensors.push(reader.tensor()?);
        }
        Ok(())
    }

    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.pairs.iter().find(|pair| pair.key == key).and_then(|pair| match &pair.value {
            Value::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        })
    }

    /// The number of a key.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.pairs.iter().find(|pair| pair.key == key).and_then(|pair| match pair.value {
            Value::Number(number) => Some(number),
            _ => None,
        })
    }
}

struct Reader<'a> {
    window: &'a Window,
    context: &'a Context<'a>,
    position: u64,
    big: bool,
    /// Version 1 counts in 32 bits.
    old: bool,
}

impl Reader<'_> {
    fn left(&self) -> u64 {
        self.window.len().saturating_sub(self.position)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let found = self.window.peek(self.position, N as u64, |bytes| bytes.first_chunk().copied())?;
        let mut array: [u8; N] = found
            .ok_or_else(|| Stop::CutShort(format!("the header is cut off at byte {}", self.window.len())))?;
        self.position = self.position.saturating_add(N as u64);
        if self.big {
            array.reverse();
        }
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, Stop> {
        self.array().map(u32::from_le_bytes)
    }

    /// A count or length.
    fn size(&mut self) -> Result<u64, Stop> {
        if self.old { self.u32().map(u64::from) } else { self.array().map(u64::from_le_bytes) }
    }

    /// Is a length that does not fit a lie, rather than a file cut short?
    fn check(&self, what: &str, need: Option<u64>) -> Result<u64, Stop> {
        let left = self.left();
        match need {
            Some(need) if need <= left => Ok(need),
            Some(need) if need <= left.saturating_mul(1000).saturating_add(16 << 20) => Err(Stop::CutShort(
                format!("{what} at byte {} needs {need} bytes, {left} are left", self.position),
            )),
            Some(need) => Err(Stop::Lie(format!("{what} claims {need} bytes, {left} are left"))),
            None => Err(Stop::Lie(format!("the size of {what} overflows"))),
        }
    }

    fn skip(&mut self, what: &str, need: Option<u64>) -> Result<(), Stop> {
        let need = self.check(what, need)?;
        self.position = self.position.saturating_add(need);
        Ok(())
    }

    fn text(&mut self, what: &str, limit: u64) -> Result<Bytes, Stop> {
        let length = self.size()?;
        let length = self.check(what, Some(length))?;
        if length > limit && limit == LONGEST_KEY {
            return Err(Stop::Lie(format!("{what} is {length} bytes long")));
        }
        let text = self.window.read(self.position, length, limit)?;
        self.position = self.position.saturating_add(length);
        Ok(text)
    }

    fn value(&mut self, kind: u32, depth: usize) -> Result<Value, Stop> {
        Ok(match kind {
            0 | 1 | 7 => Value::Number(u64::from(self.array::<1>().map(u8::from_le_bytes)?)),
            2 | 3 => Value::Number(u64::from(self.array().map(u16::from_le_bytes)?)),
            4 | 5 => Value::Number(u64::from(self.u32()?)),
            6 => Value::Float(f64::from(self.array().map(f32::from_le_bytes)?)),
            8 => Value::Text(self.text("a text", self.context.limits.held)?),
            9 => return self.list(depth),
            10 | 11 => Value::Number(self.array().map(u64::from_le_bytes)?),
            12 => Value::Float(self.array().map(f64::from_le_bytes)?),
            _ => return Err(Stop::Lie(format!("value type {kind} does not exist"))),
        })
    }

    /// An array: a tokenizer's has hundreds of thousands of texts, so they are passed over, not kept.
    fn list(&mut self, depth: usize) -> Result<Value, Stop> {
        if depth > 3 {
            return Err(Stop::Lie("arrays lie in arrays in arrays".to_owned()));
        }
        let kind = self.u32()?;
        let count = self.size()?;
        let mut kept = Vec::new();
        match kind {
            0 | 1 | 7 => self.skip("an array", Some(count))?,
            2 | 3 => self.skip("an array", count.checked_mul(2))?,
            4..=6 => self.skip("an array", count.checked_mul(4))?,
            10..=12 => self.skip("an array", count.checked_mul(8))?,
            8 | 9 => {
                self.check("an array", count.checked_mul(8))?;
                for at in 0..count {
                    if at % 65_536 == 0 && self.context.interrupted() {
                        return Err(Stop::Unread("the time ran out".to_owned()));
                    }
                    if kind == 9 {
                        self.list(depth + 1)?;
                    } else if kept.len() < KEPT {
                        kept.push(String::from_utf8_lossy(&self.text("a text", 1 << 20)?).into_owned());
                    } else {
                        let length = self.size()?;
                        self.skip("a text", Some(length))?;
                    }
                }
            }
            _ => return Err(Stop::Lie(format!("array of type {kind}, which does not exist"))),
        }
        Ok(Value::Array(kind, count, kept))
    }

    fn tensor(&mut self) -> Result<Described, Stop> {
        let name = self.text("a tensor's name", LONGEST_KEY)?;
        let count = self.u32()?;
        if count > DIMENSIONS {
            return Err(Stop::Lie(format!("a tensor has {count} dimensions")));
        }
        let dimensions = (0..count).map(|_| self.size()).collect::<Result<_, _>>()?;
        let kind = self.u32()?;
        let offset = self.array().map(u64::from_le_bytes)?;
        Ok(Described { name: String::from_utf8_lossy(&name).into_owned(), dimensions, kind, offset })
    }
}
