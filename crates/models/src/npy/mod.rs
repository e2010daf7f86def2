//! NumPy's `.npy`: one array.
//!
//! `\x93NUMPY`, a version, the length of a header, the header (a Python dictionary literal with `descr`,
//! `fortran_order` and `shape`), then the elements. See
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. An array of Python objects is a pickle in
//! disguise: `descr` names the type `O`, and what follows the header is a pickle, which runs when the array is loaded
//! with `allow_pickle=True`. Arrays may follow one another in one file.

mod dtype;
mod literal;

use bartizan_core::{
    Asset, Category, Claim, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Model, Probe,
    Rule, Section, Severity, Span, Taxonomy, Tensor, redacted,
};
use literal::{Literal, Refusal};

use crate::safetensors::{embedded, tensor_row};

static EXPRESSION: Rule = Rule {
    id: "npy/expression-in-header",
    title: "NumPy header is an expression, not a literal",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "The header of an array is a dictionary literal. Loaders that evaluate it as Python, as early ones and \
          hand-written ones do, run whatever expression stands there. No writer makes such a header.",
    fix: "Do not load it. Delete the file.",
    references: &["https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"],
    taxonomy: Taxonomy { cwe: &["CWE-95"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static OBJECTS: Rule = Rule {
    id: "npy/object-array",
    title: "Array of Python objects",
    severity: Severity::Info,
    category: Category::CustomCode,
    why: "The elements are a pickle, which is read only with `allow_pickle=True`, and which can run code then. What \
          this one does is reported of its own.",
    fix: "Store numbers or text in a typed array, and keep `allow_pickle=False`.",
    references: &["CVE-2019-6446"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

static MALFORMED: Rule = Rule {
    id: "npy/malformed-header",
    title: "NumPy header contradicts itself",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "The header describes an array that cannot exist. Loaders refuse it, or allocate by it.",
    fix: "Do not load it. Get the file again from its publisher.",
    references: &["https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

static TRAILING: Rule = Rule {
    id: "npy/trailing-data",
    title: "Bytes behind the array",
    severity: Severity::Low,
    category: Category::Integrity,
    why: "The file goes on behind its last array. Loaders ignore the rest; something else may pick it up.",
    fix: "Find out what it is, or save the array anew, which leaves it behind.",
    references: &[],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

static RULES: &[&Rule] = &[
    &EXPRESSION,
    &OBJECTS,
    &MALFORMED,
    &TRAILING,
    &crate::weights::NOT_FINITE,
    &crate::weights::EXTREME,
    &crate::weights::SPIKED_ROW,
    &crate::weights::LOW_BITS,
];

/// The inspector of `.npy` files.
#[derive(Debug)]
pub(crate) struct Npy;

const MAGIC: &[u8] = b"\x93NUMPY";
/// Arrays read from one file.
const ARRAYS: usize = 10_000;

/// One array's header.
#[derive(Clone, Debug)]
struct Array {
    version: u8,
    /// Where the header's text begins, and where the elements do.
    text: u64,
    data: u64,
    header: Result<Literal, Refusal>,
}

impl Array {
    /// Reads the header at `start`.
    fn read(asset: &Asset, start: u64, context: &Context<'_>) -> Result<Self, String> {
        let prefix = asset.content.read(start, 12.min(asset.content.len().saturating_sub(start)), 12);
        let prefix = prefix.map_err(|error| error.to_string())?;
        let version = *prefix.get(6).ok_or("the file ends inside the magic number")?;
        let short =
            |at: usize| prefix.get(at..at + 2)?.first_chunk().map(|b| u64::from(u16::from_le_bytes(*b)));
        let long =
            |at: usize| prefix.get(at..at + 4)?.first_chunk().map(|b| u64::from(u32::from_le_bytes(*b)));
        let (length, used) = match version {
            1 => (short(8), 10),
            2 | 3 => (long(8), 12),
            _ => return Err(format!("version {version} is not known")),
        };
        let length = length.ok_or("the file ends inside the header's length")?;
        let text = start.saturating_add(used);
        let bytes = asset.content.read(text, length, context.limits.held.min(16 << 20));
        let bytes = bytes.map_err(|error| format!("the header: {error}"))?;
        let header = literal::parse(&String::from_utf8_lossy(&bytes), context.limits.depth.min(32));
        Ok(Self { version, text, data: text.saturating_add(length), header })
    }

    /// Element type, size in bytes of an element where it is known, whether it holds objects, shape.
    fn described(&self) -> Option<(dtype::Dtype, Vec<Option<u64>>)> {
        let header = self.header.as_ref().ok()?;
        let dtype = dtype::Dtype::of(header.get("descr")?, 16)?;
        let Literal::Sequence(shape) = header.get("shape")? else { return None };
        let size = |literal: &Literal| if let Literal::Number(size) = literal { *size } else { None };
        Some((dtype, shape.iter().map(size).collect()))
    }
}

impl Inspector for Npy {
    fn kind(&self) -> Kind {
        Kind::new("npy")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        match probe.starts_with(MAGIC) {
            true => Claim::Certain,
            false if probe.extension == "npy" && !probe.is_empty() => Claim::Name,
            false => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        if !asset.content.head(6).unwrap_or_default().starts_with(MAGIC) {
            inspection.coverage.miss("not a NumPy array: it does not begin with \\x93NUMPY");
            return inspection;
        }
        let mut tensors = Vec::new();
        let mut start = 0;
        let mut version = 0;
        for number in 0..ARRAYS {
            if context.interrupted() {
                inspection.coverage.miss_at(start, "the time ran out");
                break;
            }
            let array = match Array::read(asset, start, context) {
                Ok(array) => array,
                Err(why) => {
                    inspection.coverage.miss_at(start, format!("array {number}: {why}"));
                    break;
                }
            };
            version = array.version;
            match one(asset, context, number, &array, &mut tensors, &mut inspection) {
                Some(end) => start = end,
                None => break,
            }
        }
        inspection.know(Fact::Model(Model {
            format_version: Some(version.to_string()),
            framework: Some("numpy".to_owned()),
            ..Model::of("npy")
        }));
        if context.options.deep {
            inspection.merge(crate::weights::examine(asset, &tensors, context));
        }
        inspection.know(Fact::Tensors { tensors, omitted: 0 });
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut header = Section::new("header", &["field", "value"]);
        let mut table = Section::new("tensors", &["name", "dtype", "shape", "offset", "bytes"]);
        if let Ok(array) = Array::read(asset, 0, context) {
            let text = asset.content.read(array.text, array.data.saturating_sub(array.text).min(4096), 4096);
            let text = text.unwrap_or_default();
            header.push(context.limits.rows, vec!["version".into(), u64::from(array.version).into()]);
            let line = redacted(String::from_utf8_lossy(&text).trim());
            header.push(context.limits.rows, vec!["header".into(), line.into()]);
            if let Some((dtype, shape)) = array.described() {
                table.push(context.limits.rows, tensor_row(&tensor(0, &dtype, &shape, &array)));
            }
        }
        Description { sections: vec![header, table] }
    }
}

fn tensor(number: usize, dtype: &dtype::Dtype, shape: &[Option<u64>], array: &Array) -> Tensor {
    let shape: Vec<u64> = shape.iter().map(|size| size.unwrap_or(0)).collect();
    let elements = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size));
    let length = dtype.size.zip(elements).and_then(|(size, elements)| size.checked_mul(elements));
    Tensor {
        name: format!("array-{number}"),
        dtype: dtype.name.clone(),
        shape,
        span: length.map(|length| Span { offset: array.data, length }),
        file: None,
    }
}

/// Reads one array; answers where the next one begins, when there is one.
fn one(
    asset: &Asset,
    context: &Context<'_>,
    number: usize,
    array: &Array,
    tensors: &mut Vec<Tensor>,
    inspection: &mut Inspection,
) -> Option<u64> {
    if let Err(refusal) = &array.header {
        inspection.coverage.miss_at(array.text, "the header is not a dictionary literal");
        match refusal {
            Refusal::Expression(text) => {
                let message = format!("The array's header is the expression `{}`.", redacted(text));
                inspection.find(
                    Finding::new(&EXPRESSION, asset, message).offset(array.text).evidence("header", text),
                );
            }
            Refusal::Broken => {
                let message = "The array's header is not a dictionary literal.";
                inspection.find(Finding::new(&MALFORMED, asset, message).offset(array.text));
            }
        }
        after(asset, context, array.data, inspection);
        return None;
    }
    let Some((dtype, shape)) = array.described() else {
        inspection
            .coverage
            .miss_at(array.text, "the header lacks descr or shape, or they are not understood");
        after(asset, context, array.data, inspection);
        return None;
    };
    let tensor = tensor(number, &dtype, &shape, array);
    let (span, overflows) = (tensor.span, tensor.elements().is_none());
    tensors.push(tensor);
    if dtype.objects {
        let message = "The elements are Python objects, stored as a pickle.";
        inspection.find(Finding::new(&OBJECTS, asset, message).offset(array.data));
        let name = if number == 0 { "objects.pkl".to_owned() } else { format!("objects-{number}.pkl") };
        if let Err(limit) = context.emit(asset.child(&name, asset.content.tail(array.data))) {
            inspection.coverage.miss_at(array.data, format!("{name}: {limit}"));
        }
        return None;
    }
    if overflows || shape.contains(&None) || (dtype.size.is_some() && span.is_none()) {
        inspection.coverage.miss_at(array.text, "the shape is not one of an array");
        let message = "The header's shape is negative, or its size overflows.";
        inspection.find(Finding::new(&MALFORMED, asset, message).offset(array.text));
        return None;
    }
    let Some(end) = span.and_then(|span| span.offset.checked_add(span.length)) else {
        inspection
            .coverage
            .miss_at(array.text, format!("element type {} is not known", redacted(&dtype.name)));
        return None;
    };
    let size = asset.content.len();
    if end > size {
        inspection.coverage.miss_at(size, format!("the array ends at byte {end}, the file at {size}"));
        if end > size.saturating_mul(1000).saturating_add(1 << 20) {
            let message = format!("The header claims an array of {end} bytes in a file of {size}.");
            inspection.find(Finding::new(&MALFORMED, asset, message).offset(array.text));
        }
        return None;
    }
    if asset.content.read(end, 6.min(size - end), 6).is_ok_and(|next| next.starts_with(MAGIC)) {
        return Some(end);
    }
    after(asset, context, end, inspection);
    None
}

/// Reports and hands on what follows the last array.
fn after(asset: &Asset, context: &Context<'_>, at: u64, inspection: &mut Inspection) {
    let rest = asset.content.tail(at);
    if rest.is_empty() || !inspection.coverage.is_complete() {
        return;
    }
    let payload = embedded::payload(&rest.head(4096).unwrap_or_default());
    let begins = payload.map_or(String::new(), |payload| format!(", beginning with {}", payload.what));
    let severity = if payload.is_some() { Severity::High } else { Severity::Low };
    let message = format!("{} bytes follow the last array{begins}.", rest.len());
    inspection.find(Finding::new(&TRAILING, asset, message).severity(severity).offset(at));
    if let Err(limit) = context.emit(asset.child(&format!("trailing-{at}.bin"), rest)) {
        inspection.coverage.miss_at(at, format!("trailing bytes: {limit}"));
    }
}

#[cfg(test)]
mod tests;
