//! `ProgramDesc`: blocks of operators as a protocol buffer message
//! (<https://github.com/PaddlePaddle/Paddle/blob/develop/paddle/fluid/framework/framework.proto>).

use bartizan_core::{Context, Span};

use super::{Found, Operator};
use crate::protobuf::{Field, Message, Schema, Shape, Value, conforms};

static VARIABLE: Schema = Schema {
    fields: &[
        (1, Shape::Text),
        (2, Shape::Bytes),
        (3, Shape::Varint),
        (4, Shape::Varint),
        (5, Shape::Varint),
        (6, Shape::Varint),
        (7, Shape::Bytes),
    ],
    one_of: &[1],
};

static OPERATOR: Schema = Schema {
    fields: &[(1, Shape::Bytes), (2, Shape::Bytes), (3, Shape::Name), (4, Shape::Bytes), (5, Shape::Varint)],
    one_of: &[3],
};

static BLOCK: Schema = Schema {
    fields: &[
        (1, Shape::Varint),
        (2, Shape::Varint),
        (3, Shape::Of(&VARIABLE)),
        (4, Shape::Of(&OPERATOR)),
        (5, Shape::Varint),
    ],
    one_of: &[3, 4],
};

static VERSION: Schema = Schema { fields: &[(1, Shape::Varint)], one_of: &[] };

static PROGRAM: Schema =
    Schema { fields: &[(1, Shape::Of(&BLOCK)), (4, Shape::Of(&VERSION)), (5, Shape::Bytes)], one_of: &[1] };

/// Has the message the shape of a program? A block begins with its number.
pub(super) fn is_program(message: &Message<'_>) -> bool {
    let block = message.fields().take(8).map_while(Result::ok).find(|field| field.number == 1);
    let first = block.and_then(|block| block.message().fields().next()).and_then(Result::ok);
    first.is_some_and(|field| field.number == 1 && matches!(field.value, Value::Varint(_)))
        && conforms(message, &PROGRAM)
}

/// How many operators are visited between two looks at the clock.
const PACE: u64 = 1024;
/// The most texts of one operator.
const MOST_TEXTS: usize = 64;

/// Gathers operators and parameters.
pub(super) fn read(message: &Message<'_>, context: &Context<'_>, found: &mut Found) {
    let mut visited = 0u64;
    for field in message.fields() {
        let Some(field) = known(field, found) else { return };
        match field.number {
            4 => found.version = field.message().get(1).map(|version| version.number_value()),
            1 => {
                for part in field.message().fields() {
                    let Some(part) = known(part, found) else { return };
                    visited = visited.saturating_add(1);
                    if visited.is_multiple_of(PACE) && context.interrupted() {
                        return found.coverage.miss_at(part.offset, "the time allowed ran out");
                    }
                    match part.number {
                        3 => variable(part, context, found),
                        4 => operator(part, found),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn known<'a>(field: Result<Field<'a>, crate::protobuf::Malformed>, found: &mut Found) -> Option<Field<'a>> {
    match field {
        Ok(field) => {
            if field.cut() > 0 {
                found.coverage.miss_at(field.offset, format!("{} bytes are missing", field.cut()));
            }
            Some(field)
        }
        Err(error) => {
            found.coverage.miss(format!("damaged: {error}"));
            None
        }
    }
}

/// `OpDesc`: type 3, attributes 4 with name 1, text 5 and texts 8.
fn operator(field: Field<'_>, found: &mut Found) {
    let (mut name, mut texts) = (String::new(), Vec::new());
    for part in field.message().fields().map_while(Result::ok) {
        match part.number {
            3 => name = part.text(),
            4 if texts.len() < MOST_TEXTS => {
                let attribute = part.message();
                let key = attribute.text(1);
                // Where in the author's sources the operator was made.
                if key == "op_callstack" {
                    continue;
                }
                for value in
                    attribute.fields().map_while(Result::ok).filter(|value| matches!(value.number, 5 | 8))
                {
                    if texts.len() < MOST_TEXTS {
                        texts.push((key.clone(), value.text()));
                    }
                }
            }
            _ => {}
        }
    }
    found.operate(Operator { name, texts, custom: false, offset: Some(field.offset), line: None });
}

/// `VarDesc`: name 1, type 2, persistable 3. `VarType.lod_tensor` 3, its tensor 1: element type 1, dimensions 2.
fn variable(field: Field<'_>, context: &Context<'_>, found: &mut Found) {
    let message = field.message();
    if message.get(3).is_none_or(|flag| flag.number_value() == 0) {
        return;
    }
    let name = message.text(1);
    let tensor = message
        .get(2)
        .and_then(|kind| kind.message().get(3))
        .and_then(|lod| lod.message().get(1))
        .map(|tensor| tensor.message());
    if matches!(name.as_str(), "feed" | "fetch") {
        return;
    }
    if found.tensors.len() >= context.limits.tensors {
        found.omitted = found.omitted.saturating_add(1);
        return;
    }
    let Some(tensor) = tensor else { return };
    found.tensors.push(super::tensor(&tensor, &name, None::<Span>).0);
}
