//! PaddlePaddle: programs as protocol buffer messages (`.pdmodel`, `__model__`) or JSON, and their parameters.
//!
//! <https://www.paddlepaddle.org.cn/documentation/docs/en/guides/advanced/model_save_load_en.html>. A program is blocks of
//! operators. Most compute; some call Python, read and write files, or open connections. (`.pdparams` and `.pdopt` are
//! pickles.)

mod operators;
mod parameters;
mod pir;
mod program;
mod rules;

use std::collections::BTreeMap;

use bartizan_core::{
    Asset, Claim, Context, Coverage, Description, Fact, Finding, Import, Inspection, Inspector, Kind,
    Metadata, Model, Probe, Rule, Section, Span, Tensor, UseKind, redacted,
};
use operators::Verdict;
pub(crate) use parameters::Parameters;

use crate::{
    json,
    protobuf::{Message, Window},
    safetensors::tensor_row,
};

/// Reads programs that are messages.
#[derive(Debug)]
pub(crate) struct Program;

/// Reads programs that are JSON.
#[derive(Debug)]
pub(crate) struct Pir;

static RULES: &[&Rule] = &[&rules::PYTHON, &rules::FILE, &rules::NETWORK, &rules::CUSTOM];

/// One operator of a program.
struct Operator {
    name: String,
    /// Attributes that are texts.
    texts: Vec<(String, String)>,
    /// Does the file say that it is no part of Paddle?
    custom: bool,
    offset: Option<u64>,
    line: Option<u32>,
}

/// Where an operator stands first, as far as offsets are known, and how often.
struct Usage {
    offset: Option<u64>,
    count: u64,
}

/// The most kinds of operator, and of harmful uses of them.
const MOST: usize = 10_000;

/// What was gathered of a program.
#[derive(Default)]
struct Found {
    version: Option<u64>,
    operators: BTreeMap<String, Usage>,
    /// What is to be said, by operator and words, so that repetition is one finding.
    verdicts: BTreeMap<(String, String), (Verdict, Operator)>,
    tensors: Vec<Tensor>,
    omitted: u64,
    coverage: Coverage,
}

impl Found {
    fn operate(&mut self, operator: Operator) {
        if self.operators.len() < MOST || self.operators.contains_key(&operator.name) {
            let fresh = Usage { offset: operator.offset, count: 0 };
            self.operators.entry(operator.name.clone()).or_insert(fresh).count += 1;
        }
        if let Some(verdict) = operators::judge(&operator.name, &operator.texts, operator.custom)
            && self.verdicts.len() < MOST
        {
            let key = (operator.name.clone(), verdict.words.clone());
            self.verdicts.entry(key).or_insert((verdict, operator));
        }
    }

    fn report(self, asset: &Asset, context: &Context<'_>, inspection: &mut Inspection) {
        inspection.coverage.merge(self.coverage);
        if self.operators.is_empty() {
            inspection.coverage.miss("no operators could be found in it");
        }
        for ((name, words), (verdict, operator)) in self.verdicts.into_iter().take(context.limits.findings) {
            let message = format!("when it runs, the operator `{}` {words}", redacted(&name));
            let mut finding = Finding::new(verdict.rule, asset, message)
                .severity(verdict.severity)
                .evidence("operator", &name);
            for (key, value) in operator.texts.iter().filter(|(_, value)| !value.is_empty()).take(4) {
                finding = finding.evidence("attribute", format!("{key}={value}"));
            }
            finding.at.offset = operator.offset;
            finding.at.line = operator.line;
            inspection.find(finding);
        }
        inspection.know(Fact::Model(Model {
            format_version: self.version.map(|version| version.to_string()),
            framework: Some("paddle".to_owned()),
            parameters: self.tensors.iter().try_fold(0u64, |sum, tensor| sum.checked_add(tensor.elements()?)),
            ..Model::of("paddle")
        }));
        let count: u64 = self.operators.values().map(|usage| usage.count).sum();
        inspection.know(Fact::Metadata(Metadata::new("operators", count.to_string())));
        for (name, usage) in &self.operators {
            inspection.know(Fact::Import(Import {
                module: "paddle".to_owned(),
                name: redacted(name),
                uses: vec![UseKind::Plugin],
                offset: usage.offset,
                count: usage.count,
            }));
        }
        if !self.tensors.is_empty() {
            inspection.know(Fact::Tensors { tensors: self.tensors, omitted: self.omitted });
        }
    }

