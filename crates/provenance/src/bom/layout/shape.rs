//! The shapes of values: `string:date-time`, `[component]unique`, `(refType|string)`, …

use serde_json::{Map, Value, json};

/// The JSON schema of a shape; the names it uses are added to `used`.
pub(super) fn schema(text: &str, used: &mut Vec<String>) -> Result<Value, String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (items, suffix) = rest.rsplit_once(']').ok_or_else(|| format!("`{text}` does not end"))?;
        return list(schema(items, used)?, suffix);
    }
    if let Some(inner) = text.strip_prefix('(') {
        let inner = inner.strip_suffix(')').ok_or_else(|| format!("`{text}` does not end"))?;
        let (keyword, separator) = if split(inner, '^').len() > 1 { ("oneOf", '^') } else { ("anyOf", '|') };
        let shapes = split(inner, separator)
            .into_iter()
            .map(|part| schema(part, used))
            .collect::<Result<Vec<_>, _>>()?;
        return Ok(json!({ keyword: shapes }));
    }
    let (base, rest) = text.split_once(':').map_or((text, None), |(base, rest)| (base, Some(rest)));
    match base {
        "any" => Ok(Value::Bool(true)),
        "boolean" | "object" => Ok(json!({ "type": base })),
        "string" => string(rest),
        "integer" | "number" => number(base, rest),
        name => {
            used.push(name.to_owned());
            Ok(json!({ "$ref": format!("#/definitions/{}", name.replace('$', "%24")) }))
        }
    }
}

fn list(items: Value, suffix: &str) -> Result<Value, String> {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "array".into());
    schema.insert("items".to_owned(), items);
    let mut rest = suffix;
    while !rest.is_empty() {
        if let Some(next) = rest.strip_prefix("unique") {
            schema.insert("uniqueItems".to_owned(), true.into());
            rest = next;
        } else if let Some(next) = rest.strip_prefix("some") {
            schema.insert("minItems".to_owned(), 1.into());
            rest = next;
        } else if let Some(next) = rest.strip_prefix("single") {
            schema.insert("minItems".to_owned(), 1.into());
            schema.insert("maxItems".to_owned(), 1.into());
            rest = next;
        } else {
            return Err(format!("`{suffix}` says nothing about a list"));
        }
    }
    Ok(Value::Object(schema))
}

fn string(rest: Option<&str>) -> Result<Value, String> {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "string".into());
    let mut rest = rest.unwrap_or_default();
    while !rest.is_empty() {
        if let Some(pattern) = rest.strip_prefix('/') {
            let pattern = pattern.strip_suffix('/').ok_or("a pattern does not end")?;
            schema.insert("pattern".to_owned(), pattern.into());
            break;
        }
        let (part, next) = rest.split_once(':').unwrap_or((rest, ""));
        match part.split_once("..") {
            Some((least, most)) => {
                bound(&mut schema, "minLength", least)?;
                bound(&mut schema, "maxLength", most)?;
            }
            None => {
                schema.insert("format".to_owned(), part.into());
            }
        }
        rest = next;
    }
    Ok(Value::Object(schema))
}

fn number(base: &str, rest: Option<&str>) -> Result<Value, String> {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), base.into());
    if let Some(rest) = rest {
        let (least, most) = rest.split_once("..").ok_or_else(|| format!("`{rest}` is no range"))?;
        bound(&mut schema, "minimum", least)?;
        bound(&mut schema, "maximum", most)?;
    }
    Ok(Value::Object(schema))
}

fn bound(schema: &mut Map<String, Value>, keyword: &str, text: &str) -> Result<(), String> {
    if !text.is_empty() {
        let number: serde_json::Number =
            serde_json::from_str(text).map_err(|_| format!("`{text}` is no number"))?;
        schema.insert(keyword.to_owned(), Value::Number(number));
    }
    Ok(())
}

/// The parts between separators that stand outside brackets and patterns.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start, mut pattern) = (0i32, 0usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '/' => pattern = !pattern,
            '(' | '[' if !pattern => depth += 1,
            ')' | ']' if !pattern => depth -= 1,
            c if c == separator && depth == 0 && !pattern => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_read_as_the_notation_says() {
        let mut used = Vec::new();
        let mut schema = |text: &str| schema(text, &mut used);
        assert_eq!(schema("string:date-time"), Ok(json!({ "type": "string", "format": "date-time" })));
        assert_eq!(
            schema("string:1..9:/^a:b/"),
            Ok(json!({ "type": "string", "minLength": 1, "maxLength": 9, "pattern": "^a:b" }))
        );
        assert_eq!(
            schema("[(a^[b]some)]unique"),
            Ok(json!({
                "type": "array",
                "uniqueItems": true,
                "items": { "oneOf": [
                    { "$ref": "#/definitions/a" },
                    { "type": "array", "minItems": 1, "items": { "$ref": "#/definitions/b" } },
                ] },
            }))
        );
        assert_eq!(schema("number:0..1"), Ok(json!({ "type": "number", "minimum": 0, "maximum": 1 })));
        assert!(schema("[a").is_err());
        assert!(schema("[a]twice").is_err());
        assert_eq!(used, ["a", "b", "a"]);
    }
}
