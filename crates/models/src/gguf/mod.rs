//! GGUF: what llama.cpp and its relatives load.
//!
//! A header of counts, key-value metadata and tensor descriptions, then aligned tensor data; see
//! <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Two things go wrong: C loaders trust the counts
//! (CVE-2024-25664 and its neighbours), and `tokenizer.chat_template` is a Jinja program that Python loaders render
//! (CVE-2024-34359). Templates leave as children; the Jinja inspector judges them.
//!
//! The containers before GGUF (`ggml`, `ggmf`, `ggjt`, `ggla`) are recognised by their magic numbers.

mod parser;
mod rules;
mod types;

use std::collections::HashSet;

use bartizan_core::{
    Asset, Claim, Content, Context, Dataset, Dependency, Description, Fact, Finding, Inspection, Inspector,
    Kind, Licence, Metadata, Model, Probe, Prompt, Reference, Rule, Section, Severity, Span, Tensor,
    redacted,
};
use parser::{Described, Header, Stop, Value};

use crate::{
    huggingface,
    safetensors::{embedded, tensor_row},
};

/// The inspector of GGUF files and of their predecessors.
#[derive(Debug)]
pub(crate) struct Gguf;

static RULES: &[&Rule] = &[
    &rules::MALFORMED,
    &rules::DUPLICATE_KEY,
    &rules::HIDDEN_DATA,
    &rules::ENCODED_PAYLOAD,
    &rules::OBSOLETE,
    &crate::weights::NOT_FINITE,
    &crate::weights::EXTREME,
    &crate::weights::SPIKED_ROW,
    &crate::weights::LOW_BITS,
];

const MAGIC: &[u8] = b"GGUF";
/// Magic numbers of the predecessors, as they lie in a file.
const PREDECESSORS: [(&[u8], &str); 4] =
    [(b"lmgg", "ggml"), (b"fmgg", "ggmf"), (b"tjgg", "ggjt"), (b"algg", "ggla")];

impl Inspector for Gguf {
    fn kind(&self) -> Kind {
        Kind::new("gguf")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let known =
            probe.starts_with(MAGIC) || PREDECESSORS.iter().any(|(magic, _)| probe.starts_with(magic));
        match known {
            true => Claim::Certain,
            false if probe.extension == "gguf" && !probe.is_empty() => Claim::Name,
            false => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let head = asset.content.head(4).unwrap_or_default();
        if let Some((_, name)) = PREDECESSORS.iter().find(|(magic, _)| head.starts_with(magic)) {
            inspection.kind = Some(Kind::new("ggml"));
            inspection
                .know(Fact::Model(Model { format_version: Some((*name).to_owned()), ..Model::of("ggml") }));
            let message = format!("This is a `{name}` file, a container from before GGUF.");
            inspection.find(Finding::new(&rules::OBSOLETE, asset, message));
            return inspection;
        }
        if head.as_ref() != MAGIC {
            inspection.coverage.miss("not a GGUF file: it does not begin with `GGUF`");
            return inspection;
        }
        let header = Header::read(&asset.content, context);
        match &header.stop {
            None => {}
            Some(Stop::CutShort(why) | Stop::Unread(why)) => {
                inspection
                    .coverage
                    .miss_at(header.end, format!("the GGUF header cannot be read to its end: {why}"));
            }
            Some(Stop::Lie(why)) => malformed(asset, header.end, why, &mut inspection),
        }
        metadata(asset, context, &header, &mut inspection);
        let tensors = layout(asset, context, &header, &mut inspection);
        facts(&header, &tensors, context, &mut inspection);
        if context.options.deep {
            inspection.merge(crate::weights::examine(asset, &tensors, context));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let header = Header::read(&asset.content, context);
        let mut pairs = Section::new("metadata", &["key", "value", "offset"]);
        for pair in &header.pairs {
            let row =
                vec![redacted(&pair.key).into(), redacted(&shown(&pair.value)).into(), pair.offset.into()];
            pairs.push(context.limits.rows, row);
        }
        let mut table = Section::new("tensors", &["name", "dtype", "shape", "offset", "bytes"]);
        let data = data_start(&header);
        for described in &header.tensors {
            table.push(context.limits.rows, tensor_row(&tensor(described, data)));
        }
        Description { sections: vec![table, pairs] }
    }
}

fn malformed(asset: &Asset, offset: u64, why: &str, inspection: &mut Inspection) {
    inspection.coverage.miss_at(offset, format!("malformed GGUF: {why}"));
    let message = format!("This GGUF file is malformed: {}.", redacted(why));
    inspection.find(Finding::new(&rules::MALFORMED, asset, message).offset(offset));
}

/// The value in a line.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Text(text) => {
            String::from_utf8_lossy(text.get(..text.len().min(4096)).unwrap_or_default()).into_owned()
        }
        Value::Array(_, count, kept) if kept.is_empty() => format!("{count} elements"),
        Value::Array(_, count, kept) => format!("{count} elements: {}", kept.join(", ")),
    }
}

