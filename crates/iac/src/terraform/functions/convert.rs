//! Conversions between types, and the types that variables declare.

use std::sync::Arc;

use super::{Arguments, Function, Outcome, collection::order, set::distinct, trouble};
use crate::{
    syntax::{Expression, ExpressionKind as Kind, Key},
    value::{Data, Object, Value},
};

pub(super) const NAMES: &[&str] = &[
    "defaults",
    "ephemeralasnull",
    "issensitive",
    "nonsensitive",
    "sensitive",
    "tobool",
    "tolist",
    "tomap",
    "tonumber",
    "tostring",
    "type",
];

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "issensitive" => |arguments| Ok(Value::bool(arguments.get(0)?.sensitive)),
        "nonsensitive" | "ephemeralasnull" => |arguments| Ok(arguments.get(0)?.clone()),
        "sensitive" => |arguments| Ok(arguments.get(0)?.clone().mark(true)),
        "tobool" => |arguments| null_or(arguments, |arguments| Ok(Value::bool(arguments.bool(0)?))),
        "tolist" => |arguments| null_or(arguments, |arguments| Ok(Value::list(arguments.list(0)?.to_vec()))),
        "tomap" => {
            |arguments| null_or(arguments, |arguments| Ok(Value::object(arguments.object(0)?.clone())))
        }
        "tonumber" => |arguments| null_or(arguments, |arguments| Ok(Value::number(arguments.number(0)?))),
        "tostring" => |arguments| null_or(arguments, |arguments| Ok(Value::text(arguments.text(0)?))),
        "defaults" => defaults,
        "type" => kind,
        _ => return None,
    })
}

fn null_or(arguments: &Arguments<'_>, convert: fn(&Arguments<'_>) -> Outcome) -> Outcome {
    if arguments.get(0)?.is_null() { Ok(Value::null()) } else { convert(arguments) }
}

/// The experimental function that fills in what an object leaves out.
fn defaults(arguments: &Arguments<'_>) -> Outcome {
    let (entries, defaults) = (arguments.object(0)?, arguments.object(1)?);
    let mut out = entries.clone();
    for (name, default) in defaults {
        if out.get(name).is_none_or(Value::is_null) {
            out.insert(Arc::clone(name), default.clone());
        }
    }
    Ok(Value::object(out))
}

fn kind(arguments: &Arguments<'_>) -> Outcome {
    let value = arguments.get(0)?;
    Ok(Value::text(match &value.data {
        Data::Bool(_) => "bool",
        Data::Number(_) => "number",
        Data::Text(_) | Data::Partial(_) => "string",
        Data::List(_) => "list",
        Data::Object(_) => "object",
        _ => return Err(trouble(value, "null has no type")),
    }))
}

/// A variable's value as its declared type has it: defaults of optional attributes are filled in, sets are sorted. What
/// does not fit stays as it is.
pub(in crate::terraform) fn conform(value: Value, of: &Expression) -> Value {
    conform_to(value, of, 0)
}

fn conform_to(value: Value, of: &Expression, depth: usize) -> Value {
    if depth > 32 || value.is_null() {
        return value;
    }
    match &of.kind {
        Kind::Variable(name) => {
            let data = match &**name {
                "string" => match &value.data {
                    Data::Number(_) | Data::Bool(_) => value.as_text().map(Data::Text),
                    _ => None,
                },
                "number" => value.as_number().map(Data::Number),
                "bool" => value.as_bool().map(Data::Bool),
                _ => None,
            };
            match data {
                Some(data) => Value { data, ..value },
                None => value,
            }
        }
        Kind::Group(inner) => conform_to(value, inner, depth + 1),
        Kind::Call(call) => {
            let Some(inner) = call.arguments.first() else { return value };
            match (&*call.name, &value.data) {
                ("optional", _) => conform_to(value, inner, depth + 1),
                ("list" | "set", Data::List(elements)) => {
                    let mut list: Vec<Value> = elements
                        .iter()
                        .map(|element| conform_to(element.clone(), inner, depth + 1))
                        .collect();
                    if &*call.name == "set" {
                        list = distinct(&list).unwrap_or(list);
                        list.sort_by(order);
                    }
                    Value { data: Data::List(Arc::new(list)), ..value }
                }
                ("map", Data::Object(entries)) => {
                    let entries: Object = entries
                        .iter()
                        .map(|(name, entry)| (Arc::clone(name), conform_to(entry.clone(), inner, depth + 1)))
                        .collect();
                    Value { data: Data::Object(Arc::new(entries)), ..value }
                }
                ("object", Data::Object(entries)) => match &inner.kind {
                    Kind::Object(attributes) => {
                        let entries = conform_object(entries, attributes, depth);
                        Value { data: Data::Object(Arc::new(entries)), ..value }
                    }
                    _ => value,
                },
                _ => value,
            }
        }
        _ => value,
    }
}

fn conform_object(entries: &Object, attributes: &[(Key, Expression)], depth: usize) -> Object {
    let mut out = Object::new();
    for (key, of) in attributes {
        let name = match key {
            Key::Name(name, _) => name,
            Key::Expression(Expression { kind: Kind::String(name), .. }) => name,
            Key::Expression(_) => continue,
        };
        let given = entries.get(name).filter(|entry| !entry.is_null());
        let value = match (given, default_of(of)) {
            (Some(given), _) => given.clone(),
            (None, Some(default)) => default,
            (None, None) => entries.get(name).cloned().unwrap_or_else(Value::null),
        };
        out.insert(Arc::clone(name), conform_to(value, of, depth + 1));
    }
    out
}

/// The default in `optional(type, default)`.
fn default_of(of: &Expression) -> Option<Value> {
    match &of.kind {
        Kind::Call(call) if &*call.name == "optional" => call.arguments.get(1).map(literal),
        _ => None,
    }
}

/// A constant. Defaults of optional attributes may refer to nothing.
fn literal(expression: &Expression) -> Value {
    match &expression.kind {
        Kind::Null => Value::null(),
        Kind::Bool(value) => Value::bool(*value),
        Kind::Number(number) => Value::number(*number),
        Kind::String(text) => Value::text(Arc::clone(text)),
        Kind::Tuple(elements) => Value::list(elements.iter().map(literal).collect()),
        Kind::Group(inner) => literal(inner),
        Kind::Object(entries) => {
            let entries = entries.iter().filter_map(|(key, entry)| match key {
                Key::Name(name, _) => Some((Arc::clone(name), literal(entry))),
                Key::Expression(key) => literal(key).as_text().map(|name| (name, literal(entry))),
            });
            Value::object(entries.collect())
        }
        _ => Value::unknown("optional()", "the default is computed"),
    }
}
