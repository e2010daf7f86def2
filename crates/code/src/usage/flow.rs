//! What values can be: names are followed to what they were bound to, parameters to their defaults and callers,
//! attributes to classes of the file, and texts are put together where all their parts are known.
//!
//! The flow stays within one file and does not depend on conditions: each value that may hold is an answer. Depth, steps
//! and answers are bounded.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use super::{
    catalogue::{Catalogue, Source},
    program::{Binding, Call, Program, ScopeId, ScopeKind, Shape, ValueId},
};

/// How far one value is followed.
const DEPTH: usize = 32;
/// Steps for one file.
const FUEL: u64 = 3_000_000;
/// Steps for one question about one value.
const STEPS: u64 = 20_000;
/// Answers to one question.
const ANSWERS: usize = 24;
/// Longer texts name nothing.
const LONGEST: usize = 4096;

/// A text that a value may be, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) text: String,
    pub(crate) via: Source,
    /// Was it put together as a path?
    pub(crate) is_path: bool,
}

impl Known {
    pub(crate) fn new(text: String, via: Source) -> Self {
        Self { text, via, is_path: false }
    }
}

/// Where a callee comes from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// `openai.OpenAI.chat.completions.create`; calls on the way are left out, an unknown start is `?`.
    pub(crate) path: String,
    /// The call that made the object on which the rest was called.
    pub(crate) made_by: Option<ValueId>,
}

/// A value that is followed no further.
type End = (ValueId, Source);

/// Answers questions about one program.
pub(crate) struct Flow<'p> {
    pub(crate) program: &'p Program,
    catalogue: &'static Catalogue,
    fuel: Cell<u64>,
    left: Cell<u64>,
    /// Defaults of command-line options, by the attribute that holds them.
    options: HashMap<String, Vec<ValueId>>,
    /// In JavaScript, an object among the arguments holds named ones.
    objects: bool,
    /// Answers that are known already.
    origins: RefCell<HashMap<ValueId, Option<Origin>>>,
    resolved: RefCell<HashMap<ValueId, Rc<[End]>>>,
    /// What is being asked right now, by the order in which it was: a value that leads back to itself adds nothing.
    open: RefCell<HashMap<(Question, ValueId), usize>>,
    /// The earliest open question that an answer had to do without.
    lowest: Cell<usize>,
}

/// What is asked of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Question {
    Ends,
    Origin,
}

/// An open question.
struct Open {
    key: (Question, ValueId),
    place: usize,
    lowest_before: usize,
}

impl<'p> Flow<'p> {
    pub(crate) fn new(program: &'p Program, objects: bool) -> Self {
        let mut flow = Self {
            program,
            catalogue: Catalogue::get(),
            fuel: Cell::new(FUEL),
            left: Cell::new(0),
            options: HashMap::new(),
            objects,
            origins: RefCell::new(HashMap::new()),
            resolved: RefCell::new(HashMap::new()),
            open: RefCell::new(HashMap::new()),
            lowest: Cell::new(usize::MAX),
        };
        flow.options = flow.command_line();
        flow
    }

    /// Are arguments named by objects, as in JavaScript?
    pub(crate) fn objects(&self) -> bool {
        self.objects
    }

    /// Was the file too tangled to be followed to its end?
    pub(crate) fn exhausted(&self) -> bool {
        self.fuel.get() == 0
    }

    fn step(&self) -> bool {
        let (fuel, left) = (self.fuel.get(), self.left.get());
        self.fuel.set(fuel.saturating_sub(1));
        self.left.set(left.saturating_sub(1));
        fuel > 0 && left > 0
    }

    /// `parser.add_argument("--model-name", default="x")`, `@click.option("--model", default="x")`.
    fn command_line(&self) -> HashMap<String, Vec<ValueId>> {
        let mut options: HashMap<String, Vec<ValueId>> = HashMap::new();
        for id in ["add_argument", "option", "add_option", "DEFINE_string"]
            .iter()
            .filter_map(|name| self.program.callers.get(*name))
            .flatten()
        {
            let Some(call) = self.program.call(*id) else { continue };
            let text = |id: &ValueId| match self.program.shape(*id) {
                Shape::Text(text) => Some(text.as_str()),
                _ => None,
            };
            let named = |name: &str| call.named.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            let long = call.positional.iter().filter_map(text).find(|name| name.starts_with("--"));
            let first = call.positional.first().and_then(text);
            let Some(name) = named("dest").and_then(text).or(long).or(first) else { continue };
            let name = name.trim_start_matches('-').replace('-', "_");
            let is_flag = matches!(self.program.shape(call.callee), Shape::Attribute(_, n) | Shape::Name(n) if n == "DEFINE_string");
            let default = named("default").or(if is_flag { call.positional.get(1) } else { None });
            if let Some(default) = default {
                options.entry(name).or_default().push(*default);
            }
        }
        options
    }