/// Keys that hold chat templates: the default one, and named ones behind another dot.
const TEMPLATE: &str = "tokenizer.chat_template";

/// Hands templates on, decodes what texts hide, and looks for repeated keys.
fn metadata(asset: &Asset, context: &Context<'_>, header: &Header, inspection: &mut Inspection) {
    let mut seen = HashSet::new();
    for pair in &header.pairs {
        if !seen.insert(pair.key.as_str()) {
            let message = format!("The metadata key `{}` stands there twice.", redacted(&pair.key));
            inspection.find(
                Finding::new(&rules::DUPLICATE_KEY, asset, message)
                    .offset(pair.offset)
                    .evidence("key", &pair.key),
            );
        }
        let Value::Text(text) = &pair.value else { continue };
        let text_content = Content::from_bytes(text.clone());
        let text = String::from_utf8_lossy(text);
        let named = pair.key.strip_prefix(TEMPLATE).filter(|rest| rest.is_empty() || rest.starts_with('.'));
        if let Some(rest) = named {
            let name = if rest.is_empty() { "default" } else { rest.trim_start_matches('.') };
            inspection.know(Fact::Prompt(Prompt::new(redacted(name), &text)));
            let child = format!("{}.jinja", redacted(&pair.key));
            if let Err(limit) = context.emit(asset.child(&child, text_content)) {
                inspection.coverage.miss_at(pair.offset, format!("{child}: {limit}"));
            }
        } else if let Some((payload, bytes)) = embedded::in_text(&text, context.limits.held) {
            let message = format!("The metadata key `{}` encodes {}.", redacted(&pair.key), payload.what);
            inspection.find(
                Finding::new(&rules::ENCODED_PAYLOAD, asset, message)
                    .offset(pair.offset)
                    .evidence("key", &pair.key)
                    .evidence("value", &text),
            );
            let child = format!("{}.{}", redacted(&pair.key), payload.extension);
            if let Err(limit) = context.emit(asset.child(&child, Content::from_bytes(bytes))) {
                inspection.coverage.miss_at(pair.offset, format!("{child}: {limit}"));
            }
        }
    }
}

/// Alignment of the tensor data: a key, or 32.
fn alignment(header: &Header) -> u64 {
    header.number("general.alignment").unwrap_or(32)
}

fn data_start(header: &Header) -> u64 {
    header.end.checked_next_multiple_of(alignment(header).max(1)).unwrap_or(u64::MAX)
}

fn tensor(described: &Described, data: u64) -> Tensor {
    let kind = types::tensor_type(described.kind);
    let length = size(described);
    let span = data.checked_add(described.offset).zip(length).map(|(offset, length)| Span { offset, length });
    Tensor {
        name: described.name.clone(),
        dtype: kind.map_or_else(|| format!("type-{}", described.kind), |(name, _, _)| name.to_owned()),
        shape: described.dimensions.iter().rev().copied().collect(),
        span,
        file: None,
    }
}

