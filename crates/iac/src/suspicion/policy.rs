//! JSON inside strings, which is how policies are often written.

use serde_json::Value as Json;

use super::tree::{Content, Node, Value};

/// Strings longer than this are not read as JSON.
const MAX_BYTES: usize = 1 << 20;

/// The tree of a JSON object or of a list of them; `None` for any other string.
pub(super) fn parse(text: &str, lines: (usize, usize)) -> Option<Value> {
    let trimmed = text.trim();
    if trimmed.len() > MAX_BYTES || !trimmed.starts_with(['{', '[']) || !trimmed.contains('"') {
        return None;
    }
    // The parser bounds the depth.
    let json: Json = serde_json::from_str(trimmed).ok()?;
    Some(tree(json, lines))
}

fn tree(json: Json, lines: (usize, usize)) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => number.as_f64().map_or(Value::Unknown, Value::Number),
        Json::String(text) => Value::Text(text),
        Json::Array(items) => Value::List(items.into_iter().map(|item| tree(item, lines)).collect()),
        Json::Object(entries) => Value::Object(
            entries
                .into_iter()
                .map(|(key, value)| Node { key, lines, content: Content::Value(tree(value, lines)) })
                .collect(),
        ),
    }
}
