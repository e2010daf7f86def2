//! Functions on lists and objects.

use std::{cmp::Ordering, sync::Arc};

use super::{Arguments, Function, MOST_ELEMENTS, Outcome, Trouble, text::key, trouble};
use crate::value::{Data, Object, Value};

pub(super) const NAMES: &[&str] = &[
    "alltrue",
    "anytrue",
    "chunklist",
    "coalesce",
    "coalescelist",
    "compact",
    "concat",
    "contains",
    "element",
    "flatten",
    "index",
    "keys",
    "length",
    "list",
    "lookup",
    "map",
    "matchkeys",
    "merge",
    "one",
    "range",
    "reverse",
    "slice",
    "sort",
    "transpose",
    "values",
    "zipmap",
];

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "alltrue" => |arguments| every(arguments, true),
        "anytrue" => |arguments| every(arguments, false),
        "chunklist" => chunk_list,
        "coalesce" => coalesce,
        "coalescelist" => coalesce_list,
        "compact" => compact,
        "concat" => concat,
        "contains" => contains,
        "element" => element,
        "flatten" => flatten,
        "index" => index,
        "keys" => |arguments| {
            Ok(Value::list(arguments.object(0)?.keys().map(|key| Value::text(Arc::clone(key))).collect()))
        },
        "length" => length,
        "list" => |arguments| Ok(Value::list(arguments.all().to_vec())),
        "lookup" => lookup,
        "map" => map,
        "matchkeys" => match_keys,
        "merge" => merge,
        "one" => one,
        "range" => range,
        "reverse" => |arguments| Ok(Value::list(arguments.list(0)?.iter().rev().cloned().collect())),
        "slice" => slice,
        "sort" => sort,
        "transpose" => transpose,
        "values" => |arguments| Ok(Value::list(arguments.object(0)?.values().cloned().collect())),
        "zipmap" => zip_map,
        _ => return None,
    })
}

/// `alltrue` stops at false, `anytrue` at true.
fn every(arguments: &Arguments<'_>, wanted: bool) -> Outcome {
    let mut unknown = None;
    for value in arguments.list(0)? {
        match value.as_bool() {
            Some(found) if found != wanted => return Ok(Value::bool(!wanted)),
            Some(_) => {}
            None if value.is_null() && wanted => return Ok(Value::bool(false)),
            None if value.is_null() => {}
            None => unknown = Some(trouble(value, "true or false is expected")),
        }
    }
    unknown.map_or(Ok(Value::bool(wanted)), Err)
}

fn chunk_list(arguments: &Arguments<'_>) -> Outcome {
    let (list, size) = (arguments.list(0)?, arguments.count(1)?);
    let chunks = list.chunks(if size == 0 { list.len().max(1) } else { size });
    Ok(Value::list(chunks.map(|chunk| Value::list(chunk.to_vec())).collect()))
}

fn coalesce(arguments: &Arguments<'_>) -> Outcome {
    for value in arguments.all() {
        match &value.data {
            Data::Null => {}
            Data::Text(text) if text.is_empty() => {}
            // Unknown may turn out to be null, unless it is an attribute of a resource.
            Data::Unknown(unresolved) if !unresolved.is_set() => return Err(trouble(value, "")),
            _ => return Ok(value.clone()),
        }
    }
    Err(Trouble::Failed("every argument is null"))
}

fn coalesce_list(arguments: &Arguments<'_>) -> Outcome {
    for (index, value) in arguments.all().iter().enumerate() {
        if !value.is_null() && !arguments.list(index)?.is_empty() {
            return Ok(value.clone());
        }
    }
    Err(Trouble::Failed("every list is empty"))
}

fn compact(arguments: &Arguments<'_>) -> Outcome {
    let mut kept = Vec::new();
    for value in arguments.list(0)? {
        match &value.data {
            Data::Null => {}
            Data::Text(text) if text.is_empty() => {}
            Data::Unknown(unresolved) if !unresolved.is_set() => return Err(trouble(value, "")),
            _ => kept.push(value.clone()),
        }
    }
    Ok(Value::list(kept))
}

fn concat(arguments: &Arguments<'_>) -> Outcome {
    let mut out = Vec::new();
    for (index, list) in arguments.all().iter().enumerate() {
        out.extend(arguments.list(index)?.iter().map(|value| value.clone().inherit(list)));
        if out.len() > MOST_ELEMENTS {
            return Err(Trouble::TooLarge);
        }
    }
    Ok(Value::list(out))
}

fn contains(arguments: &Arguments<'_>) -> Outcome {
    let wanted = arguments.get(1)?;
    let mut unknown = None;
    for value in arguments.list(0)? {
        match value.equals(wanted) {
            Some(true) => return Ok(Value::bool(true)),
            Some(false) => {}
            None => unknown = Some(if wanted.unresolved().is_some() { wanted } else { value }),
        }
    }
    unknown.map_or(Ok(Value::bool(false)), |value| Err(trouble(value, "not comparable")))
}

fn element(arguments: &Arguments<'_>) -> Outcome {
    let list = arguments.list(0)?;
    if list.is_empty() {
        return Err(Trouble::Failed("the list is empty"));
    }
    let index = arguments.number(1)?.rem_euclid(list.len() as f64) as usize;
    list.get(index).cloned().ok_or(Trouble::Failed("the list has no such element"))
}

fn flatten(arguments: &Arguments<'_>) -> Outcome {
    let mut out = Vec::new();
    flatten_into(arguments.list(0)?, &mut out, 0)?;
    Ok(Value::list(out))
}

