//! What a VEX statement is about, and what a bill has of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::bom::json::{items, text};

/// How a VEX document names a product.
#[derive(Default)]
pub(super) struct Product {
    /// As it is written.
    pub(super) name: String,
    pub(super) reference: Option<String>,
    pub(super) purl: Option<String>,
    /// Algorithm without hyphens in lower case, and digest.
    pub(super) hashes: Vec<(String, String)>,
    /// Type, name and version.
    pub(super) coordinates: Option<(String, String, String)>,
}

impl Product {
    /// What a reference means, with the component that it stands for in its own document.
    pub(super) fn of(reference: &str, component: Option<&Value>) -> Self {
        Self {
            name: reference.to_owned(),
            reference: Some(reference.to_owned()),
            purl: component.and_then(|component| text(component, "purl")).map(str::to_owned),
            hashes: component.into_iter().flat_map(hashes).collect(),
            coordinates: component.map(coordinates),
        }
    }
}

/// `SHA-256` and `sha256` are one algorithm.
pub(super) fn plain(algorithm: &str) -> String {
    algorithm.replace('-', "").to_ascii_lowercase()
}

fn hashes(component: &Value) -> impl Iterator<Item = (String, String)> {
    items(component, "hashes")
        .filter_map(|hash| Some((plain(text(hash, "alg")?), text(hash, "content")?.to_ascii_lowercase())))
}

fn coordinates(component: &Value) -> (String, String, String) {
    let part = |key: &str| text(component, key).unwrap_or_default().to_owned();
    (part("type"), part("name"), part("version"))
}

/// Everything in a bill that a product may be, by each of its names: a bill may have as many components as a VEX
/// document has statements.
#[derive(Default)]
pub(super) struct Products<'a> {
    serial: Option<&'a str>,
    references: BTreeSet<&'a str>,
    by_hash: BTreeMap<(String, String), Vec<&'a str>>,
    by_purl: BTreeMap<String, Vec<&'a str>>,
    by_coordinates: BTreeMap<(String, String, String), Vec<&'a str>>,
}

impl<'a> Products<'a> {
    pub(super) fn of(bill: &'a Value) -> Self {
        let serial = text(bill, "serialNumber").and_then(|serial| serial.strip_prefix("urn:uuid:"));
        let mut all = Self { serial, ..Self::default() };
        let mut waiting: Vec<&Value> = items(bill, "components")
            .chain(items(bill, "services"))
            .chain(bill.pointer("/metadata/component"))
            .collect();
        while let Some(component) = waiting.pop() {
            waiting.extend(items(component, "components"));
            waiting.extend(items(component, "services"));
            let Some(reference) = text(component, "bom-ref") else { continue };
            all.references.insert(reference);
            for hash in hashes(component) {
                all.by_hash.entry(hash).or_default().push(reference);
            }
            if let Some(purl) = text(component, "purl").filter(|purl| !purl.is_empty()) {
                let purl = bare(purl);
                if let Some((package, _)) = purl.split_once('@') {
                    all.by_purl.entry(package.to_owned()).or_default().push(reference);
                }
                all.by_purl.entry(purl.to_owned()).or_default().push(reference);
            }
            all.by_coordinates.entry(coordinates(component)).or_default().push(reference);
        }
        all
    }

    /// The references of everything in the bill that the product is.
    pub(super) fn find(&self, product: &Product) -> BTreeSet<String> {
        // A BOM-Link names a component of this very bill.
        let linked = product.reference.as_deref().and_then(|reference| {
            let (document, component) = reference.strip_prefix("urn:cdx:")?.split_once('#')?;
            (document.split('/').next() == self.serial).then_some(component)
        });
        let mut found: BTreeSet<String> = BTreeSet::new();
        let mut add = |more: Option<&Vec<&'a str>>| {
            found.extend(more.into_iter().flatten().map(|reference| (*reference).to_owned()));
        };
        for hash in &product.hashes {
            add(self.by_hash.get(hash));
        }
        if let Some(purl) = &product.purl {
            add(self.by_purl.get(bare(purl)));
        }
        if product.purl.is_none() && product.hashes.is_empty() {
            add(product.coordinates.as_ref().and_then(|coordinates| self.by_coordinates.get(coordinates)));
        }
        // References of another document mean nothing here, unless nothing else is said of the product.
        let wanted = linked.or(product.reference.as_deref());
        if let Some(reference) = wanted.filter(|_| linked.is_some() || product.coordinates.is_none())
            && self.references.contains(reference)
        {
            found.insert(reference.to_owned());
        }
        found
    }
}

/// Without qualifiers and subpath.
fn bare(purl: &str) -> &str {
    purl.split(['?', '#']).next().unwrap_or_default()
}
