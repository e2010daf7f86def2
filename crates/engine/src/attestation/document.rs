//! Files of attestations: bundles, and bare envelopes.

use bartizan_provenance::{
    dsse::{DEEPEST, Envelope, nesting},
    oms::{Bundle, KeyMaterial, LARGEST_BUNDLE, MEDIA_TYPE, Material, Problem, Reason},
};
use serde::Deserialize;

/// Signatures that one envelope may carry. Each one is checked with each key.
const MOST_SIGNATURES: usize = 16;

/// Every signature of a file as a bundle of its own.
///
/// # Errors
/// When the file is neither a bundle nor an envelope, or has too many signatures.
pub(super) fn bundles(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    /// Enough to tell one from the other.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Shape {
        media_type: Option<serde::de::IgnoredAny>,
        payload_type: Option<serde::de::IgnoredAny>,
    }
    let format = |detail: String| Problem::new(Reason::Format, detail);
    if bytes.len() > LARGEST_BUNDLE {
        return Err(format(format!("the attestation is larger than {LARGEST_BUNDLE} bytes")));
    }
    if nesting(bytes) > DEEPEST {
        return Err(format(format!("the attestation is nested more than {DEEPEST} levels deep")));
    }
    let shape: Shape = serde_json::from_slice(bytes)
        .map_err(|error| format(format!("the attestation is neither a bundle nor an envelope: {error}")))?;
    match shape {
        Shape { media_type: Some(_), .. } => Ok(vec![bytes.to_vec()]),
        Shape { payload_type: Some(_), .. } => split(bytes),
        _ => Err(format("the attestation is neither a Sigstore bundle nor a DSSE envelope".to_owned())),
    }
}

fn split(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    let format = |detail: String| Problem::new(Reason::Format, detail);
    let envelope = Envelope::parse(bytes, LARGEST_BUNDLE)
        .map_err(|error| format(format!("the envelope cannot be read: {error}")))?;
    let count = envelope.signatures.len();
    if !(1..=MOST_SIGNATURES).contains(&count) {
        return Err(format(format!("the envelope has {count} signatures, where 1 to {MOST_SIGNATURES} make sense")));
    }
    let single = |signature: &bartizan_provenance::dsse::EnvelopeSignature| {
        let bundle = Bundle {
            media_type: MEDIA_TYPE.to_owned(),
            material: Material::Key(KeyMaterial::default()),
            envelope: Envelope { signatures: vec![signature.clone()], ..envelope.clone() },
        };
        bundle.to_json().map(String::into_bytes).map_err(|error| format(error.to_string()))
    };
    envelope.signatures.iter().map(single).collect()
}
