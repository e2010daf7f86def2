//! Walks a model: pipelines, networks with their branches and loops, programs with their blocks.

use std::collections::BTreeMap;

use bartizan_core::{Context, Coverage, Direction, Port, redacted};

use super::schema::{TYPES, layer};
use crate::protobuf::{Field, Message};

/// A class of the app that the model names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Custom {
    pub(super) class: String,
    pub(super) description: String,
    pub(super) offset: u64,
    pub(super) count: u64,
}

/// Everything that a walk gathers.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) version: u64,
    pub(super) updatable: bool,
    /// The outermost type first.
    pub(super) types: Vec<&'static str>,
    pub(super) metadata: Vec<(String, String)>,
    pub(super) ports: Vec<Port>,
    /// Layers and operations: how often, and where first.
    pub(super) operations: BTreeMap<String, (u64, u64)>,
    pub(super) layers: BTreeMap<String, Custom>,
    pub(super) models: BTreeMap<String, Custom>,
    /// Paths, what they name, and where.
    pub(super) paths: BTreeMap<String, (&'static str, u64)>,
    pub(super) coverage: Coverage,
}

/// What waits to be walked.
#[derive(Clone, Copy)]
enum Part {
    Model,
    /// `PipelineClassifier` and `PipelineRegressor`: a pipeline in field 1.
    OfPipeline,
    Pipeline,
    Network,
    Program,
    Function,
    Block,
}

/// How many messages may wait, and how many entries are kept of anything.
const MOST: usize = 10_000;
/// How many layers or operations are visited between two looks at the clock.
const PACE: u64 = 1024;

pub(super) struct Walk<'a, 'c> {
    pub(super) found: Found,
    context: &'c Context<'c>,
    waiting: Vec<(Message<'a>, Part, usize)>,
    visited: u64,
    stopped: bool,
}

impl<'a, 'c> Walk<'a, 'c> {
    pub(super) fn over(message: Message<'a>, context: &'c Context<'c>) -> Found {
        let mut walk = Self {
            found: Found::default(),
            context,
            waiting: vec![(message, Part::Model, 0)],
            visited: 0,
            stopped: false,
        };
        while let Some((message, part, depth)) = walk.waiting.pop() {
            walk.part(message, part, depth);
        }
        walk.found
    }

    fn part(&mut self, message: Message<'a>, part: Part, depth: usize) {
        for field in message.fields() {
            let field = match field {
                Ok(field) => field,
                Err(error) => return self.found.coverage.miss(format!("damaged: {error}")),
            };
            if field.cut() > 0 {
                self.found.coverage.miss_at(field.offset, format!("{} bytes are missing", field.cut()));
            }
            self.visited = self.visited.saturating_add(1);
            if self.visited.is_multiple_of(PACE) && self.context.interrupted() {
                self.stopped = true;
            }
            if self.stopped {
                return self.found.coverage.miss("the time allowed ran out");
            }
            match (part, field.number) {
                (Part::Model, _) => self.model(field, depth),
                (Part::OfPipeline, 1) => self.wait(field, Part::Pipeline, depth),
                (Part::Pipeline, 1) => self.wait(field, Part::Model, depth),
                (Part::Network, 1) => self.layer(field, depth),
                // Maps of names to functions and to blocks: the value is field 2 of an entry.
                (Part::Program, 2) => self.wait_value(field, Part::Function, depth),
                (Part::Function, 3) => self.wait_value(field, Part::Block, depth),
                (Part::Block, 3) => self.operation(field, depth),
                _ => {}
            }
        }
    }

    fn wait(&mut self, field: Field<'a>, part: Part, depth: usize) {
        if self.waiting.len() >= MOST || depth >= self.context.limits.depth {
            let reason = format!("a part at depth {depth} was not followed");
            self.found.coverage.miss_at(field.offset, reason);
            return;
        }
        self.waiting.push((field.message(), part, depth.saturating_add(1)));
    }

    fn wait_value(&mut self, field: Field<'a>, part: Part, depth: usize) {
        for value in field.message().all(2) {
            self.wait(value, part, depth);
        }
    }

    fn model(&mut self, field: Field<'a>, depth: usize) {
        if let Some((_, name)) = TYPES.iter().find(|(number, _)| *number == field.number)
            && self.found.types.len() < MOST
        {
            self.found.types.push(name);
        }
        match field.number {
            1 if depth == 0 => self.found.version = field.number_value(),
            2 if depth == 0 => self.description(field.message()),
            10 => self.found.updatable |= field.number_value() != 0,
            200 | 201 => self.wait(field, Part::OfPipeline, depth),
            202 => self.wait(field, Part::Pipeline, depth),
            303 | 403 | 500 => self.wait(field, Part::Network, depth),
            502 => self.wait(field, Part::Program, depth),
            555 => note(&mut self.found.models, custom(field)),
            556 => self.linked(field),
            3000 => {
                self.found.coverage.miss_at(field.offset, "a serialised model of an unpublished format");
            }
            _ => {}
        }
    }

