//! The in-toto statement that is signed, as it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::serialization::Written;

/// What statements call themselves.
pub(super) const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// What a model signature's statement is about.
pub(super) const PREDICATE: &str = "https://model_signing/signature/v1.0";
/// The same before version 1: every file is a subject.
pub(super) const OLD_PREDICATE: &str = "https://model_signing/Digests/v0.1";

#[derive(Serialize, Deserialize)]
pub(super) struct Statement {
    #[serde(rename = "_type")]
    pub(super) kind: String,
    pub(super) subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    pub(super) predicate_type: String,
    #[serde(default)]
    pub(super) predicate: Predicate,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Subject {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) digest: BTreeMap<String, String>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Predicate {
    #[serde(default)]
    pub(super) serialization: Option<Written>,
    #[serde(default)]
    pub(super) resources: Option<Vec<Resource>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Resource {
    pub(super) name: String,
    pub(super) algorithm: String,
    pub(super) digest: String,
}

impl Statement {
    /// Indented by two, in ASCII only, as the format's first writer does.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let text = serde_json::to_string_pretty(self)?;
        if text.is_ascii() {
            return Ok(text.into_bytes());
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut units = [0; 2];
        for character in text.chars() {
            if character.is_ascii() {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            // Characters beyond ASCII stand in strings only.
            for unit in character.encode_utf16(&mut units) {
                bytes.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
        Ok(bytes)
    }
}
