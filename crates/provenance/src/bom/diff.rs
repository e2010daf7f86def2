//! What changed between two CycloneDX documents.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::json::{items, text};

/// How a component changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// The component: its type and name.
    pub component: String,
    /// What changed: `version`, `hash`, `licence`, `pinned`, …
    pub what: &'static str,
    /// Before; empty when there was nothing.
    pub before: String,
    /// After; empty when there is nothing.
    pub after: String,
}

/// What changed between two documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Components and services of the second only.
    pub added: Vec<String>,
    /// Components and services of the first only.
    pub removed: Vec<String>,
    /// What changed in components of both.
    pub changed: Vec<Change>,
    /// Ancestors, datasets and dependencies of the second only: `child -> parent`.
    pub lineage_added: Vec<String>,
    /// Ancestors, datasets and dependencies of the first only.
    pub lineage_removed: Vec<String>,
    /// Vulnerabilities of the second only, or in another state: `id in component: state`.
    pub vulnerabilities_added: Vec<String>,
    /// Vulnerabilities of the first only, or in another state.
    pub vulnerabilities_removed: Vec<String>,
}

impl Difference {
    /// Is there none?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares two documents. Components are the same when type and name are; where several share both, versions tell
/// them apart.
pub fn diff(before: &Value, after: &Value) -> Difference {
    let (one, other) = (collect(before), collect(after));
    let mut difference = Difference::default();
    let keys: BTreeSet<&Key> = one.keys().chain(other.keys()).collect();
    for key in keys {
        let (old, new) = (one.get(key), other.get(key));
        compare(key, old.map_or(&[], Vec::as_slice), new.map_or(&[], Vec::as_slice), &mut difference);
    }
    let (old, new) = (edges(before), edges(after));
    difference.lineage_added = new.difference(&old).cloned().collect();
    difference.lineage_removed = old.difference(&new).cloned().collect();
    let (old, new) = (vulnerabilities(before), vulnerabilities(after));
    difference.vulnerabilities_added = new.difference(&old).cloned().collect();
    difference.vulnerabilities_removed = old.difference(&new).cloned().collect();
    difference.changed.sort();
    difference
}

/// Type and name, with the group.
type Key = (String, String);

fn shown(key: &Key, version: Option<&str>) -> String {
    let (kind, name) = key;
    match version {
        Some(version) => format!("{kind} {name} {version}"),
        None => format!("{kind} {name}"),
    }
}

fn compare(key: &Key, old: &[&Value], new: &[&Value], difference: &mut Difference) {
    if let ([old], [new]) = (old, new) {
        return changes(shown(key, None), old, new, difference);
    }
    // Of several, those of the same version are the same.
    let (had, has) = (by_version(old), by_version(new));
    let versions: BTreeSet<Option<&str>> = had.keys().chain(has.keys()).copied().collect();
    for version in versions {
        let old = had.get(&version).map_or(&[][..], Vec::as_slice);
        let new = has.get(&version).map_or(&[][..], Vec::as_slice);
        match (old, new) {
            ([old], [new]) => changes(shown(key, version), old, new, difference),
            (old, new) => {
                let (old, new) = (told(key, version, old), told(key, version, new));
                difference.removed.extend(old.difference(&new).cloned());
                difference.added.extend(new.difference(&old).cloned());
            }
        }
    }
}

type Versions<'a> = BTreeMap<Option<&'a str>, Vec<&'a Value>>;

fn by_version<'a>(values: &[&'a Value]) -> Versions<'a> {
    let mut all = Versions::new();
    for value in values {
        all.entry(text(value, "version")).or_default().push(value);
    }
    all
}

/// How components of one name and version read: where there are several, with what tells them apart.
fn told(key: &Key, version: Option<&str>, values: &[&Value]) -> BTreeSet<String> {
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        let details: Vec<String> = ASPECTS
            .iter()
            .filter(|(what, _)| matches!(*what, "hash" | "purl"))
            .map(|(_, read)| read(value))
            .filter(|detail| !detail.is_empty())
            .collect();
        let name = shown(key, version);
        let name = if details.is_empty() || values.len() == 1 {
            name
        } else {
            format!("{name} ({})", details.join(", "))
        };
        let count = all.entry(name).or_default();
        *count = count.saturating_add(1);
    }
    all.into_iter().map(|(name, count)| if count > 1 { format!("{name} ×{count}") } else { name }).collect()
}

fn changes(component: String, old: &Value, new: &Value, difference: &mut Difference) {
    for (what, read) in ASPECTS {
        let (before, after) = (read(old), read(new));
        if before != after {
            difference.changed.push(Change { component: component.clone(), what, before, after });
        }
    }
}

