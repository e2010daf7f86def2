//! safetensors: a JSON header, then the tensors, back to back.
//!
//! Eight bytes give the header's length, least significant first; the header maps each tensor's name to its `dtype`,
//! `shape` and `data_offsets`; the rest of the file is exactly the tensors, without holes or overlaps. There is
//! nothing to execute, so what can go wrong are contradictions, hidden bytes, and what metadata carries.
//! Specification: <https://github.com/huggingface/safetensors#format>.

pub(crate) mod embedded;
mod header;
mod index;
mod layout;
mod rules;

use bartizan_core::{
    Asset, Cell, Claim, Content, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Licence,
    Metadata, Model, Probe, ReadError, Rule, Section, Severity, Span, Tensor, redacted,
};
use header::Header;
pub(crate) use index::WeightIndex;

/// The inspector of single safetensors files.
#[derive(Debug)]
pub(crate) struct Safetensors;

/// Bytes before the header.
const PREFIX: u64 = 8;
/// Longest header that the reference implementation accepts.
const LONGEST_HEADER: u64 = 100_000_000;

static RULES: &[&Rule] = &[
    &rules::MALFORMED,
    &rules::DUPLICATE_KEY,
    &rules::HIDDEN_DATA,
    &rules::ENCODED_PAYLOAD,
    &rules::UNUSUAL,
    &crate::weights::NOT_FINITE,
    &crate::weights::EXTREME,
    &crate::weights::SPIKED_ROW,
    &crate::weights::LOW_BITS,
    &crate::weights::LORA_SPECTRUM,
];

impl Inspector for Safetensors {
    fn kind(&self) -> Kind {
        Kind::new("safetensors")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let named = probe.extension == "safetensors";
        let Some(length) = probe.head.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else {
            return if named && !probe.is_empty() { Claim::Name } else { Claim::No };
        };
        let text = probe.head.get(8..).unwrap_or_default();
        // An object whose first key, or end, follows.
        let opens = text.first() == Some(&b'{')
            && text
                .iter()
                .skip(1)
                .find(|byte| !byte.is_ascii_whitespace())
                .is_none_or(|b| b"\"}".contains(b));
        let telling = [&b"\"dtype\""[..], b"\"data_offsets\"", b"__metadata__"]
            .iter()
            .any(|key| memchr::memmem::find(text, key).is_some());
        let fits = length >= 2 && length <= probe.len().saturating_sub(PREFIX);
        match (opens, telling, fits) {
            (true, true, _) => Claim::Certain,
            (true, false, true) if length <= LONGEST_HEADER => Claim::Shape,
            _ if named => Claim::Name,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let Some((length, bytes)) = header_bytes(asset, context, &mut inspection) else { return inspection };
        let header = match Header::parse(&bytes) {
            Ok(header) => header,
            Err(error) => {
                refuse(&mut inspection, asset, &format!("its header is not a valid tensor table: {error}"));
                return inspection;
            }
        };
        let data = PREFIX.saturating_add(length);
        let tensors = layout::check(asset, context, &header, data, &mut inspection);
        metadata(asset, context, &header, &mut inspection);
        facts(&header, &tensors, context, &mut inspection);
        if context.options.deep {
            inspection.merge(crate::weights::examine(asset, &tensors, context));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut ignored = Inspection::new();
        let header = header_bytes(asset, context, &mut ignored)
            .and_then(|(length, bytes)| Some((length, Header::parse(&bytes).ok()?)));
        let Some((length, header)) = header else { return Description::default() };
        let mut table = Section::new("tensors", &["name", "dtype", "shape", "offset", "bytes"]);
        for tensor in layout::listed(&header, PREFIX.saturating_add(length)) {
            table.push(context.limits.rows, tensor_row(&tensor));
        }
        let mut texts = Section::new("metadata", &["key", "value"]);
        for (key, value) in &header.metadata {
            texts.push(context.limits.rows, vec![redacted(key).into(), redacted(value).into()]);
        }
        Description { sections: vec![table, texts] }
    }
}

/// A row of a tensor table: name, dtype, shape, offset, bytes.
pub(crate) fn tensor_row(tensor: &Tensor) -> Vec<Cell> {
    let shape: Vec<String> = tensor.shape.iter().map(u64::to_string).collect();
    let span = tensor.span.unwrap_or(Span { offset: 0, length: 0 });
    vec![
        redacted(&tensor.name).into(),
        tensor.dtype.clone().into(),
        shape.join("×").into(),
        span.offset.into(),
        span.length.into(),
    ]
}

/// Notes that a loader would refuse the file.
fn refuse(inspection: &mut Inspection, asset: &Asset, why: &str) {
    inspection.coverage.miss(format!("not readable as safetensors: {why}"));
    inspection.find(Finding::new(
        &rules::MALFORMED,
        asset,
        format!("This safetensors file is malformed: {why}."),
    ));
}

/// The header's length and bytes.
fn header_bytes(
    asset: &Asset,
    context: &Context<'_>,
    inspection: &mut Inspection,
) -> Option<(u64, bytes::Bytes)> {
    let size = asset.content.len();
    let Ok(prefix) = asset.content.read(0, PREFIX, PREFIX) else {
        inspection.coverage.miss("shorter than the eight bytes of a safetensors header's length");
        return None;
    };
    let length = prefix.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)).unwrap_or_default();
    let after = asset.content.read(PREFIX, 1.min(size.saturating_sub(PREFIX)), 1).unwrap_or_default();
    if length > LONGEST_HEADER {
        refuse(
            inspection,
            asset,
            &format!("it claims a header of {length} bytes; the most is {LONGEST_HEADER}"),
        );
        return None;
    }
    match asset.content.read(PREFIX, length, context.limits.held.min(LONGEST_HEADER)) {
        Ok(bytes) if length >= 2 && after.as_ref() == b"{" => Some((length, bytes)),
        Ok(_) => {
            refuse(inspection, asset, "its header does not begin with `{`");
            None
        }
        Err(ReadError::PastEnd { .. }) => {
            // A header cut off far from its end is a lie about its length rather than a broken download.
            if length > size.saturating_mul(1000) {
                refuse(
                    inspection,
                    asset,
                    &format!("it claims a header of {length} bytes in a file of {size}"),
                );
            } else {
                inspection
                    .coverage
                    .miss(format!("the header of {length} bytes is cut off; the file has {size}"));
            }
            None
        }
        Err(error) => {
            inspection.coverage.miss(format!("the header cannot be read: {error}"));
            None
        }
    }
}

