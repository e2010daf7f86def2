//! Functions that encode and decode.

use std::{fmt::Write as _, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Arguments, Function, Outcome, Trouble, trouble};
use crate::{
    terraform::evaluate::Text,
    value::{Data, Object, Partial, Value, from_json, number, parse_json},
};

pub(super) const NAMES: &[&str] = &[
    "base64decode",
    "base64encode",
    "csvdecode",
    "jsondecode",
    "jsonencode",
    "textdecodebase64",
    "textencodebase64",
    "urldecode",
    "urlencode",
    "yamldecode",
    "yamlencode",
];

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "base64decode" => |arguments| decoded(&arguments.text(0)?),
        "base64encode" => |arguments| Ok(Value::text(STANDARD.encode(arguments.text(0)?.as_bytes()))),
        "csvdecode" => csv,
        "jsondecode" => json_decode,
        "jsonencode" => json_encode,
        "textdecodebase64" => text_decode,
        "textencodebase64" => text_encode,
        "urldecode" => url_decode,
        "urlencode" => |arguments| Ok(Value::text(url_encode(&arguments.text(0)?))),
        "yamldecode" => yaml_decode,
        "yamlencode" => yaml_encode,
        _ => return None,
    })
}

fn decoded(text: &str) -> Outcome {
    let bytes = STANDARD.decode(text.trim()).map_err(|_| Trouble::Failed("this is no base64"))?;
    String::from_utf8(bytes).map(Value::text).map_err(|_| Trouble::Failed("the bytes are no UTF-8"))
}

fn json_decode(arguments: &Arguments<'_>) -> Outcome {
    let value = arguments.get(0)?;
    parse_json(value).ok_or_else(|| trouble(value, "this is no JSON"))
}

/// The text, and with it the structure that it encodes, so that policies keep theirs around what is unknown.
fn json_encode(arguments: &Arguments<'_>) -> Outcome {
    let value = arguments.get(0)?;
    if value.is_unknown() {
        return Err(trouble(value, ""));
    }
    let mut text = Text::default();
    write_json(value, &mut text, 0)?;
    let text = text.finish();
    let parts = match &text.data {
        Data::Text(known) => vec![crate::value::Fragment::Text(Arc::clone(known))],
        Data::Partial(partial) => partial.parts.clone(),
        _ => return Ok(text),
    };
    // Places of the parts help to say where a policy's statement stands: the structure is kept also where all is known.
    let partial = Partial { parts, decoded: Some(value.clone()) };
    Ok(match &text.data {
        Data::Text(_) => text,
        _ => Value { data: Data::Partial(Arc::new(partial)), ..text },
    })
}

