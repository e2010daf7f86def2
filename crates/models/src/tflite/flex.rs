//! The options of a Flex operator: which TensorFlow node it runs.
//!
//! They are a FlexBuffer (<https://flatbuffers.dev/internals/#flexbuffers>): a vector of the operator's name and of a
//! serialised `NodeDef`. The node decides what runs, not the name of the Flex operator around it.

use bartizan_core::Content;
use bytes::Bytes;

use crate::protobuf::{Message, Window};

/// What names of operators that run in TensorFlow begin with.
pub(super) const PREFIX: &str = "Flex";

/// The type of an untyped vector.
const VECTOR: u8 = 10;

/// A node of TensorFlow.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) operator: String,
    /// Does it hold an address, such as `grpc://…` or `file://…`?
    pub(super) has_address: bool,
}

/// The node that the options hold.
pub(super) fn node(options: &Bytes) -> Option<Node> {
    let serialised = second_text(options)?;
    let has_address = memchr::memmem::find(&serialised, b"://").is_some();
    let window = Window::new(&Content::from_bytes(serialised));
    let operator = Message::whole(&window).text(2);
    (!operator.is_empty()).then_some(Node { operator, has_address })
}

/// A number of 1, 2, 4 or 8 bytes.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(width)?)?;
    let value =
        bytes.iter().rev().try_fold(0u64, |value, byte| Some(value.checked_mul(256)? | u64::from(*byte)))?;
    usize::try_from(value).ok()
}

/// The second element of the vector at the root, a string or a blob.
fn second_text(bytes: &Bytes) -> Option<Bytes> {
    let end = bytes.len();
    let width = usize::from(*bytes.get(end.checked_sub(1)?)?);
    let kind = *bytes.get(end.checked_sub(2)?)?;
    let root = end.checked_sub(2)?.checked_sub(width)?;
    if kind >> 2 != VECTOR || !matches!(width, 1 | 2 | 4 | 8) {
        return None;
    }
    let vector = root.checked_sub(number(bytes, root, width)?)?;
    let width = 1usize << (kind & 3);
    let count = number(bytes, vector.checked_sub(width)?, width)?;
    let element = vector.checked_add(width)?;
    let types = vector.checked_add(count.checked_mul(width)?)?;
    let kind = *bytes.get(types.checked_add(1)?)?;
    let text = element.checked_sub(number(bytes, element, width)?)?;
    let width = 1usize << (kind & 3);
    let length = number(bytes, text.checked_sub(width)?, width)?;
    let text_end = text.checked_add(length).filter(|text_end| *text_end <= end && count >= 2)?;
    Some(bytes.slice(text..text_end))
}
