//! TensorFlow: SavedModel, MetaGraph and frozen graphs, their Keras metadata and their checkpoints.
//!
//! A graph is a program of named operators (<https://www.tensorflow.org/guide/intro_to_graphs>). Most are arithmetic;
//! some read and write files, open connections or call Python. A SavedModel holds MetaGraphs, a MetaGraph holds a graph,
//! and a graph holds functions, and constants that may be graphs again. All are protocol buffers without a magic number,
//! recognised by a node whose operator TensorFlow knows. Whatever a file calls itself, it is read in every form that a
//! loader could read it in.

mod binary;
mod checkpoint;
mod graph;
mod judge;
mod keras_metadata;
mod knowledge;
mod ports;
mod rules;
mod schema;
mod text;

use std::sync::LazyLock;

use bartizan_core::{
    Asset, Claim, Context, Description, Fact, Import, Inspection, Inspector, Kind, Metadata,
    Model as ModelFact, Probe, Reference, Rule, Section, UseKind, redacted,
};
use binary::Form;
pub(crate) use checkpoint::Checkpoint;
use graph::{Graphs, Place};
pub(crate) use keras_metadata::KerasMetadata;
pub(crate) use knowledge::harm;

use crate::{
    keras,
    safetensors::tensor_row,
    weights::{EXTREME, LOW_BITS, NOT_FINITE, SPIKED_ROW},
};

/// The inspector of TensorFlow graphs.
#[derive(Debug)]
pub(crate) struct TensorFlow;

static RULES: LazyLock<Vec<&'static Rule>> =
    LazyLock::new(|| [rules::ALL, keras::RULES, &[&NOT_FINITE, &EXTREME, &SPIKED_ROW, &LOW_BITS]].concat());

/// What reports call each form.
const fn kind(form: Form) -> &'static str {
    match form {
        Form::SavedModel => "tensorflow-saved-model",
        Form::MetaGraph => "tensorflow-meta-graph",
        Form::Graph => "tensorflow-frozen-graph",
    }
}

/// The forms in which the asset holds a graph, the one with the most nodes first.
fn readings(asset: &Asset, context: &Context<'_>) -> Vec<(Form, Graphs)> {
    let head = asset.content.head(Probe::HEAD).unwrap_or_default();
    if text::looks_like(&String::from_utf8_lossy(&head)) {
        return readings_of_text(asset, context);
    }
    let forms = Form::ALL.into_iter().filter(|form| binary::looks_like(&asset.content, *form));
    let mut readings: Vec<(Form, Graphs)> =
        forms.map(|form| (form, binary::read(&asset.content, form, context))).collect();
    readings.sort_by_key(|(_, graphs)| std::cmp::Reverse(graphs.understood()));
    readings
}

fn readings_of_text(asset: &Asset, context: &Context<'_>) -> Vec<(Form, Graphs)> {
    let head = asset.content.head(Probe::HEAD).unwrap_or_default();
    let head = String::from_utf8_lossy(&head);
    let form = match () {
        () if head.contains("saved_model_schema_version") || head.contains("meta_graphs") => Form::SavedModel,
        () if head.contains("meta_info_def") || head.contains("graph_def") => Form::MetaGraph,
        () => Form::Graph,
    };
    match asset.content.whole(context.limits.held) {
        Ok(bytes) => vec![(form, text::read(&bytes, context))],
        Err(error) => {
            let mut graphs = Graphs::default();
            graphs.coverage.miss(format!("the text could not be read: {error}"));
            vec![(form, graphs)]
        }
    }
}

