//! What is kept of a graph, whichever form it came in, and how a constant is followed to where it is used.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bartizan_core::{Content, Coverage, Port, Tensor};

use super::knowledge;

/// Where something stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Offset(u64),
    Line(u32),
}

impl Default for Place {
    fn default() -> Self {
        Self::Offset(0)
    }
}

/// One node.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) operator: String,
    pub(super) inputs: Vec<String>,
    /// Attributes that hold strings, the first few of each.
    pub(super) texts: Vec<(String, Vec<String>)>,
    /// Functions that it calls.
    pub(super) functions: Vec<String>,
    pub(super) place: Place,
}

impl Node {
    /// The strings of an attribute.
    pub(super) fn attribute(&self, key: &str) -> &[String] {
        self.texts.iter().find(|(name, _)| name == key).map_or(&[], |(_, texts)| texts)
    }

    /// Inputs that carry data, in order.
    fn data(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.inputs.iter().map(String::as_str).filter(|input| !input.starts_with('^'))
    }

    /// The `index`th input that carries data.
    pub(super) fn input(&self, index: usize) -> Option<&str> {
        self.data().nth(index)
    }
}

/// How many strings of one attribute are kept, and how long each may be.
pub(super) const MOST_TEXTS: usize = 8;
pub(super) const LONGEST_TEXT: usize = 4096;
/// How many nodes of one file are kept to follow constants through.
const MOST_NODES: usize = 500_000;

/// A graph's own nodes, or a function's body.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// Functions of the same library share this number.
    library: usize,
    pub(super) function: Option<String>,
    arguments: Vec<String>,
    nodes: HashMap<String, Node>,
    /// The constant in which the whole graph lies, when it is not the file's own.
    pub(super) hidden_in: Option<String>,
}

/// Where and how often an operator is used.
#[derive(Clone, Debug, Default)]
pub(super) struct Usage {
    pub(super) count: u64,
    pub(super) place: Place,
}

/// Everything that reading a file gathers.
#[derive(Debug, Default)]
pub(super) struct Graphs {
    pub(super) scopes: Vec<Scope>,
    /// Nodes whose operator has an effect, with their scope.
    pub(super) suspects: Vec<(usize, Node)>,
    pub(super) operators: BTreeMap<String, Usage>,
    /// Names of all functions: a node may name one of them as its operator.
    pub(super) functions: BTreeSet<String>,
    libraries: usize,
    kept: usize,
    pub(super) tensors: Vec<Tensor>,
    pub(super) omitted: u64,
    /// Constant to file name.
    pub(super) assets: Vec<(String, String)>,
    /// Constants that a training graph will turn into assets when it is exported.
    pub(super) declared: BTreeSet<String>,
    pub(super) signatures: BTreeMap<String, String>,
    /// Inputs and outputs of the signatures.
    pub(super) ports: Vec<Port>,
    pub(super) tags: BTreeSet<String>,
    pub(super) version: String,
    /// Version of the graph format.
    pub(super) producer: u64,
    /// Keras configurations of the object graph.
    pub(super) configurations: Vec<(u64, Content)>,
    /// Constants that hold a file, with their nodes.
    pub(super) payloads: Vec<(String, Content)>,
    pub(super) coverage: Coverage,
}

/// Operators that hand strings on, or join them.
fn carries(operator: &str) -> bool {
    let names = [
        "Const",
        "ConcatV2",
        "ExpandDims",
        "Fill",
        "Identity",
        "IdentityN",
        "Pack",
        "PlaceholderWithDefault",
        "Reshape",
        "Select",
        "SelectV2",
        "ShardedFilename",
        "ShardedFilespec",
        "Squeeze",
        "StopGradient",
        "StridedSlice",
        "StringJoin",
        "StringStrip",
        "Unpack",
    ];
    names.contains(&operator)
}

impl Graphs {
    /// Opens a graph with a library of its own.
    pub(super) fn open_graph(&mut self, hidden_in: Option<String>) -> usize {
        self.libraries += 1;
        let library = self.libraries;
        self.scopes.push(Scope { library, hidden_in, ..Scope::default() });
        self.scopes.len() - 1
    }

    /// Opens a function of the same library as the graph.
    pub(super) fn open_function(&mut self, graph: usize, name: String, arguments: Vec<String>) -> usize {
        let (library, hidden_in) =
            self.scopes.get(graph).map_or((0, None), |scope| (scope.library, scope.hidden_in.clone()));
        self.functions.insert(name.clone());
        self.scopes.push(Scope { library, hidden_in, function: Some(name), arguments, ..Scope::default() });
        self.scopes.len() - 1
    }

