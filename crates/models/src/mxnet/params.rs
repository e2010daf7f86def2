//! Lists of arrays (`.params`): a magic number, how many, the arrays, and their names.
//!
//! <https://github.com/apache/mxnet/blob/master/src/ndarray/ndarray.cc> (`NDArray::Load`). Every number is little-endian.

use bartizan_core::{
    Asset, Claim, Content, Context, Coverage, Description, Fact, Inspection, Inspector, Kind, Model, Probe,
    Rule, Section, Span, Tensor, redacted,
};

use crate::{protobuf::Window, safetensors::tensor_row};

/// Names arrays and lists their shapes.
#[derive(Debug)]
pub(crate) struct Params;

/// The list's magic number, 0x112, and eight reserved bytes.
const MAGIC: [u8; 16] = [0x12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// Of an array: shapes of 64 bits, kinds of storage, shapes as in NumPy.
const V1: u32 = 0xf993_fac8;
const V2: u32 = 0xf993_fac9;
const V3: u32 = 0xf993_faca;
/// MXNet's own limit is 32 dimensions.
const DIMENSIONS: u32 = 32;
/// Longest name.
const LONGEST: u64 = 4096;

impl Inspector for Params {
    fn kind(&self) -> Kind {
        Kind::new("mxnet-params")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[]
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let magic = probe.starts_with(&MAGIC);
        match (magic, probe.extension_is(&["params"])) {
            (true, true) => Claim::Certain,
            (true, false) if probe.len() >= 24 => Claim::Shape,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let (tensors, coverage) = read(&asset.content, context);
        inspection.coverage.merge(coverage);
        inspection.know(Fact::Model(Model {
            framework: Some("mxnet".to_owned()),
            parameters: tensors.iter().try_fold(0u64, |sum, tensor| sum.checked_add(tensor.elements()?)),
            ..Model::of("mxnet-params")
        }));
        inspection.know(Fact::Tensors { tensors, omitted: 0 });
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut table = Section::new("tensors", &["name", "dtype", "shape", "offset", "bytes"]);
        for tensor in &read(&asset.content, context).0 {
            table.push(context.limits.rows, tensor_row(tensor));
        }
        Description { sections: vec![table] }
    }
}

/// A position that only moves over bytes that are there.
struct At {
    window: Window,
    position: u64,
}

impl At {
    fn number(&mut self, bytes: u64) -> Result<u64, String> {
        let read = self.window.read(self.position, bytes, 8).map_err(|error| error.to_string())?;
        self.position = self.position.saturating_add(bytes);
        Ok(read.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    fn word(&mut self) -> Result<u32, String> {
        self.number(4).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    }

    fn skip(&mut self, bytes: u64) -> Result<Span, String> {
        let span = Span { offset: self.position, length: bytes };
        let end = self.position.checked_add(bytes).filter(|end| *end <= self.window.len());
        self.position = end.ok_or("an array's elements are cut short")?;
        Ok(span)
    }

    /// Dimensions of so many bytes each.
    fn shape(&mut self, count: u32, bytes: u64) -> Result<Vec<u64>, String> {
        if count > DIMENSIONS {
            return Err(format!("an array has {count} dimensions"));
        }
        (0..count).map(|_| self.number(bytes)).collect()
    }
}

fn read(content: &Content, context: &Context<'_>) -> (Vec<Tensor>, Coverage) {
    let mut at = At { window: Window::new(content), position: 16 };
    let (mut tensors, mut coverage) = (Vec::new(), Coverage::complete());
    if let Err(reason) = list(&mut at, context, &mut tensors) {
        coverage.miss_at(at.position, reason);
    } else if at.position < content.len() {
        let more = content.len().saturating_sub(at.position);
        coverage.miss_at(at.position, format!("{more} bytes follow the arrays"));
    }
    (tensors, coverage)
}

fn list(at: &mut At, context: &Context<'_>, tensors: &mut Vec<Tensor>) -> Result<(), String> {
    let count = at.number(8)?;
    for number in 0..count {
        if tensors.len() >= context.limits.tensors {
            return Err("there are more arrays than the limit allows".to_owned());
        }
        if number % 1024 == 1023 && context.interrupted() {
            return Err("the time allowed ran out".to_owned());
        }
        let tensor = array(at)?;
        tensors.push(tensor);
    }
    let named = at.number(8)?;
    if named != 0 && named != count {
        return Err(format!("{count} arrays have {named} names"));
    }
    for tensor in tensors.iter_mut().take(usize::try_from(named).unwrap_or(usize::MAX)) {
        let length = at.number(8)?;
        if length > LONGEST {
            return Err(format!("a name has {length} bytes"));
        }
        let name = at.window.read(at.position, length, LONGEST).map_err(|error| error.to_string())?;
        at.position = at.position.saturating_add(length);
        tensor.name = redacted(&String::from_utf8_lossy(&name));
    }
    Ok(())
}

fn array(at: &mut At) -> Result<Tensor, String> {
    let mut tensor =
        Tensor { name: String::new(), dtype: "none".to_owned(), shape: Vec::new(), span: None, file: None };
    let magic = at.word()?;
    // How many arrays of indices a sparse one has, and the shape of what it stores.
    let (mut indices, mut stored) = (0, None);
    match magic {
        V1 => {
            let count = at.word()?;
            tensor.shape = at.shape(count, 8)?;
        }
        V2 | V3 => {
            indices = match at.word()? {
                0 => 0,
                1 => 1,
                2 => 2,
                other => return Err(format!("storage {other} is not known")),
            };
            if indices > 0 {
                let count = at.word()?;
                stored = Some(at.shape(count, 8)?);
            }
            let count = at.word()?;
            // An array that was never filled: -1 dimensions, as NumPy's shapes need 0 for a scalar.
            if magic == V3 && count == u32::MAX {
                return Ok(tensor);
            }
            tensor.shape = at.shape(count, 8)?;
        }
        // The oldest arrays begin with the number of their dimensions.
        count => tensor.shape = at.shape(count, 4)?,
    }
    if tensor.shape.is_empty() && magic != V3 {
        return Ok(tensor);
    }
    // Kind and number of the device.
    at.skip(8)?;
    let (name, size) = data_type(at.word()?)?;
    tensor.dtype = name.to_owned();
    let mut sizes = Vec::new();
    for _ in 0..indices {
        let (_, size) = data_type(at.word()?)?;
        let count = at.word()?;
        sizes.push(bytes(&at.shape(count, 8)?, size)?);
    }
    let length = bytes(stored.as_ref().unwrap_or(&tensor.shape), size)?;
    tensor.span = Some(at.skip(length)?);
    for size in sizes {
        at.skip(size)?;
    }
    Ok(tensor)
}

fn bytes(shape: &[u64], size: u64) -> Result<u64, String> {
    let bytes = shape.iter().try_fold(size, |product, size| product.checked_mul(*size));
    bytes.ok_or_else(|| "an array's size overflows".to_owned())
}

/// Name and bytes of an element.
fn data_type(number: u32) -> Result<(&'static str, u64), String> {
    Ok(match number {
        0 => ("float32", 4),
        1 => ("float64", 8),
        2 => ("float16", 2),
        3 => ("uint8", 1),
        4 => ("int32", 4),
        5 => ("int8", 1),
        6 => ("int64", 8),
        7 => ("bool", 1),
        8 => ("int16", 2),
        9 => ("uint16", 2),
        10 => ("uint32", 4),
        11 => ("uint64", 8),
        12 => ("bfloat16", 2),
        other => return Err(format!("elements of type {other} are not known")),
    })
}
