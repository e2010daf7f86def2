//! VEX into a bill of materials: what the bill has gets the analysis.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    openvex,
    product::{Product, Products},
};
use crate::bom::{
    BomError, SpecVersion,
    json::{items, text},
    spec_version,
    validate::Validator,
};

/// Pairs of statement and finding that are looked at. Honest documents have far fewer; hostile ones are quadratic.
const MOST_STEPS: usize = 4_000_000;

/// What came of applying a VEX document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Vulnerabilities that are new in the bill.
    pub added: usize,
    /// Vulnerabilities whose analysis was replaced.
    pub updated: usize,
    /// What the bill does not have: vulnerability and product.
    pub unmatched: Vec<String>,
}

/// A statement of any VEX format: a CycloneDX vulnerability without `affects`, and its products.
pub(super) struct Statement {
    pub(super) vulnerability: Map<String, Value>,
    pub(super) products: Vec<Product>,
}

/// Applies a CycloneDX or OpenVEX document to a bill of materials: what the bill has gets the analysis.
///
/// # Errors
/// When one of the documents is none, or the result would not be valid.
pub fn apply(bill: &Value, vex: &Value) -> Result<(Value, Applied), BomError> {
    let version = spec_version(bill)?;
    if version < SpecVersion::V1_4 {
        return Err(BomError::Unsupported(format!(
            "CycloneDX {} has no vulnerabilities; VEX needs 1.4 or later",
            version.name()
        )));
    }
    let statements = if openvex::is_openvex(vex) {
        openvex::statements(vex)?
    } else {
        spec_version(vex)?;
        statements(vex)
    };
    let products = Products::of(bill);
    let mut bill = bill.clone();
    let mut applied = Applied::default();
    let mut known = Known::of(&mut bill);
    for statement in statements {
        known.take(statement, &products, &mut applied)?;
    }
    if !known.list.is_empty()
        && let Some(fields) = bill.as_object_mut()
    {
        fields.insert("vulnerabilities".to_owned(), known.list.into());
    }
    match Validator::of(version)?.problems(&bill, 1).first() {
        Some(problem) => Err(BomError::Unsupported(format!(
            "the result would not be valid, because one of the documents is not: {problem}"
        ))),
        None => Ok((bill, applied)),
    }
}

/// The vulnerabilities of a bill, by identifier.
#[derive(Default)]
struct Known {
    list: Vec<Value>,
    /// By identifier, by what they affect.
    by_id: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
    /// How many were looked at.
    steps: usize,
}

impl Known {
    /// Takes them out of the bill.
    fn of(bill: &mut Value) -> Self {
        let mut known = Self::default();
        let list = bill.get_mut("vulnerabilities").and_then(Value::as_array_mut).map(std::mem::take);
        for vulnerability in list.into_iter().flatten() {
            known.add(vulnerability);
        }
        known
    }

    fn add(&mut self, vulnerability: Value) {
        let id = text(&vulnerability, "id").unwrap_or_default().to_owned();
        let of_id = self.by_id.entry(id).or_default();
        for reference in items(&vulnerability, "affects").filter_map(|affected| text(affected, "ref")) {
            of_id.entry(reference.to_owned()).or_default().push(self.list.len());
        }
        self.list.push(vulnerability);
    }

    fn take(
        &mut self,
        statement: Statement,
        products: &Products<'_>,
        applied: &mut Applied,
    ) -> Result<(), BomError> {
        let id = statement.vulnerability.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut matched = BTreeSet::new();
        for product in &statement.products {
            let found = products.find(product);
            if found.is_empty() {
                applied.unmatched.push(format!("{id}: {}", product.name));
            }
            matched.extend(found);
        }
        if statement.products.is_empty() {
            applied.unmatched.push(format!("{id}: it names no product"));
        }
        if matched.is_empty() {
            return Ok(());
        }
        // One that is there already for some of the products gets the new analysis. Findings of one rule are many, and
        // their fingerprints tell them apart; a statement without one is about all of them.
        let wanted = fingerprint(&statement.vulnerability);
        let mut covered = BTreeSet::new();
        let of_id = self.by_id.get(&id);
        let candidates: BTreeSet<usize> =
            matched.iter().filter_map(|reference| of_id?.get(reference)).flatten().copied().collect();
        self.steps = self.steps.saturating_add(candidates.len()).saturating_add(matched.len());
        if self.steps > MOST_STEPS {
            return Err(BomError::Unsupported(format!(
                "it has too many statements about too many findings: more than {MOST_STEPS} pairs"
            )));
        }
        for at in candidates {
            let Some(known) = self.list.get_mut(at) else { continue };
            let affects: BTreeSet<String> = items(known, "affects")
                .filter_map(|affected| text(affected, "ref"))
                .map(str::to_owned)
                .collect();
            let Some(known) = known.as_object_mut() else { continue };
            let is_other = matches!((wanted, fingerprint(known)), (Some(one), Some(other)) if one != other);
            if is_other || affects.is_empty() || !affects.is_subset(&matched) {
                continue;
            }
            for (key, value) in &statement.vulnerability {
                // What tells it from others stays.
                if key != "properties" || !known.contains_key(key) {
                    known.insert(key.clone(), value.clone());
                }
            }
            covered.extend(affects);
            applied.updated = applied.updated.saturating_add(1);
        }
        let rest: Vec<Value> =
            matched.difference(&covered).map(|reference| json!({ "ref": reference })).collect();
        if !rest.is_empty() {
            let mut vulnerability = statement.vulnerability;
            vulnerability.insert("affects".to_owned(), rest.into());
            self.add(Value::Object(vulnerability));
            applied.added = applied.added.saturating_add(1);
        }
        Ok(())
    }
}

/// Which of our own findings it is.
fn fingerprint(vulnerability: &Map<String, Value>) -> Option<&str> {
    let properties = vulnerability.get("properties").and_then(Value::as_array).into_iter().flatten();
    properties
        .filter(|property| text(property, "name") == Some("bartizan:fingerprint"))
        .find_map(|property| text(property, "value"))
}

fn statements(vex: &Value) -> Vec<Statement> {
    let mut components: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut waiting: Vec<&Value> =
        items(vex, "components").chain(vex.pointer("/metadata/component")).collect();
    while let Some(component) = waiting.pop() {
        if let Some(reference) = text(component, "bom-ref") {
            components.insert(reference, component);
        }
        waiting.extend(items(component, "components"));
    }
    items(vex, "vulnerabilities")
        .filter_map(|vulnerability| {
            let mut fields = vulnerability.as_object()?.clone();
            fields.remove("affects");
            fields.remove("bom-ref");
            let products = items(vulnerability, "affects")
                .filter_map(|affected| text(affected, "ref"))
                .map(|reference| Product::of(reference, components.get(reference).copied()))
                .collect();
            Some(Statement { vulnerability: fields, products })
        })
        .collect()
}
