//! OpenVEX 0.2: statements about vulnerabilities and products.

use serde_json::{Map, Value, json};

use super::{Product, Statement, plain};
use crate::bom::{
    BomError,
    json::{items, set, text},
};

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
