//! Follows a module's statements in order, as an import of it would, and notes every call that matters with what is
//! known of its arguments and of the moment it happens.
//!
//! Functions of the file are followed at each place that calls them, up to a depth, so that what a module runs when it
//! is imported is found also behind helper functions; afterwards each function is followed once by itself.

use std::collections::{BTreeMap, HashMap};

use ruff_python_ast::{ExceptHandler, Expr, Identifier, Parameters, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::callables::{BUILTINS, LOADED_BASES, LOADED_CLASSES, LOADER_FUNCTIONS};
use super::value::{Known, MOST_PARTS, Marks, Value};

/// When a call happens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// When somebody calls the function it is in, or runs the file as a program.
    Deferred,
    /// In a function that a loader or server calls.
    Loader(String),
    /// As soon as the module is imported.
    Import,
}

/// One call that matters.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) callee: String,
    pub(super) marks: Marks,
    pub(super) arguments: Vec<Known>,
    pub(super) keywords: Vec<(String, Known)>,
    pub(super) line: u32,
    pub(super) place: Place,
}

impl Call {
    pub(super) fn keyword(&self, name: &str) -> Option<&Known> {
        self.keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(super) fn argument(&self, position: usize, name: &str) -> Option<&Known> {
        self.arguments.get(position).or_else(|| self.keyword(name))
    }
}

/// A function or lambda of the file.
#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    Function(&'a StmtFunctionDef),
    Lambda(&'a ruff_python_ast::ExprLambda),
}

/// A text that is run as code.
#[derive(Debug)]
pub(super) struct Nested {
    pub(super) source: String,
    pub(super) line: u32,
    pub(super) place: Place,
}

/// What a walk over a module found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) calls: Vec<Call>,
    /// Module and name of each import, with its line and whether it is called.
    pub(super) imports: BTreeMap<(String, String), u32>,
    pub(super) nested: Vec<Nested>,
    /// Something in the file is of a class that loaders instantiate by themselves.
    pub(super) loaded_class: Option<String>,
    /// Objects that say how to be rebuilt by calling this: callee, line.
    pub(super) reducers: Vec<(String, Vec<Known>, u32)>,
    /// The walk was cut short.
    pub(super) exhausted: bool,
}

/// How deep expressions are followed.
const DEPTH: usize = 120;
/// How deep calls of the file's own functions are followed.
const CALL_DEPTH: usize = 6;
/// How many expressions and statements one walk looks at.
const FUEL: u64 = 4_000_000;
/// How many calls are kept.
const MOST_CALLS: usize = 20_000;

pub(super) struct Walker<'a> {
    pub(super) found: Found,
    pub(super) line_starts: &'a [u32],
    pub(super) scopes: Vec<HashMap<String, Known>>,
    pub(super) attributes: HashMap<String, Known>,
    pub(super) bodies: Vec<Body<'a>>,
    pub(super) by_name: HashMap<&'a str, usize>,
    pub(super) classes: Vec<&'a StmtClassDef>,
    pub(super) class_by_name: HashMap<&'a str, usize>,
    pub(super) methods: HashMap<(usize, &'a str), usize>,
    pub(super) followed: Vec<usize>,
    pub(super) visited: Vec<bool>,
    pub(super) place: Place,
    pub(super) returned: Option<Known>,
    pub(super) in_reduce: bool,
    pub(super) depth: usize,
    pub(super) fuel: u64,
    pub(super) next_opaque: u32,
}

