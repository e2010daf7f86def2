//! What the shapes of SPDX 3.0.1 ask of the elements that we write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Fields that an element of a type must have, besides those of every element.
const REQUIRED: &[(&str, &[&str])] = &[
    ("SoftwareAgent", &["name"]),
    ("Organization", &["name"]),
    ("software_Package", &["name"]),
    ("software_File", &["name"]),
    ("ai_AIPackage", &["name"]),
    ("dataset_DatasetPackage", &["name", "dataset_datasetType"]),
    ("simplelicensing_LicenseExpression", &["simplelicensing_licenseExpression"]),
    ("Relationship", &["from", "to", "relationshipType"]),
    ("software_Sbom", &["rootElement", "element"]),
    ("SpdxDocument", &["rootElement"]),
    ("CreationInfo", &["specVersion", "created", "createdBy"]),
];

/// Fields that name other elements.
const REFERENCES: &[&str] = &["createdBy", "suppliedBy", "from", "to", "rootElement", "element"];

/// The first thing that is wrong.
pub(super) fn problem(document: &Value) -> Option<String> {
    let elements = document.get("@graph").and_then(Value::as_array)?;
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    for element in elements {
        let kind = text(element, "type");
        let id = if kind == "CreationInfo" { text(element, "@id") } else { text(element, "spdxId") };
        if id.is_empty() || kinds.insert(id, kind).is_some() {
            return Some(format!("the {kind} `{id}` has no identifier of its own"));
        }
    }
    for element in elements {
        let kind = text(element, "type");
        let Some((_, required)) = REQUIRED.iter().find(|(name, _)| *name == kind) else {
            return Some(format!("`{kind}` is no type that is written"));
        };
        if let Some(field) = required.iter().find(|field| is_empty(element.get(**field))) {
            return Some(format!("a {kind} has no {field}"));
        }
        if kind != "CreationInfo" && kinds.get(text(element, "creationInfo")) != Some(&"CreationInfo") {
            return Some(format!("a {kind} has no creationInfo"));
        }
        for field in REFERENCES {
            let targets = targets(element.get(*field));
            let unique: BTreeSet<&&str> = targets.iter().collect();
            if unique.len() != targets.len() {
                return Some(format!("a {kind} names the same {field} twice"));
            }
            for target in targets {
                let found = kinds.get(target).copied();
                let is_agent = matches!(found, Some("SoftwareAgent" | "Organization"));
                if found.is_none() || matches!(*field, "createdBy" | "suppliedBy") && !is_agent {
                    return Some(format!("the {field} of a {kind} is not there: {target}"));
                }
            }
        }
    }
    None
}

fn text<'a>(element: &'a Value, key: &str) -> &'a str {
    element.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(array)) => array.is_empty(),
        Some(_) => false,
    }
}

fn targets(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(array)) => array.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}
