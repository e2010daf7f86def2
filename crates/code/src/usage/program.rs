//! A source file reduced to what data flow needs: values, names and calls, the same for Python and JavaScript.
//!
//! Values are numbered in the order of the source, so a number is also a moment: what is bound before a use has a
//! smaller number than the use.

use std::collections::HashMap;

/// A value of the file, by its place in the order of the source.
pub(crate) type ValueId = usize;
/// A module, class or function of the file.
pub(crate) type ScopeId = usize;

/// How many values of one file are followed; the rest of a longer file is left out and said to be.
const MOST_VALUES: usize = 400_000;

/// What a value is made of.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A text that stands in the source.
    Text(String),
    /// Texts put together; the parts may be unknown.
    Joined(Vec<ValueId>),
    /// Parts of a path, put together with `/`.
    PathOf(Vec<ValueId>),
    /// A template and what fills its holes, by position and by name.
    Format(ValueId, Vec<ValueId>, Vec<(String, ValueId)>),
    /// A name, to be looked up.
    Name(String),
    /// Something imported: `transformers.AutoModel`.
    Imported(String),
    /// `value.name`.
    Attribute(ValueId, String),
    /// `value[key]`.
    Index(ValueId, ValueId),
    /// A call or an instantiation.
    Call(Call),
    /// A list, tuple or set.
    List(Vec<ValueId>),
    /// A dictionary or object; an entry without key spreads another one.
    Dict(Vec<(Option<ValueId>, ValueId)>),
    /// One of several, such as the arms of a condition.
    Either(Vec<ValueId>),
    /// Any one element of a list or value of a dictionary.
    AnyOf(ValueId),
    /// The part at one position of any element: `m` of `for n, m in pairs`.
    Column(ValueId, usize),
    /// What callers give for the parameter of a function, or its default.
    Parameter {
        /// The function.
        function: ScopeId,
        /// Its place among the parameters, `self` included.
        position: usize,
        /// Its name.
        name: String,
        /// Its default.
        default: Option<ValueId>,
        /// What its annotation names.
        class: Option<ValueId>,
    },
    /// A function or class of the file.
    Local(ScopeId),
    /// A whole number that is not negative.
    Number(usize),
    /// `None`, `null`, `False`.
    Nothing,
    /// Anything else: numbers, comparisons, what is not understood.
    Unknown,
}

/// A call with its arguments.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) callee: ValueId,
    pub(crate) positional: Vec<ValueId>,
    pub(crate) named: Vec<(String, ValueId)>,
    /// Dictionaries whose entries are arguments.
    pub(crate) spread: Vec<ValueId>,
}

/// One value.
#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) shape: Shape,
    pub(crate) line: u32,
    pub(crate) scope: ScopeId,
}

/// What kind of scope it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    Module,
    Class,
    Function,
}

/// One value that a name has had.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding {
    pub(crate) value: ValueId,
    /// Bound inside a condition, loop or handler: an earlier value may still hold.
    pub(crate) conditional: bool,
}

/// A module, class or function.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) parent: Option<ScopeId>,
    pub(crate) kind: ScopeKind,
    pub(crate) name: String,
    pub(crate) bindings: HashMap<String, Vec<Binding>>,
    /// What a function returns.
    pub(crate) returns: Vec<ValueId>,
    /// Base classes.
    pub(crate) bases: Vec<ValueId>,
    /// Decorators of the function or class.
    pub(crate) decorators: Vec<ValueId>,
    pub(crate) line: u32,
}

/// The whole file.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) values: Vec<Value>,
    pub(crate) scopes: Vec<Scope>,
    /// Every call, in the order of the source.
    pub(crate) calls: Vec<ValueId>,
    /// Every packet of imports: `transformers`, `langchain_openai.chat_models`.
    pub(crate) imports: Vec<String>,
    /// Lines that a shell runs, such as `!pip install x` in a notebook.
    pub(crate) commands: Vec<(String, u32)>,
    /// The file is longer than what is followed.
    pub(crate) cut: bool,
    /// Calls by the last name of their callee.
    pub(crate) callers: HashMap<String, Vec<ValueId>>,
}

impl Program {
    /// An empty module.
    pub(crate) fn new() -> Self {
        let module = Scope {
            parent: None,
            kind: ScopeKind::Module,
            name: String::new(),
            bindings: HashMap::new(),
            returns: Vec::new(),
            bases: Vec::new(),
            decorators: Vec::new(),
            line: 1,
        };
        Self {
            values: Vec::new(),
            scopes: vec![module],
            calls: Vec::new(),
            imports: Vec::new(),
            commands: Vec::new(),
            cut: false,
            callers: HashMap::new(),
        }
    }

    /// Adds a value. Past the most that are followed, every value is the last one.
    pub(crate) fn value(&mut self, shape: Shape, line: u32, scope: ScopeId) -> ValueId {
        if self.values.len() >= MOST_VALUES {
            self.cut = true;
            return self.values.len().saturating_sub(1);
        }
        let id = self.values.len();
        if let Shape::Call(call) = &shape {
            self.calls.push(id);
            let name = match self.values.get(call.callee).map(|callee| &callee.shape) {
                Some(Shape::Name(name) | Shape::Attribute(_, name)) => Some(name.clone()),
                _ => None,
            };
            if let Some(name) = name {
                self.callers.entry(name).or_default().push(id);
            }
        }
        self.values.push(Value { shape, line, scope });
        id
    }

    /// Opens a scope inside another one.
    pub(crate) fn scope(&mut self, parent: ScopeId, kind: ScopeKind, name: &str, line: u32) -> ScopeId {
        self.scopes.push(Scope {
            parent: Some(parent),
            kind,
            name: name.to_owned(),
            bindings: HashMap::new(),
            returns: Vec::new(),
            bases: Vec::new(),
            decorators: Vec::new(),
            line,
        });
        self.scopes.len().saturating_sub(1)
    }

    /// Binds a name in a scope.
    pub(crate) fn bind(&mut self, scope: ScopeId, name: &str, value: ValueId, conditional: bool) {
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.bindings.entry(name.to_owned()).or_default().push(Binding { value, conditional });
        }
    }

    /// The nearest class around a scope.
    pub(crate) fn class_around(&self, scope: ScopeId) -> Option<ScopeId> {
        let mut current = Some(scope);
        while let Some(id) = current {
            let scope = self.scopes.get(id)?;
            if scope.kind == ScopeKind::Class {
                return Some(id);
            }
            current = scope.parent;
        }
        None
    }

    pub(crate) fn shape(&self, id: ValueId) -> &Shape {
        self.values.get(id).map_or(&Shape::Unknown, |value| &value.shape)
    }

    pub(crate) fn line(&self, id: ValueId) -> u32 {
        self.values.get(id).map_or(1, |value| value.line)
    }

    pub(crate) fn call(&self, id: ValueId) -> Option<&Call> {
        match self.shape(id) {
            Shape::Call(call) => Some(call),
            _ => None,
        }
    }
}
