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
    program::{Binding, Program, ScopeId, ScopeKind, Shape, ValueId},
};

mod arguments;
mod calls;
mod members;
mod options;
mod origin;
mod texts;

/// How far one value is followed.
const DEPTH: usize = 32;
/// Steps for one file.
const FUEL: u64 = 3_000_000;
/// Steps for one question about one value.
const STEPS: u64 = 20_000;
/// Answers to one question.
const ANSWERS: usize = 24;
/// Entries of one dictionary, with those of the dictionaries in it.
const ENTRIES: usize = 512;
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

    /// Follows a value to what it can be.
    fn resolve(&self, id: ValueId, via: Source, depth: usize, out: &mut Vec<End>) {
        if depth > DEPTH || out.len() >= ANSWERS * 2 || !self.step() {
            return;
        }
        if matches!(
            self.program.shape(id),
            Shape::Text(_)
                | Shape::Imported(_)
                | Shape::Local(_)
                | Shape::Number(_)
                | Shape::Unknown
                | Shape::Nothing
        ) {
            add(out, (id, via));
            return;
        }
        let through = |ends: &[End], out: &mut Vec<End>| {
            for (end, found) in ends {
                add(out, (*end, via.max(*found)));
            }
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
                    add(out, (id, via));
                }
                for value in bound {
                    self.resolve(value, via.max(Source::Constant), deeper, out);
                }
            }
            Shape::Attribute(base, name) => {
                let before = out.len();
                self.attribute(id, *base, name, via, deeper, out);
                if out.len() == before {
                    add(out, (id, via));
                }
            }
            Shape::Index(base, key) => {
                let before = out.len();
                self.index(*base, *key, via, deeper, out);
                if out.len() == before {
                    add(out, (id, via));
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
            Shape::Parameter { function, position, name, default, .. } => {
                self.parameter(*function, *position, name, *default, via, deeper, out);
            }
            Shape::Call(call) => {
                if !self.called(id, call, via, deeper, out) {
                    add(out, (id, via));
                }
            }
            _ => add(out, (id, via)),
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
}

/// Adds an answer, each once and no more than there is room for.
fn add(out: &mut Vec<End>, end: End) {
    if out.len() < ANSWERS * 2 && !out.iter().any(|(known, _)| *known == end.0) {
        out.push(end);
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
