//! A bounds-checked reader of FlatBuffers, without their schema compiled in.
//!
//! A buffer is a web of tables that point to each other by offsets, see
//! <https://flatbuffers.dev/internals/>. A table begins with the distance back to its vtable, which gives each field's
//! place. Every offset is checked when it is followed; nothing is followed that nobody asks for.

use bartizan_core::ReadError;
use bytes::Bytes;

use crate::protobuf::Window;

/// An offset that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the {what} at offset {at} reaches outside the file")]
    Outside { what: &'static str, at: u64 },
    #[error("{0}")]
    Read(#[from] ReadError),
}

/// Most characters of a text that are read.
const LONGEST_TEXT: u64 = 4096;

fn word<const N: usize>(window: &Window, at: u64, what: &'static str) -> Result<[u8; N], Malformed> {
    let outside = Malformed::Outside { what, at };
    if at.saturating_add(N as u64) > window.len() {
        return Err(outside);
    }
    window.peek(at, N as u64, |bytes| bytes.try_into().ok())?.ok_or(outside)
}

fn u32_at(window: &Window, at: u64, what: &'static str) -> Result<u32, Malformed> {
    Ok(u32::from_le_bytes(word(window, at, what)?))
}

/// Follows the offset that stands at `at`.
fn follow(window: &Window, at: u64, what: &'static str) -> Result<u64, Malformed> {
    let target = at.saturating_add(u64::from(u32_at(window, at, what)?));
    if target >= window.len() { Err(Malformed::Outside { what, at }) } else { Ok(target) }
}

/// A table: fields by number, each of which may be absent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    window: &'a Window,
    at: u64,
    vtable: u64,
    /// Size of the vtable in bytes.
    size: u16,
}

impl<'a> Table<'a> {
    /// The root table of the whole content.
    pub(crate) fn root(window: &'a Window) -> Result<Self, Malformed> {
        Self::new(window, follow(window, 0, "root table")?)
    }

    fn new(window: &'a Window, at: u64) -> Result<Self, Malformed> {
        let outside = Malformed::Outside { what: "table", at };
        let back = i64::from(i32::from_le_bytes(word(window, at, "table")?));
        let vtable = i64::try_from(at).ok().and_then(|at| at.checked_sub(back));
        let vtable = vtable.and_then(|vtable| u64::try_from(vtable).ok()).ok_or(outside)?;
        let size = u16::from_le_bytes(word(window, vtable, "vtable")?);
        Ok(Self { window, at, vtable, size })
    }

    /// Where it begins.
    pub(crate) fn offset(&self) -> u64 {
        self.at
    }

    /// Where a field lies, if it is there.
    fn field(&self, number: u16) -> Result<Option<u64>, Malformed> {
        let slot = number.saturating_mul(2).saturating_add(4);
        if slot.saturating_add(2) > self.size {
            return Ok(None);
        }
        let place = self.vtable.saturating_add(u64::from(slot));
        let offset = u16::from_le_bytes(word(self.window, place, "vtable")?);
        Ok((offset != 0).then(|| self.at.saturating_add(u64::from(offset))))
    }

    fn scalar<const N: usize>(&self, number: u16) -> Result<Option<[u8; N]>, Malformed> {
        self.field(number)?.map(|at| word(self.window, at, "field")).transpose()
    }

    /// A byte; zero when absent.
    pub(crate) fn u8(&self, number: u16) -> Result<u8, Malformed> {
        Ok(self.scalar(number)?.map_or(0, u8::from_le_bytes))
    }

    /// A number of 32 bits; zero when absent.
    pub(crate) fn u32(&self, number: u16) -> Result<u32, Malformed> {
        Ok(self.scalar(number)?.map_or(0, u32::from_le_bytes))
    }

    /// A number of 64 bits; zero when absent.
    pub(crate) fn u64(&self, number: u16) -> Result<u64, Malformed> {
        Ok(self.scalar(number)?.map_or(0, u64::from_le_bytes))
    }

    /// A vector of elements of `width` bytes; an empty one when absent.
    pub(crate) fn vector(&self, number: u16, width: u64) -> Result<Vector<'a>, Malformed> {
        let Some(field) = self.field(number)? else {
            return Ok(Vector { window: self.window, start: self.at, count: 0, width });
        };
        let at = follow(self.window, field, "vector")?;
        let count = u64::from(u32_at(self.window, at, "vector")?);
        let start = at.saturating_add(4);
        if start.saturating_add(count.saturating_mul(width)) > self.window.len() {
            return Err(Malformed::Outside { what: "vector", at });
        }
        Ok(Vector { window: self.window, start, count, width })
    }

    /// A vector of tables.
    pub(crate) fn tables(&self, number: u16) -> Result<Vector<'a>, Malformed> {
        self.vector(number, 4)
    }

    /// Bytes at an absolute offset.
    pub(crate) fn bytes(&self, offset: u64, len: u64, limit: u64) -> Result<Bytes, Malformed> {
        Ok(self.window.read(offset, len, limit)?)
    }

    /// A text, cut to 4 KiB; empty when absent.
    pub(crate) fn text(&self, number: u16) -> Result<String, Malformed> {
        let vector = self.vector(number, 1)?;
        let bytes = self.window.read(vector.start, vector.count.min(LONGEST_TEXT), LONGEST_TEXT)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A vector whose extent lies inside the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector<'a> {
    window: &'a Window,
    start: u64,
    count: u64,
    width: u64,
}

impl<'a> Vector<'a> {
    /// Number of elements.
    pub(crate) fn len(&self) -> u64 {
        self.count
    }

