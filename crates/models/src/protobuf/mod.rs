//! A walker over protocol buffer messages, without their schema compiled in.
//!
//! A message is a sequence of fields: a key (`number << 3 | wire type`) and a value, see
//! <https://protobuf.dev/programming-guides/encoding/>. Several model formats are one big message. The walker visits
//! fields one by one, knows where each value lies, and jumps over what nobody asks for: the weights of a 2 GB model
//! are never read.

mod schema;
mod window;
#[cfg(test)]
pub(crate) mod writer;

use bartizan_core::{Content, Cursor, ReadError};
use bytes::Bytes;
pub(crate) use schema::{Schema, Shape, conforms};
pub(crate) use window::Window;

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("field key at offset {0} is cut short or is not a field key")]
    Key(u64),
    #[error("group at offset {0}, which no model format uses")]
    Group(u64),
    #[error("{0}")]
    Read(#[from] ReadError),
}

/// A field's value, or where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    /// Text, bytes, a message, or packed numbers. `cut` is how many bytes its length promises beyond the enclosing
    /// message.
    Delimited {
        start: u64,
        len: u64,
        cut: u64,
    },
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) value: Value,
    /// Where its key begins, from the start of the content.
    pub(crate) offset: u64,
    window: &'a Window,
}

impl<'a> Field<'a> {
    /// The value as a number; zero for what is none.
    pub(crate) fn number_value(&self) -> u64 {
        match self.value {
            Value::Varint(value) | Value::Fixed64(value) => value,
            Value::Fixed32(value) => u64::from(value),
            Value::Delimited { .. } => 0,
        }
    }

    /// The value as a message; an empty one for what is none.
    pub(crate) fn message(&self) -> Message<'a> {
        let (start, end) = match self.value {
            Value::Delimited { start, len, .. } => (start, start.saturating_add(len)),
            _ => (self.offset, self.offset),
        };
        Message { window: self.window, start, end }
    }

    /// Where the value lies: offset and length.
    pub(crate) fn span(&self) -> (u64, u64) {
        match self.value {
            Value::Delimited { start, len, .. } => (start, len),
            _ => (self.offset, 0),
        }
    }

    /// How many bytes its length promises beyond the enclosing message.
    pub(crate) fn cut(&self) -> u64 {
        match self.value {
            Value::Delimited { cut, .. } => cut,
            _ => 0,
        }
    }

    /// The bytes of the value, the first `limit` of them.
    pub(crate) fn bytes(&self, limit: u64) -> Bytes {
        let (start, len) = self.span();
        self.window.read(start, len.min(limit), limit).unwrap_or_default()
    }

    /// The value as text, at most 64 KiB of it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes(64 * 1024)).into_owned()
    }

    /// The value's bytes as a content of their own, without reading them.
    pub(crate) fn content(&self) -> Content {
        let (start, len) = self.span();
        self.window.content().slice(start, len).unwrap_or_else(|_| Content::from_bytes(Bytes::new()))
    }

    /// One number, or several packed ones (at most 64 Ki of them).
    pub(crate) fn numbers(&self) -> Vec<u64> {
        if !matches!(self.value, Value::Delimited { .. }) {
            return vec![self.number_value()];
        }
        let bytes = self.bytes(64 * 1024);
        let mut cursor = Cursor::new(&bytes);
        let mut numbers = Vec::new();
        while let Ok(number) = cursor.varint() {
            numbers.push(number);
        }
        numbers
    }
}

/// A message: the fields between two offsets of a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    window: &'a Window,
    start: u64,
    end: u64,
}

impl<'a> Message<'a> {
    /// The whole content as one message.
    pub(crate) fn whole(window: &'a Window) -> Self {
        Self { window, start: 0, end: window.len() }
    }

