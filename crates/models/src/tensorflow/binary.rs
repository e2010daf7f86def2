//! Walks graphs in protocol buffer form.

use std::collections::VecDeque;

use bartizan_core::{Content, Context, Cursor, Span, Tensor, redacted};

use super::{
    graph::{Graphs, LONGEST_TEXT, MOST_TEXTS, Node, Place},
    knowledge, ports,
    schema::{self, attribute, function, graph, info, meta_graph, node, saved_model, tensor},
};
use crate::{
    protobuf::{Field, Malformed, Message, Window},
    safetensors::embedded,
};

/// What a file may be read as. The bytes do not say, and a file may be several at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    SavedModel,
    MetaGraph,
    Graph,
}

impl Form {
    pub(super) const ALL: [Self; 3] = [Self::SavedModel, Self::MetaGraph, Self::Graph];
}

/// How many nodes are visited between two looks at the clock.
const PACE: u64 = 4096;
/// The shortest constant that could be a graph or a file.
const SHORTEST: u64 = 16;
/// How much of a constant is read to tell whether it is a file.
const PAYLOAD_HEAD: u64 = 64 * 1024;

/// A graph inside a constant, still to be walked.
#[derive(Debug)]
struct Hidden {
    content: Content,
    /// Where it begins in the file.
    base: u64,
    depth: usize,
    /// The constant's name.
    name: String,
}

/// Reads the content as one form of graph.
pub(super) fn read(content: &Content, form: Form, context: &Context<'_>) -> Graphs {
    let mut walk = Walk {
        found: Graphs::default(),
        context,
        hidden: VecDeque::new(),
        base: 0,
        depth: 0,
        visited: 0,
        stopped: false,
    };
    let window = Window::new(content);
    walk.root(Message::whole(&window), form);
    while let Some(hidden) = walk.hidden.pop_front() {
        (walk.base, walk.depth) = (hidden.base, hidden.depth);
        let window = Window::new(&hidden.content);
        walk.graph(Message::whole(&window), Some(hidden.name));
    }
    walk.found
}

/// How many fields of each message, and how many nodes, are looked at to recognise a graph.
const LOOKED_AT: usize = 4096;

/// Does the content hold, read as this form, a node whose operator TensorFlow knows?
pub(super) fn looks_like(content: &Content, form: Form) -> bool {
    fn nodes(message: Message<'_>, number: u32) -> bool {
        message
            .all(number)
            .take(LOOKED_AT)
            .any(|field| operator(field.message()).is_some_and(|operator| knowledge::is_standard(&operator)))
    }
    fn is_graph(message: Message<'_>) -> bool {
        let functions = || {
            message.all(graph::LIBRARY).take(4).flat_map(|library| library.message().all(1).take(LOOKED_AT))
        };
        nodes(message, graph::NODE) || functions().any(|function| nodes(function.message(), function::NODE))
    }
    let window = Window::new(content);
    let root = Message::whole(&window);
    let meta =
        |message: Message<'_>| message.all(meta_graph::GRAPH).take(4).any(|field| is_graph(field.message()));
    match form {
        Form::SavedModel => root.all(saved_model::META_GRAPHS).take(16).any(|field| meta(field.message())),
        Form::MetaGraph => meta(root),
        Form::Graph => is_graph(root),
    }
}

/// The operator of a node; `None` when what should be its name cannot be one.
fn operator(message: Message<'_>) -> Option<String> {
    let field = message.get(node::OPERATOR)?;
    (field.cut() == 0 && is_name(&field)).then(|| field.text())
}

fn is_name(field: &Field<'_>) -> bool {
    let name = field.bytes(256);
    let first = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    first && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.>/-".contains(byte))
}

struct Walk<'c> {
    found: Graphs,
    context: &'c Context<'c>,
    hidden: VecDeque<Hidden>,
    /// Where the content being walked begins in the file.
    base: u64,
    depth: usize,
    visited: u64,
    stopped: bool,
}

