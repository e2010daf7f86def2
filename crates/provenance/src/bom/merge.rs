//! Several CycloneDX documents as one.

mod joining;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub use self::joining::Conflict;
use self::joining::complete;

use super::{
    BomError, SpecVersion, Stamp,
    json::{items, set, text},
    spec_version,
    validate::Validator,
};

/// Conflicts that the merged document itself tells; nobody reads more.
const MOST_TOLD: usize = 1000;

/// A merged document, and what its sources disagree on.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// The document.
    pub document: Value,
    /// Every disagreement, in order.
    pub conflicts: Vec<Conflict>,
}

/// Merges documents. Components with the same package URL, or the same digest, or else the same type, name and version
/// are one; references are rewritten, and the dependency graphs are united. Where documents disagree on a field, the
/// first one stays, and the conflict is told.
///
/// # Errors
/// When one is no CycloneDX document, or the result is not valid, which happens when an input is not.
pub fn merge(documents: &[Value], name: &str, stamp: &Stamp) -> Result<Merge, BomError> {
    // The newest version of the inputs, and at least the one that knows models.
    let mut version = SpecVersion::V1_6;
    for document in documents {
        version = version.max(spec_version(document)?);
    }
    let mut merged = Merged::default();
    for (index, document) in documents.iter().enumerate() {
        merged.take(index, document);
    }
    let mut conflicts = std::mem::take(&mut merged.conflicts);
    conflicts.sort();
    conflicts.dedup();
    let mut document = merged.finish(version, name, stamp);
    tell(&mut document, &conflicts);
    let content = serde_json::to_vec(&document).map_err(|error| BomError::Invalid(error.to_string()))?;
    set(&mut document, "serialNumber", Some(format!("urn:uuid:{}", stamp.uuid(&content))));
    match Validator::of(version)?.problems(&document, 1).first() {
        Some(problem) => Err(BomError::Unsupported(format!(
            "the merged document would not be valid, because one of the documents is not: {problem}"
        ))),
        None => Ok(Merge { document, conflicts }),
    }
}

/// Writes conflicts into the document as properties: whoever reads it later has no other way to know.
fn tell(document: &mut Value, conflicts: &[Conflict]) {
    if conflicts.is_empty() {
        return;
    }
    let Some(fields) = document.as_object_mut() else { return };
    let properties = fields.entry("properties").or_insert_with(|| json!([]));
    let Some(properties) = properties.as_array_mut() else { return };
    properties.extend(conflicts.iter().take(MOST_TOLD).map(|conflict| {
        let Conflict { component, field, kept, dropped } = conflict;
        json!({
            "name": "bartizan:conflict",
            "value": format!("{component}: {field} is {kept}, another document says {dropped}"),
        })
    }));
}

/// Lists at the top of a document that are joined as they are.
const LISTS: &[&str] = &[
    "externalReferences",
    "compositions",
    "vulnerabilities",
    "annotations",
    "formulation",
    "citations",
    "properties",
];

#[derive(Default)]
struct Merged {
    components: Vec<Value>,
    services: Vec<Value>,
    /// Which component or service an identity stands for.
    known: BTreeMap<String, (bool, usize)>,
    /// References that are taken.
    taken: BTreeSet<String>,
    dependencies: BTreeMap<String, BTreeSet<String>>,
    provides: BTreeMap<String, BTreeSet<String>>,
    lists: BTreeMap<&'static str, Vec<Value>>,
    /// The items of those lists as text: each is there once.
    listed: BTreeSet<(&'static str, String)>,
    subjects: Vec<String>,
    conflicts: Vec<Conflict>,
}

/// What the references of one document are called in the merged one.
#[derive(Default)]
struct Names {
    by_old: BTreeMap<String, String>,
    new: BTreeSet<String>,
}

impl Merged {
    fn take(&mut self, index: usize, document: &Value) {
        let mut names = Names::default();
        let subject = document.pointer("/metadata/component");
        let components = subject.into_iter().chain(items(document, "components"));
        let all: Vec<(bool, &Value)> = components
            .map(|component| (false, component))
            .chain(items(document, "services").map(|service| (true, service)))
            .collect();
        for (is_service, value) in &all {
            self.name(index, *is_service, value, &mut names);
        }
        for (position, (is_service, value)) in all.into_iter().enumerate() {
            let mut value = value.clone();
            rename(&mut value, &names.by_old);
            let reference = self.add(is_service, value);
            if position == 0 && subject.is_some() {
                self.subjects.extend(reference);
            }
        }
        for dependency in items(document, "dependencies") {
            let mut dependency = dependency.clone();
            rename(&mut dependency, &names.by_old);
            let Some(reference) = text(&dependency, "ref").map(str::to_owned) else { continue };
            let targets = |key: &str| {
                items(&dependency, key).filter_map(Value::as_str).map(str::to_owned).collect::<Vec<String>>()
            };
            let provided = targets("provides");
            self.dependencies.entry(reference.clone()).or_default().extend(targets("dependsOn"));
            if !provided.is_empty() {
                self.provides.entry(reference).or_default().extend(provided);
            }
        }
        for list in LISTS {
            for item in items(document, list) {
                let mut item = item.clone();
                rename(&mut item, &names.by_old);
                if self.listed.insert((list, item.to_string())) {
                    self.lists.entry(list).or_default().push(item);
                }
            }
        }
    }

