//! Resources and their instances.

use std::sync::Arc;

use super::{
    Environment, Evaluator, as_unknown, iteration,
    scope::{Form, Slot},
};
use crate::{
    resource::Resource,
    syntax::{Attribute, Block},
    terraform::module::{BlockId, Mode},
    value::{Data, Link, Object, Value},
};

/// The keys of the instances that `count` or `for_each` makes, with the value that `each` has for each of them.
pub(super) struct Keys {
    pub(super) form: Form,
    /// The key and the element; one entry without a key for a single instance.
    pub(super) list: Vec<(Option<Value>, Option<Value>)>,
    /// Why they are not known.
    pub(super) unknown: Option<Value>,
}

impl<'p> Evaluator<'p> {
    /// How many instances a block makes.
    pub(super) fn keys(&mut self, block: &'p Block, env: &Environment) -> Keys {
        let place = env.place(block.header);
        if let Some(count) = block.body.attribute("count") {
            let count = self.evaluate(&count.value, env);
            let Some(number) = count.as_number().filter(|number| *number >= 0.0) else {
                return Keys {
                    form: Form::Unknown,
                    list: vec![(None, None)],
                    unknown: Some(as_unknown(&count)),
                };
            };
            let mut list = Vec::new();
            let mut index = 0.0;
            while index < number && self.count_instance(place) {
                list.push((Some(Value::number(index)), None));
                index += 1.0;
            }
            return Keys { form: Form::Count, list, unknown: None };
        }
        if let Some(for_each) = block.body.attribute("for_each") {
            return self.each(for_each, env, place);
        }
        self.count_instance(place);
        Keys { form: Form::Single, list: vec![(None, None)], unknown: None }
    }

    fn each(&mut self, for_each: &'p Attribute, env: &Environment, place: crate::source::Place) -> Keys {
        let collection = self.evaluate(&for_each.value, env);
        let Some(elements) = iteration::elements(&collection) else {
            return Keys {
                form: Form::Unknown,
                list: vec![(None, None)],
                unknown: Some(as_unknown(&collection)),
            };
        };
        let is_set = collection.as_list().is_some();
        let mut list = Vec::new();
        let mut unknown = None;
        for (key, element) in elements {
            if !self.count_instance(place) {
                break;
            }
            let key = if is_set { element.clone() } else { key };
            if key.as_text().is_none() {
                unknown = Some(as_unknown(&key));
            }
            list.push((Some(key), Some(element)));
        }
        Keys { form: if unknown.is_some() { Form::Unknown } else { Form::Each }, list, unknown }
    }

    /// The environment of one instance.
    pub(super) fn instance_environment(
        &self,
        env: &Environment,
        keys: &Keys,
        key: Option<&Value>,
        element: Option<&Value>,
        block: &Block,
    ) -> Environment {
        let unknown = || keys.unknown.clone().unwrap_or_else(|| Value::unknown("each.value", "not known"));
        match keys.form {
            Form::Single => env.clone(),
            Form::Count => {
                let index = key.cloned().unwrap_or_else(Value::null);
                env.bind("count", Value::object(Object::from([("index".into(), index)])))
            }
            Form::Each | Form::Unknown if block.body.attribute("count").is_some() => {
                env.bind("count", Value::object(Object::from([("index".into(), unknown())])))
            }
            Form::Each | Form::Unknown => {
                let pair = [
                    ("key".into(), key.cloned().unwrap_or_else(unknown)),
                    ("value".into(), element.cloned().unwrap_or_else(unknown)),
                ];
                env.bind("each", Value::object(Object::from(pair)))
            }
        }
    }

    /// What a resource stands for: one instance, a list or an object of them. `None` while that is being computed.
    pub(super) fn instances_of(&mut self, scope: usize, mode: Mode, id: BlockId) -> Option<Value> {
        match self.scope(scope)?.resources.get(&id) {
            Some(Slot::Done(instances)) => return Some(instances.clone()),
            Some(Slot::Busy) => return None,
            None => {}
        }
        self.scopes.get_mut(scope)?.resources.insert(id, Slot::Busy);
        let instances = self.compute_instances(scope, mode, id)?;
        self.scopes.get_mut(scope)?.resources.insert(id, Slot::Done(instances.clone()));
        Some(instances)
    }

    fn compute_instances(&mut self, scope: usize, mode: Mode, id: BlockId) -> Option<Value> {
        let owner = self.scope(scope)?;
        let (prefix, certain, module) = (owner.address.clone(), owner.certain, owner.module);
        let (file, block) = module.block(id)?;
        let env = Environment { scope, file, bindings: None };
        let keys = self.keys(block, &env);
        let kind: Arc<str> = block.label(0).into();
        let name: Arc<str> = block.label(1).into();
        let data = if mode == Mode::Data { "data." } else { "" };
        let mut list = Vec::new();
        for (key, element) in &keys.list {
            let inner = self.instance_environment(&env, &keys, key.as_ref(), element.as_ref(), block);
            let mut content = self.body(&block.body, &inner, true);
            for (file, block) in module.overrides(block) {
                content.extend(self.body(&block.body, &Environment { file, ..inner.clone() }, true));
            }
            let body = Value::object(content).or_at(env.place(block.span));
            let shown = key.as_ref().and_then(|key| shown_key(keys.form, key));
            let link = Arc::new(Link {
                scope: scope as u32,
                kind: Arc::clone(&kind),
                name: Arc::clone(&name),
                key: shown.clone(),
                at: Some(env.place(block.span)),
                data_source: mode == Mode::Data,
                body: Some(body.clone()),
            });
            let suffix = shown.map_or(String::new(), |key| format!("[{key}]"));
            self.resources.push(Resource {
                kind: link.rule_kind(),
                link: Arc::clone(&link),
                address: format!("{prefix}{data}{kind}.{name}{suffix}").into(),
                at: env.place(block.span),
                header: env.place(block.header),
                body,
                certain: certain && keys.form != Form::Unknown,
                suppressions: Vec::new(),
            });
            list.push((key.clone(), Value::new(Data::Resource(link))));
        }
        Some(super::call::gather(keys.form, list.into_iter()))
    }
}

/// An instance key as it stands in an address.
pub(super) fn shown_key(form: Form, key: &Value) -> Option<Arc<str>> {
    let text = key.as_text()?;
    match (&key.data, form) {
        (Data::Number(_), Form::Count) => Some(text),
        _ => Some(format!("\"{text}\"").into()),
    }
}