impl<'a> Walker<'a> {
    /// Follows a module and, afterwards, each of its functions by itself.
    pub(super) fn module(body: &'a [Stmt], line_starts: &'a [u32], place: Place) -> Found {
        let mut walker = Self {
            found: Found::default(),
            line_starts,
            scopes: vec![HashMap::new()],
            attributes: HashMap::new(),
            bodies: Vec::new(),
            by_name: HashMap::new(),
            classes: Vec::new(),
            class_by_name: HashMap::new(),
            methods: HashMap::new(),
            followed: Vec::new(),
            visited: Vec::new(),
            place,
            returned: None,
            in_reduce: false,
            depth: 0,
            fuel: FUEL,
            next_opaque: 0,
        };
        walker.collect(body, None, 0);
        walker.statements(body);
        let functions: Vec<(usize, Place)> = walker
            .bodies
            .iter()
            .enumerate()
            .filter_map(|(index, body)| match body {
                Body::Function(definition) => Some((index, definition.name.as_str())),
                Body::Lambda(_) => None,
            })
            .map(|(index, name)| {
                let place = if LOADER_FUNCTIONS.contains(&name) {
                    Place::Loader(name.to_owned())
                } else {
                    Place::Deferred
                };
                (index, place)
            })
            .collect();
        for (index, place) in functions {
            let earlier = walker.visited.get(index).copied().unwrap_or(false);
            // A loader's entry is followed as such even when the module itself calls it.
            if !earlier || matches!(place, Place::Loader(_)) {
                walker.place = place;
                walker.invoke(index, &[], &[], None);
            }
        }
        walker.found
    }

    /// Notes functions, methods and classes before anything is followed: a function may be called above its
    /// definition.
    fn collect(&mut self, body: &'a [Stmt], class: Option<usize>, depth: usize) {
        if depth > DEPTH {
            self.found.exhausted = true;
            return;
        }
        for statement in body {
            match statement {
                Stmt::FunctionDef(definition) => {
                    let index = self.bodies.len();
                    self.bodies.push(Body::Function(definition));
                    self.visited.push(false);
                    match class {
                        Some(class) => self.methods.insert((class, definition.name.as_str()), index),
                        None => self.by_name.insert(definition.name.as_str(), index),
                    };
                    self.collect(&definition.body, None, depth + 1);
                }
                Stmt::ClassDef(definition) => {
                    let index = self.classes.len();
                    self.classes.push(definition);
                    self.class_by_name.insert(definition.name.as_str(), index);
                    self.note_loaded_class(definition);
                    self.collect(&definition.body, Some(index), depth + 1);
                }
                other => {
                    for block in blocks(other) {
                        self.collect(block, class, depth + 1);
                    }
                }
            }
        }
    }