    fn describe(&self, context: &Context<'_>) -> Description {
        let mut operators = Section::new("operations", &["operator", "count"]);
        for (name, usage) in &self.operators {
            operators.push(context.limits.rows, vec![redacted(name).into(), usage.count.into()]);
        }
        let mut tensors = Section::new("tensors", &["name", "dtype", "shape", "offset", "bytes"]);
        for tensor in &self.tensors {
            tensors.push(context.limits.rows, tensor_row(tensor));
        }
        Description { sections: vec![operators, tensors] }
    }
}

fn program(asset: &Asset, context: &Context<'_>) -> Found {
    let mut found = Found::default();
    let window = Window::new(&asset.content);
    program::read(&Message::whole(&window), context, &mut found);
    found
}

impl Inspector for Program {
    fn kind(&self) -> Kind {
        Kind::new("paddle")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let window = Window::new(probe.content());
        // Blocks, version and versions of operators may come in any order.
        let first = probe.head.first().is_some_and(|key| matches!(key, 0x0a | 0x22 | 0x2a));
        if first && program::is_program(&Message::whole(&window)) {
            return Claim::Shape;
        }
        let named = probe.extension_is(&["pdmodel"]) || probe.name() == "__model__";
        if named && !probe.is_empty() { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        program(asset, context).report(asset, context, &mut inspection);
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        program(asset, context).describe(context)
    }
}

fn pir(asset: &Asset, context: &Context<'_>, inspection: &mut Inspection) -> Found {
    let mut found = Found::default();
    if let Some(document) = json::read(asset, context, inspection) {
        json::duplicates(&document, asset, inspection);
        inspection.merge(json::judge(&document.root, asset, context));
        pir::read(&document.root, &mut found);
    }
    found
}

impl Inspector for Pir {
    fn kind(&self) -> Kind {
        Kind::new("paddle-pir")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static ALL: std::sync::LazyLock<Vec<&'static Rule>> =
            std::sync::LazyLock::new(|| [RULES, &json::SHARED_RULES].concat());
        &ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let says = |text: &[u8]| memchr::memmem::find(&probe.head, text).is_some();
        let shaped = probe.first_visible() == Some(b'{') && says(b"\"base_code\"") && says(b"\"pir\"");
        if shaped { Claim::Certain } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        pir(asset, context, &mut inspection).report(asset, context, &mut inspection);
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        pir(asset, context, &mut Inspection::new()).describe(context)
    }
}

/// A `TensorDesc` (element type 1, dimensions 2), and how many bytes its elements take; `None` when that is not known.
fn tensor(message: &Message<'_>, name: &str, span: Option<Span>) -> (Tensor, Option<u64>) {
    let kind = message.get(1).map_or(u64::MAX, |field| field.number_value());
    let shape: Vec<u64> = message.all(2).take(64).flat_map(|field| field.numbers()).take(64).collect();
    let (dtype, size) = data_type(kind)
        .map_or_else(|| (format!("type-{kind}"), None), |(name, size)| (name.to_owned(), Some(size)));
    let bytes = shape.iter().try_fold(size.unwrap_or(0), |product, size| product.checked_mul(*size));
    (Tensor { name: redacted(name), dtype, shape, span, file: None }, size.and(bytes))
}

/// Name and bytes of an element of `VarType.Type`.
const fn data_type(number: u64) -> Option<(&'static str, u64)> {
    Some(match number {
        0 => ("bool", 1),
        1 => ("int16", 2),
        2 => ("int32", 4),
        3 => ("int64", 8),
        4 => ("float16", 2),
        5 => ("float32", 4),
        6 => ("float64", 8),
        20 => ("uint8", 1),
        21 => ("int8", 1),
        22 => ("bfloat16", 2),
        23 => ("complex64", 8),
        24 => ("complex128", 16),
        32 => ("float8e4m3fn", 1),
        33 => ("float8e5m2", 1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
