//! Which weaknesses a product has, and what its maker says about them: CycloneDX VEX in and out, OpenVEX in.

mod openvex;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    BomError, Graph, SpecVersion, Stamp, cyclonedx,
    json::{items, set, text},
    spec_version,
    validate::Validator,
};

/// One finding about an asset.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// Identifies it across runs.
    pub fingerprint: String,
    /// The rule or vulnerability: `pickle/code-execution`.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// `critical`, `high`, `medium`, `low` or `info`.
    pub severity: String,
    /// What it does here.
    pub message: String,
    /// What to do.
    pub recommendation: String,
    /// `CWE-502`, …
    pub cwe: Vec<String>,
    /// The asset.
    pub path: String,
    /// Why it is accepted, when it is.
    pub accepted: Option<String>,
}

/// A VEX document: what the claims are about, and the claims.
///
/// # Errors
/// When the document turns out not to be valid, which is a defect of bartizan.
pub fn document(graph: &Graph, claims: &[Claim], stamp: &Stamp) -> Result<Value, BomError> {
    let version = SpecVersion::V1_7;
    let mut document = cyclonedx(graph, version, stamp)?;
    let by_path = references(graph);
    let mut affected = BTreeSet::new();
    let mut files = BTreeMap::new();
    let mut vulnerabilities: BTreeMap<(String, String), Value> = BTreeMap::new();
    for claim in claims {
        let container = claim.path.split('!').next().unwrap_or_default();
        let reference = match by_path.get(claim.path.as_str()).or_else(|| by_path.get(container)) {
            Some(reference) => (*reference).to_owned(),
            None => {
                let reference = format!("file:{container}");
                files.insert(
                    reference.clone(),
                    json!({ "type": "file", "bom-ref": reference, "name": container }),
                );
                reference
            }
        };
        affected.insert(reference.clone());
        vulnerabilities
            .insert((claim.id.clone(), claim.fingerprint.clone()), vulnerability(claim, &reference));
    }
    if let Some(fields) = document.as_object_mut() {
        for list in ["components", "services"] {
            if let Some(items) = fields.get_mut(list).and_then(Value::as_array_mut) {
                items.retain(|item| affected.iter().any(|reference| holds(item, reference)));
            }
        }
        let components = fields.entry("components").or_insert_with(|| json!([]));
        if let Some(components) = components.as_array_mut() {
            components.extend(files.into_values());
        }
        fields.remove("dependencies");
        fields.insert("vulnerabilities".to_owned(), vulnerabilities.into_values().collect());
    }
    stamped(document, version, stamp)
}

/// Gives the document the serial number of its own content, and judges it.
fn stamped(mut document: Value, version: SpecVersion, stamp: &Stamp) -> Result<Value, BomError> {
    if let Some(fields) = document.as_object_mut() {
        fields.remove("serialNumber");
    }
    let content = serde_json::to_vec(&document).map_err(|error| BomError::Invalid(error.to_string()))?;
    set(&mut document, "serialNumber", Some(format!("urn:uuid:{}", stamp.uuid(&content))));
    match Validator::of(version)?.problems(&document, 1).first() {
        Some(problem) => Err(BomError::Invalid(problem.to_string())),
        None => Ok(document),
    }
}

/// References of components by the paths of their files.
fn references(graph: &Graph) -> BTreeMap<&str, &str> {
    let mut all = BTreeMap::new();
    for component in graph.components.iter().filter(|component| component.origin == super::Origin::Local) {
        for part in &component.parts {
            all.insert(part.name.as_str(), component.reference.as_str());
        }
        all.insert(component.name.as_str(), component.reference.as_str());
    }
    all
}

fn holds(component: &Value, reference: &str) -> bool {
    text(component, "bom-ref") == Some(reference)
        || items(component, "components").any(|component| holds(component, reference))
}

fn vulnerability(claim: &Claim, reference: &str) -> Value {
    let analysis = match &claim.accepted {
        Some(reason) => json!({ "state": "exploitable", "response": ["will_not_fix"], "detail": reason }),
        None => json!({ "state": "in_triage" }),
    };
    let cwes: Vec<u64> = claim
        .cwe
        .iter()
        .filter_map(|id| id.strip_prefix("CWE-")?.parse().ok())
        .filter(|number| *number > 0)
        .collect();
    let mut vulnerability = json!({
        "bom-ref": format!("finding:{}:{}", claim.id, claim.fingerprint),
        "id": claim.id,
        "source": { "name": "bartizan" },
        "ratings": [{ "severity": claim.severity, "method": "other" }],
        "description": format!("{}: {}", claim.title, claim.message),
        "detail": format!("in {}", claim.path),
        "analysis": analysis,
        "affects": [{ "ref": reference }],
        "properties": [{ "name": "bartizan:fingerprint", "value": claim.fingerprint }],
    });
    let recommendation = Some(claim.recommendation.clone()).filter(|text| !text.is_empty());
    set(&mut vulnerability, "recommendation", recommendation);
    set(&mut vulnerability, "cwes", Some(cwes).filter(|cwes| !cwes.is_empty()));
    vulnerability
}

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
struct Statement {
    vulnerability: Map<String, Value>,
    products: Vec<Product>,
}

