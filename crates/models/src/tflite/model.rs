//! Walks a TensorFlow Lite model.
//! <https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs>

use std::collections::BTreeMap;

use bartizan_core::{Content, Context, Coverage, Direction, Port, Span, Tensor, redacted};

use super::flex;
use crate::{
    flatbuffer::{Malformed, Table, Vector},
    protobuf::Window,
};

mod field {
    pub(super) mod model {
        pub(crate) const VERSION: u16 = 0;
        pub(crate) const OPERATOR_CODES: u16 = 1;
        pub(crate) const SUBGRAPHS: u16 = 2;
        pub(crate) const DESCRIPTION: u16 = 3;
        pub(crate) const BUFFERS: u16 = 4;
        pub(crate) const METADATA: u16 = 6;
        pub(crate) const SIGNATURES: u16 = 7;
    }
    pub(super) mod code {
        pub(crate) const SHORT: u16 = 0;
        pub(crate) const CUSTOM: u16 = 1;
        pub(crate) const LONG: u16 = 3;
    }
    pub(super) mod subgraph {
        pub(crate) const TENSORS: u16 = 0;
        pub(crate) const INPUTS: u16 = 1;
        pub(crate) const OUTPUTS: u16 = 2;
        pub(crate) const OPERATORS: u16 = 3;
    }
    pub(super) mod tensor {
        pub(crate) const SHAPE: u16 = 0;
        pub(crate) const TYPE: u16 = 1;
        pub(crate) const BUFFER: u16 = 2;
        pub(crate) const NAME: u16 = 3;
    }
    pub(super) mod operator {
        pub(crate) const CODE: u16 = 0;
        pub(crate) const INPUTS: u16 = 1;
        pub(crate) const OUTPUTS: u16 = 2;
        pub(crate) const OPTIONS: u16 = 5;
        pub(crate) const LARGE_OPTIONS_OFFSET: u16 = 9;
        pub(crate) const LARGE_OPTIONS_SIZE: u16 = 10;
    }
    pub(super) mod buffer {
        pub(crate) const DATA: u16 = 0;
        pub(crate) const OFFSET: u16 = 1;
        pub(crate) const SIZE: u16 = 2;
    }
}

/// The builtin operator that stands for "see the custom code".
const CUSTOM: i32 = 32;
/// How many elements are visited between two looks at the clock, and at most.
const PACE: u64 = 4096;
const MOST: u64 = 50_000_000;

/// An operator that the model declares.
#[derive(Clone, Debug, Default)]
pub(super) struct Operator {
    pub(super) name: String,
    pub(super) custom: bool,
    pub(super) offset: u64,
    pub(super) count: u64,
    /// What its nodes run in TensorFlow, by their own options, and whether these hold an address.
    pub(super) inner: BTreeMap<String, bool>,
}

/// Everything that a walk gathers.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) version: u32,
    pub(super) description: String,
    pub(super) operators: Vec<Operator>,
    pub(super) tensors: Vec<Tensor>,
    pub(super) omitted: u64,
    pub(super) metadata: Vec<String>,
    pub(super) signatures: Vec<String>,
    /// Inputs and outputs of the first subgraph, which is what runs.
    pub(super) ports: Vec<Port>,
    /// What points outside the file or the model, and where.
    pub(super) problems: Vec<(String, u64)>,
    pub(super) coverage: Coverage,
    /// Where each buffer's bytes lie.
    buffers: Vec<Option<Span>>,
}

struct Walk<'c> {
    found: Model,
    context: &'c Context<'c>,
    visited: u64,
    size: u64,
    /// Was a subgraph visited?
    entered: bool,
}

/// Walks the content.
pub(super) fn read(content: &Content, context: &Context<'_>) -> Model {
    let mut walk = Walk { found: Model::default(), context, visited: 0, size: content.len(), entered: false };
    let window = Window::new(content);
    if let Err(error) = Table::root(&window).and_then(|root| walk.model(root)) {
        walk.broken(&error);
    }
    walk.overlaps();
    walk.found
}