/// Bytes of a tensor; `None` for an unknown type or a size that overflows.
fn size(described: &Described) -> Option<u64> {
    let (_, block, bytes) = types::tensor_type(described.kind)?;
    let elements = described.dimensions.iter().try_fold(1u64, |product, size| product.checked_mul(*size))?;
    elements.div_ceil(block).checked_mul(bytes)
}

/// Checks each tensor and all of them together; answers with them in file order.
fn layout(asset: &Asset, context: &Context<'_>, header: &Header, inspection: &mut Inspection) -> Vec<Tensor> {
    let alignment = alignment(header);
    if !alignment.is_power_of_two() || alignment > 1 << 30 {
        malformed(
            asset,
            header.end,
            &format!("its alignment is {alignment}, not a power of two"),
            inspection,
        );
        return Vec::new();
    }
    let data = data_start(header);
    let mut seen = HashSet::new();
    for described in &header.tensors {
        if inspection.findings.len() > context.limits.findings {
            break;
        }
        let name = redacted(&described.name);
        let kind = types::tensor_type(described.kind);
        if kind.is_none() {
            inspection.coverage.miss(format!("tensor `{name}` has the unknown type {}", described.kind));
            // New types are numbered on from the last known one.
            if described.kind > 255 {
                let what = format!("tensor `{name}` has the type {}, which no version knows", described.kind);
                malformed(asset, header.end, &what, inspection);
            }
        } else if size(described).is_none() {
            malformed(asset, header.end, &format!("the size of tensor `{name}` overflows"), inspection);
        } else if tensor(described, data)
            .span
            .is_none_or(|span| span.offset.checked_add(span.length).is_none())
        {
            malformed(asset, header.end, &format!("the place of tensor `{name}` overflows"), inspection);
        } else if described.offset % alignment != 0 {
            malformed(asset, header.end, &format!("tensor `{name}` is not aligned"), inspection);
        }
        if !seen.insert(described.name.as_str()) {
            let message = format!("Two tensors are named `{name}`.");
            inspection.find(Finding::new(&rules::DUPLICATE_KEY, asset, message).evidence("tensor", &name));
        }
    }
    let mut tensors: Vec<Tensor> = header.tensors.iter().map(|described| tensor(described, data)).collect();
    tensors.sort_by_key(|tensor| tensor.span.map_or((0, 0), |span| (span.offset, span.length)));
    if header.stop.is_none() {
        cover(asset, context, &tensors, data, alignment, inspection);
    }
    tensors
}

/// Overlaps, ends beyond the file, and bytes behind the last tensor.
fn cover(
    asset: &Asset,
    context: &Context<'_>,
    tensors: &[Tensor],
    data: u64,
    alignment: u64,
    inspection: &mut Inspection,
) {
    let file = asset.content.len();
    let mut covered = data;
    for (tensor, span) in tensors.iter().filter_map(|tensor| Some((tensor, tensor.span?))) {
        if inspection.findings.len() > context.limits.findings {
            return;
        }
        let name = redacted(&tensor.name);
        let Some(end) = span.offset.checked_add(span.length) else {
            malformed(asset, data, &format!("the end of tensor `{name}` overflows"), inspection);
            return;
        };
        if span.length > 0 && span.offset < covered {
            malformed(asset, span.offset, &format!("tensor `{name}` overlaps another one"), inspection);
        }
        covered = covered.max(end);
    }
    if covered > file && tensors.is_empty() {
        // Nothing follows the header of a mere vocabulary, not even its padding.
        return;
    }
    if covered > file {
        inspection.coverage.miss_at(file, format!("the tensors end at byte {covered}, the file at {file}"));
        if covered > file.saturating_mul(1000).saturating_add(1 << 20) {
            malformed(
                asset,
                data,
                &format!("its tensors claim {covered} bytes in a file of {file}"),
                inspection,
            );
        }
        return;
    }
    let padded = covered.checked_next_multiple_of(alignment).unwrap_or(covered);
    // A file without tensors (a vocabulary) may end unaligned.
    if file > padded
        && let Ok(rest) = asset.content.slice(covered, file - covered)
    {
        let head = rest.head(4096).unwrap_or_default();
        let payload = embedded::payload(&head)
            .or_else(|| embedded::payload(head.get((padded - covered) as usize..).unwrap_or_default()));
        let begins = payload.map_or(String::new(), |payload| format!(", beginning with {}", payload.what));
        let message = format!("{} bytes behind the last tensor belong to nothing{begins}.", file - covered);
        let severity = if payload.is_some() { Severity::High } else { Severity::Low };
        inspection.find(Finding::new(&rules::HIDDEN_DATA, asset, message).severity(severity).offset(covered));
        if let Err(limit) = context.emit(asset.child(&format!("hidden-{covered}.bin"), rest)) {
            inspection.coverage.miss_at(covered, format!("hidden bytes: {limit}"));
        }
    }
}

