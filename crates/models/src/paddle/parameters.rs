//! Parameters of a program (`.pdiparams`, `__params__`): tensors one behind the other, without names.
//!
//! Each is a version, levels of detail, a version, the size of a `TensorDesc` and that message, and the elements.

use bartizan_core::{
    Asset, Claim, Content, Context, Description, Fact, Inspection, Inspector, Kind, Model, Probe, Rule,
    Section, Span, Tensor,
};

use crate::{
    protobuf::{Message, Window},
    safetensors::tensor_row,
};

/// Names parameters and lists their shapes.
#[derive(Debug)]
pub(crate) struct Parameters;

/// Largest description of one tensor, and the most levels of detail.
const LONGEST: u64 = 4096;
/// The most tensors that are looked for.
const MOST: usize = 1_000_000;

impl Inspector for Parameters {
    fn kind(&self) -> Kind {
        Kind::new("paddle-params")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[]
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let named = probe.extension_is(&["pdiparams"]) || probe.name() == "__params__";
        // Both versions and the levels of detail are zero.
        let shaped = probe.starts_with(&[0; 16]) && next(probe.content(), 0).is_ok();
        match (named && !probe.is_empty(), shaped) {
            (true, true) => Claim::Shape,
            (true, false) => Claim::Name,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let (tensors, gap) = read(&asset.content, context);
        if let Some((offset, reason)) = gap {
            inspection.coverage.miss_at(offset, reason);
        }
        inspection.know(Fact::Model(Model {
            framework: Some("paddle".to_owned()),
            parameters: tensors.iter().try_fold(0u64, |sum, tensor| sum.checked_add(tensor.elements()?)),
            ..Model::of("paddle-params")
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

type Gap = (u64, String);

fn read(content: &Content, context: &Context<'_>) -> (Vec<Tensor>, Option<Gap>) {
    let (mut tensors, mut offset) = (Vec::new(), 0);
    while offset < content.len() {
        if tensors.len() >= MOST.min(context.limits.tensors) {
            return (tensors, Some((offset, "there are more tensors than the limit allows".to_owned())));
        }
        if tensors.len() % 1024 == 1023 && context.interrupted() {
            return (tensors, Some((offset, "the time allowed ran out".to_owned())));
        }
        match next(content, offset) {
            Ok((mut tensor, end)) => {
                tensor.name = format!("tensor-{}", tensors.len());
                tensors.push(tensor);
                offset = end;
            }
            Err(reason) => return (tensors, Some((offset, reason))),
        }
    }
    (tensors, None)
}

/// The tensor at an offset, and where it ends.
fn next(content: &Content, offset: u64) -> Result<(Tensor, u64), String> {
    let broken = |_| "a tensor's header is cut short".to_owned();
    let number = |at: u64, len: u64| {
        let bytes = content.read(at, len, 8).map_err(broken)?;
        Ok::<u64, String>(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    };
    let mut at = offset.saturating_add(12);
    let levels = number(offset.saturating_add(4), 8)?;
    if number(offset, 4)? != 0 || levels > 16 {
        return Err("a tensor's version is not known".to_owned());
    }
    for _ in 0..levels {
        let size = number(at, 8)?;
        at = at.checked_add(8).and_then(|at| at.checked_add(size)).ok_or("a level's size overflows")?;
    }
    if number(at, 4)? != 0 {
        return Err("a tensor's version is not known".to_owned());
    }
    let size = number(at.saturating_add(4), 4)?;
    if size == 0 || size > LONGEST {
        return Err(format!("a tensor's description of {size} bytes is none"));
    }
    at = at.saturating_add(8);
    let description = Content::from_bytes(content.read(at, size, LONGEST).map_err(broken)?);
    let window = Window::new(&description);
    let start = at.saturating_add(size);
    let (mut tensor, length) = super::tensor(&Message::whole(&window), "", None);
    let length = length.ok_or("a tensor's size is not known")?;
    let end = start.checked_add(length).filter(|end| *end <= content.len());
    let end = end.ok_or("a tensor's elements are cut short")?;
    tensor.span = Some(Span { offset: start, length });
    Ok((tensor, end))
}
