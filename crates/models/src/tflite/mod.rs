//! TensorFlow Lite (LiteRT) models: a FlatBuffer with the identifier `TFL3`.
//!
//! The interpreter knows a fixed set of operators, none of which reaches outside. What can: custom operators, which the
//! application brings, and `Flex` operators, which run any operator of TensorFlow. And since a FlatBuffer is read where
//! it lies, an offset that leads outside becomes a read or write outside.

mod flex;
mod model;
mod rules;

use bartizan_core::{
    Asset, Claim, Context, Description, Fact, Finding, Import, Inspection, Inspector, Kind, Metadata,
    Model as ModelFact, Probe, Rule, Section, UseKind, redacted,
};
use model::{Model, Operator};

use crate::{
    safetensors::tensor_row,
    tensorflow,
    weights::{EXTREME, LOW_BITS, NOT_FINITE, SPIKED_ROW},
};

/// The inspector of TensorFlow Lite models.
#[derive(Debug)]
pub(crate) struct Tflite;

static RULES: &[&Rule] =
    &[&rules::FLEX, &rules::CUSTOM, &rules::MALFORMED, &NOT_FINITE, &EXTREME, &SPIKED_ROW, &LOW_BITS];

const IDENTIFIER: &[u8] = b"TFL3";

/// Name of a builtin operator.
fn builtin(number: i32) -> String {
    let name = usize::try_from(number).ok().and_then(|line| include_str!("operators.txt").lines().nth(line));
    name.map_or_else(|| format!("builtin-{number}"), str::to_owned)
}

/// Name of an element type, and its bits (zero where they vary).
fn element(kind: u8) -> (&'static str, u64) {
    match kind {
        0 => ("float32", 32),
        1 => ("float16", 16),
        2 => ("int32", 32),
        3 => ("uint8", 8),
        4 => ("int64", 64),
        5 => ("string", 0),
        6 => ("bool", 8),
        7 => ("int16", 16),
        8 => ("complex64", 64),
        9 => ("int8", 8),
        10 => ("float64", 64),
        11 => ("complex128", 128),
        12 => ("uint64", 64),
        13 => ("resource", 0),
        14 => ("variant", 0),
        15 => ("uint32", 32),
        16 => ("uint16", 16),
        17 => ("int4", 4),
        18 => ("bfloat16", 16),
        _ => ("unknown", 0),
    }
}