    /// Every text that a value may be.
    pub(crate) fn texts(&self, id: ValueId) -> Vec<Known> {
        self.left.set(STEPS);
        self.texts_of(id, Source::Literal, 0)
    }

    fn texts_of(&self, id: ValueId, via: Source, depth: usize) -> Vec<Known> {
        let mut ends = Vec::new();
        self.resolve(id, via, depth, &mut ends);
        let mut known: Vec<Known> = Vec::new();
        for (end, via) in ends {
            let texts = match self.program.shape(end) {
                Shape::Text(text) => vec![Known::new(text.clone(), via)],
                Shape::Joined(parts) => self.joined(parts, "", via, depth),
                Shape::PathOf(parts) => self.joined(parts, "/", via, depth),
                Shape::Format(template, positional, named) => {
                    self.formatted(*template, positional, named, via, depth).into_iter().collect()
                }
                Shape::Call(call) => self.path_call(call, via, depth),
                _ => Vec::new(),
            };
            for text in texts {
                if known.len() < ANSWERS && !known.iter().any(|other| other.text == text.text) {
                    known.push(text);
                }
            }
        }
        known
    }

    /// `os.path.join(a, b)`, `path.join(a, b)`, `Path(a, b)`, `folder.joinpath(b)`.
    fn path_call(&self, call: &Call, via: Source, depth: usize) -> Vec<Known> {
        if depth > DEPTH {
            return Vec::new();
        }
        let (name, base) = match self.program.shape(call.callee) {
            Shape::Attribute(base, name) => (name.as_str(), Some(*base)),
            Shape::Name(name) => (name.as_str(), None),
            _ => return Vec::new(),
        };
        let joins = matches!(name, "join" | "Path" | "PurePath" | "resolve")
            && self.origin_of(call.callee, depth).is_some_and(|origin| {
                matches!(
                    origin.path.as_str(),
                    "os.path.join"
                        | "posixpath.join"
                        | "pathlib.Path"
                        | "pathlib.PurePath"
                        | "Path"
                        | "path.join"
                        | "path.default.join"
                        | "node:path.join"
                        | "node:path.default.join"
                        | "path.resolve"
                        | "path.default.resolve"
                        | "node:path.default.resolve"
                        | "node:path.resolve"
                )
            });
        match base {
            Some(base) if name == "joinpath" => {
                let parts: Vec<ValueId> =
                    std::iter::once(base).chain(call.positional.iter().copied()).collect();
                self.joined(&parts, "/", via, depth)
            }
            _ if joins => self.joined(&call.positional, "/", via, depth),
            _ => Vec::new(),
        }
    }

    /// Texts of parts put together. An unknown folder at the start of a path is left out; other unknown parts make the
    /// whole unknown.
    fn joined(&self, parts: &[ValueId], between: &str, via: Source, depth: usize) -> Vec<Known> {
        let mut made = vec![String::new()];
        let mut started = false;
        let mut dropped = false;
        for (index, part) in parts.iter().enumerate() {
            let texts = self.texts_of(*part, Source::Literal, depth.saturating_add(1));
            if texts.is_empty() {
                let is_path = !between.is_empty()
                    || parts.get(index.saturating_add(1)).is_some_and(|next| {
                        matches!(self.program.shape(*next), Shape::Text(text) if text.starts_with('/'))
                    });
                if started || !is_path {
                    return Vec::new();
                }
                dropped = true;
                continue;
            }
            let mut next = Vec::new();
            for before in &made {
                for text in &texts {
                    if next.len() < ANSWERS && before.len() + text.text.len() < LONGEST {
                        // Behind an unknown folder, the rest is relative.
                        let text = if started || index == 0 {
                            text.text.as_str()
                        } else {
                            text.text.trim_start_matches('/')
                        };
                        let gap = if before.is_empty() || before.ends_with('/') { "" } else { between };
                        next.push(format!("{before}{gap}{text}"));
                    }
                }
            }
            made = next;
            started = true;
        }
        let via = via.max(Source::Concatenation);
        // Behind an unknown start only a path is worth anything.
        let keeps = |text: &String| {
            let is_worth_it = !dropped || !between.is_empty() || super::naming::is_path(text);
            is_worth_it && !text.is_empty()
        };
        made.into_iter()
            .filter(keeps)
            .map(|text| Known { text, via, is_path: dropped || !between.is_empty() })
            .collect()
    }

