//! The content of blocks as values.

use std::sync::Arc;

use super::{Environment, Evaluator, as_unknown, iteration};
use crate::{
    syntax::{Block, Body, ExpressionKind as Kind},
    value::{Object, Value},
};

/// What Terraform itself reads, not the provider.
const META: &[&str] = &["count", "depends_on", "for_each", "provider", "providers"];
const META_BLOCKS: &[&str] = &["connection", "provisioner"];

impl<'p> Evaluator<'p> {
    /// The attributes and nested blocks of a body as an object; nested blocks of one type are a list. `top` leaves out what
    /// Terraform itself reads.
    pub(super) fn body(&mut self, body: &'p Body, env: &Environment, top: bool) -> Object {
        let mut object = Object::new();
        for attribute in &body.attributes {
            if !(top && META.contains(&&*attribute.name)) {
                let value = self.evaluate(&attribute.value, env);
                let place = env.place(attribute.span);
                object.insert(Arc::clone(&attribute.name), Value { at: Some(place), ..value });
            }
        }
        for block in &body.blocks {
            if self.depth > super::DEEPEST || (top && META_BLOCKS.contains(&&*block.kind)) {
                continue;
            }
            self.depth += 1;
            if &*block.kind == "dynamic" && !block.labels.is_empty() {
                self.dynamic(block, env, &mut object);
            } else {
                let value = self.nested(block, env);
                push(&mut object, &block.kind, value);
            }
            self.depth -= 1;
        }
        object
    }

    fn nested(&mut self, block: &'p Block, env: &Environment) -> Value {
        let mut content = self.body(&block.body, env, false);
        for label in &block.labels {
            content.entry("label".into()).or_insert_with(|| Value::text(Arc::clone(label)));
        }
        Value::object(content).or_at(env.place(block.span))
    }

    /// A block that is repeated for each element of a collection.
    fn dynamic(&mut self, block: &'p Block, env: &Environment, object: &mut Object) {
        let kind: Arc<str> = block.label(0).into();
        let place = env.place(block.span);
        let Some(content) = block.body.blocks("content").next() else { return };
        let collection = match block.body.attribute("for_each") {
            Some(for_each) => self.evaluate(&for_each.value, env),
            None => Value::failed("for_each", "a dynamic block has no for_each"),
        };
        let iterator = match block.body.attribute("iterator").map(|attribute| &attribute.value.kind) {
            Some(Kind::Variable(name)) => Arc::clone(name),
            _ => Arc::clone(&kind),
        };
        let Some(elements) = iteration::elements(&collection) else {
            push(object, &kind, as_unknown(&collection).or_at(place));
            return;
        };
        for (key, element) in elements {
            if !self.count_instance(place) {
                return;
            }
            let key = if collection.as_list().is_some() && element.as_text().is_some() {
                element.clone()
            } else {
                key
            };
            let pair = Object::from([("key".into(), key), ("value".into(), element)]);
            let inner = env.bind(&iterator, Value::object(pair));
            let made = self.body(&content.body, &inner, false);
            push(object, &kind, Value::object(made).or_at(env.place(content.span)).inherit(&collection));
        }
        // No element is not the same as no block: it is known to be absent, and where that was decided.
        object.entry(kind).or_insert_with(|| Value::list(Vec::new()).or_at(place).inherit(&collection));
    }
}

/// Adds a block to those of its type.
fn push(object: &mut Object, kind: &Arc<str>, value: Value) {
    let place = value.at;
    let known = object.remove(kind).unwrap_or_else(|| Value { at: place, ..Value::list(Vec::new()) });
    object.insert(Arc::clone(kind), known.with_element(value));
}