    /// Its fields in order. A field that promises more bytes than the message has comes last and says so; any other
    /// damage ends the walk with an error.
    pub(crate) fn fields(&self) -> Fields<'a> {
        Fields { message: *self, position: self.start, failed: false }
    }

    /// The fields of one number, up to the first damage.
    pub(crate) fn all(&self, number: u32) -> impl Iterator<Item = Field<'a>> + use<'a> {
        self.fields().map_while(Result::ok).filter(move |field| field.number == number)
    }

    /// The last field of a number, which is the one that counts; `None` when there is none.
    pub(crate) fn get(&self, number: u32) -> Option<Field<'a>> {
        self.all(number).last()
    }

    /// The text of a field; empty when there is none.
    pub(crate) fn text(&self, number: u32) -> String {
        self.get(number).map(|field| field.text()).unwrap_or_default()
    }
}

/// Iterates over the fields of a message.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    message: Message<'a>,
    position: u64,
    failed: bool,
}

/// Longest key and length together: two base-128 numbers of ten bytes each.
const LONGEST_HEADER: u64 = 20;

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.position >= self.message.end {
            return None;
        }
        let field = self.read();
        self.failed = field.is_err();
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Result<Field<'a>, Malformed> {
        let offset = self.position;
        let left = self.message.end.saturating_sub(offset);
        let header = self.message.window.peek(offset, LONGEST_HEADER.min(left), header)?;
        let (number, used, head) = header.ok_or(Malformed::Key(offset))?;
        let after = offset.saturating_add(used);
        let value = match head {
            Head::Varint(value) => Value::Varint(value),
            Head::Fixed64(value) => Value::Fixed64(value),
            Head::Fixed32(value) => Value::Fixed32(value),
            Head::Group => return Err(Malformed::Group(offset)),
            Head::Length(promised) => {
                let there = self.message.end.saturating_sub(after);
                let len = promised.min(there);
                Value::Delimited { start: after, len, cut: promised.saturating_sub(there) }
            }
        };
        self.position = match value {
            Value::Delimited { start, len, .. } => start.saturating_add(len),
            _ => after,
        };
        Ok(Field { number, value, offset, window: self.message.window })
    }
}

/// What follows a field's key.
enum Head {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Length(u64),
    Group,
}

/// Field number, bytes used, and what follows.
fn header(bytes: &[u8]) -> Option<(u32, u64, Head)> {
    let mut cursor = Cursor::new(bytes);
    let key = cursor.varint().ok()?;
    let number = u32::try_from(key >> 3).ok().filter(|number| (1..1 << 29).contains(number))?;
    let head = match key & 7 {
        0 => Head::Varint(cursor.varint().ok()?),
        1 => Head::Fixed64(cursor.u64_le().ok()?),
        2 => Head::Length(cursor.varint().ok()?),
        3 | 4 => Head::Group,
        5 => Head::Fixed32(cursor.u32_le().ok()?),
        _ => return None,
    };
    Some((number, cursor.position() as u64, head))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{writer::Writer, *};

    #[test]
    fn fields_are_read_back_and_large_ones_are_jumped_over() {
        let inner = Writer::new().varint(1, 300).finish();
        let bytes =
            Writer::new().varint(1, 8).bytes(2, b"name").bytes(3, &inner).bytes(9, &[7; 9000]).finish();
        let window = Window::new(&Content::from_bytes(bytes));
        let message = Message::whole(&window);
        assert_eq!(message.get(1).unwrap().number_value(), 8);
        assert_eq!(message.text(2), "name");
        assert_eq!(message.get(3).unwrap().message().get(1).unwrap().number_value(), 300);
        assert_eq!(message.get(9).unwrap().span().1, 9000);
        assert_eq!(message.fields().count(), 4);
    }

    #[test]
    fn a_length_beyond_the_end_is_cut_and_reported() {
        let mut bytes = Writer::new().bytes(1, &[1; 100]).finish();
        bytes.truncate(50);
        let window = Window::new(&Content::from_bytes(bytes));
        let field = Message::whole(&window).fields().next().unwrap().unwrap();
        assert_eq!((field.span().1, field.cut()), (48, 52));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let window = Window::new(&Content::from_bytes(bytes));
            for field in Message::whole(&window).fields().flatten() {
                let _ = (field.text(), field.numbers(), field.message().fields().count());
            }
        }
    }
}
