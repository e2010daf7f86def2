//! ONNX: a graph of operators in one protocol buffer message, `ModelProto`.
//!
//! Specification: <https://github.com/onnx/onnx/blob/main/docs/IR.md>. A graph runs no code of its own; what can go
//! wrong is where its tensors come from (external data outside the folder), and which code its operators need (custom
//! domains, Python operators). There is no magic number: a file is recognised by its fields.

mod ports;
mod rules;
mod schema;
mod walk;

use std::collections::{BTreeMap, HashSet};

use bartizan_core::{
    Asset, Claim, Content, Context, Dependency, Description, Direction, EntryKind, Fact, Finding, Import,
    Inspection, Inspector, Kind, Licence, Metadata, Model as ModelFact, Probe, Reference, Rule, Section,
    UseKind, redacted,
};
use walk::{External, Model, Usage, Walk};

use crate::{
    location,
    protobuf::{Message, Window, conforms},
    safetensors::{embedded, tensor_row},
};

/// The inspector of ONNX models.
#[derive(Debug)]
pub(crate) struct Onnx;

static RULES: &[&Rule] = &[
    &rules::OUTSIDE,
    &rules::MISSING,
    &rules::BAD_RANGE,
    &rules::PYTHON_OPERATOR,
    &rules::CUSTOM_DOMAIN,
    &rules::VENDOR_DOMAIN,
    &rules::MALFORMED,
    &rules::ENCODED_PAYLOAD,
    &crate::weights::NOT_FINITE,
    &crate::weights::EXTREME,
    &crate::weights::SPIKED_ROW,
    &crate::weights::LOW_BITS,
];

fn walked(asset: &Asset, context: &Context<'_>) -> Model {
    let window = Window::new(&asset.content);
    let mut walk = Walk::new(context);
    walk.model(Message::whole(&window));
    walk.found
}