fn flatten_into(list: &[Value], out: &mut Vec<Value>, depth: usize) -> Result<(), Trouble> {
    if depth > 32 || out.len() > MOST_ELEMENTS {
        return Err(Trouble::TooLarge);
    }
    for value in list {
        match &value.data {
            Data::List(inner) => flatten_into(inner, out, depth + 1)?,
            // It may be a list of any length.
            Data::Unknown(_) => return Err(trouble(value, "")),
            _ => out.push(value.clone()),
        }
    }
    Ok(())
}

fn index(arguments: &Arguments<'_>) -> Outcome {
    let wanted = arguments.get(1)?;
    for (index, value) in arguments.list(0)?.iter().enumerate() {
        match value.equals(wanted) {
            Some(true) => return Ok(Value::number(index as f64)),
            Some(false) => {}
            None => return Err(trouble(value, "not comparable")),
        }
    }
    Err(Trouble::Failed("the list has no such element"))
}

fn length(arguments: &Arguments<'_>) -> Outcome {
    let value = arguments.get(0)?;
    let length = match &value.data {
        Data::List(elements) => elements.len(),
        Data::Object(entries) => entries.len(),
        Data::Text(text) => text.chars().count(),
        _ => return Err(trouble(value, "a list, an object or a text is expected")),
    };
    Ok(Value::number(length as f64))
}

fn lookup(arguments: &Arguments<'_>) -> Outcome {
    let value = arguments.get(0)?;
    let name = arguments.text(1)?;
    if value.is_unknown() {
        return Err(trouble(value, ""));
    }
    match (value.get(&name), arguments.all().get(2)) {
        (Some(found), _) => Ok(found.clone().inherit(value)),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(Trouble::Failed("the object has no such entry")),
    }
}

fn map(arguments: &Arguments<'_>) -> Outcome {
    let mut object = Object::new();
    for pair in arguments.all().chunks(2) {
        if let [name, value] = pair {
            object.insert(key(name)?, value.clone());
        }
    }
    Ok(Value::object(object))
}

fn match_keys(arguments: &Arguments<'_>) -> Outcome {
    let (values, keys, wanted) = (arguments.list(0)?, arguments.known_list(1)?, arguments.known_list(2)?);
    let kept = values
        .iter()
        .zip(keys)
        .filter(|(_, key)| wanted.iter().any(|wanted| key.equals(wanted) == Some(true)));
    Ok(Value::list(kept.map(|(value, _)| value.clone()).collect()))
}

fn merge(arguments: &Arguments<'_>) -> Outcome {
    let mut object = Object::new();
    for (index, value) in arguments.all().iter().enumerate() {
        if value.is_null() {
            continue;
        }
        let entries = arguments.object(index)?;
        object.extend(entries.iter().map(|(name, entry)| (Arc::clone(name), entry.clone().inherit(value))));
    }
    Ok(Value::object(object))
}

fn one(arguments: &Arguments<'_>) -> Outcome {
    match arguments.list(0)? {
        [] => Ok(Value::null()),
        [only] => Ok(only.clone()),
        _ => Err(Trouble::Failed("the list has more than one element")),
    }
}

fn range(arguments: &Arguments<'_>) -> Outcome {
    let (start, end) = match arguments.all().len() {
        1 => (0.0, arguments.number(0)?),
        _ => (arguments.number(0)?, arguments.number(1)?),
    };
    let step = match arguments.all().len() {
        3 => arguments.number(2)?,
        _ => (end - start).signum(),
    };
    if step == 0.0 || !step.is_finite() {
        return if start == end {
            Ok(Value::list(Vec::new()))
        } else {
            Err(Trouble::Failed("the step is zero"))
        };
    }
    let mut list = Vec::new();
    let mut at = start;
    while (step > 0.0 && at < end) || (step < 0.0 && at > end) {
        // As Terraform bounds it.
        if list.len() >= 1024 {
            return Err(Trouble::Failed("more than 1024 numbers"));
        }
        list.push(Value::number(at));
        at += step;
    }
    Ok(Value::list(list))
}

fn slice(arguments: &Arguments<'_>) -> Outcome {
    let list = arguments.list(0)?;
    let part = list.get(arguments.count(1)?..arguments.count(2)?);
    part.map(|part| Value::list(part.to_vec())).ok_or(Trouble::Failed("the list has no such part"))
}

fn sort(arguments: &Arguments<'_>) -> Outcome {
    let mut texts = arguments.texts(0)?;
    texts.sort();
    Ok(Value::list(texts.into_iter().map(Value::text).collect()))
}

fn transpose(arguments: &Arguments<'_>) -> Outcome {
    let mut out: std::collections::BTreeMap<Arc<str>, Vec<Value>> = std::collections::BTreeMap::new();
    for (name, list) in arguments.object(0)? {
        let list = list.as_list().ok_or_else(|| trouble(list, "lists are expected"))?;
        for element in list {
            out.entry(key(element)?).or_default().push(Value::text(Arc::clone(name)));
        }
    }
    Ok(Value::object(out.into_iter().map(|(name, list)| (name, Value::list(list))).collect()))
}

fn zip_map(arguments: &Arguments<'_>) -> Outcome {
    let (names, values) = (arguments.list(0)?, arguments.list(1)?);
    if names.len() != values.len() {
        return Err(Trouble::Failed("the lists have different lengths"));
    }
    let pairs: Result<Object, Trouble> =
        names.iter().zip(values).map(|(name, value)| Ok((key(name)?, value.clone()))).collect();
    pairs.map(Value::object)
}

/// Order of values as `toset` and `sort` have it: numbers by size, the rest as text.
pub(super) fn order(one: &Value, other: &Value) -> Ordering {
    match (&one.data, &other.data) {
        (Data::Number(one), Data::Number(other)) => one.total_cmp(other),
        _ => one.as_text().cmp(&other.as_text()),
    }
}
