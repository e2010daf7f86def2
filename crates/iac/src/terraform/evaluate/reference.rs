//! References: what a name stands for.

use std::sync::Arc;

use super::{Environment, Evaluator, as_unknown, scope::Slot, through};
use crate::{
    source::FileId,
    syntax::{Expression, ExpressionKind as Kind},
    terraform::module::Mode,
    value::{Data, Link, Provenance, Unresolved, Value},
};

/// Does this look like the type of a resource?
fn is_resource_type(name: &str) -> bool {
    name.contains('_') || matches!(name, "null" | "random" | "time")
}

/// The way from one folder to another.
fn relative(from: &str, to: &str) -> String {
    let parts = |folder: &str| {
        folder.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let (from, to) = (parts(from), parts(to));
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len().saturating_sub(shared));
    let way: Vec<String> = up.chain(to.into_iter().skip(shared)).collect();
    if way.is_empty() { ".".to_owned() } else { way.join("/") }
}

impl<'p> Evaluator<'p> {
    /// A name, with everything that follows it.
    pub(super) fn reference(&mut self, expression: &'p Expression, env: &Environment) -> Value {
        match &expression.kind {
            Kind::Variable(name) => match env.bound(name) {
                Some(value) => value.clone(),
                None => Value::failed(Arc::clone(name), "nothing has this name"),
            },
            Kind::Member(base, name) => {
                match self.head(base, name, env).or_else(|| self.module_output(base, name, env)) {
                    Some(value) => value,
                    None => {
                        let base = self.evaluate(base, env);
                        self.member(base, name)
                    }
                }
            }
            Kind::Index(base, index) => {
                let base = self.evaluate(base, env);
                let index = self.evaluate(index, env);
                self.index(base, &index)
            }
            _ => self.evaluate(expression, env),
        }
    }

