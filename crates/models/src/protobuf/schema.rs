//! Does a message look like one of a certain type? Protocol buffers have no magic number, so a file is recognised by
//! walking it: every field number must be known and have the wire type that the type gives it, some levels down.

use super::{Field, Message, Value};

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A number, bool or enum.
    Varint,
    /// UTF-8 text.
    Text,
    /// A short name: printable text without spaces, not empty.
    Name,
    /// Any bytes, packed numbers, or a message that is not looked into.
    Bytes,
    /// A message of a known type.
    Of(&'static Schema),
}

/// The fields of a message type.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Field number and what it holds.
    pub(crate) fields: &'static [(u32, Shape)],
    /// Fields of which at least one must be there.
    pub(crate) one_of: &'static [u32],
}

/// How many fields of each message are looked at, and how many of the messages among them are entered.
const FIELDS: usize = 512;
const ENTERED: usize = 4;

/// Does the message have the shape? Looks at a bounded part of it; a message that is cut short conforms as far as it
/// goes.
pub(crate) fn conforms(message: &Message<'_>, schema: &Schema) -> bool {
    conforms_below(message, schema, 6)
}

fn conforms_below(message: &Message<'_>, schema: &Schema, depth: usize) -> bool {
    let mut entered = 0;
    let mut found = schema.one_of.is_empty();
    for field in message.fields().take(FIELDS) {
        let Ok(field) = field else { return false };
        let Some((_, shape)) = schema.fields.iter().find(|(number, _)| *number == field.number) else {
            return false;
        };
        found |= schema.one_of.contains(&field.number);
        if !fits(&field, *shape) {
            return false;
        }
        if let Shape::Of(inner) = shape
            && depth > 0
            && entered < ENTERED
            && field.cut() == 0
        {
            entered += 1;
            if !conforms_below(&field.message(), inner, depth - 1) {
                return false;
            }
        }
    }
    found
}

fn fits(field: &Field<'_>, shape: Shape) -> bool {
    match (shape, field.value) {
        (Shape::Varint, Value::Varint(_)) => true,
        // Repeated numbers may be packed.
        (Shape::Varint | Shape::Bytes | Shape::Of(_), Value::Delimited { .. }) => true,
        (Shape::Text, Value::Delimited { len, .. }) => {
            let head = field.bytes(512);
            len > 512 || std::str::from_utf8(&head).is_ok()
        }
        (Shape::Name, Value::Delimited { len, .. }) => {
            (1..=512).contains(&len) && field.bytes(512).iter().all(|byte| byte.is_ascii_graphic())
        }
        _ => false,
    }
}
