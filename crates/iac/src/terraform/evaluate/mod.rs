//! Evaluation on demand: nothing is computed that nobody asks for, and everything is computed once per module instance.

mod block;
mod call;
mod expression;
mod iteration;
mod operator;
mod reference;
mod resource;
mod scope;
mod shelf;
mod template;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use bartizan_core::Tree;

use super::{module::Module, project::Project};
use crate::{
    resource::Resource,
    source::{FileId, Place},
    syntax::{Block, Expression, ExpressionKind, Part, Span},
    value::{Data, Link, Provenance, Unresolved, Value},
};
pub(super) use scope::Scope;
pub(super) use shelf::Shelf;
pub(super) use template::Text;

/// How deeply evaluation may go through references, calls and nesting.
const DEEPEST: u32 = 220;
/// Steps of evaluation for one root.
const MOST_STEPS: u64 = 5_000_000;
/// Instances of resources and modules of one root.
const MOST_INSTANCES: usize = 100_000;
/// Module calls inside each other.
const DEEPEST_MODULE: u32 = 32;

/// Names that stand for values besides the module's own: of `for`, `each`, `count`, dynamic blocks.
#[derive(Debug)]
pub(super) struct Binding {
    name: Arc<str>,
    value: Value,
    outer: Option<Rc<Binding>>,
}

/// Where an expression is evaluated.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    pub(super) scope: usize,
    pub(super) file: FileId,
    pub(super) bindings: Option<Rc<Binding>>,
}

impl Environment {
    fn bind(&self, name: &str, value: Value) -> Self {
        let binding = Binding { name: name.into(), value, outer: self.bindings.clone() };
        Self { bindings: Some(Rc::new(binding)), ..self.clone() }
    }

    fn bound(&self, name: &str) -> Option<&Value> {
        let mut binding = self.bindings.as_deref();
        while let Some(found) = binding {
            if &*found.name == name {
                return Some(&found.value);
            }
            binding = found.outer.as_deref();
        }
        None
    }

    fn place(&self, span: Span) -> Place {
        span.of(self.file)
    }
}

/// Evaluates one root module and everything that it calls.
pub(super) struct Evaluator<'p> {
    project: &'p Project,
    tree: &'p dyn Tree,
    interrupted: &'p dyn Fn() -> bool,
    scopes: Vec<Scope<'p>>,
    depth: u32,
    steps: u64,
    instances: usize,
    stopped: bool,
    /// Was an output asked for that is being computed?
    met_busy: bool,
    shelf: &'p Shelf<Vec<Part>>,
    templates: BTreeMap<String, Option<&'p [Part]>>,
    /// Folders whose declarations were listed.
    declared: BTreeSet<Arc<str>>,
    /// Limits that were reached, in words, with where.
    pub(super) gaps: Vec<(Option<Place>, String)>,
    /// Folders of modules that were evaluated.
    pub(super) visited: Vec<String>,
    /// Modules from elsewhere, each said once.
    pub(super) remote: Vec<(Place, String)>,
    /// What was made.
    pub(super) resources: Vec<Resource>,
}

impl<'p> Evaluator<'p> {
    pub(super) fn new(
        project: &'p Project,
        tree: &'p dyn Tree,
        interrupted: &'p dyn Fn() -> bool,
        shelf: &'p Shelf<Vec<Part>>,
    ) -> Self {
        Self {
            project,
            tree,
            interrupted,
            shelf,
            scopes: Vec::new(),
            depth: 0,
            steps: 0,
            instances: 0,
            stopped: false,
            met_busy: false,
            templates: BTreeMap::new(),
            declared: BTreeSet::new(),
            gaps: Vec::new(),
            visited: Vec::new(),
            remote: Vec::new(),
            resources: Vec::new(),
        }
    }

    /// Evaluates an expression. Never fails: what cannot be evaluated is unknown.
    pub(super) fn evaluate(&mut self, expression: &'p Expression, env: &Environment) -> Value {
        let place = env.place(expression.span);
        if !self.may_go_on(place) {
            return Value::unknown("…", "a limit of evaluation was reached");
        }
        self.depth += 1;
        let value = self.expression(expression, env);
        self.depth -= 1;
        self.steps = self.steps.saturating_add(cost(expression, &value));
        if value.is_too_large() {
            self.gap(Some(place), "a value has too many elements".to_owned());
            return Value::unknown("…", "the value has too many elements").or_at(place);
        }
        // The place is that of the expression in the attribute, not of the literal far away that a reference leads to.
        Value { at: Some(place), ..value }
    }

    fn may_go_on(&mut self, place: Place) -> bool {
        self.steps += 1;
        if self.stopped {
            return false;
        }
        if self.depth > DEEPEST {
            self.gap(
                Some(place),
                format!("expressions and references are nested more than {DEEPEST} levels deep"),
            );
            return false;
        }
        if self.steps > MOST_STEPS || (self.steps.is_multiple_of(4096) && (self.interrupted)()) {
            self.stopped = true;
            self.gap(Some(place), format!("evaluation takes more than {MOST_STEPS} steps, or too long"));
        }
        !self.stopped
    }

    /// Notes that a limit was reached, each once.
    fn gap(&mut self, place: Option<Place>, message: String) {
        if self.gaps.len() < 32 && !self.gaps.iter().any(|(_, known)| *known == message) {
            self.gaps.push((place, message));
        }
    }

