//! Walks a model: graphs, subgraphs, functions, training information, tensors.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_core::{Context, Coverage, Direction, Port, Span, Tensor, redacted};

use super::ports::port;
use super::schema::{attribute, data_type, function, graph, model, node, tensor};
use crate::protobuf::{Field, Message};

/// Where and how often an operator is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) count: u64,
    pub(super) offset: u64,
    /// Name of the first node.
    pub(super) node: String,
}

/// A tensor that says its data lies elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct External {
    pub(super) tensor: String,
    pub(super) location: String,
    pub(super) start: Option<String>,
    pub(super) length: Option<String>,
    pub(super) at: u64,
}

/// Everything that a walk gathers.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) ir_version: u64,
    pub(super) producer: String,
    pub(super) producer_version: String,
    pub(super) domain: String,
    pub(super) version: u64,
    pub(super) graph: String,
    pub(super) opsets: BTreeMap<String, u64>,
    pub(super) metadata: Vec<(String, String)>,
    /// Domain and operator.
    pub(super) operators: BTreeMap<(String, String), Usage>,
    /// Operators that the model defines itself, out of others.
    pub(super) functions: BTreeSet<(String, String)>,
    pub(super) externals: Vec<External>,
    pub(super) tensors: Vec<Tensor>,
    /// Inputs and outputs of the main graph, in file order. Before IR version 4 the inputs name the initialisers too.
    pub(super) ports: Vec<Port>,
    /// Tensors whose size overflows.
    pub(super) overflowing: Vec<(String, u64)>,
    pub(super) coverage: Coverage,
}

/// The most inputs, and outputs, that are kept.
const MOST_PORTS: usize = 10_000;
/// How many nodes a walk visits between two looks at the clock.
const PACE: u64 = 4096;

pub(super) struct Walk<'c> {
    pub(super) found: Model,
    context: &'c Context<'c>,
    visited: u64,
    stopped: bool,
}

impl<'c> Walk<'c> {
    pub(super) fn new(context: &'c Context<'c>) -> Self {
        Self { found: Model::default(), context, visited: 0, stopped: false }
    }

    pub(super) fn model(&mut self, message: Message<'_>) {
        for field in self.fields(message) {
            match field.number {
                model::IR_VERSION => self.found.ir_version = field.number_value(),
                model::PRODUCER_NAME => self.found.producer = field.text(),
                model::PRODUCER_VERSION => self.found.producer_version = field.text(),
                model::DOMAIN => self.found.domain = field.text(),
                model::MODEL_VERSION => self.found.version = field.number_value(),
                model::GRAPH => {
                    self.found.graph = field.message().text(graph::NAME);
                    self.ports(field.message());
                    self.graph(field.message(), 0);
                }
                model::OPSET_IMPORT => {
                    let version = field.message().get(2).map_or(0, |version| version.number_value());
                    self.found.opsets.insert(field.message().text(1), version);
                }
                model::METADATA => self.metadata(field.message()),
                model::TRAINING => {
                    for field in self.fields(field.message()) {
                        if matches!(field.number, 1 | 2) {
                            self.graph(field.message(), 0);
                        }
                    }
                }
                model::FUNCTIONS => self.function(field.message()),
                _ => {}
            }
        }
    }

    fn ports(&mut self, message: Message<'_>) {
        for (number, direction) in [(graph::INPUT, Direction::Input), (graph::OUTPUT, Direction::Output)] {
            self.found.ports.extend(message.all(number).take(MOST_PORTS).map(|field| port(direction, field)));
        }
    }