/// Custom operators of well-known converters and runtimes.
fn is_common(name: &str) -> bool {
    let names = [
        "AudioSpectrogram",
        "Atan2",
        "Complex",
        "Convolution2DTransposeBias",
        "Irfft2d",
        "Landmarks2TransformMatrix",
        "Landmarks2TransformMatrixV2",
        "Landmarks2TransformMatrixV3",
        "MaxPoolingWithArgmax2D",
        "MaxUnpooling2D",
        "Mfcc",
        "Multinomial",
        "NumericVerify",
        "Ngrams",
        "RandomStandardNormal",
        "RandomUniform",
        "RaggedTensorToTensor",
        "Rfft2d",
        "Roll",
        "Sign",
        "TransformLandmarks",
        "TransformTensor",
        "TransformTensorBilinear",
        "UniversalSentenceEncoder",
        "edgetpu-custom-op",
        "edgetpu-custom-op-2",
        "ethos-u",
    ];
    let prefixes =
        ["TFLite_", "tftext:", "TFSentencepiece", "TFText", "aeq.", "odml.", "mediapipe.", "stablehlo."];
    names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

impl Inspector for Tflite {
    fn kind(&self) -> Kind {
        Kind::new("tflite")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        match probe.has_at(4, IDENTIFIER) {
            true => Claim::Certain,
            false if probe.extension_is(&["tflite"]) && !probe.is_empty() => Claim::Name,
            false => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let identified = asset.content.head(8).is_ok_and(|head| head.ends_with(IDENTIFIER));
        if !identified {
            inspection.coverage.miss("it does not begin as a TensorFlow Lite model");
            return inspection;
        }
        let model = model::read(&asset.content, context);
        inspection.coverage.merge(model.coverage.clone());
        operators(asset, &model, &mut inspection);
        for (what, offset) in &model.problems {
            let message = format!("The model points outside itself: {what}.");
            inspection
                .find(Finding::new(&rules::MALFORMED, asset, message).offset(*offset).evidence("what", what));
        }
        facts(&model, context, &mut inspection);
        if context.options.deep {
            inspection.merge(crate::weights::examine(asset, &model.tensors, context));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let model = model::read(&asset.content, context);
        let most = context.limits.rows;
        let mut header = Section::new("header", &["field", "value"]);
        let fields = [("version", model.version.to_string()), ("description", model.description)];
        let metadata = model.metadata.into_iter().map(|name| ("metadata", name));
        let signatures = model.signatures.into_iter().map(|name| ("signature", name));
        for (field, value) in fields.into_iter().chain(metadata).chain(signatures) {
            header.push(most, vec![field.into(), redacted(&value).into()]);
        }
        let mut operators = Section::new("operations", &["operator", "custom", "count", "offset"]);
        for operator in &model.operators {
            let custom = if operator.custom { "yes" } else { "no" };
            let name = redacted(&operator.name);
            operators
                .push(most, vec![name.into(), custom.into(), operator.count.into(), operator.offset.into()]);
        }
        let mut tensors = Section::new("tensors", &["name", "dtype", "shape", "offset", "bytes"]);
        for tensor in &model.tensors {
            tensors.push(most, tensor_row(tensor));
        }
        Description { sections: vec![header, operators, tensors] }
    }
}

fn operators(asset: &Asset, model: &Model, inspection: &mut Inspection) {
    let mut unknown: Vec<&Operator> = Vec::new();
    for operator in model.operators.iter().filter(|operator| operator.custom) {
        match operator.name.strip_prefix(flex::PREFIX) {
            Some(name) => flex(asset, operator, name, inspection),
            None if is_common(&operator.name) => {}
            None => unknown.push(operator),
        }
    }
    if let Some(first) = unknown.first() {
        let names: Vec<&str> = unknown.iter().map(|operator| operator.name.as_str()).take(8).collect();
        let names = names.join(", ");
        let message = format!("To run, this model needs native code for {}.", redacted(&names));
        inspection.find(
            Finding::new(&rules::CUSTOM, asset, message).offset(first.offset).evidence("operators", &names),
        );
    }
}

/// Judges the TensorFlow operator of a Flex operator's name, and those that its nodes hold.
fn flex(asset: &Asset, operator: &Operator, name: &str, inspection: &mut Inspection) {
    let own = operator.inner.get(name).copied().unwrap_or(false);
    let others = operator.inner.iter().filter(|(inner, _)| *inner != name);
    let runs =
        std::iter::once((name, own)).chain(others.map(|(inner, addressed)| (inner.as_str(), *addressed)));
    for (inner, addressed) in runs {
        let Some((does, severity)) = tensorflow::harm(inner, addressed) else { continue };
        let disguise = if inner == name { "" } else { ", under the name of another" };
        let message = format!(
            "When it runs, this model {does} ({}, which runs TensorFlow's {}{disguise}).",
            redacted(&operator.name),
            redacted(inner)
        );
        inspection.find(
            Finding::new(&rules::FLEX, asset, message)
                .severity(severity)
                .offset(operator.offset)
                .evidence("operator", &operator.name)
                .evidence("runs", inner),
        );
    }
}

fn facts(model: &Model, context: &Context<'_>, inspection: &mut Inspection) {
    let weights = model.tensors.iter().filter(|tensor| tensor.span.is_some());
    inspection.know(Fact::Model(ModelFact {
        format_version: Some(model.version.to_string()),
        framework: Some("tensorflow-lite".to_owned()),
        name: Some(redacted(&model.description)).filter(|text| !text.is_empty()),
        parameters: weights.clone().try_fold(0u64, |sum, tensor| sum.checked_add(tensor.elements()?)),
        ..ModelFact::of("tflite")
    }));
    inspection.facts.extend(model.ports.iter().cloned().map(Fact::Port));
    for name in model.metadata.iter().take(1000) {
        inspection.know(Fact::Metadata(Metadata::new("metadata", name)));
    }
    for name in model.signatures.iter().take(1000) {
        inspection.know(Fact::Metadata(Metadata::new("signature", name)));
    }
    for operator in model.operators.iter().take(10_000) {
        inspection.know(Fact::Import(Import {
            module: if operator.custom { "custom" } else { "tflite" }.to_owned(),
            name: redacted(&operator.name),
            uses: vec![UseKind::Plugin],
            offset: Some(operator.offset),
            count: operator.count,
        }));
    }
    let most = context.limits.tensors;
    let omitted = model.omitted.saturating_add(model.tensors.len().saturating_sub(most) as u64);
    inspection.know(Fact::Tensors { tensors: model.tensors.iter().take(most).cloned().collect(), omitted });
}

#[cfg(test)]
mod tests;
