//! Is a document valid?

use std::{collections::BTreeMap, fmt};

use jsonschema::Registry;
use serde::Serialize;
use serde_json::Value;

use super::{BomError, SpecVersion, layout};

/// Longer messages quote half of the document.
const LONGEST: usize = 300;

/// Something that makes a document invalid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// Where: a JSON pointer, empty for the whole document.
    pub path: String,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.path.is_empty() { "/" } else { &self.path }, self.reason)
    }
}

/// Judges CycloneDX documents of one spec version.
#[derive(Debug)]
pub struct Validator {
    schema: jsonschema::Validator,
}

impl Validator {
    /// By the layout that is part of this program.
    ///
    /// # Errors
    /// Never, unless the layout is broken.
    pub fn of(version: SpecVersion) -> Result<Self, BomError> {
        let schema = layout::schema(version).map_err(|error| BomError::Schema(error.to_string()))?;
        let schema = jsonschema::draft7::options()
            .should_validate_formats(true)
            .build(&schema)
            .map_err(|error| BomError::Schema(error.to_string()))?;
        Ok(Self { schema })
    }

    /// By schema files: `bom-VERSION.schema.json` and the ones it refers to, each with its text.
    ///
    /// # Errors
    /// When the file of this version is not among them, or one is no JSON schema.
    pub fn from_files(version: SpecVersion, files: &BTreeMap<String, Vec<u8>>) -> Result<Self, BomError> {
        let name = format!("bom-{}.schema.json", version.name());
        let mut main = None;
        let mut registry = Registry::new();
        for (file, bytes) in files {
            let schema: Value = serde_json::from_slice(bytes)
                .map_err(|error| BomError::Schema(format!("{file}: {error}")))?;
            if *file == name {
                main = Some(schema);
            } else if let Some(id) = schema.get("$id").and_then(Value::as_str).map(str::to_owned) {
                registry =
                    registry.add(id, schema).map_err(|error| BomError::Schema(format!("{file}: {error}")))?;
            }
        }
        let main = main.ok_or_else(|| BomError::Schema(format!("{name} is not there")))?;
        let registry = registry.prepare().map_err(|error| BomError::Schema(error.to_string()))?;
        let schema = jsonschema::draft7::options()
            .with_registry(&registry)
            .should_validate_formats(true)
            .build(&main)
            .map_err(|error| BomError::Schema(format!("{name}: {error}")))?;
        Ok(Self { schema })
    }

    /// What is wrong with the document, at most `most` things, in order of their place.
    pub fn problems(&self, document: &Value, most: usize) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self
            .schema
            .iter_errors(document)
            .take(most)
            .map(|error| Problem {
                path: error.instance_path().to_string(),
                reason: bartizan_core::truncated(&error.to_string(), LONGEST),
            })
            .collect();
        let left = most.saturating_sub(problems.len());
        problems.extend(repeated_references(document).into_iter().take(left));
        problems.sort();
        problems.dedup();
        problems
    }
}

/// The spec version that a document says it has.
///
/// # Errors
/// When it is no CycloneDX document in JSON, or of a version without a JSON form.
pub fn spec_version(document: &Value) -> Result<SpecVersion, BomError> {
    if document.get("bomFormat").is_none() && document.get("specVersion").is_none() {
        let is_spdx = document.get("@graph").is_some() || document.get("spdxVersion").is_some();
        let hint =
            if is_spdx { "it is an SPDX document" } else { "it has neither bomFormat nor specVersion" };
        return Err(BomError::Unsupported(format!("it is no CycloneDX document: {hint}")));
    }
    let Some(text) = document.get("specVersion").and_then(Value::as_str) else {
        return Err(BomError::Unsupported("it has no specVersion".to_owned()));
    };
    text.parse().map_err(BomError::Unsupported)
}

/// References that stand for two things: the specification wants each `bom-ref` once in a document.
fn repeated_references(document: &Value) -> Vec<Problem> {
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut waiting = vec![(String::new(), document)];
    while let Some((path, value)) = waiting.pop() {
        match value {
            Value::Object(object) => {
                if let Some(reference) = object.get("bom-ref").and_then(Value::as_str) {
                    match first.get(reference) {
                        Some(other) => problems.push(Problem {
                            path: path.clone(),
                            reason: format!("its bom-ref is that of {other} too"),
                        }),
                        None => {
                            first.insert(reference, path.clone());
                        }
                    }
                }
                for (key, value) in object.iter().rev() {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    waiting.push((format!("{path}/{key}"), value));
                }
            }
            Value::Array(array) => {
                for (index, value) in array.iter().enumerate().rev() {
                    waiting.push((format!("{path}/{index}"), value));
                }
            }
            _ => {}
        }
    }
    problems
}
