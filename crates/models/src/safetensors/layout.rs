//! Do the tensors cover the file exactly?

use bartizan_core::{Asset, Context, Finding, Inspection, Severity, Span, Tensor, redacted};

use super::{
    embedded,
    header::{Entry, Header, bits},
    rules,
};

/// Every tensor with a usable span, in file order.
pub(crate) fn listed(header: &Header, data: u64) -> Vec<Tensor> {
    let mut tensors: Vec<Tensor> =
        header.tensors.iter().map(|(name, entry)| tensor(name, entry, data)).collect();
    tensors.sort_by_key(|tensor| tensor.span.map_or((0, 0), |span| (span.offset, span.length)));
    tensors
}

fn tensor(name: &str, entry: &Entry, data: u64) -> Tensor {
    let span = entry.offsets.and_then(|(begin, end)| {
        Some(Span { offset: data.checked_add(begin)?, length: end.checked_sub(begin)? })
    });
    Tensor {
        name: name.to_owned(),
        dtype: entry.dtype.as_deref().unwrap_or("?").to_ascii_lowercase(),
        shape: entry.shape.clone().unwrap_or_default(),
        span,
        file: None,
    }
}

/// Checks every tensor by itself, then that together they leave no hole and no overlap. Answers with the tensors.
pub(crate) fn check(
    asset: &Asset,
    context: &Context<'_>,
    header: &Header,
    data: u64,
    inspection: &mut Inspection,
) -> Vec<Tensor> {
    for (name, entry) in &header.tensors {
        if let Some(why) = contradiction(entry, data) {
            inspection.coverage.miss(format!("tensor `{}`: {why}", redacted(name)));
            inspection.find(
                Finding::new(&rules::MALFORMED, asset, format!("The tensor `{}` {why}.", redacted(name)))
                    .evidence("tensor", name),
            );
            if inspection.findings.len() > context.limits.findings {
                break;
            }
        }
        if let Some(dtype) = entry.dtype.as_deref().filter(|dtype| bits(dtype).is_none()) {
            inspection.find(
                Finding::new(
                    &rules::UNUSUAL,
                    asset,
                    format!("The tensor `{}` has the unknown type `{}`.", redacted(name), redacted(dtype)),
                )
                .severity(if is_spelled_as_type(dtype) { Severity::Low } else { Severity::Medium })
                .evidence("dtype", dtype),
            );
        }
    }
    let tensors = listed(header, data);
    coverage(asset, context, &tensors, data, inspection);
    tensors
}

/// Might a newer version of the format call a type so: `F8_E5M2`, `U64`?
fn is_spelled_as_type(dtype: &str) -> bool {
    let letters = dtype.bytes().take_while(u8::is_ascii_uppercase).count();
    let rest = dtype.get(letters..).unwrap_or_default();
    (1..=4).contains(&letters)
        && rest.starts_with(|c: char| c.is_ascii_digit())
        && dtype.len() <= 16
        && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What is wrong with one tensor's description, if anything.
fn contradiction(entry: &Entry, data: u64) -> Option<String> {
    let (Some(dtype), Some(shape), Some((begin, end))) = (&entry.dtype, &entry.shape, entry.offsets) else {
        return Some("lacks its dtype, shape or data_offsets".to_owned());
    };
    let Some(span) = end.checked_sub(begin) else {
        return Some(format!("ends at {end}, before it begins at {begin}"));
    };
    if data.checked_add(end).is_none() {
        return Some(format!("ends at {end}, beyond any file"));
    }
    let size = bits(dtype)?;
    let elements = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size));
    match elements.and_then(|elements| elements.checked_mul(size)) {
        None => Some(format!("has a shape whose size overflows: {shape:?}")),
        Some(bits) if bits % 8 != 0 || bits / 8 != span => {
            Some(format!("spans {span} bytes, but {dtype} of shape {shape:?} needs {}", bits / 8))
        }
        Some(_) => None,
    }
}

/// Walks the tensors in file order and reports overlaps, holes, what is missing at the end and what follows it.
fn coverage(
    asset: &Asset,
    context: &Context<'_>,
    tensors: &[Tensor],
    data: u64,
    inspection: &mut Inspection,
) {
    let size = asset.content.len();
    let mut covered = data;
    let spans = tensors.iter().filter_map(|tensor| Some((tensor, tensor.span?)));
    for (tensor, span) in spans.filter(|(_, span)| span.length > 0) {
        if inspection.findings.len() > context.limits.findings {
            return;
        }
        if span.offset < covered {
            let message = format!("The tensor `{}` overlaps another one.", redacted(&tensor.name));
            inspection.find(
                Finding::new(&rules::MALFORMED, asset, message)
                    .offset(span.offset)
                    .evidence("tensor", &tensor.name),
            );
        } else if span.offset > covered {
            hidden(asset, context, covered, span.offset - covered, "between two tensors", inspection);
        }
        let Some(end) = span.offset.checked_add(span.length) else {
            inspection.coverage.miss(format!("tensor `{}` ends nowhere", redacted(&tensor.name)));
            let message = format!("The end of the tensor `{}` overflows.", redacted(&tensor.name));
            inspection.find(Finding::new(&rules::MALFORMED, asset, message));
            return;
        };
        covered = covered.max(end);
    }
    if covered > size {
        inspection.coverage.miss_at(size, format!("the tensors end at byte {covered}, the file at {size}"));
        // A download that broke off keeps part of its weights. Orders of magnitude are a lie.
        if covered - data > size.saturating_sub(data).saturating_add(64).saturating_mul(1000) {
            let message = format!("The tensors claim {covered} bytes in a file of {size}.");
            inspection.find(Finding::new(&rules::MALFORMED, asset, message));
        }
    } else if covered < size {
        hidden(asset, context, covered, size - covered, "behind the last tensor", inspection);
    }
}

/// Reports bytes that belong to no tensor, and hands them on so that what they are is found out.
fn hidden(asset: &Asset, context: &Context<'_>, at: u64, len: u64, place: &str, inspection: &mut Inspection) {
    let Ok(content) = asset.content.slice(at, len) else { return };
    let head = content.head(4096).unwrap_or_default();
    let what = embedded::payload(&head).map_or("", |payload| payload.what);
    let begins = if what.is_empty() { String::new() } else { format!(", beginning with {what}") };
    let message = format!("{len} bytes {place} belong to no tensor{begins}.");
    let finding = Finding::new(&rules::HIDDEN_DATA, asset, message).offset(at);
    let finding = if what.is_empty() { finding } else { finding.severity(bartizan_core::Severity::High) };
    inspection.find(finding.evidence("first bytes", hexadecimal(&head)));
    if let Err(limit) = context.emit(asset.child(&format!("hidden-{at}.bin"), content)) {
        inspection.coverage.miss_at(at, format!("hidden bytes: {limit}"));
    }
}

/// The first 16 bytes, in hexadecimal.
fn hexadecimal(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}
