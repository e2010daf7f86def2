//! Modules and function calls.

use std::{rc::Rc, sync::Arc};

use super::{
    DEEPEST_MODULE, Environment, Evaluator, as_unknown,
    resource::shown_key,
    scope::{Called, Caller, Calls, Form, Scope, Slot},
    through,
};
use crate::{
    source::FileId,
    syntax::{Block, Call, Expression, ExpressionKind as Kind, parse_template},
    terraform::{functions, project::resolve},
    value::{Data, Object, Value},
};

/// Files that `fileset` looks at.
const MOST_FILES: usize = 100_000;
/// Files that are templates.
const MOST_TEMPLATES: usize = 1000;

/// Instances as one value: the only one, a list, or an object.
pub(super) fn gather(form: Form, instances: impl Iterator<Item = (Option<Value>, Value)>) -> Value {
    let mut instances = instances;
    match form {
        Form::Single | Form::Unknown => match instances.next() {
            Some((_, only)) => only,
            None => Value::list(Vec::new()),
        },
        Form::Count => Value::list(instances.map(|(_, value)| value).collect()),
        Form::Each => {
            let named = instances.filter_map(|(key, value)| Some((key?.as_text()?, value)));
            Value::object(named.collect())
        }
    }
}

impl<'p> Evaluator<'p> {
    /// What `module.name` stands for: its outputs, for one instance or each.
    pub(super) fn module_value(&mut self, scope: usize, name: &Arc<str>, file: FileId) -> Value {
        let known = self.scope(scope).and_then(|scope| scope.gathered.get(name));
        if let Some(value) = known {
            return value.clone();
        }
        let reference = format!("module.{name}");
        let Some(called) = self.called(scope, name, file) else {
            return Value::unknown(reference, "the module is not called here");
        };
        let outer = std::mem::replace(&mut self.met_busy, false);
        let mut values = Vec::new();
        for one in &called.list {
            let value = match one.scope {
                Some(inner) => self.outputs(inner, &reference),
                None => Value::unknown(reference.as_str(), "the module is not part of what is scanned"),
            };
            values.push((one.key.clone(), value));
        }
        let value = gather(called.form, values.into_iter());
        // An output that is being computed is unknown to whoever asks meanwhile, and known later.
        if !self.met_busy
            && let Some(scope) = self.scopes.get_mut(scope)
        {
            scope.gathered.insert(Arc::clone(name), value.clone());
        }
        self.met_busy |= outer;
        value
    }

    /// `module.name.output` and `module.name[key].output`: that output alone, because two modules may need outputs of each
    /// other. `None` for anything else.
    pub(super) fn module_output(
        &mut self,
        base: &'p Expression,
        output: &Arc<str>,
        env: &Environment,
    ) -> Option<Value> {
        let (base, index) = match &base.kind {
            Kind::Index(base, index) => (&**base, Some(index)),
            _ => (base, None),
        };
        let Kind::Member(root, name) = &base.kind else { return None };
        if !matches!(&root.kind, Kind::Variable(root) if &**root == "module") {
            return None;
        }
        let called = self.called(env.scope, name, env.file)?;
        let key = match index {
            Some(index) => Some(self.evaluate(index, env).as_text()?),
            None => None,
        };
        let wanted = |one: &&Called| one.key.as_ref().and_then(Value::as_text) == key;
        let found = match called.form {
            Form::Unknown => called.list.first(),
            Form::Single | Form::Count | Form::Each => called.list.iter().find(wanted),
        }?;
        let module = format!("module.{name}");
        let Some(scope) = found.scope else {
            return Some(Value::unknown(
                format!("{module}.{output}"),
                "the module is not part of what is scanned",
            ));
        };
        let (file, block) = self.scope(scope)?.module.declared("output", output, env.file)?;
        Some(self.output(scope, output, file, block, &module))
    }