/// What is compared, and how it reads.
type Aspect = (&'static str, fn(&Value) -> String);

const ASPECTS: &[Aspect] = &[
    ("version", |value| text(value, "version").unwrap_or_default().to_owned()),
    ("hash", |value| {
        let hash = |hash: &Value| Some(format!("{}:{}", text(hash, "alg")?, text(hash, "content")?));
        sorted(items(value, "hashes").filter_map(hash))
    }),
    ("licence", |value| {
        let licence = |choice: &Value| {
            let licence = choice.get("license");
            let named = licence.and_then(|licence| text(licence, "id").or_else(|| text(licence, "name")));
            named.or_else(|| text(choice, "expression")).map(str::to_owned)
        };
        sorted(items(value, "licenses").filter_map(licence))
    }),
    ("purl", |value| text(value, "purl").unwrap_or_default().to_owned()),
    ("supplier", |value| {
        value.get("supplier").and_then(|supplier| text(supplier, "name")).unwrap_or_default().to_owned()
    }),
    ("task", |value| parameter(value, "task")),
    ("architecture", |value| parameter(value, "modelArchitecture")),
    ("endpoints", |value| sorted(items(value, "endpoints").filter_map(Value::as_str).map(str::to_owned))),
    ("pinned", |value| property(value, "bartizan:pinned")),
    ("missing", |value| property(value, "bartizan:missing")),
    ("metrics", |value| {
        let metrics = value.pointer("/modelCard/quantitativeAnalysis/performanceMetrics");
        let metric = |metric: &Value| {
            let part = |key| text(metric, key).unwrap_or_default();
            format!("{} {} {}", part("type"), part("slice"), part("value")).replace("  ", " ")
        };
        sorted(metrics.and_then(Value::as_array).into_iter().flatten().map(metric))
    }),
];

fn sorted(values: impl Iterator<Item = String>) -> String {
    let values: BTreeSet<String> = values.collect();
    values.into_iter().collect::<Vec<_>>().join(", ")
}

fn parameter(value: &Value, name: &str) -> String {
    let parameters = value.pointer("/modelCard/modelParameters");
    parameters.and_then(|parameters| text(parameters, name)).unwrap_or_default().to_owned()
}

fn property(value: &Value, name: &str) -> String {
    items(value, "properties")
        .find(|property| text(property, "name") == Some(name))
        .and_then(|property| text(property, "value"))
        .unwrap_or_default()
        .to_owned()
}

/// Every component and service, nested ones too.
fn collect(document: &Value) -> BTreeMap<Key, Vec<&Value>> {
    let mut all: BTreeMap<Key, Vec<&Value>> = BTreeMap::new();
    let mut waiting: Vec<(&Value, bool)> = Vec::new();
    waiting.extend(document.pointer("/metadata/component").map(|component| (component, false)));
    waiting.extend(items(document, "components").map(|component| (component, false)));
    waiting.extend(items(document, "services").map(|service| (service, true)));
    while let Some((value, is_service)) = waiting.pop() {
        all.entry(key(value, is_service)).or_default().push(value);
        waiting.extend(items(value, "components").map(|component| (component, false)));
        waiting.extend(items(value, "services").map(|service| (service, true)));
    }
    all
}

fn key(value: &Value, is_service: bool) -> Key {
    let name = text(value, "name").unwrap_or_default();
    let name = match text(value, "group").filter(|group| !group.is_empty()) {
        Some(group) => format!("{group}/{name}"),
        None => name.to_owned(),
    };
    let kind = if is_service { "service" } else { text(value, "type").unwrap_or("component") };
    (kind.to_owned(), name)
}

/// The names of everything that has a reference.
fn names(document: &Value) -> BTreeMap<&str, &str> {
    let all = collect(document);
    all.values().flatten().filter_map(|value| Some((text(value, "bom-ref")?, text(value, "name")?))).collect()
}

/// Vulnerabilities with what they affect and what was decided.
fn vulnerabilities(document: &Value) -> BTreeSet<String> {
    let names = names(document);
    let mut all = BTreeSet::new();
    for vulnerability in items(document, "vulnerabilities") {
        let id = text(vulnerability, "id").unwrap_or("unnamed");
        let analysis = vulnerability.get("analysis");
        let state = analysis.and_then(|analysis| text(analysis, "state")).unwrap_or("not analysed");
        for reference in items(vulnerability, "affects").filter_map(|affected| text(affected, "ref")) {
            let name = names.get(reference).copied().unwrap_or(reference);
            all.insert(format!("{id} in {name}: {state}"));
        }
    }
    all
}

/// Ancestors, datasets and dependencies, by name.
fn edges(document: &Value) -> BTreeSet<String> {
    let all = collect(document);
    let names = names(document);
    let named = |reference: &'_ str| {
        names.get(reference).map_or_else(|| reference.to_owned(), |name| (*name).to_owned())
    };
    let mut edges = BTreeSet::new();
    for value in all.values().flatten() {
        let child = text(value, "name").unwrap_or_default();
        let ancestors = value.pointer("/pedigree/ancestors").and_then(Value::as_array).into_iter().flatten();
        edges.extend(
            ancestors.filter_map(|parent| Some(format!("{child} -> {} (ancestor)", text(parent, "name")?))),
        );
        let datasets = value
            .pointer("/modelCard/modelParameters/datasets")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        edges.extend(datasets.filter_map(|data| {
            let parent = text(data, "ref").map(named).or_else(|| text(data, "name").map(str::to_owned))?;
            Some(format!("{child} -> {parent} (dataset)"))
        }));
    }
    for dependency in items(document, "dependencies") {
        let Some(child) = text(dependency, "ref").map(named) else { continue };
        let targets = items(dependency, "dependsOn").filter_map(Value::as_str);
        edges.extend(targets.map(|target| format!("{child} -> {} (dependency)", named(target))));
    }
    edges
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(components: Value) -> Value {
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.7", "version": 1, "components": components })
    }

    #[test]
    fn the_same_document_does_not_differ_whatever_its_serial_number_and_order() {
        let mut one = document(json!([
            { "type": "library", "name": "a", "version": "1" },
            { "type": "library", "name": "b", "licenses": [{ "license": { "id": "MIT" } }, { "license": { "name": "x" } }] },
        ]));
        let mut other = document(json!([
            { "type": "library", "name": "b", "licenses": [{ "license": { "name": "x" } }, { "license": { "id": "MIT" } }] },
            { "type": "library", "name": "a", "version": "1" },
        ]));
        one["serialNumber"] = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79".into();
        other["metadata"] = json!({ "timestamp": "2026-01-01T00:00:00Z" });
        assert!(diff(&one, &other).is_empty());
    }

    #[test]
    fn what_changed_is_told_by_aspect() {
        let digest = |byte: &str| json!([{ "alg": "SHA-256", "content": byte.repeat(32) }]);
        let one = document(json!([
            { "type": "machine-learning-model", "name": "m", "bom-ref": "m", "version": "1", "hashes": digest("aa"),
              "pedigree": { "ancestors": [{ "type": "machine-learning-model", "name": "base" }] } },
            { "type": "data", "name": "gone" },
        ]));
        let other = document(json!([
            { "type": "machine-learning-model", "name": "m", "bom-ref": "n", "version": "2", "hashes": digest("bb"),
              "licenses": [{ "license": { "id": "MIT" } }] },
            { "type": "library", "name": "new", "version": "3" },
        ]));
        let difference = diff(&one, &other);
        let what: Vec<&str> = difference.changed.iter().map(|change| change.what).collect();
        assert_eq!(what, ["hash", "licence", "version"]);
        assert_eq!(difference.added, ["library new 3"]);
        assert_eq!(difference.removed, ["data gone"]);
        assert_eq!(difference.lineage_removed, ["m -> base (ancestor)"]);
        assert!(difference.lineage_added.is_empty());
    }

    #[test]
    fn versions_side_by_side_are_told_apart() {
        let library = |version: &str| json!({ "type": "library", "name": "torch", "version": version });
        let difference = diff(
            &document(json!([library("1"), library("2")])),
            &document(json!([library("2"), library("3")])),
        );
        assert_eq!(
            (difference.added, difference.removed),
            (vec!["library torch 3".to_owned()], vec!["library torch 1".to_owned()])
        );
    }

    #[test]
    fn of_two_files_of_one_name_the_one_that_is_gone_is_told() {
        let file = |byte: &str| json!({ "type": "file", "name": "f", "hashes": [{ "alg": "MD5", "content": byte.repeat(16) }] });
        let both = document(json!([file("aa"), file("bb")]));
        let one = document(json!([file("aa"), file("aa")]));
        let difference = diff(&both, &one);
        assert!(difference.removed.iter().any(|name| name.contains("bbbb")), "{difference:?}");
        let many: Vec<Value> = (0..30_000)
            .map(|at| json!({ "type": "library", "name": "a", "version": at.to_string() }))
            .collect();
        let many = document(many.into());
        assert!(diff(&many, &many).is_empty());
    }

    #[test]
    fn what_was_decided_about_a_vulnerability_is_a_difference() {
        let state = |state: &str| {
            let mut document = document(json!([{ "type": "library", "name": "torch", "bom-ref": "t" }]));
            document["vulnerabilities"] =
                json!([{ "id": "CVE-1", "affects": [{ "ref": "t" }], "analysis": { "state": state } }]);
            document
        };
        let difference = diff(&state("in_triage"), &state("resolved"));
        assert_eq!(difference.vulnerabilities_removed, ["CVE-1 in torch: in_triage"]);
        assert_eq!(difference.vulnerabilities_added, ["CVE-1 in torch: resolved"]);
        assert!(diff(&state("resolved"), &state("resolved")).is_empty());
    }
}