    /// A template with its holes filled: `{}`, `{0}`, `{name}`, `%s`. The first text that each filling can be is taken.
    fn formatted(
        &self,
        template: ValueId,
        positional: &[ValueId],
        named: &[(String, ValueId)],
        via: Source,
        depth: usize,
    ) -> Option<Known> {
        let deeper = depth.saturating_add(1);
        let first = |id: ValueId| self.texts_of(id, Source::Literal, deeper).into_iter().next();
        let template = first(template)?.text;
        let mut out = String::new();
        let mut rest = template.as_str();
        let mut next = 0usize;
        while let Some(at) = rest.find(['{', '%']) {
            let (before, hole) = rest.split_at_checked(at)?;
            out.push_str(before);
            let (key, after) = match hole.strip_prefix('{') {
                Some(inner) => inner.split_once('}')?,
                None => ("", hole.strip_prefix("%s")?),
            };
            let filling = match key.parse::<usize>() {
                Ok(position) => positional.get(position),
                Err(_) if key.is_empty() => {
                    next = next.saturating_add(1);
                    positional.get(next.saturating_sub(1))
                }
                Err(_) => named.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            };
            out.push_str(&first(*filling?)?.text);
            if out.len() > LONGEST {
                return None;
            }
            rest = after;
        }
        out.push_str(rest);
        Some(Known::new(out, via.max(Source::Concatenation)))
    }

    /// Follows a value to what it can be.
    fn resolve(&self, id: ValueId, via: Source, depth: usize, out: &mut Vec<End>) {
        if depth > DEPTH || out.len() >= ANSWERS * 2 || !self.step() {
            return;
        }
        if matches!(
            self.program.shape(id),
            Shape::Text(_) | Shape::Imported(_) | Shape::Local(_) | Shape::Unknown | Shape::Nothing
        ) {
            out.push((id, via));
            return;
        }
        let through = |ends: &[End], out: &mut Vec<End>| {
            out.extend(ends.iter().map(|(end, found)| (*end, via.max(*found))));
        };
        if let Some(known) = self.resolved.borrow().get(&id) {
            through(known, out);
            return;
        }
        let Some(open) = self.enter(Question::Ends, id) else { return };
        let mut ends = Vec::new();
        self.resolve_shape(id, Source::Literal, depth, &mut ends);
        through(&ends, out);
        if self.leave(open) {
            self.resolved.borrow_mut().insert(id, ends.into());
        }
    }

    /// Opens a question; `None` when it is open already, and its answer has to do without itself.
    fn enter(&self, question: Question, id: ValueId) -> Option<Open> {
        let key = (question, id);
        let mut open = self.open.borrow_mut();
        if let Some(place) = open.get(&key) {
            self.lowest.set(self.lowest.get().min(*place));
            return None;
        }
        let place = open.len();
        open.insert(key, place);
        Some(Open { key, place, lowest_before: self.lowest.replace(usize::MAX) })
    }

    /// Closes a question. Is its answer whole, so that it can be kept?
    fn leave(&self, open: Open) -> bool {
        self.open.borrow_mut().remove(&open.key);
        let lowest = self.lowest.get();
        // What led back to this question itself lacks nothing.
        let is_whole = lowest >= open.place;
        self.lowest.set(if is_whole { open.lowest_before } else { open.lowest_before.min(lowest) });
        is_whole && self.left.get() > 0
    }