impl Walk<'_> {
    fn problem(&mut self, offset: u64, what: impl Into<String>) {
        if self.found.problems.len() < self.context.limits.findings {
            self.found.problems.push((what.into(), offset));
        }
    }

    /// An offset that could not be followed: a finding, and a part that was not read.
    fn broken(&mut self, error: &Malformed) {
        self.found.coverage.miss(error.to_string());
        if let Malformed::Outside { at, .. } = error {
            self.problem(*at, error.to_string());
        }
    }

    /// May the walk go on?
    fn goes_on(&mut self) -> bool {
        self.visited += 1;
        let over = self.visited > MOST;
        if over || (self.visited.is_multiple_of(PACE) && self.context.interrupted()) {
            self.found.coverage.miss("the model has more parts than time allows to read");
            self.visited = MOST;
            return false;
        }
        true
    }

    /// Visits the tables of a vector; a broken one is noted, and the others still visited.
    fn each<'a>(
        &mut self,
        vector: Result<Vector<'a>, Malformed>,
        mut visit: impl FnMut(&mut Self, Table<'a>) -> Result<(), Malformed>,
    ) {
        let vector = match vector {
            Ok(vector) => vector,
            Err(error) => return self.broken(&error),
        };
        for table in vector.tables() {
            if !self.goes_on() {
                return;
            }
            if let Err(error) = table.and_then(|table| visit(self, table)) {
                self.broken(&error);
            }
        }
    }

    fn model(&mut self, root: Table<'_>) -> Result<(), Malformed> {
        self.found.version = root.u32(field::model::VERSION)?;
        self.each(root.tables(field::model::OPERATOR_CODES), Self::code);
        self.each(root.tables(field::model::BUFFERS), Self::buffer);
        self.each(root.tables(field::model::SUBGRAPHS), Self::subgraph);
        self.each(root.tables(field::model::METADATA), |walk, metadata| {
            walk.found.metadata.push(metadata.text(0)?);
            walk.buffer_index(metadata.u32(1)?, metadata.offset(), "metadata");
            Ok(())
        });
        self.each(root.tables(field::model::SIGNATURES), |walk, signature| {
            walk.found.signatures.push(signature.text(2)?);
            Ok(())
        });
        self.found.description = root.text(field::model::DESCRIPTION)?;
        Ok(())
    }

    fn code(&mut self, code: Table<'_>) -> Result<(), Malformed> {
        // Early models have the short field only, later ones both.
        let short = i32::from(i8::from_le_bytes([code.u8(field::code::SHORT)?]));
        let long = i32::from_le_bytes(code.u32(field::code::LONG)?.to_le_bytes());
        let number = short.max(long);
        let custom = number == CUSTOM;
        let name = if custom { code.text(field::code::CUSTOM)? } else { super::builtin(number) };
        self.found.operators.push(Operator { name, custom, offset: code.offset(), ..Operator::default() });
        Ok(())
    }

    fn buffer(&mut self, buffer: Table<'_>) -> Result<(), Malformed> {
        let (at, length) = buffer.vector(field::buffer::DATA, 1)?.span();
        // Data of models above 2 GiB lies behind the FlatBuffer.
        let (offset, size) = (buffer.u64(field::buffer::OFFSET)?, buffer.u64(field::buffer::SIZE)?);
        let span = match offset {
            0 | 1 => (length > 0).then_some(Span { offset: at, length }),
            _ => {
                self.extent(buffer.offset(), offset, size, "buffer");
                Some(Span { offset, length: size })
            }
        };
        self.found.buffers.push(span);
        Ok(())
    }

    /// Checks a part that the model places somewhere in the file.
    fn extent(&mut self, at: u64, offset: u64, size: u64, what: &str) -> bool {
        let inside = offset.checked_add(size).is_some_and(|end| end <= self.size);
        if !inside {
            let message = format!("the {what} of {size} bytes at {offset} reaches outside the file");
            self.found.coverage.miss_at(at, message.clone());
            self.problem(at, message);
        }
        inside
    }

    fn buffer_index(&mut self, index: u32, at: u64, what: &str) -> Option<Span> {
        let span = usize::try_from(index).ok().and_then(|index| self.found.buffers.get(index)).copied();
        if span.is_none() && index != 0 {
            self.problem(at, format!("the {what} names buffer {index}, of {}", self.found.buffers.len()));
        }
        span.flatten()
    }

    fn subgraph(&mut self, subgraph: Table<'_>) -> Result<(), Malformed> {
        let tensors = subgraph.tables(field::subgraph::TENSORS)?;
        let is_first = !self.entered;
        self.entered = true;
        self.each(Ok(tensors), Self::tensor);
        if is_first {
            self.ports(subgraph)?;
        }
        for number in [field::subgraph::INPUTS, field::subgraph::OUTPUTS] {
            self.indices(subgraph, number, tensors.len())?;
        }
        self.each(subgraph.tables(field::subgraph::OPERATORS), |walk, operator| {
            walk.operator(operator, tensors.len())
        });
        Ok(())
    }

    /// The tensors that the first subgraph takes and gives. No other was read yet, so that its numbers are places.
    fn ports(&mut self, subgraph: Table<'_>) -> Result<(), Malformed> {
        let sides =
            [(field::subgraph::INPUTS, Direction::Input), (field::subgraph::OUTPUTS, Direction::Output)];
        for (number, direction) in sides {
            for index in subgraph.vector(number, 4)?.numbers().take(1000) {
                let place = usize::try_from(index?).ok();
                let Some(tensor) = place.and_then(|place| self.found.tensors.get(place)) else { continue };
                // Where a size is not known, the walk has zero.
                let size = |size: &u64| if *size == 0 { "?".to_owned() } else { size.to_string() };
                self.found.ports.push(Port {
                    direction,
                    name: tensor.name.clone(),
                    dtype: Some(tensor.dtype.clone()),
                    shape: tensor.shape.iter().map(size).collect(),
                });
            }
        }
        Ok(())
    }

    fn tensor(&mut self, tensor: Table<'_>) -> Result<(), Malformed> {
        let sizes = tensor.vector(field::tensor::SHAPE, 4)?;
        let mut shape = Vec::new();
        for size in sizes.numbers().take(64) {
            // An unknown size is -1.
            shape.push(u64::try_from(size?).unwrap_or(0));
        }
        let name = tensor.text(field::tensor::NAME)?;
        let span = self.buffer_index(tensor.u32(field::tensor::BUFFER)?, tensor.offset(), "tensor");
        let (dtype, bits) = super::element(tensor.u8(field::tensor::TYPE)?);
        let elements = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size));
        if elements.and_then(|elements| elements.checked_mul(bits.max(1))).is_none() {
            self.problem(tensor.offset(), format!("the size of tensor `{}` overflows", redacted(&name)));
        }
        if self.found.tensors.len() >= self.context.limits.tensors {
            self.found.omitted += 1;
        } else {
            let dtype = dtype.to_owned();
            self.found.tensors.push(Tensor { name: redacted(&name), dtype, shape, span, file: None });
        }
        Ok(())
    }

    /// Checks numbers of tensors; -1 stands for an absent one.
    fn indices(&mut self, table: Table<'_>, number: u16, tensors: u64) -> Result<(), Malformed> {
        for index in table.vector(number, 4)?.numbers() {
            if !self.goes_on() {
                break;
            }
            let index = index?;
            if index != -1 && !u64::try_from(index).is_ok_and(|index| index < tensors) {
                self.problem(table.offset(), format!("tensor {index} is named, of {tensors}"));
                break;
            }
        }
        Ok(())
    }

    fn operator(&mut self, operator: Table<'_>, tensors: u64) -> Result<(), Malformed> {
        for number in [field::operator::INPUTS, field::operator::OUTPUTS] {
            self.indices(operator, number, tensors)?;
        }
        let code = operator.u32(field::operator::CODE)?;
        let codes = self.found.operators.len();
        let (start, length) = operator.vector(field::operator::OPTIONS, 1)?.span();
        let large = operator.u64(field::operator::LARGE_OPTIONS_OFFSET)?;
        let large_size = operator.u64(field::operator::LARGE_OPTIONS_SIZE)?;
        let inside = large <= 1 || self.extent(operator.offset(), large, large_size, "options");
        let Some(found) = usize::try_from(code).ok().and_then(|code| self.found.operators.get_mut(code))
        else {
            self.problem(operator.offset(), format!("operator code {code} is named, of {codes}"));
            return Ok(());
        };
        found.count += 1;
        if !found.custom || !found.name.starts_with(flex::PREFIX) || !inside {
            return Ok(());
        }
        let (start, length) = if large > 1 { (large, large_size) } else { (start, length) };
        if length == 0 {
            return Ok(());
        }
        let options = operator.bytes(start, length, self.context.limits.held);
        match options.ok().and_then(|options| flex::node(&options)) {
            Some(node) => {
                let addressed = found.inner.entry(node.operator).or_default();
                *addressed |= node.has_address;
            }
            None => {
                self.found
                    .coverage
                    .miss_at(operator.offset(), "the options of a Flex operator could not be read");
            }
        }
        Ok(())
    }

    /// Buffers that share some bytes but not all: writers share a whole buffer or none.
    fn overlaps(&mut self) {
        let mut spans: Vec<Span> =
            self.found.buffers.iter().flatten().filter(|span| span.length > 0).copied().collect();
        spans.sort_by_key(|span| (span.offset, span.length));
        spans.dedup();
        let overlap = spans.iter().zip(spans.iter().skip(1)).find_map(|(one, next)| {
            (one.offset.saturating_add(one.length) > next.offset).then_some(next.offset)
        });
        if let Some(offset) = overlap {
            self.problem(offset, "two buffers overlap");
        }
    }
}