impl Inspector for Onnx {
    fn kind(&self) -> Kind {
        Kind::new("onnx")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let window = Window::new(probe.content());
        // A key of one of ModelProto's fields comes first: numbers 1 to 8, 14 and 20, of wire types 0 and 2.
        let first = probe
            .head
            .first()
            .is_some_and(|byte| b"\x08\x12\x1a\x22\x28\x32\x3a\x42\x72\xa2\xca".contains(byte));
        if first && conforms(&Message::whole(&window), &schema::MODEL) {
            return Claim::Shape;
        }
        if probe.extension_is(&["onnx", "ort"]) && !probe.is_empty() { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let model = walked(asset, context);
        inspection.coverage.merge(model.coverage.clone());
        if model.operators.is_empty() && model.tensors.is_empty() && model.ir_version == 0 {
            inspection.coverage.miss("no ONNX graph could be found in it");
        }
        operators(asset, &model, &mut inspection);
        external_data(asset, context, &model, &mut inspection);
        for (name, offset) in model.overflowing.iter().take(context.limits.findings) {
            let message = format!("The size of tensor `{}` overflows.", redacted(name));
            inspection.find(
                Finding::new(&rules::MALFORMED, asset, message).offset(*offset).evidence("tensor", name),
            );
        }
        facts(asset, context, &model, &mut inspection);
        if context.options.deep {
            inspection.merge(crate::weights::examine(asset, &model.tensors, context));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let model = walked(asset, context);
        let mut header = Section::new("header", &["field", "value"]);
        for (field, value) in [
            ("ir-version", model.ir_version.to_string()),
            ("producer", format!("{} {}", model.producer, model.producer_version)),
            ("graph", model.graph.clone()),
        ] {
            header.push(context.limits.rows, vec![field.into(), redacted(&value).into()]);
        }
        for (domain, version) in &model.opsets {
            let domain = if domain.is_empty() { "ai.onnx" } else { domain };
            header.push(
                context.limits.rows,
                vec!["opset".into(), redacted(&format!("{domain} {version}")).into()],
            );
        }
        let mut operators = Section::new("operations", &["domain", "operator", "count", "offset"]);
        for ((domain, operator), usage) in &model.operators {
            let row = vec![
                redacted(domain).into(),
                redacted(operator).into(),
                usage.count.into(),
                usage.offset.into(),
            ];
            operators.push(context.limits.rows, row);
        }
        let mut table = Section::new("tensors", &["name", "dtype", "shape", "offset", "bytes"]);
        for tensor in &model.tensors {
            table.push(context.limits.rows, tensor_row(tensor));
        }
        Description { sections: vec![header, operators, table] }
    }
}

/// Domains whose operators come with ONNX or with its reference runtime.
fn is_standard(domain: &str) -> bool {
    let standard =
        ["", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"];
    standard.contains(&domain) || domain == "com.microsoft" || domain.starts_with("com.microsoft.")
}

/// Domains of well-known runtimes and exporters, whose operators are no plugin of the model's author.
fn is_vendor(domain: &str) -> bool {
    let vendors = [
        "com.ms.internal.nhwc",
        "com.ms.nhwc",
        "org.pytorch.aten",
        "org.pytorch._caffe2",
        "org.openvinotoolkit",
    ];
    vendors.contains(&domain)
}

/// Operators that call into Python.
fn calls_python(domain: &str, operator: &str) -> bool {
    let names = ["PyOp", "PyCustomOp", "PythonOp", "PythonOpGrad", "PyFunc"];
    names.contains(&operator) || domain.split('.').any(|part| part.eq_ignore_ascii_case("pyop"))
}

fn operators(asset: &Asset, model: &Model, inspection: &mut Inspection) {
    let mut domains: BTreeMap<&str, Vec<(&str, &Usage)>> = BTreeMap::new();
    for ((domain, operator), usage) in &model.operators {
        if model.functions.contains(&(domain.clone(), operator.clone())) {
            continue;
        }
        if calls_python(domain, operator) {
            let shown = redacted(operator);
            let message =
                format!("When it runs, this model calls Python code through the operator `{shown}`.");
            inspection.find(
                Finding::new(&rules::PYTHON_OPERATOR, asset, message)
                    .offset(usage.offset)
                    .evidence("operator", operator)
                    .evidence("domain", domain)
                    .evidence("node", &usage.node),
            );
        } else if !is_standard(domain) {
            domains.entry(domain).or_default().push((operator, usage));
        }
    }
    for (domain, operators) in domains {
        let Some((_, first)) = operators.first() else { continue };
        let names: Vec<&str> = operators.iter().map(|(operator, _)| *operator).take(8).collect();
        let names = names.join(", ");
        let shown = redacted(domain);
        let finding = if is_vendor(domain) {
            Finding::new(
                &rules::VENDOR_DOMAIN,
                asset,
                format!("Operators of `{shown}`: {}.", redacted(&names)),
            )
        } else {
            let message =
                format!("To run, this model needs native code for `{shown}`: {}.", redacted(&names));
            Finding::new(&rules::CUSTOM_DOMAIN, asset, message)
        };
        inspection
            .find(finding.offset(first.offset).evidence("domain", domain).evidence("operators", &names));
    }
}

/// Checks where every external tensor lies; one finding for each location.
fn external_data(asset: &Asset, context: &Context<'_>, model: &Model, inspection: &mut Inspection) {
    let mut locations: BTreeMap<&str, Vec<&External>> = BTreeMap::new();
    for external in &model.externals {
        locations.entry(&external.location).or_default().push(external);
        if let Some(why) = bad_range(external) {
            let message = format!("The external data of `{}` {why}.", redacted(&external.tensor));
            inspection.find(
                Finding::new(&rules::BAD_RANGE, asset, message)
                    .offset(external.at)
                    .evidence("offset", external.start.as_deref().unwrap_or("-"))
                    .evidence("length", external.length.as_deref().unwrap_or("-")),
            );
        }
        if inspection.findings.len() > context.limits.findings {
            break;
        }
    }
    for (target, tensors) in locations {
        inspection.know(Fact::Reference(Reference { role: "external-data", target: redacted(target) }));
        let Some(first) = tensors.first() else { continue };
        let finding = |rule: &'static Rule, message: String| {
            Finding::new(rule, asset, message)
                .offset(first.at)
                .evidence("location", target)
                .evidence("tensor", &first.tensor)
        };
        let shown = redacted(target);
        if let Some(escape) = location::escape(target) {
            let words = escape.words();
            inspection.find(finding(
                &rules::OUTSIDE,
                format!("On load, this model reads `{shown}`, which {words}."),
            ));
            continue;
        }
        let Some(siblings) = &asset.siblings else { continue };
        // Where the farthest tensor ends.
        let number =
            |text: &Option<String>| text.as_deref().and_then(|t| t.trim().parse::<u64>().ok()).unwrap_or(0);
        let end =
            tensors.iter().map(|t| number(&t.start).saturating_add(number(&t.length))).max().unwrap_or(0);
        match siblings.entry(&location::normalised(target)) {
            Some(entry) if entry.kind == EntryKind::LinkOutside => {
                let message = format!("On load, this model reads `{shown}`, a link that leaves the folder.");
                inspection.find(finding(&rules::OUTSIDE, message));
            }
            Some(entry) if entry.kind == EntryKind::File && entry.size < end => {
                inspection.coverage.miss(format!("`{shown}` has {} bytes, {end} are needed", entry.size));
                let message = format!("`{shown}` has {} bytes; tensors reach to byte {end}.", entry.size);
                inspection.find(finding(&rules::MISSING, message));
            }
            Some(_) => {}
            None => {
                inspection.coverage.miss(format!("the external data `{shown}` is not there"));
                inspection.find(finding(
                    &rules::MISSING,
                    format!("The external data `{shown}` is not beside the model."),
                ));
            }
        }
    }
}

/// Why an offset or length is none.
fn bad_range(external: &External) -> Option<String> {
    let parse = |name: &str, text: &Option<String>| match text.as_deref().map(str::trim) {
        None | Some("") => Ok(0),
        Some(text) => text.parse::<u64>().map_err(|_| format!("has the {name} `{}`", redacted(text))),
    };
    match (parse("offset", &external.start), parse("length", &external.length)) {
        (Ok(offset), Ok(length)) => {
            let fits = offset.checked_add(length).is_some_and(|end| i64::try_from(end).is_ok());
            (!fits).then(|| "ends beyond any file".to_owned())
        }
        (Err(why), _) | (_, Err(why)) => Some(why),
    }
}

/// Names of domains as people know them.
fn domain_name(domain: &str) -> String {
    redacted(if domain.is_empty() { "ai.onnx" } else { domain })
}

fn facts(asset: &Asset, context: &Context<'_>, model: &Model, inspection: &mut Inspection) {
    let text = |value: &str| Some(redacted(value)).filter(|value| !value.is_empty());
    inspection.know(Fact::Model(ModelFact {
        format_version: Some(model.ir_version.to_string()),
        framework: Some("onnx".to_owned()),
        framework_version: model.opsets.get("").or(model.opsets.get("ai.onnx")).map(u64::to_string),
        producer: text(format!("{} {}", model.producer, model.producer_version).trim()),
        name: text(&model.graph),
        version: (model.version > 0).then(|| model.version.to_string()),
        parameters: model.tensors.iter().try_fold(0u64, |sum, tensor| sum.checked_add(tensor.elements()?)),
        ..ModelFact::of("onnx")
    }));
    let weights: HashSet<&str> = model.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    for port in &model.ports {
        if port.direction == Direction::Output || !weights.contains(port.name.as_str()) {
            inspection.know(Fact::Port(port.clone()));
        }
    }
    for (domain, version) in model.opsets.iter().take(1000) {
        let (name, version) = (domain_name(domain), Some(version.to_string()));
        inspection.know(Fact::Dependency(Dependency { role: "opset", name, version, relation: None }));
    }
    for ((domain, operator), usage) in model.operators.iter().take(10_000) {
        inspection.know(Fact::Import(Import {
            module: domain_name(domain),
            name: redacted(operator),
            uses: vec![UseKind::Plugin],
            offset: Some(usage.offset),
            count: usage.count,
        }));
    }
    for (key, value) in &model.metadata {
        inspection.know(Fact::Metadata(Metadata::new(key, value)));
        if matches!(key.to_ascii_lowercase().as_str(), "license" | "licence" | "model_license") {
            inspection.know(Fact::Licence(Licence { declared: redacted(value), source: "onnx-metadata" }));
        }
        if let Some((payload, bytes)) = embedded::in_text(value, context.limits.held) {
            let message = format!("The metadata key `{}` encodes {}.", redacted(key), payload.what);
            inspection.find(Finding::new(&rules::ENCODED_PAYLOAD, asset, message).evidence("key", key));
            let name = format!("metadata/{}.{}", redacted(key), payload.extension);
            if let Err(limit) = context.emit(asset.child(&name, Content::from_bytes(bytes))) {
                inspection.coverage.miss(format!("{name}: {limit}"));
            }
        }
    }
    let most = context.limits.tensors;
    inspection.know(Fact::Tensors {
        tensors: model.tensors.iter().take(most).cloned().collect(),
        omitted: model.tensors.len().saturating_sub(most) as u64,
    });
}

#[cfg(test)]
mod tests;