    fn resolve_shape(&self, id: ValueId, via: Source, depth: usize, out: &mut Vec<End>) {
        let deeper = depth.saturating_add(1);
        match self.program.shape(id) {
            Shape::Name(name) => {
                let scope = self.program.values.get(id).map_or(0, |value| value.scope);
                let bound = self.lookup(name, scope, id);
                if bound.is_empty() {
                    out.push((id, via));
                }
                for value in bound {
                    self.resolve(value, via.max(Source::Constant), deeper, out);
                }
            }
            Shape::Attribute(base, name) => {
                let before = out.len();
                self.attribute(id, *base, name, via, deeper, out);
                if out.len() == before {
                    out.push((id, via));
                }
            }
            Shape::Index(base, key) => {
                let before = out.len();
                self.index(*base, *key, via, deeper, out);
                if out.len() == before {
                    out.push((id, via));
                }
            }
            Shape::Either(values) => {
                let environment = values.iter().any(|value| self.is_environment(*value, deeper));
                let through = if environment { Source::Environment } else { Source::Condition };
                let via = if values.len() > 1 { via.max(through) } else { via };
                for value in values {
                    self.resolve(*value, via, deeper, out);
                }
            }
            Shape::AnyOf(container) => self.elements_into(*container, via, deeper, out),
            Shape::Column(container, column) => {
                let mut rows = Vec::new();
                self.elements_into(*container, via, deeper, &mut rows);
                for (row, via) in rows {
                    if let Shape::List(cells) = self.program.shape(row)
                        && let Some(cell) = cells.get(*column)
                    {
                        self.resolve(*cell, via, deeper, out);
                    }
                }
            }
            Shape::Parameter { function, position, name, default } => {
                self.parameter(*function, *position, name, *default, via, deeper, out);
            }
            Shape::Call(call) => {
                if !self.called(id, call, via, deeper, out) {
                    out.push((id, via));
                }
            }
            _ => out.push((id, via)),
        }
    }

    fn ends(&self, id: ValueId, depth: usize) -> Vec<End> {
        let mut ends = Vec::new();
        self.resolve(id, Source::Literal, depth, &mut ends);
        ends
    }

    /// What a name is bound to where it is used.
    fn lookup(&self, name: &str, scope: ScopeId, at: ValueId) -> Vec<ValueId> {
        let mut current = Some(scope);
        // The order of the source counts in the scope of the use, and around lambdas and comprehensions.
        let mut in_order = true;
        let mut first = true;
        while let Some(scope) = current.and_then(|id| self.program.scopes.get(id)) {
            let visible = first || scope.kind != ScopeKind::Class;
            if let Some(bindings) = scope.bindings.get(name).filter(|_| visible) {
                let before = bindings.partition_point(|binding| binding.value < at);
                let before = if in_order { bindings.get(..before).unwrap_or_default() } else { bindings };
                let holding = holding(if before.is_empty() { bindings } else { before });
                return holding.into_iter().filter(|value| *value != at).collect();
            }
            in_order &= scope.name.is_empty() && scope.kind == ScopeKind::Function;
            first = false;
            current = scope.parent;
        }
        Vec::new()
    }

    fn attribute(
        &self,
        id: ValueId,
        base: ValueId,
        name: &str,
        via: Source,
        depth: usize,
        out: &mut Vec<End>,
    ) {
        let scope = self.program.values.get(id).map_or(0, |value| value.scope);
        let mut from_outside = false;
        if let Shape::Name(object) = self.program.shape(base) {
            for value in self.lookup(&format!("{object}.{name}"), scope, id) {
                self.resolve(value, via.max(Source::Attribute), depth, out);
            }
            if matches!(object.as_str(), "self" | "cls" | "this")
                && let Some(class) = self.program.class_around(scope)
            {
                self.member(class, name, via, depth, out);
                return;
            }
            from_outside = matches!(
                object.as_str(),
                "args" | "opt" | "opts" | "options" | "FLAGS" | "flags" | "cfg" | "config" | "hparams"
            );
        }
        for (end, _) in self.ends(base, depth) {
            match self.program.shape(end) {
                Shape::Local(class) => self.member(*class, name, via, depth, out),
                Shape::Call(call) => {
                    if let Some(class) = self.local(call.callee, depth) {
                        if let Some((_, value)) = call.named.iter().find(|(key, _)| key == name) {
                            self.resolve(*value, via.max(Source::Attribute), depth, out);
                        } else {
                            self.member(class, name, via, depth, out);
                        }
                    } else if let Some((_, value)) = call.named.iter().find(|(key, _)| key == name)
                        && matches!(self.program.shape(call.callee), Shape::Name(n) | Shape::Attribute(_, n)
                            if matches!(n.as_str(), "SimpleNamespace" | "Namespace" | "Box" | "EasyDict"))
                    {
                        self.resolve(*value, via.max(Source::Attribute), depth, out);
                    }
                    let parsed = matches!(self.program.shape(call.callee), Shape::Attribute(_, n)
                        if matches!(n.as_str(), "parse_args" | "parse_known_args" | "parse_args_into_dataclasses"));
                    from_outside |= parsed;
                }
                Shape::Dict(_) => {
                    for (key, value) in self.entries_of(end, depth) {
                        if key.as_deref() == Some(name) {
                            self.resolve(value, via.max(Source::Dictionary), depth, out);
                        }
                    }
                }
                Shape::Text(_) if name == "value" => out.push((end, via.max(Source::Attribute))),
                Shape::Unknown | Shape::Parameter { .. } => from_outside = true,
                _ => {}
            }
        }
        if from_outside {
            for value in self.options.get(name).into_iter().flatten() {
                self.resolve(*value, via.max(Source::Option), depth, out);
            }
        }
    }