    /// `base.name` where both together name one thing: `var.a`, `local.a`, `aws_s3_bucket.a`, `data.aws_ami.a`.
    fn head(&mut self, base: &'p Expression, name: &Arc<str>, env: &Environment) -> Option<Value> {
        match &base.kind {
            Kind::Variable(root) if env.bound(root).is_none() => Some(match &**root {
                "var" => self.variable(env.scope, name, env.file),
                "local" => self.local(env.scope, name, env.file),
                "module" => self.module_value(env.scope, name, env.file),
                "path" => self.path(env.scope, name),
                "terraform" => Value::unknown(format!("terraform.{name}"), "set when Terraform runs"),
                "each" | "count" | "self" => {
                    Value::unknown(format!("{root}.{name}"), "known for a single instance only")
                }
                "data" | "ephemeral" => return None,
                kind => self.resource_value(Mode::Managed, kind, name, env),
            }),
            Kind::Member(inner, kind) => match &inner.kind {
                Kind::Variable(root)
                    if matches!(&**root, "data" | "ephemeral") && env.bound(root).is_none() =>
                {
                    Some(self.resource_value(Mode::Data, kind, name, env))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn path(&mut self, scope: usize, name: &str) -> Value {
        let folder = |scope: usize| {
            self.scope(scope).map(|scope| Arc::clone(&scope.module.folder)).unwrap_or_default()
        };
        match name {
            // As Terraform has it: from the root module, where it runs.
            "module" => Value::text(relative(&folder(0), &folder(scope))),
            "root" => Value::text("."),
            _ => Value::unknown(format!("path.{name}"), "known when Terraform runs"),
        }
    }

    pub(super) fn variable(&mut self, scope: usize, name: &Arc<str>, file: FileId) -> Value {
        let known = self.scope(scope).and_then(|scope| scope.variables.get(name));
        match known {
            Some(Slot::Done(value)) => return value.clone(),
            Some(Slot::Busy) => return Value::failed(format!("var.{name}"), "it depends on itself"),
            None => {}
        }
        self.set_variable(scope, name, Slot::Busy);
        let value = self.compute_variable(scope, name, file);
        self.set_variable(scope, name, Slot::Done(value.clone()));
        value
    }

    fn set_variable(&mut self, scope: usize, name: &Arc<str>, slot: Slot<Value>) {
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.variables.insert(Arc::clone(name), slot);
        }
    }

    fn compute_variable(&mut self, index: usize, name: &Arc<str>, file: FileId) -> Value {
        let reference = format!("var.{name}");
        let Some(scope) = self.scopes.get(index) else { return Value::unknown(reference, "not known") };
        let module = scope.module;
        let caller = scope.caller.clone();
        let given = scope.given.get(name).cloned();
        let declaration = module.declared("variable", name, file);
        let Some((declared_in, block)) = declaration else {
            return Value::unknown(reference, "the variable is not declared");
        };
        let own = Environment { scope: index, file: declared_in, bindings: None };
        let flagged = block
            .body
            .attribute("sensitive")
            .is_some_and(|sensitive| matches!(sensitive.value.kind, Kind::Bool(true)));
        let passed =
            caller.as_ref().and_then(|caller| caller.block.body.attribute(name).map(|a| (caller, a)));
        let nullable =
            block.body.attribute("nullable").is_none_or(|a| !matches!(a.value.kind, Kind::Bool(false)));
        let mut value = None;
        if let Some((caller, argument)) = passed {
            let place = caller.env.place(argument.span);
            let passed = self.evaluate(&argument.value, &caller.env);
            if nullable || !passed.is_null() {
                value = Some(through(passed, &reference, "passed in", Some(place)));
            }
        } else if let Some(given) = given {
            let at = given.at;
            value = Some(through(given, &reference, "set in", at));
        }
        let value = value.unwrap_or_else(|| match module.attribute(declared_in, block, "default") {
            Some((file, default)) => {
                let own = Environment { file, ..own.clone() };
                let place = own.place(default.span);
                let value = self.evaluate(&default.value, &own);
                through(value, &reference, "default in", Some(place))
            }
            None => {
                let unknown = Value::unknown(reference.as_str(), "the variable has no value");
                through(unknown, &reference, "declared in", Some(own.place(block.header)))
            }
        });
        let typed = match block.body.attribute("type") {
            Some(of) => super::super::functions::conform(value, &of.value),
            None => value,
        };
        typed.mark(flagged)
    }

    fn local(&mut self, scope: usize, name: &Arc<str>, file: FileId) -> Value {
        let reference = format!("local.{name}");
        let Some(module) = self.scope(scope).map(|scope| scope.module) else {
            return Value::unknown(reference, "not known");
        };
        let Some((defined_in, attribute)) = module.local(name, file) else {
            return Value::unknown(reference, "the local value is not defined");
        };
        let slot = (Arc::clone(name), defined_in);
        match self.scope(scope).and_then(|scope| scope.locals.get(&slot)) {
            Some(Slot::Done(value)) => return value.clone(),
            Some(Slot::Busy) => return Value::failed(reference, "it depends on itself"),
            None => {}
        }
        self.set_local(scope, &slot, Slot::Busy);
        let env = Environment { scope, file: defined_in, bindings: None };
        let value = self.evaluate(&attribute.value, &env);
        let value = through(value, &reference, "defined in", Some(env.place(attribute.span)));
        self.set_local(scope, &slot, Slot::Done(value.clone()));
        value
    }

    fn set_local(&mut self, scope: usize, name: &(Arc<str>, FileId), slot: Slot<Value>) {
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.locals.insert(name.clone(), slot);
        }
    }

    /// What `type.name` stands for: one instance, a list of them, or an object of them.
    fn resource_value(&mut self, mode: Mode, kind: &str, name: &str, env: &Environment) -> Value {
        let prefix = if mode == Mode::Data { "data." } else { "" };
        let reference = format!("{prefix}{kind}.{name}");
        let Some(module) = self.scope(env.scope).map(|scope| scope.module) else {
            return Value::unknown(reference, "not known");
        };
        let Some(block) = module.resource(mode, kind, name, env.file) else {
            return if mode == Mode::Managed && !is_resource_type(kind) {
                Value::failed(reference, "nothing has this name")
            } else {
                Value::unknown(reference, "the resource is not declared")
            };
        };
        let Some(instances) = self.instances_of(env.scope, mode, block) else {
            // A circle: the reference is all that is known.
            let link = Link {
                scope: env.scope as u32,
                kind: kind.into(),
                name: name.into(),
                key: None,
                at: None,
                data_source: mode == Mode::Data,
                body: None,
            };
            return Value::new(Data::Resource(Arc::new(link)));
        };
        instances
    }

    /// `value.name`.
    pub(super) fn member(&mut self, value: Value, name: &Arc<str>) -> Value {
        match &value.data {
            Data::Object(entries) => match entries.get(name) {
                Some(entry) => entry.clone().inherit(&value),
                None => Value::failed(Arc::clone(name), "the object has no such attribute").inherit(&value),
            },
            Data::Resource(link) => self.attribute_of(link, name).mark(value.sensitive),
            Data::Unknown(unresolved) => extend(&value, unresolved, name),
            // Blocks of which there is one may be read without an index.
            Data::List(elements) if elements.len() == 1 => match elements.first() {
                Some(only) if only.as_object().is_some() => self.member(only.clone(), name),
                _ => Value::failed(Arc::clone(name), "a list has no attributes"),
            },
            Data::Null => Value::failed(Arc::clone(name), "null has no attributes"),
            _ => Value::failed(Arc::clone(name), "the value has no attributes"),
        }
    }

    /// An attribute of a resource: as the configuration sets it, or known only after apply.
    fn attribute_of(&mut self, link: &Arc<Link>, name: &Arc<str>) -> Value {
        let prefix = if link.data_source { "data." } else { "" };
        let key = link.key.as_deref().map_or(String::new(), |key| format!("[{key}]"));
        let reference: Arc<str> = format!("{prefix}{}.{}{key}.{name}", link.kind, link.name).into();
        if link.data_source
            && let Some(json) = super::super::policy_document::attribute(link, name)
        {
            return json;
        }
        let set = link.body.as_ref().and_then(|body| body.get(name)).filter(|value| !value.is_null());
        match set {
            Some(value) => {
                let next = value.from.clone();
                let target = Some(Arc::clone(link));
                let step = Provenance { reference, how: "set in", at: value.at, target, next };
                Value { from: Some(Arc::new(step)), ..value.clone() }
            }
            None => {
                let why = if link.data_source { "read when Terraform runs" } else { "known after apply" };
                let target = Some(Arc::clone(link));
                Value::unresolved_of(Unresolved { reference, why, target, failed: false })
            }
        }
    }

    /// `value[index]`.
    pub(super) fn index(&mut self, value: Value, index: &Value) -> Value {
        if index.is_unknown() {
            return as_unknown(index);
        }
        match &value.data {
            Data::List(elements) => {
                let found = index.as_number().filter(|number| *number >= 0.0 && number.fract() == 0.0);
                match found.and_then(|number| elements.get(number as usize)) {
                    Some(element) => element.clone().inherit(&value),
                    None => Value::failed("[…]", "the list has no such element").inherit(&value),
                }
            }
            Data::Unknown(unresolved) => match index.as_text() {
                Some(text) if index.as_number().is_some() => {
                    extend_with(&value, unresolved, &format!("[{text}]"))
                }
                Some(text) => extend_with(&value, unresolved, &format!("[\"{text}\"]")),
                None => as_unknown(&value),
            },
            // Instances whose number is not known: one stands for all.
            Data::Resource(_) if index.as_number().is_some() => value,
            Data::Object(_) | Data::Resource(_) => match index.as_text() {
                Some(name) => self.member(value, &name),
                None => Value::failed("[…]", "an index is a number or a text"),
            },
            _ => Value::failed("[…]", "the value has no elements"),
        }
    }
}

/// Unknown, one step further: `data.a.b` becomes `data.a.b.c`.
fn extend(value: &Value, unresolved: &Arc<Unresolved>, name: &str) -> Value {
    extend_with(value, unresolved, &format!(".{name}"))
}

fn extend_with(value: &Value, unresolved: &Arc<Unresolved>, step: &str) -> Value {
    if unresolved.reference.len() > 200 {
        return value.clone();
    }
    let longer = Unresolved {
        reference: format!("{}{step}", unresolved.reference).into(),
        why: unresolved.why,
        target: unresolved.target.clone(),
        failed: unresolved.failed,
    };
    Value { data: Data::Unknown(Arc::new(longer)), ..value.clone() }
}
