//! Weights that exporters pack into integers: which tensors belong together, and what shape they really have.
//!
//! Scales and zero points are left out. They move the values of whole rows or groups by little, which lowers a correlation
//! slightly, while reading them for every position would cost as much again as the positions.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_core::Content;

use super::{
    element::Encoding,
    elements::{Layout, TensorSource},
};

/// A tensor after unpacking was prepared; the layout is the element type's own when absent.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) dtype: String,
    pub(super) shape: Vec<u64>,
    pub(super) content: Content,
    pub(super) layout: Option<Layout>,
}

/// Side tensors of a quantised weight `NAME`, as suffixes of what replaces `weight`.
const COMPANIONS: [&str; 16] = [
    ".scales",
    ".qzeros",
    ".g_idx",
    ".weight_scale",
    ".weight_scale_inv",
    ".weight_zero_point",
    ".weight_shape",
    ".weight_g_idx",
    ".weight_global_scale",
    ".input_scale",
    ".SCB",
    ".weight.SCB",
    ".weight_format",
    ".weight.absmax",
    ".weight.quant_map",
    ".weight.nested_absmax",
];
/// What follows `weight.` in the names of bitsandbytes.
const STATES: [&str; 2] = ["nested_quant_map", "quant_state.bitsandbytes__"];

/// Finds packed weights, gives them their real shape, and drops what only accompanies them. The second list says what
/// could not be read.
pub(super) fn unpack(sources: Vec<TensorSource>) -> (Vec<Source>, Vec<String>) {
    let shapes: BTreeMap<&str, &TensorSource> =
        sources.iter().map(|source| (source.name.as_str(), source)).collect();
    let names: BTreeSet<&str> = shapes.keys().copied().collect();
    let mut unpacked = Vec::new();
    let mut gaps = Vec::new();
    for source in &sources {
        if accompanies(&source.name, &names) {
            continue;
        }
        match packed(source, &shapes) {
            Ok(source) => unpacked.push(source),
            Err(why) => gaps.push(format!("tensor `{}`: {why}", source.name)),
        }
    }
    (unpacked, gaps)
}

/// Is it a side tensor of a weight that is there?
fn accompanies(name: &str, names: &BTreeSet<&str>) -> bool {
    let of = |stem: &str| {
        ["weight", "qweight", "weight_packed"]
            .iter()
            .any(|weight| names.contains(format!("{stem}.{weight}").as_str()))
    };
    let state = || {
        let (stem, rest) = name.split_once(".weight.")?;
        (STATES.iter().any(|state| rest.starts_with(state)) && of(stem)).then_some(())
    };
    COMPANIONS.iter().any(|suffix| name.strip_suffix(suffix).is_some_and(of)) || state().is_some()
}

fn packed(source: &TensorSource, all: &BTreeMap<&str, &TensorSource>) -> Result<Source, String> {
    let plain = Source {
        name: source.name.clone(),
        dtype: source.dtype.clone(),
        shape: source.shape.clone(),
        content: source.content.clone(),
        layout: None,
    };
    let is_words = matches!(source.dtype.as_str(), "i32" | "int32");
    if let Some(stem) = source.name.strip_suffix(".weight_packed")
        && is_words
        && let [rows, words] = source.shape.as_slice()
    {
        // Eight elements of four bits in a word; other widths have as many words and other shapes.
        let columns = all.get(format!("{stem}.weight_shape").as_str()).and_then(|shape| second_number(shape));
        let columns = columns.ok_or("its `weight_shape` is missing")?;
        if columns.div_ceil(8) != *words || columns % 8 != 0 {
            return Err("packed in a way that is not read".to_owned());
        }
        return Ok(Source {
            shape: vec![*rows, columns],
            layout: Some(Layout::Flat(Encoding::Packed4)),
            ..plain
        });
    }
    if let Some(stem) = source.name.strip_suffix(".qweight")
        && is_words
        && let [rows, columns] = source.shape.as_slice()
    {
        let scales = all.get(format!("{stem}.scales").as_str()).ok_or("its scales are missing")?;
        let outputs = scales.shape.last().copied().unwrap_or(0);
        let eight = |size: u64| size.checked_mul(8).ok_or("its shape overflows");
        if outputs == eight(*columns)? {
            let shape = vec![*rows, outputs];
            return Ok(Source { shape, layout: Some(Layout::Flat(Encoding::Interleaved4)), ..plain });
        }
        // Eight 4-bit rows share a row of words; other widths pack 4, 10 or 16 and cannot be told apart without more.
        if outputs == *columns && four_bits(stem, *rows, all) {
            let shape = vec![eight(*rows)?, outputs];
            return Ok(Source { shape, layout: Some(Layout::PackedRows { width: outputs }), ..plain });
        }
        return Err("packed in a way that is not read".to_owned());
    }
    if let Some(shape) = normal_float(source, all) {
        return Ok(Source { shape, layout: Some(Layout::Flat(Encoding::NormalFloat4)), ..plain });
    }
    Ok(plain)
}

/// The second of two integers.
fn second_number(source: &TensorSource) -> Option<u64> {
    let bytes = source.content.whole(16).ok()?;
    let number = match source.dtype.as_str() {
        "i64" | "int64" => i64::from_le_bytes(*bytes.get(8..)?.first_chunk()?),
        "i32" | "int32" => i64::from(i32::from_le_bytes(*bytes.get(4..)?.first_chunk()?)),
        _ => return None,
    };
    u64::try_from(number).ok()
}

/// Are there zero points of four bits beside it: as many words as an eighth of the outputs?
fn four_bits(stem: &str, rows: u64, all: &BTreeMap<&str, &TensorSource>) -> bool {
    let width = |name: &str| {
        all.get(format!("{stem}.{name}").as_str()).and_then(|source| source.shape.last().copied())
    };
    let zeros = width("qzeros").zip(width("scales"));
    rows > 0 && zeros.is_some_and(|(zeros, scales)| zeros.checked_mul(8) == Some(scales))
}

/// Largest description of a quantised tensor that is read.
const STATE: u64 = 64 << 10;

/// The shape behind a bitsandbytes 4-bit weight, from the JSON in its quantisation state.
fn normal_float(source: &TensorSource, all: &BTreeMap<&str, &TensorSource>) -> Option<Vec<u64>> {
    if !matches!(source.dtype.as_str(), "u8" | "uint8") {
        return None;
    }
    let state = all.get(format!("{}.quant_state.bitsandbytes__nf4", source.name).as_str())?;
    let bytes = state.content.whole(STATE).ok()?;
    let state: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let shape: Vec<u64> =
        state.get("shape")?.as_array()?.iter().filter_map(serde_json::Value::as_u64).collect();
    let elements = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size))?;
    (elements.div_ceil(2) == source.content.len()).then_some(shape)
}