    /// A member of a class of the file, or of its base classes.
    fn member(&self, class: ScopeId, name: &str, via: Source, depth: usize, out: &mut Vec<End>) {
        let Some(scope) = self.program.scopes.get(class) else { return };
        if let Some(bindings) = scope.bindings.get(name) {
            for binding in bindings {
                self.resolve(binding.value, via.max(Source::Attribute), depth, out);
            }
        } else if depth < DEPTH {
            for base in &scope.bases {
                if let Some(base) = self.local(*base, depth).filter(|base| *base != class) {
                    self.member(base, name, via, depth.saturating_add(1), out);
                }
            }
        }
    }

    /// The function or class of the file that a value is.
    fn local(&self, id: ValueId, depth: usize) -> Option<ScopeId> {
        if depth > DEPTH {
            return None;
        }
        self.ends(id, depth.saturating_add(1)).into_iter().find_map(|(end, _)| {
            match self.program.shape(end) {
                Shape::Local(scope) => Some(*scope),
                _ => None,
            }
        })
    }

    fn index(&self, base: ValueId, key: ValueId, via: Source, depth: usize, out: &mut Vec<End>) {
        let keys = self.texts_of(key, Source::Literal, depth);
        if let (Shape::Name(object), Some(key)) = (self.program.shape(base), keys.first()) {
            let scope = self.program.values.get(base).map_or(0, |value| value.scope);
            for value in self.lookup(&format!("{object}[{}]", key.text), scope, base) {
                self.resolve(value, via.max(Source::Dictionary), depth, out);
            }
        }
        for (end, _) in self.ends(base, depth) {
            match self.program.shape(end) {
                Shape::Dict(_) | Shape::Call(_) => {
                    let entries = self.entries_of(end, depth);
                    let fits = |key: &Option<String>| {
                        keys.iter().any(|wanted| key.as_deref() == Some(wanted.text.as_str()))
                    };
                    let known = entries.iter().any(|(key, _)| fits(key));
                    for (key, value) in entries {
                        // With an unknown key it may be any of the values.
                        if fits(&key) || (keys.is_empty() && !known) {
                            self.resolve(value, via.max(Source::Dictionary), depth, out);
                        }
                    }
                }
                Shape::List(elements) if keys.is_empty() => {
                    for element in elements {
                        self.resolve(*element, via.max(Source::Constant), depth, out);
                    }
                }
                Shape::Local(class) => {
                    for key in &keys {
                        self.member(*class, &key.text, via, depth, out);
                    }
                }
                _ => {}
            }
        }
    }

