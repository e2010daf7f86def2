//! Parses the JSON header with a streaming visitor: `serde_json::Value` would silently keep the last of two equal
//! keys, and loaders do not agree on which one counts.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

/// The key that holds free text.
const METADATA: &str = "__metadata__";

/// One tensor as the header describes it. What the header leaves out is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) dtype: Option<String>,
    pub(crate) shape: Option<Vec<u64>>,
    pub(crate) offsets: Option<(u64, u64)>,
    /// Keys that the format does not know.
    pub(crate) unknown: Vec<String>,
    pub(crate) repeated: bool,
}

/// The whole header.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    pub(crate) tensors: Vec<(String, Entry)>,
    pub(crate) metadata: Vec<(String, String)>,
    /// Metadata keys whose value is not text.
    pub(crate) untexted: Vec<String>,
    /// Keys that stand there more than once.
    pub(crate) repeated: Vec<String>,
}

impl Header {
    /// Parses the bytes between the length and the tensors.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let mut header: Self = serde_json::from_slice(bytes)?;
        header.repeated.extend(repeated(header.tensors.iter().map(|(name, _)| name)));
        header.repeated.extend(repeated(header.metadata.iter().map(|(name, _)| name)));
        let inside = header.tensors.iter().filter(|(_, entry)| entry.repeated);
        header.repeated.extend(inside.map(|(name, _)| name.clone()));
        Ok(header)
    }
}

fn repeated<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut sorted: Vec<&String> = names.collect();
    sorted.sort_unstable();
    let pairs = sorted.iter().zip(sorted.iter().skip(1));
    let mut twice: Vec<String> = pairs.filter(|(a, b)| a == b).map(|(a, _)| (*a).clone()).collect();
    twice.dedup();
    twice
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Top;
        impl<'de> Visitor<'de> for Top {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut header = Header::default();
                let mut metadata_seen = false;
                while let Some(key) = map.next_key::<String>()? {
                    if key != METADATA {
                        header.tensors.push((key, map.next_value()?));
                        continue;
                    }
                    if metadata_seen {
                        header.repeated.push(key);
                    }
                    metadata_seen = true;
                    let Texts(texts) = map.next_value()?;
                    for (key, value) in texts {
                        match value {
                            serde_json::Value::String(text) => header.metadata.push((key, text)),
                            other => {
                                header.untexted.push(key.clone());
                                header.metadata.push((key, other.to_string()));
                            }
                        }
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(Top)
    }
}

/// Key and value pairs in order, repeated keys included.
struct Texts(Vec<(String, serde_json::Value)>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_unit<E: Error>(self) -> Result<Texts, E> {
                Ok(Texts(Vec::new()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Texts(pairs))
            }
        }
        deserializer.deserialize_any(Pairs)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a tensor: an object with dtype, shape and data_offsets")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
                let mut entry = Entry::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "dtype" => entry.repeated |= entry.dtype.replace(map.next_value()?).is_some(),
                        "shape" => entry.repeated |= entry.shape.replace(map.next_value()?).is_some(),
                        "data_offsets" => {
                            entry.repeated |= entry.offsets.replace(map.next_value()?).is_some();
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            entry.unknown.push(key);
                        }
                    }
                }
                Ok(entry)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Bits of one element; `None` for a type that the format does not know.
pub(crate) fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "I64" | "U64" | "F64" | "C64" => 64,
        _ => return None,
    })
}
