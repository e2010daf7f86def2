//! Files of attestations: bundles and bare envelopes, one in a file or one on each line.

use bartizan_provenance::{
    dsse::{DEEPEST, Envelope, EnvelopeSignature, nesting},
    oms::{Bundle, KeyMaterial, LARGEST_BUNDLE, MEDIA_TYPE, Material, Problem, Reason},
};
use serde::{Deserialize, de::IgnoredAny};

/// Attestations of one file.
pub(super) const MOST_ATTESTATIONS: usize = 1_000;
/// Signatures that one envelope may carry. Each one is checked with each key.
const MOST_SIGNATURES: usize = 16;

/// One attestation of a file.
pub(super) struct Entry {
    /// From 1; absent when the file holds one document.
    pub(super) line: Option<usize>,
    /// Every signature as a bundle of its own, or what is wrong with the document.
    pub(super) bundles: Result<Vec<Vec<u8>>, Problem>,
}

/// Enough to tell one document from another.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    media_type: Option<IgnoredAny>,
    payload_type: Option<IgnoredAny>,
}

/// The attestations of a file: one document, or JSON Lines.
///
/// # Errors
/// When there are none, or very many.
pub(super) fn entries(bytes: &[u8]) -> Result<Vec<Entry>, Problem> {
    if bytes.len() > LARGEST_BUNDLE {
        return Err(format(format!("it is larger than {LARGEST_BUNDLE} bytes")));
    }
    let lines: Vec<(usize, &[u8])> = bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .map(|(index, line)| (index.saturating_add(1), line.trim_ascii()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let is_one = lines.len() == 1 || !lines.iter().any(|(_, line)| shape(line).is_ok());
    match lines.len() {
        0 => Err(format("it is empty")),
        count if !is_one && count > MOST_ATTESTATIONS => {
            Err(format(format!("it holds {count} attestations, more than {MOST_ATTESTATIONS}")))
        }
        _ if is_one => Ok(vec![Entry { line: None, bundles: bundles(bytes) }]),
        _ => Ok(lines
            .into_iter()
            .map(|(line, bytes)| Entry { line: Some(line), bundles: bundles(bytes) })
            .collect()),
    }
}

fn shape(bytes: &[u8]) -> Result<Shape, Problem> {
    if nesting(bytes) > DEEPEST {
        return Err(format(format!("it is nested more than {DEEPEST} levels deep")));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| format(format!("it is neither a bundle nor an envelope: {error}")))
}

fn bundles(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    match shape(bytes)? {
        Shape { media_type: Some(_), .. } => Ok(vec![bytes.to_vec()]),
        Shape { payload_type: Some(_), .. } => split(bytes),
        _ => Err(format("it is neither a Sigstore bundle nor a DSSE envelope")),
    }
}

fn split(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    let envelope = Envelope::parse(bytes, LARGEST_BUNDLE)
        .map_err(|error| format(format!("the envelope cannot be read: {error}")))?;
    let count = envelope.signatures.len();
    if !(1..=MOST_SIGNATURES).contains(&count) {
        return Err(format(format!(
            "the envelope has {count} signatures, where 1 to {MOST_SIGNATURES} make sense"
        )));
    }
    let single = |signature: &EnvelopeSignature| {
        let bundle = Bundle {
            media_type: MEDIA_TYPE.to_owned(),
            material: Material::Key(KeyMaterial::default()),
            envelope: Envelope { signatures: vec![signature.clone()], ..envelope.clone() },
        };
        bundle.to_json().map(String::into_bytes).map_err(|error| format(error.to_string()))
    };
    envelope.signatures.iter().map(single).collect()
}

fn format(detail: impl Into<String>) -> Problem {
    Problem::new(Reason::Format, detail)
}