/// What a tensor says of itself.
#[derive(Debug, Default)]
struct TensorInfo {
    kind: u64,
    shape: Vec<u64>,
    span: Option<Span>,
}

impl Walk<'_> {
    /// A field, or damage for the coverage.
    fn sound<'a>(&mut self, field: Result<Field<'a>, Malformed>) -> Option<Field<'a>> {
        match field {
            Ok(field) => {
                if field.cut() > 0 {
                    let offset = self.base.saturating_add(field.offset);
                    self.found.coverage.miss_at(offset, format!("{} bytes are missing", field.cut()));
                }
                Some(field)
            }
            Err(error) => {
                self.found.coverage.miss(format!("damaged: {error}"));
                None
            }
        }
    }

    fn root(&mut self, message: Message<'_>, form: Form) {
        match form {
            Form::SavedModel => {
                for field in message.fields() {
                    let Some(field) = self.sound(field) else { return };
                    if field.number == saved_model::META_GRAPHS {
                        self.meta_graph(field.message());
                    }
                }
            }
            Form::MetaGraph => self.meta_graph(message),
            Form::Graph => self.graph(message, None),
        }
    }

    fn meta_graph(&mut self, message: Message<'_>) {
        for field in message.fields() {
            let Some(field) = self.sound(field) else { return };
            match field.number {
                meta_graph::INFO => {
                    self.found.version = field.message().text(info::VERSION);
                    self.found.tags.extend(field.message().all(info::TAGS).map(|tag| tag.text()));
                }
                meta_graph::GRAPH => self.graph(field.message(), None),
                meta_graph::SIGNATURE => {
                    let method = field.message().get(2).map(|signature| signature.message().text(3));
                    self.found.ports.extend(ports::of_signature(field));
                    self.found.signatures.insert(field.message().text(1), method.unwrap_or_default());
                }
                meta_graph::COLLECTION => self.collection(field.message()),
                meta_graph::ASSET => self.asset(field.message()),
                meta_graph::OBJECTS => self.objects(field.message()),
                _ => {}
            }
        }
    }

    fn asset(&mut self, message: Message<'_>) {
        let tensor = message.get(1).map(|info| info.message().text(1)).unwrap_or_default();
        self.found.assets.push((tensor, message.text(2)));
    }

    /// TensorFlow 1 listed assets in collections: those of a SavedModel with their files, those of a training graph by
    /// their constants only.
    fn collection(&mut self, message: Message<'_>) {
        let Some(list) = message.get(2) else { return };
        match message.text(1).as_str() {
            "saved_model_assets" => {
                for any in list.message().all(5).flat_map(|list| list.message().all(1)) {
                    if let Some(asset) = any.message().get(2) {
                        self.asset(asset.message());
                    }
                }
            }
            "asset_filepaths" => {
                let names = list.message().all(1).flat_map(|list| list.message().all(1));
                self.found.declared.extend(names.map(|name| name.text()));
            }
            _ => {}
        }
    }

    /// Keras wrote its configurations into the object graph, before it had a file of its own for them.
    fn objects(&mut self, message: Message<'_>) {
        for object in message.all(1) {
            for user in object.message().all(4) {
                for text in user.message().all(3) {
                    if text.bytes(1).first() == Some(&b'{') {
                        let (offset, _) = text.span();
                        self.found.configurations.push((self.base.saturating_add(offset), text.content()));
                    }
                }
            }
        }
    }

    fn graph(&mut self, message: Message<'_>, hidden_in: Option<String>) {
        let scope = self.found.open_graph(hidden_in);
        for field in message.fields() {
            let Some(field) = self.sound(field) else { return };
            if self.stopped {
                return;
            }
            match field.number {
                graph::NODE => self.node(field, scope),
                graph::LIBRARY => self.library(field.message(), scope),
                graph::VERSIONS => {
                    let version = field.message().get(1).map_or(0, |version| version.number_value());
                    self.found.producer = self.found.producer.max(version);
                }
                _ => {}
            }
        }
    }

    fn library(&mut self, message: Message<'_>, scope: usize) {
        for field in message.fields() {
            let Some(field) = self.sound(field) else { return };
            if field.number == 1 {
                self.function(field.message(), scope);
            }
        }
    }

    fn function(&mut self, message: Message<'_>, scope: usize) {
        let signature = message.get(function::SIGNATURE).map(|signature| signature.message());
        let name = signature.map(|signature| signature.text(1)).unwrap_or_default();
        let arguments = signature.iter().flat_map(|signature| signature.all(2));
        let arguments = arguments.map(|argument| argument.message().text(1)).collect();
        let scope = self.found.open_function(scope, name, arguments);
        for field in message.fields() {
            let Some(field) = self.sound(field) else { return };
            if self.stopped {
                return;
            }
            if field.number == function::NODE {
                self.node(field, scope);
            }
        }
    }

    fn node(&mut self, field: Field<'_>, scope: usize) {
        self.visited += 1;
        let offset = self.base.saturating_add(field.offset);
        if self.visited.is_multiple_of(PACE) && self.context.interrupted() && !self.stopped {
            self.found.coverage.miss_at(offset, "the time ran out inside the graph");
            self.stopped = true;
        }
        let Some(operator) = operator(field.message()) else { return };
        let name = field.message().text(node::NAME);
        let mut made = Node { name, operator, place: Place::Offset(offset), ..Node::default() };
        let mut info = TensorInfo::default();
        for part in field.message().fields() {
            let Some(part) = self.sound(part) else { break };
            match part.number {
                node::INPUT => made.inputs.push(part.text()),
                node::ATTRIBUTE => self.attribute(part.message(), &mut made, &mut info),
                _ => {}
            }
        }
        let variable = ["VariableV2", "VarHandleOp", "Variable"].contains(&made.operator.as_str());
        if made.operator == "Const" || variable {
            self.tensor_fact(&made, info);
        }
        self.found.add(scope, made);
    }

    fn tensor_fact(&mut self, node: &Node, info: TensorInfo) {
        if self.found.tensors.len() >= self.context.limits.tensors {
            self.found.omitted += 1;
            return;
        }
        self.found.tensors.push(Tensor {
            name: redacted(&node.name),
            dtype: schema::data_type(info.kind),
            shape: info.shape,
            span: info.span,
            file: None,
        });
    }

    fn attribute(&mut self, message: Message<'_>, node: &mut Node, info: &mut TensorInfo) {
        let key = message.text(1);
        let mut texts = Vec::new();
        for value in message.all(2) {
            for part in value.message().fields() {
                let Some(part) = self.sound(part) else { break };
                match part.number {
                    attribute::TEXT => self.text(part.content(), part.span().0, &node.name, &mut texts),
                    attribute::TYPE if key == "dtype" => info.kind = part.number_value(),
                    attribute::SHAPE if key == "shape" => info.shape = shape(part.message()),
                    attribute::TENSOR => *info = self.tensor(part.message(), &node.name, &mut texts),
                    attribute::FUNCTION => node.functions.push(part.message().text(1)),
                    attribute::LIST => self.list(part.message(), node, &mut texts),
                    _ => {}
                }
            }
        }
        if !texts.is_empty() {
            node.texts.push((key, texts));
        }
    }

    fn list(&mut self, message: Message<'_>, node: &mut Node, texts: &mut Vec<String>) {
        for part in message.fields() {
            let Some(part) = self.sound(part) else { return };
            match part.number {
                attribute::TEXT => self.text(part.content(), part.span().0, &node.name, texts),
                attribute::TENSOR => {
                    self.tensor(part.message(), &node.name, texts);
                }
                attribute::FUNCTION_IN_LIST => node.functions.push(part.message().text(1)),
                _ => {}
            }
        }
    }

    fn tensor(&mut self, message: Message<'_>, name: &str, texts: &mut Vec<String>) -> TensorInfo {
        let mut info = TensorInfo::default();
        let mut content = None;
        for part in message.fields() {
            let Some(part) = self.sound(part) else { break };
            match part.number {
                tensor::TYPE => info.kind = part.number_value(),
                tensor::SHAPE => info.shape = shape(part.message()),
                tensor::CONTENT => {
                    let (offset, length) = part.span();
                    info.span = Some(Span { offset: self.base.saturating_add(offset), length });
                    content = Some((part.content(), offset));
                }
                tensor::TEXT => self.text(part.content(), part.span().0, name, texts),
                _ => {}
            }
        }
        if let Some((content, start)) = content {
            let bytes = [4, 6].contains(&info.kind);
            if info.kind == schema::STRING {
                self.packed_texts(&content, start, &info.shape, name, texts);
            } else if bytes && content.len() >= SHORTEST {
                self.payload(&content, name);
            }
        }
        info
    }

    /// Strings as `tensor_content`: all lengths, then all bytes.
    fn packed_texts(
        &mut self,
        content: &Content,
        start: u64,
        shape: &[u64],
        name: &str,
        texts: &mut Vec<String>,
    ) {
        const MOST: u64 = 65_536;
        let count = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size)).unwrap_or(MOST);
        let head = content.head(count.min(MOST).saturating_mul(10)).unwrap_or_default();
        let mut cursor = Cursor::new(&head);
        let lengths: Vec<u64> = (0..count.min(MOST)).map_while(|_| cursor.varint().ok()).collect();
        let mut at = cursor.position() as u64;
        for length in lengths {
            let Ok(text) = content.slice(at, length) else {
                self.found.coverage.miss_at(start, "a constant's strings reach past its end");
                return;
            };
            self.text(text, start.saturating_add(at), name, texts);
            at = at.saturating_add(length);
        }
        if count > MOST {
            self.found.coverage.miss_at(start, format!("only {MOST} strings of a constant were read"));
        }
    }

    /// A string: kept when it is short, followed when it is a graph, handed on when it is a file.
    fn text(&mut self, content: Content, start: u64, name: &str, texts: &mut Vec<String>) {
        if texts.len() < MOST_TEXTS {
            let bytes = content.head(LONGEST_TEXT as u64).unwrap_or_default();
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        if content.len() < SHORTEST {
            return;
        }
        if looks_like(&content, Form::Graph) {
            let depth = self.depth.saturating_add(1);
            let base = self.base.saturating_add(start);
            if depth > self.context.limits.nesting {
                self.found
                    .coverage
                    .miss_at(base, format!("more than {} graphs lie inside each other", self.depth));
                return;
            }
            self.hidden.push_back(Hidden { content, base, depth, name: name.to_owned() });
        } else {
            self.payload(&content, name);
        }
    }

    fn payload(&mut self, content: &Content, name: &str) {
        let head = content.head(4).unwrap_or_default();
        let marked =
            matches!(head.as_ref(), [0x80, 2..=5, ..] | [0x7f, b'E', b'L', b'F'] | [b'P', b'K', 3, 4])
                || head.starts_with(b"MZ")
                || head.starts_with(b"7z")
                || head.starts_with(b"#!/");
        if marked && content.head(PAYLOAD_HEAD).is_ok_and(|head| embedded::payload(&head).is_some()) {
            self.found.payloads.push((name.to_owned(), content.clone()));
        }
    }
}

/// `TensorShapeProto`; an unknown size counts as zero.
fn shape(message: Message<'_>) -> Vec<u64> {
    let size = |field: Field<'_>| field.message().get(1).map_or(0, |size| size.number_value());
    message.all(2).take(64).map(size).map(|size| if size > i64::MAX as u64 { 0 } else { size }).collect()
}