    /// Counts an instance; `false` when there are too many.
    fn count_instance(&mut self, place: Place) -> bool {
        self.instances += 1;
        if self.instances > MOST_INSTANCES {
            self.gap(Some(place), format!("more than {MOST_INSTANCES} instances"));
            return false;
        }
        true
    }

    pub(super) fn scope(&self, index: usize) -> Option<&Scope<'p>> {
        self.scopes.get(index)
    }
}

/// Steps for what an expression made anew, so that memory is bounded as time is.
fn cost(expression: &Expression, value: &Value) -> u64 {
    let made = match &expression.kind {
        ExpressionKind::Call(call)
            if matches!(&*call.name, "setproduct" | "chunklist" | "transpose" | "jsondecode") =>
        {
            value.weight()
        }
        ExpressionKind::Call(_) | ExpressionKind::Template(_) | ExpressionKind::For(_) => match &value.data {
            Data::List(elements) => elements.len(),
            Data::Object(entries) => entries.len(),
            Data::Text(text) => text.len() / 64,
            _ => 0,
        },
        _ => 0,
    };
    made as u64
}

/// The value that a reference yields: the same, with where it came from.
fn through(value: Value, reference: &str, how: &'static str, at: Option<Place>) -> Value {
    let next = value.from.clone();
    let step = Provenance { reference: reference.into(), how, at, target: None, next };
    Value { from: Some(Arc::new(step)), ..value }
}

/// Unknown for the same reason as another value.
fn as_unknown(of: &Value) -> Value {
    let unresolved = of.unresolved().unwrap_or_else(|| {
        let reference = "…".into();
        Arc::new(Unresolved { reference, why: "not known", target: None, failed: false })
    });
    Value { data: Data::Unknown(unresolved), ..of.clone() }
}

impl<'p> Evaluator<'p> {
    /// The value of an expression that refers to nothing, as in a file of variables.
    pub(super) fn constant(&mut self, expression: &'p Expression, file: FileId) -> Value {
        self.evaluate(expression, &Environment { scope: usize::MAX, file, bindings: None })
    }

    /// Evaluates a root module and everything that it calls.
    pub(super) fn root(&mut self, folder: &str, given: Rc<BTreeMap<Arc<str>, Value>>) {
        let project = self.project;
        let Some(module) = project.modules.get(folder) else { return };
        self.visited.push(folder.to_owned());
        self.scopes.push(Scope::new(module, given));
        // Calls add scopes while they are gone through.
        let mut index = 0;
        while index < self.scopes.len() && !self.stopped {
            self.complete(index);
            index += 1;
        }
    }

    /// Evaluates what nobody asked for yet.
    fn complete(&mut self, index: usize) {
        let Some(module) = self.scope(index).map(|scope| scope.module) else { return };
        for (mode, id) in module.resources() {
            if self.stopped {
                return;
            }
            self.instances_of(index, mode, id);
        }
        for (file, block) in module.all("module") {
            if self.stopped {
                return;
            }
            if self.scopes.len() > MOST_INSTANCES {
                let place = block.header.of(file);
                self.gap(Some(place), format!("more than {MOST_INSTANCES} instances"));
                return;
            }
            self.called(index, &block.label(0).into(), file);
        }
        self.declarations(index, module);
    }

    /// Blocks that make nothing, and that rules may be about all the same: `provider.aws`, `module`, `variable`, `output`,
    /// `terraform`.
    fn declarations(&mut self, index: usize, module: &'p Module) {
        // Calls of the same module share its declarations: they are judged where the module is first.
        let first = self.declared.insert(Arc::clone(&module.folder));
        for (file, document) in module.files() {
            for block in &document.body.blocks {
                let label = block.label(0);
                let kind: Arc<str> = match &*block.kind {
                    "module" if !label.is_empty() => "module".into(),
                    "provider" if first && !label.is_empty() => format!("provider.{label}").into(),
                    "variable" | "output" if first && !label.is_empty() => Arc::clone(&block.kind),
                    "terraform" if first => "terraform".into(),
                    _ => continue,
                };
                self.declaration(index, *file, block, kind);
            }
        }
    }

    fn declaration(&mut self, index: usize, file: FileId, block: &'p Block, kind: Arc<str>) {
        let env = Environment { scope: index, file, bindings: None };
        let place = env.place(block.span);
        if !self.count_instance(place) {
            return;
        }
        let prefix = self.scope(index).map_or_else(String::new, |scope| scope.address.clone());
        let address = match (&*block.kind, block.label(0)) {
            (kind, "") => format!("{prefix}{kind}"),
            ("variable", label) => format!("{prefix}var.{label}"),
            (kind, label) => format!("{prefix}{kind}.{label}"),
        };
        let mut content = self.body(&block.body, &env, &*block.kind == "module");
        if &*block.kind == "variable" {
            // A type is no value.
            content.remove("type");
        }
        let body = Value::object(content).or_at(place);
        let link = Link {
            scope: index as u32,
            kind: Arc::clone(&kind),
            name: block.label(0).into(),
            key: None,
            at: Some(place),
            data_source: false,
            body: None,
        };
        self.resources.push(Resource {
            link: Arc::new(link),
            kind,
            address: address.into(),
            at: place,
            header: env.place(block.header),
            body,
            certain: true,
            suppressions: Vec::new(),
        });
    }
}