    fn elements_into(&self, container: ValueId, via: Source, depth: usize, out: &mut Vec<End>) {
        for (end, _) in self.ends(container, depth) {
            match self.program.shape(end) {
                Shape::List(elements) => {
                    for element in elements {
                        self.resolve(*element, via.max(Source::Constant), depth, out);
                    }
                }
                Shape::Dict(_) => {
                    for (_, value) in self.entries_of(end, depth) {
                        self.resolve(value, via.max(Source::Dictionary), depth, out);
                    }
                }
                _ => {}
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one parameter")]
    fn parameter(
        &self,
        function: ScopeId,
        position: usize,
        name: &str,
        default: Option<ValueId>,
        via: Source,
        depth: usize,
        out: &mut Vec<End>,
    ) {
        let before = out.len();
        if let Some(default) = default {
            self.resolve(default, via.max(Source::DefaultArgument), depth, out);
        }
        let Some(scope) = self.program.scopes.get(function) else { return };
        let class = scope.parent.filter(|parent| {
            self.program.scopes.get(*parent).is_some_and(|scope| scope.kind == ScopeKind::Class)
        });
        let called_as = match class.and_then(|class| self.program.scopes.get(class)) {
            Some(class) if matches!(scope.name.as_str(), "__init__" | "constructor") => class.name.as_str(),
            _ => scope.name.as_str(),
        };
        // Methods are called without their `self`, which JavaScript does not list in the first place.
        let skipped = usize::from(class.is_some() && !self.objects);
        for id in self.program.callers.get(called_as).into_iter().flatten().take(ANSWERS) {
            let Some(call) = self.program.call(*id) else { continue };
            if !self.may_call(call, class.is_some(), depth) {
                continue;
            }
            let given =
                call.named.iter().find(|(key, _)| key == name).map(|(_, value)| *value).or_else(|| {
                    position.checked_sub(skipped).and_then(|index| call.positional.get(index)).copied()
                });
            if let Some(given) = given {
                self.resolve(given, via.max(Source::Argument), depth, out);
            }
        }
        if !scope.decorators.is_empty() {
            for value in self.options.get(name).into_iter().flatten() {
                self.resolve(*value, via.max(Source::Option), depth, out);
            }
        }
        if out.len() == before {
            // Nothing is known of it; an end of its own, so that attributes of it can be options.
            if let Some(binding) = scope.bindings.get(name).and_then(|bindings| bindings.first()) {
                out.push((binding.value, via));
            }
        }
    }

    /// May a call of the right name be one of this function, or of this method, rather than of another's?
    fn may_call(&self, call: &Call, is_method: bool, depth: usize) -> bool {
        match self.program.shape(call.callee) {
            Shape::Name(_) => true,
            Shape::Attribute(base, _) if is_method => {
                // A method of an imported thing is that thing's.
                self.origin_of(*base, depth.saturating_add(1)).is_none_or(|origin| {
                    let root = origin.path.split('.').next().unwrap_or_default();
                    root == "?" || !self.program.imports.iter().any(|import| import.starts_with(root))
                })
            }
            _ => false,
        }
    }

    /// What a call gives, when it is one of the file's own functions or gives one of its arguments.
    fn called(&self, id: ValueId, call: &Call, via: Source, depth: usize, out: &mut Vec<End>) -> bool {
        if let Shape::Attribute(base, method) = self.program.shape(call.callee) {
            match method.as_str() {
                "get" | "pop" | "setdefault" => {
                    let holds = self
                        .ends(*base, depth)
                        .iter()
                        .any(|(end, _)| !self.entries_of(*end, depth).is_empty());
                    if let Some(key) = call.positional.first().filter(|_| holds) {
                        self.index(*base, *key, via, depth, out);
                        if let Some(default) = call.positional.get(1) {
                            self.resolve(*default, via.max(Source::Dictionary), depth, out);
                        }
                        return true;
                    }
                }
                // The case of a name is kept, so what changes it gives nothing.
                "strip" | "rstrip" | "lstrip" | "as_posix" | "resolve" | "trim" | "toString" | "absolute"
                | "expanduser" | "removesuffix" | "get_secret_value" => {
                    let before = out.len();
                    self.resolve(*base, via, depth, out);
                    return out.len() > before;
                }
                "joinpath" => return false,
                "values" => {
                    let before = out.len();
                    self.elements_into(*base, via, depth, out);
                    return out.len() > before;
                }
                _ => {}
            }
        }
        if let Some(scope) = self.local_by_name(call.callee, depth) {
            let returns = self
                .program
                .scopes
                .get(scope)
                .filter(|scope| scope.kind == ScopeKind::Function)
                .map(|scope| scope.returns.as_slice())
                .unwrap_or_default();
            let before = out.len();
            for value in returns.iter().filter(|value| **value != id) {
                self.resolve(*value, via.max(Source::Function), depth, out);
            }
            return out.len() > before;
        }
        let Some(origin) = self.origin_of(call.callee, depth) else { return false };
        let Some(entry) = self.catalogue.value(&origin.path) else { return false };
        let before = out.len();
        for argument in &entry.gives {
            for value in self.argument_of(id, argument, depth) {
                if entry.elements {
                    self.elements_into(value, via.max(entry.via), depth, out);
                } else {
                    self.resolve(value, via.max(entry.via), depth, out);
                }
            }
        }
        out.len() > before || matches!(entry.via, Source::Environment)
    }

    /// A function of the file that is called by its name or as a method of `self`.
    fn local_by_name(&self, callee: ValueId, depth: usize) -> Option<ScopeId> {
        match self.program.shape(callee) {
            Shape::Name(_) | Shape::Attribute(_, _) => self.local(callee, depth),
            _ => None,
        }
    }

    fn is_environment(&self, id: ValueId, depth: usize) -> bool {
        let id = match self.program.shape(id) {
            Shape::Index(base, _) => *base,
            Shape::Call(call) => call.callee,
            _ => id,
        };
        self.origin_of(id, depth).is_some_and(|origin| {
            ["os.environ", "os.getenv", "process.env", "Deno.env", "Bun.env", "import.meta.env"]
                .iter()
                .any(|start| origin.path.starts_with(start))
        })
    }

    /// The entries of a dictionary or object, spreads included.
    pub(crate) fn entries(&self, id: ValueId) -> Vec<(Option<String>, ValueId)> {
        self.left.set(STEPS);
        self.ends(id, 0).into_iter().flat_map(|(end, _)| self.entries_of(end, 0)).take(256).collect()
    }

    fn entries_of(&self, end: ValueId, depth: usize) -> Vec<(Option<String>, ValueId)> {
        if depth > DEPTH || !self.step() {
            return Vec::new();
        }
        let deeper = depth.saturating_add(1);
        match self.program.shape(end) {
            Shape::Dict(entries) => {
                let mut found = Vec::new();
                for (key, value) in entries.iter().take(512) {
                    match key {
                        Some(key) => {
                            let text = match self.program.shape(*key) {
                                Shape::Text(text) => Some(text.clone()),
                                _ => self
                                    .texts_of(*key, Source::Literal, deeper)
                                    .into_iter()
                                    .next()
                                    .map(|k| k.text),
                            };
                            found.push((text, *value));
                        }
                        None => {
                            for (inner, _) in self.ends(*value, deeper) {
                                found.extend(self.entries_of(inner, deeper));
                            }
                        }
                    }
                }
                found
            }
            Shape::Call(call) => {
                let is_dict = matches!(self.program.shape(call.callee), Shape::Name(name) if name == "dict");
                if is_dict {
                    call.named.iter().map(|(key, value)| (Some(key.clone()), *value)).collect()
                } else {
                    Vec::new()
                }
            }
            _ => Vec::new(),
        }
    }

    /// The values that an argument can be, by its name, its position (`0`) or a way into it (`json.model`,
    /// `config.[].model`).
    pub(crate) fn argument(&self, call: ValueId, argument: &str) -> Vec<ValueId> {
        self.left.set(STEPS);
        self.argument_of(call, argument, 0)
    }

    fn argument_of(&self, id: ValueId, argument: &str, depth: usize) -> Vec<ValueId> {
        let Some(call) = self.program.call(id) else { return Vec::new() };
        let mut way = argument.split('.');
        let first = way.next().unwrap_or_default();
        let mut values: Vec<ValueId> = match first.parse::<usize>() {
            Ok(position) => call.positional.get(position).copied().into_iter().collect(),
            Err(_) => self.named(call, first, depth),
        };
        for step in way {
            let mut next = Vec::new();
            for value in values {
                for (end, _) in self.ends(value, depth) {
                    match (step, self.program.shape(end)) {
                        ("[]", Shape::List(elements)) => next.extend(elements.iter().take(ANSWERS)),
                        _ => next.extend(
                            self.entries_of(end, depth)
                                .into_iter()
                                .filter(|(key, _)| key.as_deref() == Some(step))
                                .map(|(_, value)| value),
                        ),
                    }
                }
            }
            values = next;
        }
        values
    }

    fn named(&self, call: &Call, name: &str, depth: usize) -> Vec<ValueId> {
        if let Some((_, value)) = call.named.iter().find(|(key, _)| key == name) {
            return vec![*value];
        }
        let objects = if self.objects { call.positional.as_slice() } else { &[] };
        let mut found = Vec::new();
        for holder in call.spread.iter().chain(objects) {
            for (end, _) in self.ends(*holder, depth) {
                let entries = self.entries_of(end, depth).into_iter();
                found.extend(entries.filter(|(key, _)| key.as_deref() == Some(name)).map(|(_, value)| value));
            }
        }
        found
    }

    /// Every text in a value, inside lists and dictionaries too: `{"train": ["a.csv", "b.csv"]}`.
    pub(crate) fn leaves(&self, id: ValueId) -> Vec<Known> {
        self.left.set(STEPS);
        let mut found = Vec::new();
        let mut open = vec![(id, 0usize)];
        while let Some((id, depth)) = open.pop() {
            if depth > 6 || found.len() >= ANSWERS * 4 {
                continue;
            }
            found.extend(self.texts_of(id, Source::Literal, 0));
            for (end, _) in self.ends(id, 0) {
                match self.program.shape(end) {
                    Shape::List(elements) => {
                        open.extend(elements.iter().take(64).rev().map(|element| (*element, depth + 1)));
                    }
                    Shape::Dict(_) => open.extend(
                        self.entries_of(end, 0).into_iter().rev().map(|(_, value)| (value, depth + 1)),
                    ),
                    _ => {}
                }
            }
        }
        found
    }

    /// The texts of a list's elements.
    pub(crate) fn leaves_of_list(&self, id: ValueId) -> Vec<Known> {
        self.left.set(STEPS);
        let mut found = Vec::new();
        for (end, _) in self.ends(id, 0) {
            if let Shape::List(elements) = self.program.shape(end) {
                for element in elements.iter().take(64) {
                    found.extend(self.texts_of(*element, Source::Literal, 0));
                }
            }
        }
        found
    }

    /// Is the value given, and not `None` or `False`?
    pub(crate) fn is_something(&self, id: ValueId) -> bool {
        self.left.set(STEPS);
        self.ends(id, 0).iter().any(|(end, _)| !matches!(self.program.shape(*end), Shape::Nothing))
    }

    /// Where a callee comes from.
    pub(crate) fn origin(&self, id: ValueId) -> Option<Origin> {
        self.left.set(STEPS);
        self.origin_of(id, 0)
    }

    fn origin_of(&self, id: ValueId, depth: usize) -> Option<Origin> {
        if let Some(known) = self.origins.borrow().get(&id) {
            return known.clone();
        }
        let open = self.enter(Question::Origin, id)?;
        let found = self.find_origin(id, depth);
        if self.leave(open) {
            self.origins.borrow_mut().insert(id, found.clone());
        }
        found
    }

    fn find_origin(&self, id: ValueId, depth: usize) -> Option<Origin> {
        if depth > DEPTH || !self.step() {
            return None;
        }
        let deeper = depth.saturating_add(1);
        let elsewhere = |id: ValueId| {
            let ends = self.ends(id, deeper);
            ends.into_iter().filter(|(end, _)| *end != id).find_map(|(end, _)| self.origin_of(end, deeper))
        };
        let unknown = || Origin { path: "?".to_owned(), made_by: None };
        match self.program.shape(id) {
            Shape::Imported(path) => Some(Origin { path: path.clone(), made_by: None }),
            Shape::Name(name) => {
                let scope = self.program.values.get(id).map_or(0, |value| value.scope);
                if self.lookup(name, scope, id).is_empty() {
                    return Some(Origin { path: name.clone(), made_by: None });
                }
                elsewhere(id).or_else(|| Some(unknown()))
            }
            Shape::Attribute(base, name) => {
                if let Some(origin) = elsewhere(id) {
                    return Some(origin);
                }
                let base = self.origin_of(*base, deeper).unwrap_or_else(unknown);
                Some(Origin { path: format!("{}.{name}", base.path), made_by: base.made_by })
            }
            Shape::Call(call) => {
                if let Some(origin) = elsewhere(id) {
                    return Some(origin);
                }
                let origin = self.origin_of(call.callee, deeper)?;
                Some(Origin { made_by: origin.made_by.or(Some(id)), ..origin })
            }
            Shape::Index(base, _) => elsewhere(id).or_else(|| self.origin_of(*base, deeper)),
            Shape::Either(_) | Shape::AnyOf(_) | Shape::Parameter { .. } => elsewhere(id),
            Shape::Local(scope) => {
                let scope = self.program.scopes.get(*scope)?;
                scope.bases.iter().find_map(|base| self.origin_of(*base, deeper))
            }
            _ => None,
        }
    }
}

/// Of the values that a name had, those that may still hold at the end: the last one, and earlier ones as long as what
/// came after was conditional.
fn holding(bindings: &[Binding]) -> Vec<ValueId> {
    let mut values = Vec::new();
    for binding in bindings.iter().rev().take(ANSWERS) {
        values.push(binding.value);
        if !binding.conditional {
            break;
        }
    }
    values.reverse();
    values
}
