//! Policies as documents: the JSON that readers of rules take, and the line of a key in it.

use bartizan_core::document::{Node, Value};
use serde_json::{Map, Number, Value as Json};

/// The same as JSON. Of a key that is given twice, the last counts.
pub(super) fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null | Value::Skipped => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(text) => number(text).map_or_else(|| Json::String(text.clone()), Json::Number),
        Value::Text(text) => Json::String(text.clone()),
        Value::List(items) => Json::Array(items.iter().map(json).collect()),
        Value::Object(pairs) => {
            Json::Object(pairs.iter().map(|(key, value)| (key.clone(), json(value))).collect::<Map<_, _>>())
        }
    }
}

fn number(text: &str) -> Option<Number> {
    text.parse::<i64>().ok().map(Number::from).or_else(|| text.parse().ok().and_then(Number::from_f64))
}

/// The line of a key such as `fails.all[1].equal`, or of the last part of its path that is there.
pub(super) fn line(root: &Node, at: &str) -> u32 {
    let mut node = root;
    for part in at.split(['.', '[']) {
        let next = match part.strip_suffix(']').and_then(|index| index.parse::<usize>().ok()) {
            Some(index) => node.items().get(index),
            None => node.get(part),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node.line
}
