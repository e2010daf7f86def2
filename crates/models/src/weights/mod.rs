//! Static indicators in the weights themselves, read under `--deep`.
//!
//! None of them proves anything alone, so none is above medium. Each tensor is streamed once; memory does not grow with its
//! size. What is computed, from which source and with which limits is in `docs/formats/weights.md`.

mod elements;
mod lora;
mod planes;
mod rules;
mod statistics;

use bartizan_core::{Asset, Confidence, Content, Context, Finding, Inspection, Severity, Tensor, redacted};
use elements::Element;
use planes::Planes;
pub(crate) use rules::{EXTREME, LORA_SPECTRUM, LOW_BITS, NOT_FINITE, SPIKED_ROW};
use statistics::Statistics;

/// How much of a tensor is read at once.
const CHUNK: u64 = 1 << 20;

/// Reads the given tensors of the asset, those with a span and a floating-point type, and reports what stands out.
pub(crate) fn examine(asset: &Asset, tensors: &[Tensor], context: &Context<'_>) -> Inspection {
    let mut inspection = Inspection::new();
    for tensor in tensors {
        if context.interrupted() {
            inspection.coverage.miss("the time ran out before all weights were read");
            return inspection;
        }
        let Some(element) = Element::named(&tensor.dtype) else { continue };
        let Some(content) = bytes_of(asset, tensor) else { continue };
        one(asset, tensor, element, &content, context, &mut inspection);
    }
    adapters(asset, tensors, context, &mut inspection);
    inspection
}

/// The tensor's bytes, here or in the neighbouring file that holds them.
fn bytes_of(asset: &Asset, tensor: &Tensor) -> Option<Content> {
    let span = tensor.span?;
    let whole = match &tensor.file {
        None => asset.content.clone(),
        Some(file) if crate::location::escape(file).is_none() => {
            asset.siblings.as_ref()?.open(&crate::location::normalised(file)).ok()?
        }
        Some(_) => return None,
    };
    whole.slice(span.offset, span.length).ok()
}

/// Streams one tensor through every statistic.
fn one(
    asset: &Asset,
    tensor: &Tensor,
    element: Element,
    content: &Content,
    context: &Context<'_>,
    inspection: &mut Inspection,
) {
    let mut statistics = Statistics::of(&tensor.shape);
    let mut planes = Some(Planes::of(element));
    let mut at = 0;
    while at < content.len() {
        let len = CHUNK.min(content.len() - at);
        let bytes = match content.read(at, len, CHUNK) {
            Ok(bytes) => bytes,
            Err(error) => {
                inspection.coverage.miss(format!("tensor `{}`: {error}", redacted(&tensor.name)));
                return;
            }
        };
        if context.interrupted() {
            inspection.coverage.miss("the time ran out before all weights were read");
            return;
        }
        statistics.take(&element.values(&bytes));
        if let Some(hit) = planes.as_mut().and_then(|planes| planes.take(&bytes)) {
            let message = format!("In `{}`, {} spell {}.", redacted(&tensor.name), hit.plane, hit.what);
            inspection.find(
                place(Finding::new(&LOW_BITS, asset, message), tensor)
                    .confidence(Confidence::Medium)
                    .evidence("plane", hit.plane)
                    .evidence("first bytes", String::from_utf8_lossy(&hit.sample)),
            );
            planes = None;
        }
        at += len;
    }
    report(asset, tensor, &statistics, inspection);
}

fn place(finding: Finding, tensor: &Tensor) -> Finding {
    let finding = finding.evidence("tensor", &tensor.name);
    match (tensor.span, &tensor.file) {
        (Some(span), None) => finding.offset(span.offset),
        _ => finding,
    }
}

/// How large a weight may be over the median one before it is worth a word.
const EXTREME_RATIO: f64 = 1e6;

fn report(asset: &Asset, tensor: &Tensor, statistics: &Statistics, inspection: &mut Inspection) {
    let name = redacted(&tensor.name);
    if statistics.nans > 0 || statistics.infinities > 0 {
        let (nans, infinities) = (statistics.nans, statistics.infinities);
        let message = format!("`{name}` holds {nans} NaN and {infinities} infinite weights.");
        // Attention masks are made of infinities.
        let severity = if nans > 0 { Severity::Medium } else { Severity::Low };
        inspection.find(place(Finding::new(&NOT_FINITE, asset, message).severity(severity), tensor));
    }
    if let Some(ratio) = statistics.extremity().filter(|ratio| *ratio > EXTREME_RATIO) {
        let (largest, index) = statistics.largest;
        let message = format!("Element {index} of `{name}` is {largest:e}, {ratio:.0} times the median.");
        inspection.find(place(Finding::new(&EXTREME, asset, message), tensor).confidence(Confidence::Low));
    }
    if let Some(spike) = statistics.spike() {
        let message = format!(
            "{} of the {} rows of `{name}` stand out; row {} has {:.1} times the median norm.",
            spike.rows, spike.of, spike.row, spike.ratio
        );
        // Embeddings of rare tokens, and layers with many strong rows, are like that by training.
        let few = spike.rows <= (spike.of / 200).max(2);
        let embedding = ["embed", "wte", "token"].iter().any(|word| name.to_ascii_lowercase().contains(word));
        let strong = few && !embedding && spike.ratio > 10.0 && spike.z > 30.0;
        let severity = if strong { Severity::Medium } else { Severity::Low };
        let finding = Finding::new(&SPIKED_ROW, asset, message)
            .severity(severity)
            .confidence(Confidence::Low)
            .evidence("row", spike.row.to_string());
        inspection.find(place(finding, tensor));
    }
}

/// Largest half of an adapter that is held in memory, in bytes.
const HALF: u64 = 64 << 20;

/// Looks at the spectra of low-rank adapters.
fn adapters(asset: &Asset, tensors: &[Tensor], context: &Context<'_>, inspection: &mut Inspection) {
    let values = |tensor: &Tensor| {
        let element = Element::named(&tensor.dtype)?;
        let bytes = bytes_of(asset, tensor)?.whole(HALF).ok()?;
        let values = element.values(&bytes);
        (values.len() as u64 == tensor.elements()?).then_some(values)
    };
    let mut spectra = Vec::new();
    for (layer, a, b) in lora::pairs(tensors) {
        if context.interrupted() {
            inspection.coverage.miss("the time ran out before all adapter layers were read");
            return;
        }
        let rank = a.shape.first().and_then(|rank| usize::try_from(*rank).ok()).unwrap_or(0);
        if rank > 0
            && let (Some(a), Some(b)) = (values(a), values(b))
        {
            spectra.extend(lora::spectrum(layer, rank, &a, &b));
        }
    }
    for (spectrum, ratio) in lora::outliers(&spectra) {
        let message = format!(
            "The adapter's update of `{}` is one direction ({:.1} % of its energy), {ratio:.0} times as strong as in \
             the other layers.",
            redacted(&spectrum.layer),
            spectrum.share * 100.0
        );
        inspection.find(
            Finding::new(&LORA_SPECTRUM, asset, message)
                .confidence(Confidence::Low)
                .evidence("layer", &spectrum.layer),
        );
    }
}

#[cfg(test)]
mod tests;
