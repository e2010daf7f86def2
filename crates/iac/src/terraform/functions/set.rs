//! Functions on sets.

use super::{Arguments, Function, MOST_ELEMENTS, Outcome, Trouble, collection::order, trouble};
use crate::value::Value;

pub(super) const NAMES: &[&str] =
    &["distinct", "setintersection", "setproduct", "setsubtract", "setunion", "toset"];

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "distinct" => |arguments| Ok(Value::list(distinct(arguments.list(0)?)?)),
        "setintersection" => intersection,
        "setproduct" => product,
        "setsubtract" => subtract,
        "setunion" => union,
        "toset" => to_set,
        _ => return None,
    })
}

/// Each value once. Values that may or may not be equal make the whole unknown.
pub(super) fn distinct(list: &[Value]) -> Result<Vec<Value>, Trouble> {
    let mut seen = std::collections::HashSet::new();
    let mut out: Vec<Value> = Vec::new();
    for value in list {
        if let Some(text) = value.as_text() {
            if seen.insert(text) {
                out.push(value.clone());
            }
        } else if value.unresolved().is_some_and(|unresolved| unresolved.target.is_none()) {
            return Err(trouble(value, ""));
        } else if !out.iter().any(|known| known.equals(value) == Some(true)) {
            out.push(value.clone());
        }
    }
    Ok(out)
}

fn sorted(mut list: Vec<Value>) -> Value {
    list.sort_by(order);
    Value::list(list)
}

fn to_set(arguments: &Arguments<'_>) -> Outcome {
    let value = arguments.get(0)?;
    if value.is_null() { Ok(Value::null()) } else { Ok(sorted(distinct(arguments.list(0)?)?)) }
}

fn holds(list: &[Value], value: &Value) -> bool {
    list.iter().any(|known| known.equals(value) == Some(true))
}

fn intersection(arguments: &Arguments<'_>) -> Outcome {
    let mut out = distinct(arguments.known_list(0)?)?;
    for index in 1..arguments.all().len() {
        let other = arguments.known_list(index)?;
        out.retain(|value| holds(other, value));
    }
    Ok(sorted(out))
}

fn subtract(arguments: &Arguments<'_>) -> Outcome {
    let (mut out, other) = (distinct(arguments.known_list(0)?)?, arguments.known_list(1)?);
    out.retain(|value| !holds(other, value));
    Ok(sorted(out))
}

fn union(arguments: &Arguments<'_>) -> Outcome {
    let mut all = Vec::new();
    for index in 0..arguments.all().len() {
        all.extend(arguments.list(index)?.iter().cloned());
    }
    Ok(sorted(distinct(&all)?))
}

fn product(arguments: &Arguments<'_>) -> Outcome {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for index in 0..arguments.all().len() {
        let list = arguments.list(index)?;
        if rows.len().saturating_mul(list.len()) > MOST_ELEMENTS {
            return Err(Trouble::TooLarge);
        }
        rows = rows
            .iter()
            .flat_map(|row| {
                list.iter().map(|value| {
                    let mut row = row.clone();
                    row.push(value.clone());
                    row
                })
            })
            .collect();
    }
    Ok(Value::list(rows.into_iter().map(Value::list).collect()))
}