    fn note_loaded_class(&mut self, definition: &StmtClassDef) {
        let last_name = |expression: &'_ Expr| match expression {
            Expr::Name(name) => Some(name.id.as_str().to_owned()),
            Expr::Attribute(attribute) => Some(attribute.attr.as_str().to_owned()),
            _ => None,
        };
        let bases =
            definition.arguments.iter().flat_map(|arguments| arguments.args.iter()).filter_map(last_name);
        for base in bases {
            if LOADED_BASES.contains(&base.as_str()) {
                self.found.loaded_class = Some(base);
            }
        }
        if LOADED_CLASSES.contains(&definition.name.as_str()) {
            self.found.loaded_class = Some(definition.name.as_str().to_owned());
        }
    }

    pub(super) fn line(&self, node: &impl Ranged) -> u32 {
        let offset = u32::from(node.range().start());
        u32::try_from(self.line_starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    pub(super) fn opaque(&mut self) -> Known {
        self.next_opaque = self.next_opaque.wrapping_add(1);
        Known::new(Value::Opaque(self.next_opaque))
    }

    pub(super) fn spend(&mut self) -> bool {
        self.fuel = self.fuel.saturating_sub(1);
        if self.fuel == 0 || self.depth > DEPTH {
            self.found.exhausted = true;
            return false;
        }
        true
    }

    pub(super) fn bind(&mut self, name: &str, value: Known) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), value);
        }
    }

    pub(super) fn lookup(&mut self, name: &str) -> Known {
        if let Some(known) = self.scopes.iter().rev().find_map(|scope| scope.get(name)) {
            return known.clone();
        }
        if let Some(index) = self.class_by_name.get(name) {
            return Known::new(Value::Class(*index));
        }
        if let Some(index) = self.by_name.get(name) {
            return Known::new(Value::Function(*index));
        }
        if BUILTINS.contains(&name) {
            return Known::name(format!("builtins.{name}"));
        }
        self.opaque()
    }

    pub(super) fn statements(&mut self, body: &'a [Stmt]) {
        self.depth += 1;
        for statement in body {
            if !self.spend() {
                break;
            }
            self.statement(statement);
        }
        self.depth -= 1;
    }

    fn statement(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(definition) => self.define(definition),
            Stmt::ClassDef(definition) => {
                for decorator in &definition.decorator_list {
                    self.expression(&decorator.expression);
                }
                if let Some(arguments) = &definition.arguments {
                    for base in &arguments.args {
                        self.expression(base);
                    }
                }
                self.scopes.push(HashMap::new());
                self.statements(&definition.body);
                self.scopes.pop();
            }
            Stmt::Return(statement) => {
                let value = statement.value.as_deref().map(|value| self.expression(value));
                if let Some(value) = value {
                    if self.in_reduce && self.followed.len() == 1 {
                        self.note_reducer(&value, self.line(statement));
                    }
                    let marks = self.returned.as_ref().map_or(Marks::NONE, Known::all_marks);
                    self.returned = Some(value.marked(marks));
                }
            }
            Stmt::Assign(statement) => {
                let value = self.expression(&statement.value);
                for target in &statement.targets {
                    self.assign(target, &value);
                }
            }
            Stmt::AnnAssign(statement) => {
                if let Some(value) = &statement.value {
                    let value = self.expression(value);
                    self.assign(&statement.target, &value);
                }
            }
            Stmt::AugAssign(statement) => {
                let before = self.expression(&statement.target);
                let added = self.expression(&statement.value);
                let marks = before.marks.with(added.marks);
                let value = match super::fold::joined(&before, &added, "") {
                    Some(value) if matches!(statement.op, ruff_python_ast::Operator::Add) => value,
                    _ => self.opaque().marked(marks),
                };
                self.assign(&statement.target, &value);
            }
            Stmt::Expr(statement) => {
                self.expression(&statement.value);
            }
            Stmt::For(statement) => {
                let iterated = self.expression(&statement.iter);
                let element = self.element(&iterated);
                self.assign(&statement.target, &element);
                self.statements(&statement.body);
                self.statements(&statement.orelse);
            }
            Stmt::While(statement) => {
                self.expression(&statement.test);
                self.statements(&statement.body);
                self.statements(&statement.orelse);
            }
            Stmt::If(statement) => self.branch(statement),
            Stmt::With(statement) => {
                for item in &statement.items {
                    let value = self.expression(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, &value);
                    }
                }
                self.statements(&statement.body);
            }
            Stmt::Match(statement) => {
                self.expression(&statement.subject);
                for case in &statement.cases {
                    self.statements(&case.body);
                }
            }
            Stmt::Try(statement) => {
                self.statements(&statement.body);
                for ExceptHandler::ExceptHandler(handler) in &statement.handlers {
                    self.statements(&handler.body);
                }
                self.statements(&statement.orelse);
                self.statements(&statement.finalbody);
            }
            Stmt::Raise(statement) => {
                if let Some(value) = &statement.exc {
                    self.expression(value);
                }
            }
            Stmt::Assert(statement) => {
                self.expression(&statement.test);
            }
            Stmt::Import(statement) => {
                let line = self.line(statement);
                for alias in &statement.names {
                    self.import(alias.name.as_str(), alias.asname.as_ref(), line);
                }
            }
            Stmt::ImportFrom(statement) => {
                let line = self.line(statement);
                let module = match &statement.module {
                    Some(module) if statement.level == 0 => module.as_str().to_owned(),
                    Some(module) => format!(".{}", module.as_str()),
                    None => ".".to_owned(),
                };
                for alias in &statement.names {
                    let name = alias.name.as_str();
                    self.found.imports.entry((module.clone(), name.to_owned())).or_insert(line);
                    if name == "*" {
                        self.import_everything(&module);
                    } else {
                        let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                        self.bind(bound, Known::name(format!("{module}.{name}")));
                    }
                }
            }
            Stmt::IpyEscapeCommand(command) => self.escape(&command.value, command.kind, self.line(command)),
            _ => {}
        }
    }

    /// `from os import *` binds every callable of `os` that matters.
    fn import_everything(&mut self, module: &str) {
        for name in [
            "system",
            "popen",
            "execv",
            "execve",
            "execvp",
            "run",
            "Popen",
            "call",
            "check_output",
            "loads",
            "load",
            "socket",
            "dup2",
            "environ",
            "getenv",
            "b64decode",
            "urlopen",
            "spawn",
        ] {
            let dotted = format!("{module}.{name}");
            let matters = super::callables::capability(&dotted).is_some()
                || matches!(
                    dotted.as_str(),
                    "socket.socket" | "os.environ" | "os.getenv" | "base64.b64decode"
                );
            if matters {
                self.bind(name, Known::name(dotted));
            }
        }
    }

    fn import(&mut self, module: &str, alias: Option<&Identifier>, line: u32) {
        self.found.imports.entry((module.to_owned(), String::new())).or_insert(line);
        match alias {
            Some(alias) => {
                let alias = alias.as_str().to_owned();
                self.bind(&alias, Known::name(module));
            }
            None => {
                let top = module.split('.').next().unwrap_or(module).to_owned();
                self.bind(&top, Known::name(top.clone()));
            }
        }
    }

    fn define(&mut self, definition: &'a StmtFunctionDef) {
        for decorator in &definition.decorator_list {
            self.expression(&decorator.expression);
        }
        for parameter in definition.parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                self.expression(default);
            }
        }
        let position = self
            .bodies
            .iter()
            .position(|body| matches!(body, Body::Function(one) if std::ptr::eq(*one, definition)));
        if let Some(index) = position {
            self.bind(definition.name.as_str(), Known::new(Value::Function(index)));
        }
    }

    /// `if __name__ == "__main__":` does not run on import.
    fn branch(&mut self, statement: &'a ruff_python_ast::StmtIf) {
        self.expression(&statement.test);
        let as_program = matches!(&*statement.test, Expr::Compare(compare)
            if matches!(&*compare.left, Expr::Name(name) if name.id.as_str() == "__name__"));
        let place = self.place.clone();
        if as_program {
            self.place = Place::Deferred;
        }
        self.statements(&statement.body);
        self.place = place;
        for clause in &statement.elif_else_clauses {
            if let Some(test) = &clause.test {
                self.expression(test);
            }
            self.statements(&clause.body);
        }
    }

    /// A notebook's `!command` and `%magic`.
    fn escape(&mut self, command: &str, kind: ruff_python_ast::IpyEscapeKind, line: u32) {
        if matches!(kind, ruff_python_ast::IpyEscapeKind::Shell | ruff_python_ast::IpyEscapeKind::ShCap) {
            self.record(Call {
                callee: "os.system".to_owned(),
                marks: Marks::NONE,
                arguments: vec![Known::text(command)],
                keywords: Vec::new(),
                line,
                place: Place::Deferred,
            });
        }
    }

    pub(super) fn record(&mut self, call: Call) {
        if self.found.calls.len() < MOST_CALLS {
            self.found.calls.push(call);
        } else {
            self.found.exhausted = true;
        }
    }

    pub(super) fn assign(&mut self, target: &'a Expr, value: &Known) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), value.clone()),
            Expr::Attribute(attribute) => {
                if matches!(&*attribute.value, Expr::Name(name) if name.id.as_str() == "self") {
                    self.attributes.insert(attribute.attr.as_str().to_owned(), value.clone());
                }
            }
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, value),
            Expr::List(list) => self.unpack(&list.elts, value),
            Expr::Starred(starred) => self.assign(&starred.value, value),
            _ => {}
        }
    }

    fn unpack(&mut self, targets: &'a [Expr], value: &Known) {
        for (position, target) in targets.iter().enumerate() {
            let part = match &value.value {
                Value::Many(items) if items.len() == targets.len() => items.get(position).cloned(),
                _ => None,
            };
            let part = part.unwrap_or_else(|| self.opaque().marked(value.all_marks()));
            self.assign(target, &part);
        }
    }

    /// Something that iterating gives.
    pub(super) fn element(&mut self, iterated: &Known) -> Known {
        match &iterated.value {
            Value::Many(items) => match items.first() {
                Some(first) => first.clone().marked(iterated.marks),
                None => self.opaque(),
            },
            _ => self.opaque().marked(iterated.all_marks()),
        }
    }

    /// Follows a function of the file, with what is known of its arguments, at the place of its caller.
    pub(super) fn invoke(
        &mut self,
        index: usize,
        arguments: &[Known],
        keywords: &[(String, Known)],
        receiver: Option<Known>,
    ) -> Known {
        let Some(body) = self.bodies.get(index).copied() else { return self.opaque() };
        if self.followed.len() >= CALL_DEPTH || self.followed.contains(&index) || !self.spend() {
            return self.opaque();
        }
        if let Some(visited) = self.visited.get_mut(index) {
            *visited = true;
        }
        self.followed.push(index);
        self.scopes.push(HashMap::new());
        let result = match body {
            Body::Function(definition) => {
                self.bind_parameters(Some(&definition.parameters), arguments, keywords, receiver);
                let reduce = std::mem::replace(
                    &mut self.in_reduce,
                    matches!(definition.name.as_str(), "__reduce__" | "__reduce_ex__"),
                );
                let outer = self.returned.take();
                self.statements(&definition.body);
                let result = std::mem::replace(&mut self.returned, outer);
                self.in_reduce = reduce;
                result
            }
            Body::Lambda(lambda) => {
                self.bind_parameters(lambda.parameters.as_deref(), arguments, keywords, None);
                Some(self.expression(&lambda.body))
            }
        };
        self.scopes.pop();
        self.followed.pop();
        result.unwrap_or_else(|| self.opaque())
    }

    fn bind_parameters(
        &mut self,
        parameters: Option<&'a Parameters>,
        arguments: &[Known],
        keywords: &[(String, Known)],
        receiver: Option<Known>,
    ) {
        let Some(parameters) = parameters else { return };
        let mut positional = receiver.iter().chain(arguments);
        for parameter in parameters.iter_non_variadic_params() {
            let name = parameter.parameter.name.as_str();
            let given = match positional.next() {
                Some(given) => Some(given.clone()),
                None => keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()),
            };
            let value = match (given, &parameter.default) {
                (Some(given), _) => given,
                (None, Some(default)) => self.expression(default),
                (None, None) => self.opaque(),
            };
            self.bind(name, value);
        }
        if let Some(rest) = &parameters.vararg {
            let mut rest_values: Vec<_> = positional.cloned().collect();
            if rest_values.iter().map(Known::parts).sum::<usize>() > MOST_PARTS {
                rest_values.clear();
            }
            self.bind(rest.name.as_str(), Known::new(Value::Many(rest_values)));
        }
    }

    fn note_reducer(&mut self, value: &Known, line: u32) {
        let Value::Many(parts) = &value.value else { return };
        let Some(callee) = parts.first().and_then(Known::dotted) else { return };
        let arguments = match parts.get(1).map(|part| &part.value) {
            Some(Value::Many(items)) => items.clone(),
            _ => Vec::new(),
        };
        self.found.reducers.push((callee.to_owned(), arguments, line));
    }
}

/// The blocks of statements inside a statement that is neither function nor class.
fn blocks(statement: &Stmt) -> Vec<&[Stmt]> {
    match statement {
        Stmt::If(statement) => {
            let mut blocks: Vec<&[Stmt]> = vec![&statement.body];
            blocks.extend(statement.elif_else_clauses.iter().map(|clause| &*clause.body));
            blocks
        }
        Stmt::For(statement) => vec![&statement.body, &statement.orelse],
        Stmt::While(statement) => vec![&statement.body, &statement.orelse],
        Stmt::With(statement) => vec![&statement.body],
        Stmt::Match(statement) => statement.cases.iter().map(|case| &*case.body).collect(),
        Stmt::Try(statement) => {
            let mut blocks: Vec<&[Stmt]> = vec![&statement.body, &statement.orelse, &statement.finalbody];
            blocks.extend(
                statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| &*handler.body),
            );
            blocks
        }
        _ => Vec::new(),
    }
}
