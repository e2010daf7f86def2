//! Where a field may stand in a CycloneDX document.
//!
//! * `/metadata/authors`: in the document;
//! * `pedigree/ancestors`: in the component;
//! * `property:NAME`: a property of the component, its model card or the document's metadata whose name, or the last
//!   part of it after a colon, is NAME, however it is hyphenated;
//! * `reference:TYPE`: an external reference of the component of that type.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::bom::json::{items, text};

/// A component that is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    component: &'a Value,
}

/// The models; without any, the thing that the document describes; without that, every component.
pub(super) fn subjects(document: &Value) -> Vec<Subject<'_>> {
    let subject = |component| Subject { name: text(component, "name").unwrap_or("unnamed"), component };
    let mut all = Vec::new();
    let mut waiting: Vec<&Value> = Vec::new();
    let described = document.pointer("/metadata/component");
    waiting.extend(items(document, "components").collect::<Vec<_>>().into_iter().rev());
    waiting.extend(described);
    while let Some(component) = waiting.pop() {
        all.push(component);
        waiting.extend(items(component, "components").collect::<Vec<_>>().into_iter().rev());
    }
    let is_model = |component: &&Value| text(component, "type") == Some("machine-learning-model");
    let models: Vec<Subject<'_>> = all.iter().copied().filter(is_model).map(subject).collect();
    match described {
        _ if !models.is_empty() => models,
        Some(described) => vec![subject(described)],
        None => all.into_iter().map(subject).collect(),
    }
}

/// The first place in the document where the field stands.
pub(super) fn in_document(document: &Value, paths: &[String]) -> Option<String> {
    paths
        .iter()
        .filter(|path| path.starts_with('/'))
        .find(|path| document.pointer(path).is_some_and(is_said))
        .cloned()
}

/// The first place in the component where the field stands.
pub(super) fn in_component(
    subject: &Subject<'_>,
    shared: &BTreeSet<String>,
    paths: &[String],
) -> Option<String> {
    let has = |path: &&String| match path.split_once(':') {
        Some(("property", name)) => has_property(subject, shared, name),
        Some(("reference", kind)) => references(subject.component).any(|reference| {
            text(reference, "type") == Some(kind) && reference.get("url").is_some_and(is_said)
        }),
        _ if path.starts_with('/') => false,
        _ => find(subject.component, path),
    };
    paths.iter().find(has).cloned()
}

/// Is this a path of the notation above?
#[cfg(test)]
pub(super) fn is_path(path: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '_' | '*');
    let body = path.strip_prefix("property:").or_else(|| path.strip_prefix("reference:")).unwrap_or(path);
    !body.is_empty() && body.chars().all(is_word)
}

/// Is there something at the path? `*` stands for every item of a list.
fn find(value: &Value, path: &str) -> bool {
    match path.split_once('/') {
        None if path == "*" => value.as_array().is_some_and(|items| items.iter().any(is_said)),
        None => value.get(path).is_some_and(is_said),
        Some(("*", rest)) => value.as_array().is_some_and(|items| items.iter().any(|item| find(item, rest))),
        Some((first, rest)) => value.get(first).is_some_and(|value| find(value, rest)),
    }
}

/// Empty texts, lists and objects say nothing, and neither do the words that stand for nothing.
fn is_said(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => {
            let text = text.trim();
            !text.is_empty()
                && !["NOASSERTION", "unknown", "n/a", "none"].iter().any(|no| text.eq_ignore_ascii_case(no))
        }
        Value::Array(items) => items.iter().any(is_said),
        Value::Object(fields) => fields.values().any(is_said),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn has_property(subject: &Subject<'_>, shared: &BTreeSet<String>, name: &str) -> bool {
    let wanted = plain(name);
    let lists = [subject.component.get("properties"), subject.component.pointer("/modelCard/properties")];
    shared.contains(&wanted)
        || lists
            .into_iter()
            .flatten()
            .flat_map(property_names)
            .any(|(name, last)| name == wanted || last == wanted)
}

/// The properties that the document has for all its components.
pub(super) fn shared_properties(document: &Value) -> BTreeSet<String> {
    let lists = [document.pointer("/metadata/properties"), document.get("properties")];
    lists.into_iter().flatten().flat_map(property_names).flat_map(|(name, last)| [name, last]).collect()
}

/// Names of properties that say something, each whole and by its last part.
fn property_names(list: &Value) -> impl Iterator<Item = (String, String)> {
    let said =
        list.as_array().into_iter().flatten().filter(|property| property.get("value").is_some_and(is_said));
    said.map(|property| {
        let name = text(property, "name").unwrap_or_default();
        (plain(name), plain(name.rsplit([':', '.']).next().unwrap_or(name)))
    })
}

/// `context_length`, `contextLength` and `context-length` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn references(component: &Value) -> impl Iterator<Item = &Value> {
    items(component, "externalReferences")
}