    /// Every output of a module instance.
    fn outputs(&mut self, scope: usize, reference: &str) -> Value {
        let Some(module) = self.scope(scope).map(|scope| scope.module) else {
            return Value::unknown(reference, "not known");
        };
        let declared: Vec<(FileId, &'p Block)> = module.all("output").collect();
        let mut object = Object::new();
        for (file, block) in declared {
            let name: Arc<str> = block.label(0).into();
            let value = self.output(scope, &name, file, block, reference);
            object.insert(name, value);
        }
        Value::object(object)
    }

    fn output(
        &mut self,
        scope: usize,
        name: &Arc<str>,
        file: FileId,
        block: &'p Block,
        module: &str,
    ) -> Value {
        let reference = format!("{module}.{name}");
        match self.scope(scope).and_then(|scope| scope.outputs.get(name)) {
            Some(Slot::Done(value)) => return value.clone(),
            // An output that is not finished is unknown to whoever asks while it is computed.
            Some(Slot::Busy) => {
                self.met_busy = true;
                return Value::unknown(reference, "it depends on itself");
            }
            None => {}
        }
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.outputs.insert(Arc::clone(name), Slot::Busy);
        }
        let env = Environment { scope, file, bindings: None };
        let value = match block.body.attribute("value") {
            Some(attribute) => {
                let value = self.evaluate(&attribute.value, &env);
                through(value, &reference, "defined in", Some(env.place(attribute.span)))
            }
            None => Value::unknown(reference, "the output has no value"),
        };
        let sensitive =
            block.body.attribute("sensitive").is_some_and(|a| matches!(a.value.kind, Kind::Bool(true)));
        let value = value.mark(sensitive);
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.outputs.insert(Arc::clone(name), Slot::Done(value.clone()));
        }
        value
    }

    /// The instances of a module call; `None` when there is no such call or it depends on itself.
    pub(super) fn called(&mut self, scope: usize, name: &Arc<str>, file: FileId) -> Option<Rc<Calls>> {
        match self.scope(scope)?.calls.get(name) {
            Some(Slot::Done(called)) => return Some(Rc::clone(called)),
            Some(Slot::Busy) => return None,
            None => {}
        }
        let module = self.scope(scope)?.module;
        let (file, block) = module.declared("module", name, file)?;
        self.scopes.get_mut(scope)?.calls.insert(Arc::clone(name), Slot::Busy);
        let env = Environment { scope, file, bindings: None };
        let target = self.target(scope, block, &env);
        let keys = self.keys(block, &env);
        let mut list = Vec::new();
        for (key, element) in &keys.list {
            let inner = self.instance_environment(&env, &keys, key.as_ref(), element.as_ref(), block);
            let made = target.map(|module| {
                let owner = self.scope(scope);
                let suffix = key.as_ref().and_then(|key| shown_key(keys.form, key));
                let suffix = suffix.map_or(String::new(), |key| format!("[{key}]"));
                let made = Scope {
                    address: format!(
                        "{}module.{name}{suffix}.",
                        owner.map_or("", |owner| owner.address.as_str())
                    ),
                    certain: owner.is_none_or(|owner| owner.certain) && keys.form != Form::Unknown,
                    depth: owner.map_or(0, |owner| owner.depth).saturating_add(1),
                    caller: Some(Caller { block, env: inner }),
                    ..Scope::new(module, Rc::default())
                };
                self.scopes.push(made);
                self.scopes.len() - 1
            });
            list.push(Called { key: key.clone(), scope: made });
        }
        let called = Rc::new(Calls { form: keys.form, list });
        self.scopes.get_mut(scope)?.calls.insert(Arc::clone(name), Slot::Done(Rc::clone(&called)));
        Some(called)
    }

    /// The module that a call names, if it is here.
    fn target(
        &mut self,
        scope: usize,
        block: &'p Block,
        env: &Environment,
    ) -> Option<&'p crate::terraform::module::Module> {
        let place = env.place(block.header);
        let source = match block.body.attribute("source") {
            Some(source) => self.evaluate(&source.value, env).as_text()?,
            None => return None,
        };
        let owner = self.scope(scope)?;
        if !source.starts_with("./") && !source.starts_with("../") && &*source != "." && &*source != ".." {
            let name = source.to_string();
            if !self.remote.iter().any(|(_, known)| *known == name) {
                self.remote.push((place, name));
            }
            return None;
        }
        if owner.depth >= DEEPEST_MODULE {
            let message = format!("modules call each other more than {DEEPEST_MODULE} levels deep");
            self.gap(Some(place), message);
            return None;
        }
        let folder = resolve(&owner.module.folder, &source);
        let found = folder.as_ref().and_then(|folder| self.project.modules.get(folder));
        match (found, folder) {
            (Some(module), Some(folder)) => {
                if self.calls_itself(scope, module) {
                    let shown = if folder.is_empty() { ".".to_owned() } else { folder };
                    self.gap(Some(place), format!("the module `{shown}` calls itself"));
                    return None;
                }
                self.visited.push(folder);
                Some(module)
            }
            _ => {
                let source = bartizan_core::redacted(&source);
                self.gap(Some(place), format!("the module `{source}` is not part of what is scanned"));
                None
            }
        }
    }

    fn calls_itself(&self, scope: usize, module: &crate::terraform::module::Module) -> bool {
        let mut at = Some(scope);
        while let Some(scope) = at.and_then(|at| self.scope(at)) {
            if std::ptr::eq(scope.module, module) {
                return true;
            }
            at = scope.caller.as_ref().map(|caller| caller.env.scope);
        }
        false
    }

    pub(super) fn call(&mut self, call: &'p Call, env: &Environment) -> Value {
        if matches!(&*call.name, "try" | "can") {
            return self.attempt(call, env);
        }
        let mut arguments: Vec<Value> =
            call.arguments.iter().map(|argument| self.evaluate(argument, env)).collect();
        if call.expands
            && let Some(last) = arguments.pop()
        {
            match &last.data {
                Data::List(elements) => arguments.extend(elements.iter().map(|e| e.clone().inherit(&last))),
                _ => return as_unknown(&last),
            }
        }
        match functions::apply(&call.name, &arguments) {
            Some(value) => value,
            None => self.file_function(&call.name, &arguments, env),
        }
    }

    /// `try` gives the first argument that is not in error; `can` says whether its argument is.
    fn attempt(&mut self, call: &'p Call, env: &Environment) -> Value {
        let mut last = Value::failed("try", "every argument is in error");
        for argument in &call.arguments {
            let value = self.evaluate(argument, env);
            let failed = matches!(&value.data, Data::Unknown(unresolved) if unresolved.failed);
            if &*call.name == "can" {
                return if failed {
                    Value::bool(false)
                } else if value.is_unknown() {
                    as_unknown(&value)
                } else {
                    Value::bool(true)
                };
            }
            if !failed {
                return value;
            }
            last = value;
        }
        last
    }

    /// The folder of the root module, where Terraform runs: paths are from there.
    fn root_folder(&self) -> Arc<str> {
        self.scope(0).map(|scope| Arc::clone(&scope.module.folder)).unwrap_or_default()
    }

    /// Functions that read the files of the project.
    fn file_function(&mut self, name: &str, arguments: &[Value], env: &Environment) -> Value {
        let unknown = |why| Value::unknown(format!("{name}()"), why);
        if !functions::FILES.contains(&name) {
            return unknown("the function's result is not known here");
        }
        let Some(path) = arguments.first() else { return unknown("an argument is missing") };
        let Some(text) = path.as_text() else { return as_unknown(path) };
        if name == "templatestring" {
            return match arguments.get(1) {
                Some(variables) => self.template_file(&format!("= {text}"), &text, variables, env),
                None => unknown("an argument is missing"),
            };
        }
        if name == "fileset" {
            return match arguments.get(1) {
                Some(pattern) => self.file_set(&text, pattern),
                None => unknown("an argument is missing"),
            };
        }
        let Some(path) = resolve(&self.root_folder(), &text) else {
            return unknown("the path leaves what is scanned");
        };
        let file = self.tree.entry(&path).filter(|entry| {
            matches!(entry.kind, bartizan_core::EntryKind::File | bartizan_core::EntryKind::LinkInside)
        });
        if name == "fileexists" {
            return Value::bool(file.is_some());
        }
        let content = file.and_then(|_| self.tree.open(&path).ok());
        let Some(bytes) =
            content.and_then(|content| content.whole(super::template::LONGEST_TEXT as u64).ok())
        else {
            return Value::unknown(
                format!("{name}(\"{}\")", bartizan_core::redacted(&text)),
                "the file is not here",
            );
        };
        if name == "templatefile" {
            return match (std::str::from_utf8(&bytes), arguments.get(1)) {
                (Ok(template), Some(variables)) => self.template_file(&path, template, variables, env),
                _ => unknown("the template cannot be read"),
            };
        }
        functions::of_file(name, &bytes)
    }

    fn template_file(&mut self, path: &str, text: &str, variables: &Value, env: &Environment) -> Value {
        let Some(entries) = variables.as_object() else { return as_unknown(variables) };
        let parts = match self.templates.get(path) {
            Some(parts) => *parts,
            None if self.templates.len() >= MOST_TEMPLATES => {
                return Value::unknown("templatefile()", "there are too many templates");
            }
            None => {
                let parts = parse_template(text).ok().map(|parts| &**self.shelf.add(parts));
                self.templates.insert(path.to_owned(), parts);
                parts
            }
        };
        let Some(parts) = parts else { return Value::failed("templatefile()", "the template is in error") };
        let inner =
            entries.iter().fold(Environment { bindings: None, ..env.clone() }, |env, (name, value)| {
                env.bind(name, value.clone())
            });
        self.template(parts, &inner)
    }

    /// Files below a folder whose path from there matches.
    fn file_set(&mut self, folder: &str, pattern: &Value) -> Value {
        let Some(text) = pattern.as_text() else { return as_unknown(pattern) };
        let glob = globset::GlobBuilder::new(&text).literal_separator(true).build();
        let (Ok(glob), Some(folder)) = (glob, resolve(&self.root_folder(), folder)) else {
            return Value::failed("fileset()", "the pattern or the folder is wrong");
        };
        let matcher = glob.compile_matcher();
        let mut found = Vec::new();
        let mut waiting = vec![folder.clone()];
        let mut seen = 0;
        while let Some(next) = waiting.pop() {
            for entry in self.tree.list(&next) {
                seen += 1;
                if seen > MOST_FILES {
                    return Value::unknown("fileset()", "there are too many files");
                }
                match entry.kind {
                    bartizan_core::EntryKind::Directory => waiting.push(entry.path),
                    _ => {
                        let path =
                            entry.path.strip_prefix(&folder).unwrap_or(&entry.path).trim_start_matches('/');
                        if matcher.is_match(path) {
                            found.push(path.to_owned());
                        }
                    }
                }
            }
        }
        found.sort();
        Value::list(found.into_iter().map(Value::text).collect())
    }
}
