//! The envelope.

use serde::{Deserialize, Deserializer, Serialize};

use super::{
    base64_text, compatibility_encoding, encoding,
    json::{JsonError, parse},
};
use crate::keys::{KeyError, PrivateKey};

/// A payload with its signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The bytes that are signed.
    #[serde(with = "base64_text")]
    pub payload: Vec<u8>,
    /// What they are.
    #[serde(alias = "payload_type")]
    pub payload_type: String,
    /// Who signed them.
    #[serde(default)]
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeSignature {
    /// As its algorithm encodes it.
    #[serde(with = "base64_text")]
    pub sig: Vec<u8>,
    /// A hint at the key, which nothing protects.
    #[serde(default, deserialize_with = "nothing_is_empty")]
    pub keyid: String,
}

impl Envelope {
    /// Signs a payload with one key. Who that is stands beside the envelope, in its bundle.
    ///
    /// # Errors
    /// When the key fails to sign.
    pub fn sign(payload: Vec<u8>, payload_type: &str, key: &PrivateKey) -> Result<Self, KeyError> {
        let sig = key.sign(&encoding(payload_type, &payload))?;
        Ok(Self {
            payload,
            payload_type: payload_type.to_owned(),
            signatures: vec![EnvelopeSignature { sig, keyid: String::new() }],
        })
    }

    /// Reads an envelope that is a document of its own.
    ///
    /// # Errors
    /// When it is larger than `largest`, nested too deeply, or no envelope.
    pub fn parse(bytes: &[u8], largest: usize) -> Result<Self, JsonError> {
        parse(bytes, largest)
    }

    /// What a signature is over.
    pub fn signed_bytes(&self) -> Vec<u8> {
        encoding(&self.payload_type, &self.payload)
    }

    /// What a signature of model-signing 0.2 and 0.3 is over.
    pub fn compatibility_bytes(&self) -> Vec<u8> {
        compatibility_encoding(&self.payload_type, &self.payload)
    }
}

/// `null` is how some writers say that there is no key id.
fn nothing_is_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}