    /// Decides what the references inside a component are called.
    fn name(&self, index: usize, is_service: bool, value: &Value, names: &mut Names) {
        let own = text(value, "bom-ref");
        let same =
            identities(value, is_service).iter().find_map(|identity| self.known.get(identity)).copied();
        if let (Some(own), Some((is_service, at))) = (own, same) {
            let list = if is_service { &self.services } else { &self.components };
            if let Some(reference) = list.get(at).and_then(|known| text(known, "bom-ref")) {
                names.by_old.insert(own.to_owned(), reference.to_owned());
            }
        }
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            match value {
                Value::Object(fields) => {
                    if let Some(reference) = text(value, "bom-ref")
                        && !names.by_old.contains_key(reference)
                    {
                        let mut unique = reference.to_owned();
                        let mut count = index.saturating_add(1);
                        while self.taken.contains(&unique) || names.new.contains(&unique) {
                            unique = format!("{reference}#{count}");
                            count = count.saturating_add(1);
                        }
                        names.new.insert(unique.clone());
                        names.by_old.insert(reference.to_owned(), unique);
                    }
                    waiting.extend(fields.values());
                }
                Value::Array(values) => waiting.extend(values),
                _ => {}
            }
        }
    }

    /// Adds a component, or adds what it knows more to the one that is there.
    fn add(&mut self, is_service: bool, value: Value) -> Option<String> {
        let identities = identities(&value, is_service);
        let known = identities.iter().find_map(|identity| self.known.get(identity)).copied();
        let (is_service, at) = match known {
            Some((is_service, at)) => {
                let list = if is_service { &mut self.services } else { &mut self.components };
                if let Some(there) = list.get_mut(at) {
                    complete(there, value, &mut self.conflicts);
                }
                (is_service, at)
            }
            None => {
                let list = if is_service { &mut self.services } else { &mut self.components };
                list.push(value);
                (is_service, list.len().saturating_sub(1))
            }
        };
        for identity in identities {
            self.known.entry(identity).or_insert((is_service, at));
        }
        let list = if is_service { &self.services } else { &self.components };
        let there = list.get(at)?;
        self.taken.extend(references(there));
        text(there, "bom-ref").map(str::to_owned)
    }

    fn finish(self, version: SpecVersion, name: &str, stamp: &Stamp) -> Value {
        let mut root = "merged".to_owned();
        while self.taken.contains(&root) {
            root.push('+');
        }
        let mut dependencies = self.dependencies;
        dependencies.entry(root.clone()).or_default().extend(self.subjects);
        let mut provides = self.provides;
        let dependencies: Vec<Value> = dependencies
            .into_iter()
            .map(|(reference, mut targets)| {
                targets.remove(&reference);
                let mut dependency = json!({ "ref": reference });
                let listed = |targets: BTreeSet<String>| targets.into_iter().collect::<Vec<String>>();
                set(&mut dependency, "dependsOn", Some(targets).filter(|all| !all.is_empty()).map(listed));
                set(&mut dependency, "provides", provides.remove(&reference).map(listed));
                dependency
            })
            .collect();
        let mut metadata = json!({
            "tools": { "components": [{ "type": "application", "name": "bartizan", "version": stamp.tool_version }] },
            "component": { "type": "application", "bom-ref": root, "name": name },
        });
        set(&mut metadata, "timestamp", stamp.timestamp.clone());
        let mut document = json!({
            "$schema": format!("http://cyclonedx.org/schema/bom-{}.schema.json", version.name()),
            "bomFormat": "CycloneDX",
            "specVersion": version.name(),
            "version": 1,
            "metadata": metadata,
            "components": sorted(self.components),
            "dependencies": dependencies,
        });
        let services = Some(self.services).filter(|services| !services.is_empty());
        set(&mut document, "services", services.map(sorted));
        for (list, items) in self.lists {
            set(&mut document, list, Some(items));
        }
        document
    }
}

/// What makes two components one. A file that two documents hold is one by its digest; a file of the same name with
/// another digest is another one.
fn identities(value: &Value, is_service: bool) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(purl) = text(value, "purl") {
        all.push(format!("purl {purl}"));
    }
    let kind = if is_service { "service" } else { text(value, "type").unwrap_or_default() };
    let digests: Vec<String> = items(value, "hashes")
        .filter_map(|hash| Some(format!("{kind} {} {}", text(hash, "alg")?, text(hash, "content")?)))
        .collect();
    if !digests.is_empty() {
        all.extend(digests);
        return all;
    }
    if all.is_empty() {
        let part = |key| text(value, key).unwrap_or_default();
        all.push(format!("{kind} {}\0{}\0{}", part("group"), part("name"), part("version")));
    }
    all
}

fn references(value: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(fields) => {
                all.extend(text(value, "bom-ref").map(str::to_owned));
                waiting.extend(fields.values());
            }
            Value::Array(values) => waiting.extend(values),
            _ => {}
        }
    }
    all
}

/// Fields whose texts are references.
const REFERENCES: &[&str] = &[
    "bom-ref",
    "ref",
    "dependsOn",
    "provides",
    "assemblies",
    "dependencies",
    "vulnerabilities",
    "subjects",
    "attributedTo",
    "process",
];

/// Calls references by their new names.
fn rename(value: &mut Value, names: &BTreeMap<String, String>) {
    let replace = |text: &mut String| {
        if let Some(name) = names.get(text) {
            text.clone_from(name);
        }
    };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let is_reference = REFERENCES.contains(&key.as_str());
                match value {
                    Value::String(text) if is_reference => replace(text),
                    Value::Array(items) if is_reference => {
                        for item in items {
                            match item {
                                Value::String(text) => replace(text),
                                other => rename(other, names),
                            }
                        }
                    }
                    other => rename(other, names),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| rename(value, names)),
        _ => {}
    }
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_key(|value| {
        let part = |key| text(value, key).unwrap_or_default().to_owned();
        (part("bom-ref"), part("type"), part("name"), part("version"))
    });
    values
}

#[cfg(test)]
mod tests;