    /// Offset and length of its elements in bytes.
    pub(crate) fn span(&self) -> (u64, u64) {
        (self.start, self.count.saturating_mul(self.width))
    }

    /// Its elements as tables.
    pub(crate) fn tables(self) -> impl Iterator<Item = Result<Table<'a>, Malformed>> {
        (0..self.count).map(move |index| {
            let at = self.start.saturating_add(index.saturating_mul(4));
            Table::new(self.window, follow(self.window, at, "table")?)
        })
    }

    /// Its elements as signed numbers of 32 bits.
    pub(crate) fn numbers(self) -> impl Iterator<Item = Result<i32, Malformed>> {
        (0..self.count).map(move |index| {
            let at = self.start.saturating_add(index.saturating_mul(4));
            Ok(i32::from_le_bytes(word(self.window, at, "number")?))
        })
    }
}

#[cfg(test)]
pub(crate) mod writer {
    //! Writes FlatBuffers, for tests: each table before its children.

    /// What a field holds.
    #[derive(Clone, Debug)]
    pub(crate) enum Value {
        Absent,
        U32(u32),
        U64(u64),
        Text(&'static str),
        Bytes(Vec<u8>),
        Numbers(Vec<i32>),
        Tables(Vec<Vec<Value>>),
    }

    /// A buffer with a file identifier.
    pub(crate) fn buffer(identifier: &[u8; 4], root: &[Value]) -> Vec<u8> {
        let mut out = vec![0; 4];
        out.extend_from_slice(identifier);
        let at = table(&mut out, root);
        patch(&mut out, 0, at);
        out
    }

    fn patch(out: &mut [u8], place: usize, target: usize) {
        out[place..place + 4].copy_from_slice(&((target - place) as u32).to_le_bytes());
    }

    fn align(out: &mut Vec<u8>) {
        while !out.len().is_multiple_of(8) {
            out.push(0);
        }
    }

    fn table(out: &mut Vec<u8>, fields: &[Value]) -> usize {
        align(out);
        let vtable = out.len();
        out.extend_from_slice(&(4 + 2 * fields.len() as u16).to_le_bytes());
        out.extend_from_slice(&(8 + 8 * fields.len() as u16).to_le_bytes());
        for (number, field) in fields.iter().enumerate() {
            let offset = if matches!(field, Value::Absent) { 0 } else { 8 + 8 * number as u16 };
            out.extend_from_slice(&offset.to_le_bytes());
        }
        align(out);
        let at = out.len();
        out.extend_from_slice(&((at - vtable) as i32).to_le_bytes());
        out.resize(at + 8 + 8 * fields.len(), 0);
        for (number, field) in fields.iter().enumerate() {
            let place = at + 8 + 8 * number;
            if let Value::U32(value) = field {
                out[place..place + 4].copy_from_slice(&value.to_le_bytes());
            } else if let Value::U64(value) = field {
                out[place..place + 8].copy_from_slice(&value.to_le_bytes());
            } else if let Some(target) = child(out, field) {
                patch(out, place, target);
            }
        }
        at
    }

    fn child(out: &mut Vec<u8>, field: &Value) -> Option<usize> {
        align(out);
        let at = out.len();
        let mut bytes = |count: usize, bytes: &[u8]| {
            out.extend_from_slice(&(count as u32).to_le_bytes());
            out.extend_from_slice(bytes);
        };
        match field {
            Value::Text(text) => bytes(text.len(), text.as_bytes()),
            Value::Bytes(data) => bytes(data.len(), data),
            Value::Numbers(numbers) => {
                let data: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                bytes(numbers.len(), &data);
            }
            Value::Tables(tables) => {
                bytes(tables.len(), &vec![0; 4 * tables.len()]);
                for (index, fields) in tables.iter().enumerate() {
                    let target = table(out, fields);
                    patch(out, at + 4 + 4 * index, target);
                }
            }
            _ => return None,
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use bartizan_core::Content;
    use proptest::prelude::*;

    use super::{writer::Value, *};

    #[test]
    fn fields_are_read_back_and_absent_ones_are_empty() {
        let root = [
            Value::U32(3),
            Value::Absent,
            Value::Text("name"),
            Value::Numbers(vec![1, -2]),
            Value::Tables(vec![vec![Value::U64(9)]]),
        ];
        let window = Window::new(&Content::from_bytes(writer::buffer(b"TEST", &root)));
        let table = Table::root(&window).unwrap();
        assert_eq!((table.u32(0).unwrap(), table.u32(1).unwrap(), table.u32(99).unwrap()), (3, 0, 0));
        assert_eq!(table.text(2).unwrap(), "name");
        assert_eq!(table.vector(3, 4).unwrap().numbers().map(Result::unwrap).collect::<Vec<_>>(), [1, -2]);
        assert_eq!(table.tables(4).unwrap().tables().next().unwrap().unwrap().u64(0).unwrap(), 9);
    }

    #[test]
    fn an_offset_past_the_end_is_an_error() {
        let window = Window::new(&Content::from_bytes(&b"\xf0\xff\xff\xffTFL3\0\0\0\0"[..]));
        assert!(matches!(Table::root(&window), Err(Malformed::Outside { .. })));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), number in 0u16..9) {
            let window = Window::new(&Content::from_bytes(bytes));
            if let Ok(table) = Table::root(&window) {
                let _ = (table.u8(number), table.u64(number), table.text(number));
                if let Ok(vector) = table.tables(number) {
                    vector.tables().take(50).flatten().for_each(|table| drop(table.text(0)));
                }
            }
        }
    }
}