    /// The fields of a message; damage goes to the coverage.
    fn fields<'a>(&mut self, message: Message<'a>) -> Vec<Field<'a>> {
        let mut fields = Vec::new();
        for field in message.fields() {
            match field {
                Ok(field) => {
                    if field.cut() > 0 {
                        let missing = field.cut();
                        self.found.coverage.miss_at(field.offset, format!("{missing} bytes are missing"));
                    }
                    fields.push(field);
                }
                Err(error) => self.found.coverage.miss(format!("damaged: {error}")),
            }
        }
        fields
    }

    fn function(&mut self, message: Message<'_>) {
        self.found.functions.insert((message.text(function::DOMAIN), message.text(function::NAME)));
        for field in self.fields(message) {
            if field.number == function::NODE {
                self.node(field, 0);
            }
        }
    }

    fn graph(&mut self, message: Message<'_>, depth: usize) {
        if depth >= self.context.limits.depth {
            self.found.coverage.miss(format!("more than {depth} graphs lie inside each other"));
            return;
        }
        for field in self.fields(message) {
            if self.stopped {
                return;
            }
            match field.number {
                graph::NODE => self.node(field, depth),
                graph::INITIALIZER => self.tensor(field),
                graph::SPARSE_INITIALIZER => self.sparse(field),
                graph::METADATA if depth == 0 => self.metadata(field.message()),
                _ => {}
            }
        }
    }

    fn node(&mut self, field: Field<'_>, depth: usize) {
        self.visited += 1;
        if self.visited.is_multiple_of(PACE) && self.context.interrupted() && !self.stopped {
            self.found.coverage.miss_at(field.offset, "the time ran out inside the graph");
            self.stopped = true;
        }
        let (mut operator, mut domain, mut name) = (String::new(), String::new(), String::new());
        for part in self.fields(field.message()) {
            match part.number {
                node::OP_TYPE => operator = part.text(),
                node::DOMAIN => domain = part.text(),
                node::NAME => name = part.text(),
                node::ATTRIBUTE => self.attribute(part, depth),
                _ => {}
            }
        }
        let usage = self.found.operators.entry((domain, operator)).or_default();
        if usage.count == 0 {
            (usage.offset, usage.node) = (field.offset, name);
        }
        usage.count += 1;
    }

    fn attribute(&mut self, field: Field<'_>, depth: usize) {
        for part in self.fields(field.message()) {
            match part.number {
                attribute::TENSOR | attribute::TENSORS => self.tensor(part),
                attribute::GRAPH | attribute::GRAPHS => self.graph(part.message(), depth + 1),
                attribute::SPARSE | attribute::SPARSES => self.sparse(part),
                _ => {}
            }
        }
    }

    /// Values and indices of a sparse tensor are tensors.
    fn sparse(&mut self, field: Field<'_>) {
        for part in self.fields(field.message()) {
            if matches!(part.number, 1 | 2) {
                self.tensor(part);
            }
        }
    }

    fn metadata(&mut self, message: Message<'_>) {
        if self.found.metadata.len() < 10_000 {
            self.found.metadata.push((message.text(1), message.text(2)));
        }
    }

    fn tensor(&mut self, field: Field<'_>) {
        let mut shape = Vec::new();
        let mut kind = 0;
        let mut span = None;
        let mut external = External { at: field.offset, ..External::default() };
        let mut elsewhere = false;
        for part in self.fields(field.message()) {
            match part.number {
                tensor::DIMS => shape.extend(part.numbers()),
                tensor::DATA_TYPE => kind = part.number_value(),
                tensor::NAME => external.tensor = part.text(),
                // Packed floats lie as raw data does: little-endian, one after the other.
                tensor::RAW_DATA | tensor::FLOAT_DATA | tensor::DOUBLE_DATA => {
                    let (offset, length) = part.span();
                    if length > 0 || part.number == tensor::RAW_DATA {
                        span = Some(Span { offset, length });
                    }
                }
                tensor::EXTERNAL_DATA => {
                    elsewhere = true;
                    let value = part.message().text(2);
                    match part.message().text(1).as_str() {
                        "location" => external.location = value,
                        "offset" => external.start = Some(value),
                        "length" => external.length = Some(value),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        let bits = data_type(kind).map_or(0, |(_, bits)| bits);
        let elements = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size));
        if elements.and_then(|elements| elements.checked_mul(bits.max(1))).is_none() {
            self.found.overflowing.push((external.tensor.clone(), field.offset));
        }
        if elsewhere {
            let number = |text: &Option<String>| text.as_deref().and_then(|text| text.trim().parse().ok());
            let length = number(&external.length);
            span = length.map(|length| Span { offset: number(&external.start).unwrap_or(0), length });
        }
        self.found.tensors.push(Tensor {
            name: redacted(&external.tensor),
            dtype: data_type(kind).map_or_else(|| format!("type-{kind}"), |(name, _)| name.to_owned()),
            shape,
            span,
            file: elsewhere.then(|| redacted(&external.location)),
        });
        if elsewhere {
            self.found.externals.push(external);
        }
    }
}
