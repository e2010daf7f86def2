//! JSON texts as values: also those of which some parts are unknown.

use std::sync::Arc;

use super::{Data, Fragment, Object, Partial, Unresolved, Value};

/// Private characters that stand for the unknown parts while a text is read as JSON.
const OPEN: char = '\u{f0000}';
const CLOSE: char = '\u{f0001}';

/// Reads the JSON that a text holds; `None` when it holds none. Strings inside of which a part is unknown stay partly
/// unknown, all else is known.
pub fn parse_json(value: &Value) -> Option<Value> {
    match &value.data {
        Data::Text(text) => {
            let json = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
            Some(spread(from_json(&json, &[]), value))
        }
        Data::Partial(partial) => {
            if let Some(decoded) = &partial.decoded {
                return Some(spread(decoded.clone(), value));
            }
            let mut text = String::new();
            let mut unknown = Vec::new();
            for part in &partial.parts {
                match part {
                    Fragment::Text(part) => text.push_str(part),
                    Fragment::Unknown(unresolved) => {
                        text.push_str(&format!("{OPEN}{}{CLOSE}", unknown.len()));
                        unknown.push(Arc::clone(unresolved));
                    }
                }
            }
            let json = serde_json::from_str(&text).or_else(|_| serde_json::from_str(&quoted(&text))).ok()?;
            Some(spread(from_json(&json, &unknown), value))
        }
        _ => None,
    }
}

fn spread(decoded: Value, of: &Value) -> Value {
    let decoded = decoded.inherit(of);
    match of.at {
        Some(place) => decoded.or_at(place),
        None => decoded,
    }
}

/// The same text with quotation marks around unknown parts that stand where a whole value is expected.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut in_string = false;
    let mut escaped = false;
    let mut bare = false;
    for c in text.chars() {
        match c {
            '"' if !escaped => in_string = !in_string,
            OPEN if !in_string => {
                bare = true;
                out.push('"');
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
        if c == CLOSE && std::mem::take(&mut bare) {
            out.push('"');
        }
    }
    out
}

/// A JSON value as a value. `unknown` are the parts that private characters stand for.
pub fn from_json(json: &serde_json::Value, unknown: &[Arc<Unresolved>]) -> Value {
    use serde_json::Value as Json;
    Value::new(match json {
        Json::Null => Data::Null,
        Json::Bool(value) => Data::Bool(*value),
        Json::Number(number) => Data::Number(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => return fragments(text, unknown),
        Json::Array(elements) => {
            Data::List(Arc::new(elements.iter().map(|element| from_json(element, unknown)).collect()))
        }
        Json::Object(entries) => {
            let entries: Object = entries
                .iter()
                .map(|(name, entry)| (Arc::from(name.as_str()), from_json(entry, unknown)))
                .collect();
            Data::Object(Arc::new(entries))
        }
    })
}

fn fragments(text: &str, unknown: &[Arc<Unresolved>]) -> Value {
    if unknown.is_empty() || !text.contains(OPEN) {
        return Value::text(text);
    }
    let mut parts = Vec::new();
    for (index, piece) in text.split(OPEN).enumerate() {
        let behind = match piece.split_once(CLOSE).filter(|_| index > 0) {
            Some((number, behind)) => {
                if let Some(unresolved) = number.parse::<usize>().ok().and_then(|number| unknown.get(number))
                {
                    parts.push(Fragment::Unknown(Arc::clone(unresolved)));
                }
                behind
            }
            None => piece,
        };
        if !behind.is_empty() {
            parts.push(Fragment::Text(behind.into()));
        }
    }
    match parts.as_slice() {
        [Fragment::Unknown(unresolved)] => Value::new(Data::Unknown(Arc::clone(unresolved))),
        _ => Value::new(Data::Partial(Arc::new(Partial { parts, decoded: None }))),
    }
}
