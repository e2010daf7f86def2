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
    let version = |value: &Value| text(value, "version").map(str::to_owned);
    if let ([old], [new]) = (old, new) {
        for (what, read) in ASPECTS {
            let (before, after) = (read(old), read(new));
            if before != after {
                let component = shown(key, None);
                difference.changed.push(Change { component, what, before, after });
            }
        }
        return;
    }
    // Of several, those of the same version are the same.
    let versions =
        |all: &[&Value]| all.iter().map(|value| version(value)).collect::<BTreeSet<Option<String>>>();
    let (had, has) = (versions(old), versions(new));
    difference.added.extend(has.difference(&had).map(|version| shown(key, version.as_deref())));
    difference.removed.extend(had.difference(&has).map(|version| shown(key, version.as_deref())));
    for version in had.intersection(&has) {
        let find = |all: &[&Value]| {
            all.iter()
                .find(|value| text(value, "version") == version.as_deref())
                .map(|value| (*value).clone())
        };
        if let (Some(old), Some(new)) = (find(old), find(new)) {
            for (what, read) in ASPECTS {
                let (before, after) = (read(&old), read(&new));
                if before != after {
                    let component = shown(key, version.as_deref());
                    difference.changed.push(Change { component, what, before, after });
                }
            }
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

/// Ancestors, datasets and dependencies, by name.
fn edges(document: &Value) -> BTreeSet<String> {
    let all = collect(document);
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for value in all.values().flatten() {
        if let (Some(reference), Some(name)) = (text(value, "bom-ref"), text(value, "name")) {
            names.insert(reference, name);
        }
    }
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
}
