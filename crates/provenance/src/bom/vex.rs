//! Which weaknesses a product has, and what its maker says about them: CycloneDX VEX and OpenVEX, in and out.

mod apply;
mod openvex;
mod product;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub use self::{
    apply::{Applied, apply},
    openvex::document as openvex,
};
use super::{
    BomError, Graph, SpecVersion, Stamp, cyclonedx,
    json::{items, set, text},
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
                items.retain(|item| holds(item, &affected));
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

/// Is it one of these, or does it hold one?
fn holds(component: &Value, references: &BTreeSet<String>) -> bool {
    text(component, "bom-ref").is_some_and(|reference| references.contains(reference))
        || items(component, "components").any(|component| holds(component, references))
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

#[cfg(test)]
mod tests;