/// Decodes what metadata hides, and hands it on.
fn metadata(asset: &Asset, context: &Context<'_>, header: &Header, inspection: &mut Inspection) {
    for (key, value) in &header.metadata {
        if let Some((payload, bytes)) = embedded::in_text(value, context.limits.held) {
            inspection.find(
                Finding::new(
                    &rules::ENCODED_PAYLOAD,
                    asset,
                    format!("The metadata key `{}` encodes {}.", redacted(key), payload.what),
                )
                .evidence("key", key)
                .evidence("value", value),
            );
            let name = format!("__metadata__/{}.{}", redacted(key), payload.extension);
            if let Err(limit) = context.emit(asset.child(&name, Content::from_bytes(bytes))) {
                inspection.coverage.miss(format!("{name}: {limit}"));
            }
        }
    }
    for key in &header.repeated {
        inspection.find(
            Finding::new(
                &rules::DUPLICATE_KEY,
                asset,
                format!("The header names `{}` twice; loaders disagree on which one counts.", redacted(key)),
            )
            .evidence("key", key),
        );
    }
    if let Some(key) = header.untexted.first() {
        inspection.find(
            Finding::new(
                &rules::UNUSUAL,
                asset,
                format!("The metadata key `{}` holds something other than text.", redacted(key)),
            )
            // The reference implementation refuses such a header: nothing that writes models makes one.
            .severity(Severity::Medium)
            .evidence("key", key),
        );
    }
}

/// What the header tells about the model.
fn facts(header: &Header, tensors: &[Tensor], context: &Context<'_>, inspection: &mut Inspection) {
    let text = |names: &[&str]| {
        let found =
            header.metadata.iter().find(|(key, value)| names.contains(&key.as_str()) && !value.is_empty());
        found.map(|(_, value)| redacted(value))
    };
    inspection.know(Fact::Model(Model {
        format_version: None,
        framework: text(&["format"]).map(|name| if name == "pt" { "pytorch".to_owned() } else { name }),
        producer: text(&["producer", "software", "modelspec.implementation"]),
        name: text(&["modelspec.title", "model_name", "name", "ss_output_name"]),
        version: text(&["version", "model_version"]),
        architecture: text(&["modelspec.architecture", "architecture", "ss_base_model_version"]),
        parameters: tensors.iter().try_fold(0u64, |sum, tensor| sum.checked_add(tensor.elements()?)),
        ..Model::of("safetensors")
    }));
    if let Some(declared) = text(&["license", "licence", "modelspec.license"]) {
        inspection.know(Fact::Licence(Licence { declared, source: "safetensors-metadata" }));
    }
    if let Some(name) = text(&["base_model", "ss_sd_model_name"]) {
        inspection.know(Fact::Dependency(bartizan_core::Dependency {
            role: "base-model",
            name,
            version: None,
            relation: None,
        }));
    }
    for (key, value) in header.metadata.iter().take(1000) {
        inspection.know(Fact::Metadata(Metadata::new(key, value)));
    }
    let most = context.limits.tensors;
    inspection.know(Fact::Tensors {
        tensors: tensors.iter().take(most).cloned().collect(),
        omitted: tensors.len().saturating_sub(most) as u64,
    });
}

#[cfg(test)]
mod tests;