impl Inspector for TensorFlow {
    fn kind(&self) -> Kind {
        Kind::new("tensorflow-saved-model")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let binary = || Form::ALL.into_iter().any(|form| binary::looks_like(probe.content(), form));
        let text = || text::looks_like(&String::from_utf8_lossy(&probe.head));
        if (probe.is_text() && text()) || (!probe.is_empty() && binary()) {
            return Claim::Shape;
        }
        let named = ["saved_model.pb", "saved_model.pbtxt"].contains(&probe.name());
        if named && !probe.is_empty() { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let readings = readings(asset, context);
        if readings.iter().all(|(_, graphs)| graphs.is_empty()) {
            inspection.coverage.miss("no TensorFlow graph could be found in it");
        }
        for (order, (form, graphs)) in readings.into_iter().enumerate() {
            judge::judge(asset, &graphs, context, &mut inspection);
            configurations(asset, &graphs, context, &mut inspection);
            if order == 0 {
                inspection.kind = Some(Kind::new(kind(form)));
                facts(form, &graphs, context, &mut inspection);
                payloads(asset, &graphs, context, &mut inspection);
                if context.options.deep {
                    inspection.merge(crate::weights::examine(asset, &graphs.tensors, context));
                }
            }
            inspection.coverage.merge(graphs.coverage);
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let most = context.limits.rows;
        let Some((form, graphs)) = readings(asset, context).into_iter().next() else {
            return Description::default();
        };
        let mut header = Section::new("header", &["field", "value"]);
        let tags = graphs.tags.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let values = [("form", kind(form)), ("tensorflow-version", &graphs.version), ("tags", &tags)];
        let signatures = graphs.signatures.iter().map(|(name, method)| format!("{name} ({method})"));
        let assets = graphs.assets.iter().map(|(_, file)| ("asset", file.clone()));
        let values = values.into_iter().map(|(field, value)| (field, value.to_owned()));
        for (field, value) in values.chain(signatures.map(|value| ("signature", value))).chain(assets) {
            header.push(most, vec![field.into(), redacted(&value).into()]);
        }
        let mut operators = Section::new("operations", &["operator", "count", "place"]);
        for (name, usage) in &graphs.operators {
            let place = match usage.place {
                Place::Offset(offset) => offset,
                Place::Line(line) => u64::from(line),
            };
            operators.push(most, vec![redacted(name).into(), usage.count.into(), place.into()]);
        }
        let mut functions = Section::new("functions", &["name"]);
        for name in &graphs.functions {
            functions.push(most, vec![redacted(name).into()]);
        }
        let mut tensors = Section::new("tensors", &["name", "dtype", "shape", "offset", "bytes"]);
        for tensor in &graphs.tensors {
            tensors.push(most, tensor_row(tensor));
        }
        Description { sections: vec![header, operators, functions, tensors] }
    }
}

fn configurations(asset: &Asset, graphs: &Graphs, context: &Context<'_>, inspection: &mut Inspection) {
    for (offset, content) in graphs.configurations.iter().take(10_000) {
        if inspection.findings.len() >= context.limits.findings || context.interrupted() {
            inspection.coverage.miss_at(*offset, "not every Keras configuration was read");
            return;
        }
        keras_metadata::configuration(content, *offset, asset, context, inspection);
    }
}

fn payloads(asset: &Asset, graphs: &Graphs, context: &Context<'_>, inspection: &mut Inspection) {
    for (number, (name, content)) in graphs.payloads.iter().enumerate() {
        let name = format!("constant/{}-{number}", redacted(name).replace(['/', '!'], "."));
        if let Err(limit) = context.emit(asset.child(&name, content.clone())) {
            inspection.coverage.miss(format!("{name}: {limit}"));
            return;
        }
    }
}

fn facts(form: Form, graphs: &Graphs, context: &Context<'_>, inspection: &mut Inspection) {
    let parameters = graphs.tensors.iter().filter(|tensor| tensor.dtype.contains("float"));
    inspection.know(Fact::Model(ModelFact {
        format_version: (graphs.producer > 0).then(|| graphs.producer.to_string()),
        framework: Some("tensorflow".to_owned()),
        framework_version: Some(redacted(&graphs.version)).filter(|version| !version.is_empty()),
        parameters: parameters.clone().try_fold(0u64, |sum, tensor| sum.checked_add(tensor.elements()?)),
        ..ModelFact::of(kind(form))
    }));
    for (name, method) in graphs.signatures.iter().take(1000) {
        inspection.know(Fact::Metadata(Metadata::new(format!("signature/{name}"), method)));
    }
    inspection.facts.extend(graphs.ports.iter().cloned().map(Fact::Port));
    for tag in graphs.tags.iter().take(100) {
        inspection.know(Fact::Metadata(Metadata::new("tag", tag)));
    }
    for (_, file) in graphs.assets.iter().take(1000) {
        inspection.know(Fact::Reference(Reference { role: "asset", target: redacted(file) }));
    }
    for (name, usage) in graphs.operators.iter().take(10_000) {
        let offset = match usage.place {
            Place::Offset(offset) => Some(offset),
            Place::Line(_) => None,
        };
        inspection.know(Fact::Import(Import {
            module: "tensorflow".to_owned(),
            name: redacted(name),
            uses: vec![UseKind::Plugin],
            offset,
            count: usage.count,
        }));
    }
    let most = context.limits.tensors;
    let omitted = graphs.omitted.saturating_add(graphs.tensors.len().saturating_sub(most) as u64);
    let tensors = graphs.tensors.iter().take(most).cloned().collect();
    inspection.know(Fact::Tensors { tensors, omitted });
}

#[cfg(test)]
mod tests;
