//! Expressions, kind by kind.

use std::sync::Arc;

use super::{Environment, Evaluator, as_unknown};
use crate::{
    syntax::{Expression, ExpressionKind as Kind, Key, Step},
    value::{Data, Object, Provenance, Value},
};

/// One of two values, nobody knows which: unknown, but still connected with the resources that either refers to.
fn either(condition: &Value, yes: &Value, no: &Value) -> Value {
    let unknown = as_unknown(condition);
    let target = [yes, no].into_iter().find_map(|value| value.unresolved()?.target.clone());
    let (Some(target), Data::Unknown(unresolved)) = (target, &unknown.data) else { return unknown };
    let step = Provenance {
        reference: Arc::clone(&unresolved.reference),
        how: "decides in",
        at: condition.at,
        target: Some(target),
        next: unknown.from.clone(),
    };
    Value { from: Some(Arc::new(step)), ..unknown }
}

impl<'p> Evaluator<'p> {
    pub(super) fn expression(&mut self, expression: &'p Expression, env: &Environment) -> Value {
        match &expression.kind {
            Kind::Null => Value::null(),
            Kind::Bool(value) => Value::bool(*value),
            Kind::Number(number) => Value::number(*number),
            Kind::String(text) => Value::text(Arc::clone(text)),
            Kind::Template(parts) => self.template(parts, env),
            Kind::Tuple(elements) => {
                Value::list(elements.iter().map(|element| self.evaluate(element, env)).collect())
            }
            Kind::Object(entries) => self.object(entries, env),
            Kind::Variable(_) | Kind::Member(..) | Kind::Index(..) => self.reference(expression, env),
            Kind::Splat(base, steps) => {
                let base = self.evaluate(base, env);
                self.splat(base, steps, env)
            }
            Kind::Call(call) => self.call(call, env),
            Kind::Unary(operator, inner) => {
                let inner = self.evaluate(inner, env);
                super::operator::unary(*operator, inner)
            }
            Kind::Binary(operator, left, right) => {
                let left = self.evaluate(left, env);
                let right = self.evaluate(right, env);
                super::operator::binary(*operator, left, right)
            }
            Kind::Conditional(parts) => self.conditional(parts, env),
            Kind::For(of) => self.for_expression(of, env),
            Kind::Group(inner) => self.evaluate(inner, env),
        }
    }

    fn object(&mut self, entries: &'p [(Key, Expression)], env: &Environment) -> Value {
        let mut object = Object::new();
        let mut unknown = None;
        for (key, entry) in entries {
            let value = self.evaluate(entry, env);
            let name = match key {
                Key::Name(name, _) => Some(Arc::clone(name)),
                Key::Expression(key) => {
                    let key = self.evaluate(key, env);
                    let name = key.as_text();
                    if name.is_none() {
                        unknown.get_or_insert(key);
                    }
                    name
                }
            };
            if let Some(name) = name {
                object.insert(name, value);
            }
        }
        match unknown {
            // An entry without a name makes every question about names undecidable.
            Some(key) => as_unknown(&key),
            None => Value::object(object),
        }
    }

    fn conditional(&mut self, parts: &'p [Expression; 3], env: &Environment) -> Value {
        let [condition, yes, no] = parts;
        let condition = self.evaluate(condition, env);
        match condition.as_bool() {
            Some(true) => self.evaluate(yes, env).inherit(&condition),
            Some(false) => self.evaluate(no, env).inherit(&condition),
            None => {
                let (yes, no) = (self.evaluate(yes, env), self.evaluate(no, env));
                match yes.equals(&no) {
                    Some(true) => yes,
                    _ => either(&condition, &yes, &no),
                }
            }
        }
    }

    pub(super) fn splat(&mut self, base: Value, steps: &'p [Step], env: &Environment) -> Value {
        let elements: Vec<Value> = match &base.data {
            Data::Null => return Value::list(Vec::new()),
            Data::List(elements) => elements.to_vec(),
            Data::Unknown(_) => return as_unknown(&base),
            _ => vec![base.clone()],
        };
        let results = elements.into_iter().map(|element| {
            let element = element.inherit(&base);
            steps.iter().fold(element, |value, step| match step {
                Step::Member(name) => self.member(value, name),
                Step::Index(index) => {
                    let index = self.evaluate(index, env);
                    self.index(value, &index)
                }
            })
        });
        Value::list(results.collect())
    }
}
