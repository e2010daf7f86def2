//! Places joined by content: the list that the user reads.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    ContentDigest, FactSummary, InventoryError, SourceKind, Store,
    record::{AssetKind, Record},
};

/// One asset: the same bytes, wherever they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Asset {
    /// SHA-256 of its bytes, lower-case hexadecimal; `null` when no place states it and it was not read.
    pub sha256: Option<String>,
    /// What stands for a digest where there is no SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<ContentDigest>,
    /// What it is for.
    pub kind: AssetKind,
    /// Its file name, at the first location where it has one that is not a digest.
    pub name: String,
    /// Size in bytes.
    pub size: Option<u64>,
    /// What is known about it, from all places together.
    pub facts: FactSummary,
    /// Every place, by source and uri.
    pub locations: Vec<Location>,
}

/// One place of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Location {
    /// Name of the source.
    pub source: String,
    /// What kind of system that is.
    #[serde(rename = "type")]
    pub kind: SourceKind,
    /// Where in it.
    pub uri: String,
    /// Revision, tag or version there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Only a pointer to the content is there (git LFS).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pointer: bool,
    /// What is wrong with the content there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// When it was seen first (RFC 3339).
    pub first_seen: String,
    /// When it was seen last.
    pub last_seen: String,
    /// When it was first found to be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only assets of this kind or format: `model`, `dataset`, `safetensors`, …
    pub kind: Option<String>,
    /// Only assets that are at several places now.
    pub duplicates: bool,
}

/// What makes two places hold the same asset.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity<'a> {
    /// The same bytes.
    Digest(&'a ContentDigest),
    /// Nothing is known of the bytes: each place is on its own.
    Place(&'a str, &'a str),
}

/// The assets of an inventory, by kind and name.
///
/// # Errors
/// When the inventory cannot be read.
pub fn list(store: &Store, filter: &Filter) -> Result<Vec<Asset>, InventoryError> {
    let state = store.load()?;
    let kinds: BTreeMap<&str, SourceKind> =
        state.sources.iter().map(|source| (source.name.as_str(), source.kind)).collect();
    let mut groups: BTreeMap<Identity<'_>, Vec<&Record>> = BTreeMap::new();
    for record in state.records.iter().filter(|record| record.copy_of.is_none()) {
        let identity = match &record.digest {
            Some(digest) => Identity::Digest(digest),
            None => Identity::Place(&record.source, &record.uri),
        };
        groups.entry(identity).or_default().push(record);
    }
    let mut assets: Vec<Asset> = groups
        .into_values()
        .filter_map(|records| joined(&records, &kinds))
        .filter(|asset| {
            let here = asset.locations.iter().filter(|location| location.missing.is_none()).count();
            let fits = |kind: &str| asset.kind.name() == kind || asset.facts.format.as_deref() == Some(kind);
            filter.kind.as_deref().is_none_or(fits) && (!filter.duplicates || here > 1)
        })
        .collect();
    assets.sort_by(|one, other| {
        (one.kind, &one.name, &one.sha256).cmp(&(other.kind, &other.name, &other.sha256))
    });
    Ok(assets)
}

fn joined(records: &[&Record], kinds: &BTreeMap<&str, SourceKind>) -> Option<Asset> {
    let mut records = records.to_vec();
    records.sort_by_key(|record| (&record.source, &record.uri));
    let named = records.iter().find(|record| !is_digest(&record.name)).or_else(|| records.first())?;
    // `file` says least, so that a pointer does not hide what another place knows.
    let kind = records.iter().map(|record| record.kind).min_by_key(|kind| *kind == AssetKind::File)?;
    let kind = match named.kind {
        AssetKind::File => kind,
        known => known,
    };
    let mut facts = FactSummary::default();
    for record in &records {
        facts.fill(&record.facts);
    }
    let digest = records.first().and_then(|record| record.digest.clone());
    let locations = records
        .iter()
        .filter_map(|record| {
            Some(Location {
                source: record.source.clone(),
                kind: *kinds.get(record.source.as_str())?,
                uri: record.uri.clone(),
                version: record.version.clone(),
                pointer: record.pointer,
                problem: record.problem.clone(),
                first_seen: record.first_seen.clone(),
                last_seen: record.last_seen.clone(),
                missing: record.missing.clone(),
            })
        })
        .collect::<Vec<_>>();
    let (sha256, digest) = match digest {
        Some(digest) if digest.is_sha256() => (Some(digest.value), None),
        other => (None, other),
    };
    let asset = Asset {
        sha256,
        digest,
        kind,
        name: named.name.clone(),
        size: records.iter().find_map(|record| record.size),
        facts,
        locations,
    };
    (!asset.locations.is_empty()).then_some(asset)
}

/// Blobs of caches and registries are named by their digest.
fn is_digest(name: &str) -> bool {
    let hex = name.strip_prefix("sha256:").unwrap_or(name);
    hex.len() >= 40 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The JSON schema of what [`list`] gives, as it is written in JSON.
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::default().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Vec<Asset>>();
    schema.insert("$id".to_owned(), "https://bartizan.dev/schemas/inventory-1.json".into());
    schema.into()
}
