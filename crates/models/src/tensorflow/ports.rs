//! Inputs and outputs of a signature: `SignatureDef`, with `TensorInfo` in it.

use bartizan_core::{Direction, Port, redacted};

use super::schema::data_type;
use crate::protobuf::{Field, Message};

/// The most inputs or outputs of one signature.
const MOST: usize = 1000;

/// What an entry of the map of signatures takes and gives. The names are those by which the signature is called; those of
/// other signatures than the one that servers call carry its name.
pub(super) fn of_signature(entry: Field<'_>) -> Vec<Port> {
    let called = entry.message().text(1);
    let Some(signature) = entry.message().get(2).map(|signature| signature.message()) else {
        return Vec::new();
    };
    // It initialises the model and is called by loaders alone.
    if called == "__saved_model_init_op" {
        return Vec::new();
    }
    let mut ports = Vec::new();
    for (number, direction) in [(1, Direction::Input), (2, Direction::Output)] {
        for field in signature.all(number).take(MOST) {
            let own = field.message().text(1);
            let name = if matches!(called.as_str(), "serving_default" | "") {
                own
            } else {
                format!("{called}/{own}")
            };
            let info = field.message().get(2).map(|info| info.message());
            ports.push(Port {
                direction,
                name: redacted(&name),
                dtype: info.and_then(|info| info.get(2)).map(|number| data_type(number.number_value())),
                shape: info
                    .and_then(|info| info.get(3))
                    .map(|shape| sizes(shape.message()))
                    .unwrap_or_default(),
            });
        }
    }
    ports
}

/// `TensorShapeProto`: sizes, of which -1 is a free one.
fn sizes(message: Message<'_>) -> Vec<String> {
    let size = |size: Field<'_>| match size.message().get(1).map_or(0, |size| size.number_value()) {
        free if free > i64::MAX as u64 => "?".to_owned(),
        known => known.to_string(),
    };
    message.all(2).take(64).map(size).collect()
}