/// How a VEX document names a product.
#[derive(Default)]
struct Product {
    /// As it is written.
    name: String,
    reference: Option<String>,
    purl: Option<String>,
    /// Algorithm without hyphens in lower case, and digest.
    hashes: Vec<(String, String)>,
    /// Type, name and version.
    coordinates: Option<(String, String, String)>,
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
    let mut bill = bill.clone();
    let mut applied = Applied::default();
    for statement in statements {
        apply_statement(&mut bill, statement, &mut applied);
    }
    match Validator::of(version)?.problems(&bill, 1).first() {
        Some(problem) => Err(BomError::Unsupported(format!(
            "the result would not be valid, because one of the documents is not: {problem}"
        ))),
        None => Ok((bill, applied)),
    }
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
                .map(|reference| product(reference, components.get(reference).copied()))
                .collect();
            Some(Statement { vulnerability: fields, products })
        })
        .collect()
}

fn product(reference: &str, component: Option<&Value>) -> Product {
    let part =
        |key: &str| component.and_then(|component| text(component, key)).unwrap_or_default().to_owned();
    Product {
        name: reference.to_owned(),
        reference: Some(reference.to_owned()),
        purl: component.and_then(|component| text(component, "purl")).map(str::to_owned),
        hashes: component
            .into_iter()
            .flat_map(|component| items(component, "hashes"))
            .filter_map(|hash| Some((plain(text(hash, "alg")?), text(hash, "content")?.to_ascii_lowercase())))
            .collect(),
        coordinates: component.map(|_| (part("type"), part("name"), part("version"))),
    }
}

/// `SHA-256` and `sha256` are one algorithm.
fn plain(algorithm: &str) -> String {
    algorithm.replace('-', "").to_ascii_lowercase()
}

fn apply_statement(bill: &mut Value, statement: Statement, applied: &mut Applied) {
    let id = statement.vulnerability.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut matched = BTreeSet::new();
    for product in &statement.products {
        let found = find(bill, product);
        if found.is_empty() {
            applied.unmatched.push(format!("{id}: {}", product.name));
        }
        matched.extend(found);
    }
    if matched.is_empty() {
        if statement.products.is_empty() {
            applied.unmatched.push(format!("{id}: it names no product"));
        }
        return;
    }
    let Some(fields) = bill.as_object_mut() else { return };
    let list = fields.entry("vulnerabilities").or_insert_with(|| json!([]));
    let Some(list) = list.as_array_mut() else { return };
    // One that is there already for the same products gets the new analysis; findings of one rule are many.
    let targets = |vulnerability: &Value| -> BTreeSet<String> {
        items(vulnerability, "affects")
            .filter_map(|affected| text(affected, "ref"))
            .map(str::to_owned)
            .collect()
    };
    let mut updated = false;
    for known in list.iter_mut().filter(|known| text(known, "id") == Some(&id)) {
        let affects = targets(known);
        if !affects.is_empty() && affects.is_subset(&matched) {
            if let Some(known) = known.as_object_mut() {
                for (key, value) in &statement.vulnerability {
                    known.insert(key.clone(), value.clone());
                }
            }
            matched = matched.difference(&affects).cloned().collect();
            applied.updated = applied.updated.saturating_add(1);
            updated = true;
        }
    }
    if !matched.is_empty() || !updated {
        let mut vulnerability = statement.vulnerability;
        let affects: Vec<Value> = matched.iter().map(|reference| json!({ "ref": reference })).collect();
        vulnerability.insert("affects".to_owned(), affects.into());
        list.push(Value::Object(vulnerability));
        applied.added = applied.added.saturating_add(1);
    }
}

/// The references of everything in the bill that the product is.
fn find(bill: &Value, product: &Product) -> BTreeSet<String> {
    let serial = text(bill, "serialNumber").and_then(|serial| serial.strip_prefix("urn:uuid:"));
    // A BOM-Link names a component of this very bill.
    let linked = product.reference.as_deref().and_then(|reference| {
        let (document, component) = reference.strip_prefix("urn:cdx:")?.split_once('#')?;
        (document.split('/').next() == serial).then_some(component)
    });
    let wanted = linked.or(product.reference.as_deref());
    let mut found = BTreeSet::new();
    let components =
        items(bill, "components").chain(items(bill, "services")).chain(bill.pointer("/metadata/component"));
    let mut waiting: Vec<&Value> = components.collect();
    while let Some(component) = waiting.pop() {
        waiting.extend(items(component, "components"));
        waiting.extend(items(component, "services"));
        let Some(reference) = text(component, "bom-ref") else { continue };
        let part = |key| text(component, key).unwrap_or_default();
        let same_hash = items(component, "hashes").any(|hash| {
            let digest = (plain(text(hash, "alg").unwrap_or_default()), part_of(hash, "content"));
            product.hashes.contains(&digest)
        });
        let same_purl = product.purl.as_deref().is_some_and(|purl| is_same_package(purl, part("purl")));
        let same_name = product.purl.is_none()
            && product.hashes.is_empty()
            && product.coordinates.as_ref().is_some_and(|(kind, name, version)| {
                (kind.as_str(), name.as_str(), version.as_str())
                    == (part("type"), part("name"), part("version"))
            });
        // References of another document mean nothing here, unless nothing else is said of the product.
        let same_reference = wanted == Some(reference) && (linked.is_some() || product.coordinates.is_none());
        if same_reference || same_hash || same_purl || same_name {
            found.insert(reference.to_owned());
        }
    }
    found
}

fn part_of(value: &Value, key: &str) -> String {
    text(value, key).unwrap_or_default().to_ascii_lowercase()
}

/// A package URL without version means every version.
fn is_same_package(wanted: &str, has: &str) -> bool {
    let bare = |purl: &'_ str| purl.split(['?', '#']).next().unwrap_or_default().to_owned();
    let (wanted, has) = (bare(wanted), bare(has));
    if has.is_empty() {
        return false;
    }
    wanted == has || !wanted.contains('@') && has.split('@').next() == Some(wanted.as_str())
}

#[cfg(test)]
mod tests;