/// `general.dataset.N.*`, as the base models are told.
fn datasets(header: &Header, inspection: &mut Inspection) {
    for at in 0..header.number("general.dataset.count").unwrap_or(0).min(64) {
        let key = |name: &str| header.text(&format!("general.dataset.{at}.{name}"));
        if let Some(name) = key("repo_url").or_else(|| key("name")).filter(|name| !name.is_empty()) {
            let name = redacted(huggingface::hub_id(&name));
            inspection.know(Fact::Dataset(Dataset { name, role: Some("train".to_owned()) }));
        }
    }
}

/// What the metadata tells about the model.
fn facts(header: &Header, tensors: &[Tensor], context: &Context<'_>, inspection: &mut Inspection) {
    let text = |key: &str| header.text(key).filter(|text| !text.is_empty()).map(|text| redacted(&text));
    inspection.know(Fact::Model(Model {
        format_version: Some(header.version.to_string()),
        framework: Some("ggml".to_owned()),
        producer: text("general.quantized_by").or_else(|| text("general.author")),
        name: text("general.name").or_else(|| text("general.basename")),
        version: text("general.version"),
        architecture: text("general.architecture"),
        parameters: tensors.iter().try_fold(0u64, |sum, tensor| sum.checked_add(tensor.elements()?)),
        quantisation: header.number("general.file_type").and_then(types::file_type).map(str::to_owned),
        ..Model::of("gguf")
    }));
    for declared in ["general.license", "general.license.name"].into_iter().filter_map(text) {
        inspection.know(Fact::Licence(Licence { declared, source: "gguf-metadata" }));
    }
    datasets(header, inspection);
    for at in 0..header.number("general.base_model.count").unwrap_or(0).min(64) {
        let key = |name: &str| format!("general.base_model.{at}.{name}");
        let name = text(&key("repo_url")).or_else(|| text(&key("name")));
        if let Some(name) = name.map(|name| huggingface::hub_id(&name).to_owned()) {
            let version = text(&key("version"));
            inspection.know(Fact::Dependency(Dependency {
                role: "base-model",
                name,
                version,
                relation: None,
            }));
        }
    }
    for pair in header.pairs.iter().take(10_000) {
        if let Value::Array(_, _, kept) = &pair.value
            && pair.key == "general.datasets"
        {
            for name in kept {
                inspection
                    .know(Fact::Dataset(Dataset { name: redacted(name), role: Some("train".to_owned()) }));
            }
        }
        if let Some(target) = text(&pair.key).filter(|_| pair.key.ends_with("url")) {
            inspection.know(Fact::Reference(Reference { role: "homepage", target }));
        }
        inspection.know(Fact::Metadata(Metadata::new(&pair.key, shown(&pair.value))));
    }
    let most = context.limits.tensors;
    inspection.know(Fact::Tensors {
        tensors: tensors.iter().take(most).cloned().collect(),
        omitted: tensors.len().saturating_sub(most) as u64,
    });
}

#[cfg(test)]
mod tests;
