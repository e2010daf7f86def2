//! Is a document valid?

use std::{collections::BTreeMap, fmt};

use jsonschema::Registry;
use serde::Serialize;
use serde_json::Value;

use super::{BomError, SpecVersion, layout, spdx};

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
            .with_format("idn-email", is_address)
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
            .with_format("idn-email", is_address)
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

/// What a document says it is, and what is wrong with it by that standard: CycloneDX of any version, or SPDX 3.0.1.
///
/// # Errors
/// When it is no bill of materials that is known.
pub fn judge(document: &Value, most: usize) -> Result<(String, Vec<Problem>), BomError> {
    if spdx::is_spdx(document) {
        return Ok(("SPDX 3.0.1".to_owned(), spdx::problems(document, most)?));
    }
    let version = spec_version(document)?;
    Ok((format!("CycloneDX {}", version.name()), Validator::of(version)?.problems(document, most)))
}

/// Is it an internationalised mail address (RFC 6531)? Only the two halves are asked for: whether anybody is there, only
/// a letter tells.
fn is_address(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(person, host)| !person.is_empty() && !host.is_empty())
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

/// References that stand for two components or services: nobody could say which one a dependency means.
fn repeated_references(document: &Value) -> Vec<Problem> {
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut found: Vec<(String, &Value)> = Vec::new();
    let mut waiting = vec![(String::new(), document)];
    waiting.extend(
        document.pointer("/metadata/component").map(|value| ("/metadata/component".to_owned(), value)),
    );
    while let Some((path, value)) = waiting.pop() {
        for list in ["components", "services"] {
            let items = value.get(list).and_then(Value::as_array).into_iter().flatten().enumerate();
            waiting.extend(items.map(|(at, item)| (format!("{path}/{list}/{at}"), item)));
        }
        found.push((path, value));
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (path, value) in found {
        let Some(reference) = value.get("bom-ref").and_then(Value::as_str) else { continue };
        match first.get(reference) {
            Some(other) => {
                problems.push(Problem { path, reason: format!("its bom-ref is that of {other} too") })
            }
            None => {
                first.insert(reference, path);
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_that_two_components_share_is_told() {
        let component = |name: &str| json!({ "type": "library", "name": name, "bom-ref": "x" });
        let mut holder = component("a");
        holder["components"] = json!([component("b")]);
        let document =
            json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [holder] });
        let problems = Validator::of(SpecVersion::V1_6).unwrap().problems(&document, 9);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, "/components/0/components/0");
    }

    #[test]
    fn problems_tell_their_place() {
        let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.7", "version": 1,
            "components": [{ "type": "library", "name": "a", "hashes": [{ "alg": "SHA-256", "content": "xyz" }] }] });
        let problems = Validator::of(SpecVersion::V1_7).unwrap().problems(&document, 9);
        assert_eq!(problems[0].path, "/components/0/hashes/0/content");
    }

    #[test]
    fn dates_and_mail_addresses_are_asked_for() {
        let judged = |time: &str, email: &str| {
            let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
                "metadata": { "timestamp": time, "authors": [{ "email": email }] } });
            Validator::of(SpecVersion::V1_6).unwrap().problems(&document, 9).len()
        };
        assert_eq!(judged("2026-01-01T00:00:00Z", "jos\u{e9}@example.invalid"), 0);
        assert_eq!(judged("yesterday", "nobody"), 2);
    }

    #[test]
    fn other_documents_are_told_what_they_are() {
        let said = |document: Value| spec_version(&document).unwrap_err().to_string();
        assert!(said(json!({ "spdxVersion": "SPDX-2.3" })).contains("SPDX"));
        assert!(said(json!({ "bomFormat": "CycloneDX", "specVersion": "9.9" })).contains("9.9"));
        assert!(said(json!([])).contains("neither"));
    }
}