fn write_json(value: &Value, out: &mut Text, depth: usize) -> Result<(), Trouble> {
    if depth > 64 {
        return Err(Trouble::Failed("the value is nested too deeply"));
    }
    match &value.data {
        Data::Null => out.literal("null"),
        Data::Bool(value) => out.literal(if *value { "true" } else { "false" }),
        Data::Number(value) => out.literal(&number(*value)),
        Data::Text(text) => out.literal(&quoted(text)),
        Data::Partial(_) => {
            out.literal("\"");
            out.value(value);
            out.literal("\"");
        }
        Data::Unknown(_) | Data::Resource(_) => out.value(value),
        Data::List(elements) => {
            out.literal("[");
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.literal(",");
                }
                write_json(element, out, depth + 1)?;
            }
            out.literal("]");
        }
        Data::Object(entries) => {
            out.literal("{");
            for (index, (name, entry)) in entries.iter().enumerate() {
                if index > 0 {
                    out.literal(",");
                }
                out.literal(&quoted(name));
                out.literal(":");
                write_json(entry, out, depth + 1)?;
            }
            out.literal("}");
        }
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A value of which everything is known as JSON.
pub(super) fn json(value: &Value) -> Option<serde_json::Value> {
    use serde_json::Value as Json;
    Some(match &value.data {
        Data::Null => Json::Null,
        Data::Bool(value) => Json::Bool(*value),
        Data::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => Json::from(*number as i64),
        Data::Number(number) => serde_json::Number::from_f64(*number).map_or(Json::Null, Json::Number),
        Data::Text(text) => Json::from(&**text),
        Data::List(elements) => Json::Array(elements.iter().map(json).collect::<Option<_>>()?),
        Data::Object(entries) => {
            let entries = entries.iter().map(|(name, entry)| Some((name.to_string(), json(entry)?)));
            Json::Object(entries.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn yaml_decode(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.text(0)?;
    let json = crate::yaml::to_json(&text).map_err(|_| Trouble::Failed("this is no YAML"))?;
    Ok(from_json(&json, &[]))
}

/// JSON is YAML: other readers understand it, and its text is not what a rule looks at.
fn yaml_encode(arguments: &Arguments<'_>) -> Outcome {
    let value = arguments.get(0)?;
    let json = json(value).ok_or_else(|| trouble(value, ""))?;
    let mut out = String::new();
    write_yaml(&json, 0, &mut out);
    Ok(Value::text(out))
}

fn write_yaml(json: &serde_json::Value, indent: usize, out: &mut String) {
    use serde_json::Value as Json;
    let pad = "  ".repeat(indent);
    match json {
        Json::Object(entries) if !entries.is_empty() => {
            for (name, entry) in entries {
                let _ = write!(out, "{pad}{}:", quoted(name));
                nested(entry, indent, out);
            }
        }
        Json::Array(elements) if !elements.is_empty() => {
            for element in elements {
                let _ = write!(out, "{pad}-");
                nested(element, indent, out);
            }
        }
        scalar => {
            let _ = writeln!(out, "{pad}{scalar}");
        }
    }
}

fn nested(json: &serde_json::Value, indent: usize, out: &mut String) {
    let is_nested = json.as_object().is_some_and(|entries| !entries.is_empty())
        || json.as_array().is_some_and(|elements| !elements.is_empty());
    if is_nested {
        out.push('\n');
        write_yaml(json, indent + 1, out);
    } else {
        let _ = writeln!(out, " {json}");
    }
}

fn url_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn url_decode(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.text(0)?.replace('+', " ");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match (first, code.and_then(|code| u8::from_str_radix(code, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            (b'%', None) => return Err(Trouble::Failed("the text is not URL-encoded")),
            (byte, _) => {
                bytes.push(*byte);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).map(Value::text).map_err(|_| Trouble::Failed("the bytes are no UTF-8"))
}

fn text_encode(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.text(0)?;
    let bytes: Vec<u8> = match &*arguments.text(1)?.to_ascii_uppercase() {
        "UTF-8" => text.as_bytes().to_vec(),
        "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" | "UTF-16" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "US-ASCII" | "ISO-8859-1" if text.is_ascii() => text.as_bytes().to_vec(),
        _ => return Ok(Value::unknown("textencodebase64()", "the encoding is not known here")),
    };
    Ok(Value::text(STANDARD.encode(bytes)))
}

fn text_decode(arguments: &Arguments<'_>) -> Outcome {
    let bytes =
        STANDARD.decode(arguments.text(0)?.trim()).map_err(|_| Trouble::Failed("this is no base64"))?;
    let units = |read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| read(*pair)).collect();
        String::from_utf16(&units).ok()
    };
    let text = match &*arguments.text(1)?.to_ascii_uppercase() {
        "UTF-8" | "US-ASCII" => String::from_utf8(bytes).ok(),
        "UTF-16LE" => units(u16::from_le_bytes),
        "UTF-16BE" | "UTF-16" => units(u16::from_be_bytes),
        _ => return Ok(Value::unknown("textdecodebase64()", "the encoding is not known here")),
    };
    text.map(Value::text).ok_or(Trouble::Failed("the bytes are not in this encoding"))
}

/// CSV with a line of names (RFC 4180).
fn csv(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.text(0)?;
    let mut rows = rows(&text).into_iter();
    let Some(names) = rows.next() else { return Err(Trouble::Failed("the text has no line of names")) };
    let objects = rows.map(|row| {
        if row.len() != names.len() {
            return Err(Trouble::Failed("a line has another number of values"));
        }
        let entries: Object =
            names.iter().zip(row).map(|(name, value)| (name.as_str().into(), Value::text(value))).collect();
        Ok(Value::object(entries))
    });
    objects.collect::<Result<Vec<_>, _>>().map(Value::list)
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted || field.is_empty() => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                if !(row.is_empty() && field.is_empty()) {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
            }
            c => field.push(c),
        }
    }
    if !(row.is_empty() && field.is_empty()) {
        row.push(field);
        rows.push(row);
    }
    rows
}