    /// `Metadata` of the description: four texts and a map.
    fn description(&mut self, message: Message<'a>) {
        for (number, direction) in [(1, Direction::Input), (10, Direction::Output)] {
            self.found.ports.extend(message.all(number).take(1000).map(|field| feature(direction, field)));
        }
        let Some(metadata) = message.get(100).map(|field| field.message()) else { return };
        for (number, key) in [(1, "description"), (2, "version"), (3, "author"), (4, "license")] {
            let value = metadata.text(number);
            if !value.is_empty() {
                self.found.metadata.push((key.to_owned(), value));
            }
        }
        for entry in metadata.all(100).take(1000) {
            self.found.metadata.push((entry.message().text(1), entry.message().text(2)));
        }
    }

    fn layer(&mut self, field: Field<'a>, depth: usize) {
        for part in field.message().fields().map_while(Result::ok) {
            match part.number {
                0..100 => continue,
                500 => note(&mut self.found.layers, custom(part)),
                // Branches and loops hold networks: fields 1 and 2, or 3 and 4. (Earlier drafts numbered them apart.)
                600 | 605 => self.networks(part, &[1, 2], depth),
                615 => self.networks(part, &[3, 4], depth),
                _ => {}
            }
            let name = layer(part.number).map_or_else(|| format!("layer-{}", part.number), str::to_owned);
            self.operate(name, field.offset);
        }
    }

    fn networks(&mut self, field: Field<'a>, numbers: &[u32], depth: usize) {
        for part in field.message().fields().map_while(Result::ok) {
            if numbers.contains(&part.number) {
                self.wait(part, Part::Network, depth);
            }
        }
    }

    /// `Operation`: type, inputs, outputs, blocks, attributes.
    fn operation(&mut self, field: Field<'a>, depth: usize) {
        let mut kind = String::new();
        for part in field.message().fields().map_while(Result::ok) {
            match part.number {
                1 => kind = part.text(),
                4 => self.wait(part, Part::Block, depth),
                5 => self.attribute(part),
                _ => {}
            }
        }
        if kind.starts_with("custom") {
            let class = Custom { class: kind.clone(), offset: field.offset, count: 1, ..Custom::default() };
            note(&mut self.found.layers, class);
        }
        self.operate(kind, field.offset);
    }

    /// A constant may lie in a file: `Value.blobFileValue`, field 5, its name field 1.
    fn attribute(&mut self, entry: Field<'a>) {
        // A message that is given twice is merged, so that every one counts.
        for value in entry.message().all(2) {
            for blob in value.message().all(5) {
                self.path(blob.message().text(1), "weights", blob.offset);
            }
        }
    }

    /// `LinkedModelFile`: file name and search path, each a parameter with its default in field 1.
    fn linked(&mut self, field: Field<'a>) {
        for file in field.message().all(1) {
            for (number, what) in [(1, "linked model"), (2, "search path of the linked model")] {
                for parameter in file.message().all(number) {
                    self.path(parameter.message().text(1), what, file.offset);
                }
            }
        }
    }

    fn path(&mut self, path: String, what: &'static str, offset: u64) {
        if !path.is_empty() && self.found.paths.len() < MOST {
            self.found.paths.entry(path).or_insert((what, offset));
        }
    }

    fn operate(&mut self, name: String, offset: u64) {
        if self.found.operations.len() < MOST || self.found.operations.contains_key(&name) {
            self.found.operations.entry(name).or_insert((0, offset)).0 += 1;
        }
    }
}

/// `FeatureDescription`: a name, and in field 3 one of several types.
fn feature(direction: Direction, field: Field<'_>) -> Port {
    let message = field.message();
    let kinds = [
        (1, "int64"),
        (2, "double"),
        (3, "string"),
        (4, "image"),
        (5, "multiarray"),
        (6, "dictionary"),
        (7, "sequence"),
    ];
    let kind = message.get(3).map(|kind| kind.message());
    let found = kind.and_then(|kind| {
        kinds
            .iter()
            .find_map(|(number, name)| kind.get(*number).map(|field| (*number, *name, field.message())))
    });
    let (mut dtype, mut shape) = (found.map(|(_, name, _)| name), Vec::new());
    match found {
        // Width and height.
        Some((4, _, image)) => {
            let size = |number| image.get(number).map_or(0, |field| field.number_value()).to_string();
            shape = vec![size(2), size(1)];
        }
        Some((5, _, array)) => {
            dtype = match array.get(2).map_or(0, |field| field.number_value()) {
                65_552 => Some("float16"),
                65_568 => Some("float32"),
                65_600 => Some("double"),
                131_104 => Some("int32"),
                _ => dtype,
            };
            let sizes = array.all(1).flat_map(|field| field.numbers()).take(64);
            shape = sizes.map(|size| size.to_string()).collect();
        }
        _ => {}
    }
    Port { direction, name: redacted(&message.text(1)), dtype: dtype.map(str::to_owned), shape }
}

/// `CustomLayerParams` and `CustomModel`: class name in field 10, description in field 40.
fn custom(field: Field<'_>) -> Custom {
    let message = field.message();
    Custom { class: message.text(10), description: message.text(40), offset: field.offset, count: 1 }
}

fn note(classes: &mut BTreeMap<String, Custom>, custom: Custom) {
    if let Some(known) = classes.get_mut(&custom.class) {
        known.count = known.count.saturating_add(1);
    } else if classes.len() < MOST {
        classes.insert(custom.class.clone(), custom);
    }
}