    /// Gives a function its name, where that follows its opening.
    pub(super) fn name_function(&mut self, scope: usize, name: String) {
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.function = Some(name.clone());
            self.functions.insert(name);
        }
    }

    /// Gives a function one more argument.
    pub(super) fn name_argument(&mut self, scope: usize, name: String) {
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.arguments.push(name);
        }
    }

    /// Counts a node, and keeps it if it has an effect or if a path may come through it.
    pub(super) fn add(&mut self, scope: usize, node: Node) {
        let usage = self.operators.entry(node.operator.clone()).or_default();
        if usage.count == 0 {
            usage.place = node.place;
        }
        usage.count += 1;
        if knowledge::operator_named(&node.operator).is_some() {
            self.suspects.push((scope, node));
            return;
        }
        let constant = node.operator == "Const" && node.texts.iter().all(|(_, texts)| texts.is_empty());
        if constant || !carries(&node.operator) && node.functions.is_empty() {
            return;
        }
        if self.kept >= MOST_NODES {
            self.coverage.miss(format!("constants were followed through the first {MOST_NODES} nodes only"));
            return;
        }
        self.kept += 1;
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.nodes.insert(node.name.clone(), node);
        }
    }

    /// Was any node found?
    pub(super) fn is_empty(&self) -> bool {
        self.operators.is_empty()
    }

    /// How many nodes have an operator that TensorFlow knows.
    pub(super) fn understood(&self) -> u64 {
        let known = self.operators.iter().filter(|(name, _)| knowledge::is_standard(name));
        known.map(|(_, usage)| usage.count).sum()
    }

    /// Which nodes call a function: its library and name to scopes and nodes.
    pub(super) fn callers(&self) -> Callers<'_> {
        let mut callers = Callers::new();
        for (index, scope) in self.scopes.iter().enumerate() {
            for node in scope.nodes.values() {
                for function in &node.functions {
                    callers.entry((scope.library, function)).or_default().push((index, node));
                }
            }
        }
        callers
    }
}

pub(super) type Callers<'a> = HashMap<(usize, &'a str), Vec<(usize, &'a Node)>>;

/// Follows inputs back to constants.
#[derive(Debug)]
pub(super) struct Tracer<'a> {
    graphs: &'a Graphs,
    callers: Callers<'a>,
    steps: u32,
}

/// How far back an input is followed, and how many nodes are visited on all the ways there.
const FAR: u32 = 16;
const STEPS: u32 = 256;

impl<'a> Tracer<'a> {
    pub(super) fn new(graphs: &'a Graphs) -> Self {
        Self { graphs, callers: graphs.callers(), steps: 0 }
    }

    /// The constant strings that an input of a node in `scope` may have, with the names of the constants. Empty when
    /// it is not constant.
    pub(super) fn strings(&mut self, scope: usize, input: &str) -> Vec<Constant> {
        self.steps = 0;
        let mut found = self.follow(scope, input, FAR);
        found.dedup();
        found.truncate(MOST_TEXTS);
        found
    }

    fn follow(&mut self, scope_index: usize, input: &str, far: u32) -> Vec<Constant> {
        self.steps += 1;
        let Some(scope) = self.graphs.scopes.get(scope_index) else { return Vec::new() };
        if far == 0 || self.steps > STEPS {
            return Vec::new();
        }
        let name = input.split(':').next().unwrap_or_default();
        let Some(node) = scope.nodes.get(name) else { return self.argument(scope, name, far) };
        match node.operator.as_str() {
            "Const" => node
                .texts
                .iter()
                .flat_map(|(_, texts)| texts)
                .map(|text| Constant { node: node.name.clone(), text: text.clone() })
                .collect(),
            "StringJoin" => self.joined(scope_index, node, far),
            _ if !carries(&node.operator) => Vec::new(),
            _ => node.data().flat_map(|input| self.follow(scope_index, input, far - 1)).collect(),
        }
    }

    /// The parts of a text that is put together; a part that is not constant shows as `*`.
    fn joined(&mut self, scope: usize, node: &Node, far: u32) -> Vec<Constant> {
        let separator = node.attribute("separator").first().map_or("", String::as_str);
        let parts: Vec<Option<Constant>> = node
            .data()
            .take(MOST_TEXTS)
            .map(|input| self.follow(scope, input, far - 1).into_iter().next())
            .collect();
        let Some(Some(first)) = parts.first() else { return Vec::new() };
        let texts: Vec<&str> =
            parts.iter().map(|part| part.as_ref().map_or("*", |part| part.text.as_str())).collect();
        let mut text = texts.join(separator);
        text.truncate(text.floor_char_boundary(LONGEST_TEXT));
        vec![Constant { node: first.node.clone(), text }]
    }

    /// An argument of a function comes from whoever calls it. Calls hand on their last inputs in order, whatever else
    /// stands before them.
    fn argument(&mut self, scope: &Scope, name: &str, far: u32) -> Vec<Constant> {
        let Some(function) = scope.function.as_deref() else { return Vec::new() };
        let Some(index) = scope.arguments.iter().position(|argument| argument == name) else {
            return Vec::new();
        };
        let from_end = scope.arguments.len().saturating_sub(index.saturating_add(1));
        let callers = self.callers.get(&(scope.library, function)).cloned().unwrap_or_default();
        callers
            .into_iter()
            .take(MOST_TEXTS)
            .filter_map(|(caller, node)| Some((caller, node.data().rev().nth(from_end)?)))
            .flat_map(|(caller, input)| self.follow(caller, input, far - 1))
            .collect()
    }
}

/// A constant string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Constant {
    /// The node that holds it.
    pub(super) node: String,
    pub(super) text: String,
}
