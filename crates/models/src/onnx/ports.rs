//! Inputs and outputs of the main graph: `ValueInfoProto`, with `TypeProto` and `TensorShapeProto` in it.

use bartizan_core::{Direction, Port, redacted};

use super::schema::element_type;
use crate::protobuf::{Field, Message};

/// The most sizes of a shape.
const MOST_SIZES: usize = 64;
/// How many types are looked into: a sequence of optional sequences and so on.
const DEEPEST: usize = 8;

/// A value that goes in or out.
pub(super) fn port(direction: Direction, field: Field<'_>) -> Port {
    let message = field.message();
    let (dtype, shape) = message.get(2).map(|kind| typed(kind.message(), 0)).unwrap_or_default();
    Port { direction, name: redacted(&message.text(1)), dtype, shape }
}

/// `TypeProto`: tensor 1, sequence 4, map 5, sparse tensor 8, optional 9.
fn typed(message: Message<'_>, depth: usize) -> (Option<String>, Vec<String>) {
    if depth >= DEEPEST {
        return (None, Vec::new());
    }
    let Some(field) =
        message.fields().filter_map(Result::ok).find(|field| matches!(field.number, 1 | 4 | 5 | 8 | 9))
    else {
        return (None, Vec::new());
    };
    let inner = field.message();
    let element = |message: Message<'_>| {
        let number = message.get(1).map_or(0, |field| field.number_value());
        element_type(number).map_or_else(|| format!("type-{number}"), str::to_owned)
    };
    let of = |number: u32| {
        let inner = inner.get(number).map(|kind| typed(kind.message(), depth + 1)).unwrap_or_default();
        (inner.0.unwrap_or_else(|| "?".to_owned()), inner.1)
    };
    match field.number {
        4 => {
            let (name, shape) = of(1);
            (Some(format!("sequence({name})")), shape)
        }
        5 => {
            let (name, shape) = of(2);
            (Some(format!("map({}, {name})", element(inner))), shape)
        }
        9 => {
            let (name, shape) = of(1);
            (Some(format!("optional({name})")), shape)
        }
        _ => (Some(element(inner)), inner.get(2).map(|shape| sizes(shape.message())).unwrap_or_default()),
    }
}

/// `TensorShapeProto`: each size is a number, a name, or nothing.
fn sizes(message: Message<'_>) -> Vec<String> {
    let size = |size: Field<'_>| {
        let size = size.message();
        match (size.get(1), size.text(2)) {
            (Some(number), _) => number.number_value().to_string(),
            (None, name) if !name.is_empty() => redacted(&name),
            _ => "?".to_owned(),
        }
    };
    message.all(1).take(MOST_SIZES).map(size).collect()
}
