//! Going through collections.

use std::sync::Arc;

use super::{Environment, Evaluator, as_unknown};
use crate::{
    syntax::{For, Name},
    value::{Data, LARGEST, Object, Value},
};

/// Key and element of each entry; `None` when they are not known.
pub(super) fn elements(collection: &Value) -> Option<Vec<(Value, Value)>> {
    match &collection.data {
        Data::List(elements) => Some(
            elements
                .iter()
                .enumerate()
                .map(|(index, element)| (Value::number(index as f64), element.clone().inherit(collection)))
                .collect(),
        ),
        Data::Object(entries) => Some(
            entries
                .iter()
                .map(|(name, entry)| (Value::text(Arc::clone(name)), entry.clone().inherit(collection)))
                .collect(),
        ),
        Data::Null => Some(Vec::new()),
        _ => None,
    }
}

/// The names of a `for` bound to one entry.
pub(super) fn bind(
    env: &Environment,
    key_name: Option<&Name>,
    key: Value,
    name: &Name,
    element: Value,
) -> Environment {
    let inner = match key_name {
        Some(key_name) => env.bind(key_name, key),
        None => env.clone(),
    };
    inner.bind(name, element)
}

impl<'p> Evaluator<'p> {
    pub(super) fn for_expression(&mut self, of: &'p For, env: &Environment) -> Value {
        let collection = self.evaluate(&of.collection, env);
        let Some(elements) = elements(&collection) else { return as_unknown(&collection) };
        let mut list = Vec::new();
        let mut object = Object::new();
        let mut weight = 0usize;
        for (key, element) in elements {
            if self.stopped {
                return Value::unknown("…", "a limit of evaluation was reached");
            }
            let inner = bind(env, of.key.as_ref(), key, &of.element, element);
            if let Some(condition) = &of.condition {
                let condition = self.evaluate(condition, &inner);
                match condition.as_bool() {
                    Some(true) => {}
                    Some(false) => continue,
                    // Whether the entry is there decides how many there are.
                    None => return as_unknown(&condition),
                }
            }
            let result = self.evaluate(&of.result, &inner);
            weight = weight.saturating_add(result.weight());
            if weight > LARGEST as usize {
                return Value::unknown("…", "the value has too many elements");
            }
            match &of.result_key {
                None => list.push(result),
                Some(result_key) => {
                    let result_key = self.evaluate(result_key, &inner);
                    let Some(name) = result_key.as_text() else { return as_unknown(&result_key) };
                    if of.groups {
                        let group = object.remove(&name).unwrap_or_else(|| Value::list(Vec::new()));
                        object.insert(name, group.with_element(result));
                    } else {
                        object.insert(name, result);
                    }
                }
            }
        }
        let value = if of.result_key.is_some() { Value::object(object) } else { Value::list(list) };
        value.inherit(&collection)
    }
}
