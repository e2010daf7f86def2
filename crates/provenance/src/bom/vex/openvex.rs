//! OpenVEX 0.2: statements about vulnerabilities and products.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    Claim,
    apply::Statement,
    product::{Product, plain},
    references,
};
use crate::bom::{
    BomError, Graph, Stamp,
    json::{items, set, text},
};

/// Begins the identifier of one of our own findings; its fingerprint follows.
const FINDING: &str = "urn:bartizan:finding:";
const CONTEXT: &str = "https://openvex.dev/ns/v0.2.0";
/// What `timestamp` says where no time is to be told; it must say one.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// Claims as an OpenVEX document. Each statement is about one finding in one file.
pub fn document(graph: &Graph, claims: &[Claim], stamp: &Stamp) -> Value {
    let by_path = references(graph);
    let by_reference: BTreeMap<&str, usize> = graph
        .components
        .iter()
        .enumerate()
        .map(|(at, component)| (component.reference.as_str(), at))
        .collect();
    let mut statements: BTreeMap<(&str, &str), Value> = BTreeMap::new();
    for claim in claims {
        let container = claim.path.split('!').next().unwrap_or_default();
        let reference = by_path.get(claim.path.as_str()).or_else(|| by_path.get(container)).copied();
        let mut product = json!({ "@id": iri(reference.unwrap_or(&format!("file:{container}"))) });
        let component = reference.and_then(|reference| graph.components.get(*by_reference.get(reference)?));
        let digest = component.and_then(|component| component.sha256.clone());
        set(&mut product, "hashes", digest.map(|digest| json!({ "sha-256": digest })));
        let mut statement = json!({
            "vulnerability": {
                "@id": format!("{FINDING}{}", iri(&claim.fingerprint)),
                "name": claim.id,
                "description": format!("{}: {}", claim.title, claim.message),
            },
            "products": [product],
            "status": if claim.accepted.is_some() { "affected" } else { "under_investigation" },
            "status_notes": format!("in {}", claim.path),
        });
        let action = claim.accepted.as_ref().map(|reason| format!("Accepted: {reason}"));
        set(&mut statement, "action_statement", action);
        statements.insert((&claim.id, &claim.fingerprint), statement);
    }
    let mut document = json!({
        "@context": CONTEXT,
        "author": format!("bartizan {}", stamp.tool_version),
        "role": "Scanner",
        "timestamp": stamp.timestamp.as_deref().unwrap_or(NO_TIME),
        "version": 1,
        "statements": statements.into_values().collect::<Vec<Value>>(),
    });
    let id = format!("urn:uuid:{}", stamp.uuid(document.to_string().as_bytes()));
    set(&mut document, "@id", Some(id));
    document
}

/// The text as an IRI: what may not stand in one is percent-encoded.
fn iri(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let harmless = c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=".contains(c);
        if harmless || !c.is_ascii() && !c.is_control() && !c.is_whitespace() {
            out.push(c);
        } else {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    out
}

pub(super) fn is_openvex(document: &Value) -> bool {
    let is_context = |text: &str| text.starts_with("https://openvex.dev/ns");
    match document.get("@context") {
        Some(Value::String(context)) => is_context(context),
        Some(Value::Array(contexts)) => contexts.iter().filter_map(Value::as_str).any(is_context),
        _ => false,
    }
}

/// Every statement, in the words of CycloneDX.
pub(super) fn statements(document: &Value) -> Result<Vec<Statement>, BomError> {
    if document.get("statements").and_then(Value::as_array).is_none() {
        return Err(BomError::Unsupported("the OpenVEX document has no statements".to_owned()));
    }
    items(document, "statements").map(statement).collect()
}

fn statement(statement: &Value) -> Result<Statement, BomError> {
    let name = match statement.get("vulnerability") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(object) => text(object, "name").or_else(|| text(object, "@id")),
        None => None,
    };
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(BomError::Unsupported("an OpenVEX statement names no vulnerability".to_owned()));
    };
    let status = text(statement, "status").unwrap_or_default();
    let state = match status {
        "not_affected" => "not_affected",
        "affected" => "exploitable",
        "fixed" => "resolved",
        "under_investigation" => "in_triage",
        other => {
            return Err(BomError::Unsupported(format!(
                "the OpenVEX statement about {name} has the unknown status `{other}`"
            )));
        }
    };
    let mut analysis = json!({ "state": state });
    let justification = match text(statement, "justification") {
        Some("component_not_present" | "vulnerable_code_not_present") => Some("code_not_present"),
        Some("vulnerable_code_not_in_execute_path") => Some("code_not_reachable"),
        Some("vulnerable_code_cannot_be_controlled_by_adversary") => Some("requires_environment"),
        Some("inline_mitigations_already_exist") => Some("protected_by_mitigating_control"),
        _ => None,
    };
    set(&mut analysis, "justification", justification);
    let details = ["impact_statement", "status_notes"].into_iter().filter_map(|key| text(statement, key));
    let details: Vec<&str> = details.collect();
    set(&mut analysis, "detail", Some(details.join("\n")).filter(|detail| !detail.is_empty()));
    let mut vulnerability = Map::new();
    vulnerability.insert("id".to_owned(), name.into());
    vulnerability.insert("analysis".to_owned(), analysis);
    if let Some(action) = text(statement, "action_statement") {
        vulnerability.insert("recommendation".to_owned(), action.into());
    }
    if let Some(description) = statement.get("vulnerability").and_then(|object| text(object, "description")) {
        vulnerability.insert("description".to_owned(), description.into());
    }
    let id = statement.get("vulnerability").and_then(|object| text(object, "@id"));
    if let Some(fingerprint) = id.and_then(|id| id.strip_prefix(FINDING)) {
        let property = json!([{ "name": "bartizan:fingerprint", "value": fingerprint }]);
        vulnerability.insert("properties".to_owned(), property);
    }
    Ok(Statement { vulnerability, products: items(statement, "products").flat_map(products).collect() })
}

/// A product is affected through its subcomponents, where it names some.
fn products(product: &Value) -> Vec<Product> {
    let parts: Vec<Product> = items(product, "subcomponents").filter_map(named).collect();
    if parts.is_empty() { named(product).into_iter().collect() } else { parts }
}

fn named(product: &Value) -> Option<Product> {
    let id = product.as_str().or_else(|| text(product, "@id"));
    let purl = product.pointer("/identifiers/purl").and_then(Value::as_str);
    let purl = purl.or_else(|| id.filter(|id| id.starts_with("pkg:")));
    let hashes = product.get("hashes").and_then(Value::as_object).into_iter().flatten();
    let hashes: Vec<(String, String)> = hashes
        .filter_map(|(algorithm, digest)| Some((plain(algorithm), digest.as_str()?.to_ascii_lowercase())))
        .collect();
    let name = id.or(purl)?;
    Some(Product {
        name: name.to_owned(),
        reference: id.map(str::to_owned),
        purl: purl.map(str::to_owned),
        hashes,
        coordinates: None,
    })
}
