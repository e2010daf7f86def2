//! From a scan to a bill of materials.

use std::path::Path;

use bartizan_core::{Category, Fact, State, Usage, UsageKind, redacted};
use bartizan_provenance::bom::{Asset, Inventory, vex::Claim};

use crate::{
    config::{self, EndpointKind, Manifest, Risk},
    extensions,
    report::{AssetReport, Report},
};

/// What a scan saw, for a bill of materials about `name`.
pub fn inventory(report: &Report, name: &str) -> Inventory {
    let assets = report.assets.iter().map(|asset| Asset {
        path: asset.path.clone(),
        kind: asset.kind.to_owned(),
        size: asset.size,
        sha256: asset.sha256.clone(),
        model: is_model(asset),
        facts: asset.facts.clone(),
    });
    Inventory { name: name.to_owned(), assets: assets.collect(), ..Inventory::default() }
}

/// Adds what the system manifest says of the system that lies in its folder.
pub fn add_manifest(inventory: &mut Inventory, manifest: &Manifest) {
    if let Some(system) = &manifest.system {
        inventory.name.clone_from(&system.name);
        inventory.description.clone_from(&system.intent);
        inventory.owner.clone_from(&system.owner);
        let risk = system.risk.map(|risk| match risk {
            Risk::High => "high",
            Risk::Limited => "limited",
            Risk::Minimal => "minimal",
        });
        inventory.properties.extend(risk.map(|risk| ("risk".to_owned(), risk.to_owned())));
    }
    let named = |kind, path: Option<&String>, uri: Option<&String>, api: &str| {
        let name = path.or(uri)?;
        Some(Fact::Usage(Usage {
            kind,
            name: redacted(name),
            version: None,
            pinned: false,
            provider: None,
            api: Some(api.to_owned()),
            via: Some("literal"),
            local: path.is_some(),
            line: None,
        }))
    };
    let models = manifest
        .models
        .iter()
        .map(|model| named(UsageKind::Model, model.path.as_ref(), model.uri.as_ref(), "[[model]]"));
    let datasets = manifest
        .datasets
        .iter()
        .map(|data| named(UsageKind::Dataset, data.path.as_ref(), data.uri.as_ref(), "[[dataset]]"));
    let endpoints = manifest.endpoints.iter().map(|endpoint| {
        let kind = if endpoint.kind == EndpointKind::Mcp { UsageKind::McpServer } else { UsageKind::Service };
        named(kind, None, Some(&endpoint.url), "[[endpoint]]")
    });
    let facts: Vec<Fact> = models.chain(datasets).chain(endpoints).flatten().collect();
    match inventory.assets.iter_mut().find(|asset| asset.path == config::FILE_NAME) {
        Some(asset) => asset.facts.extend(facts),
        None if facts.is_empty() => {}
        None => inventory.assets.push(Asset {
            path: config::FILE_NAME.to_owned(),
            kind: "manifest".to_owned(),
            facts,
            ..Asset::default()
        }),
    }
}

/// What a scan found, for a VEX document. What was not understood is no weakness.
pub fn claims(report: &Report) -> Vec<Claim> {
    let weaknesses = report
        .findings
        .iter()
        .filter(|finding| finding.category != Category::Coverage && finding.state != Some(State::Unknown));
    weaknesses
        .map(|finding| Claim {
            fingerprint: finding.fingerprint.as_str().to_owned(),
            id: finding.rule.to_owned(),
            title: finding.title.to_owned(),
            severity: finding.severity.name().to_owned(),
            message: finding.message.clone(),
            recommendation: finding.fix.as_ref().map(|fix| fix.summary.clone()).unwrap_or_default(),
            cwe: finding.taxonomy.cwe.iter().map(|id| (*id).to_owned()).collect(),
            path: finding.path.clone(),
            accepted: finding.suppressed.clone(),
        })
        .collect()
}

/// What a bill about this path is called: the last name of the folder or file.
pub fn subject(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole.file_name().map_or_else(|| "unnamed".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The time, to the second, as documents write it.
pub fn now() -> String {
    written(jiff::Timestamp::now())
}

/// The time that `SOURCE_DATE_EPOCH` sets for builds that are to be repeated, in seconds since 1970.
///
/// # Errors
/// What it holds, when that is no such time.
pub fn source_date() -> Result<Option<String>, String> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let text = text.to_string_lossy().into_owned();
    let time = text.parse::<i64>().ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    // Four digits of a year are all that documents know.
    let known = time.filter(|time| (0..253_402_300_800).contains(&time.as_second()));
    known.map(|time| Some(written(time))).ok_or(text)
}

fn written(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Does the asset hold a model, rather than describe one or be used by one?
fn is_model(asset: &AssetReport) -> bool {
    // Arrays and archives of arrays are data; pickles may hold anything, and models most of the time.
    const DATA: &[&str] = &["npy", "npz", "rds", "hdf5", "msgpack"];
    const DESCRIPTIONS: &[&str] = &["model-card", "dataset-card", "huggingface", "mlflow", "keras-metadata"];
    let mut formats = asset.facts.iter().filter_map(|fact| match fact {
        Fact::Model(model) => Some(model.format),
        _ => None,
    });
    if formats.any(|format| !DATA.contains(&format) && !DESCRIPTIONS.contains(&format)) {
        return true;
    }
    let name = asset.path.rsplit(['/', '!']).next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| {
        extensions::is_model(&extension)
            && !DATA.contains(&extension.as_str())
            && !matches!(asset.kind, "python" | "notebook" | "yaml" | "executable")
            && asset.size > 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ScanRequest, Target, scan};

    #[test]
    fn a_pickle_is_a_model_and_an_array_is_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("m.pkl"), b"\x80\x04K\x01.").unwrap();
        std::fs::write(folder.path().join("notes.txt"), b"text").unwrap();
        std::fs::write(folder.path().join("gone.pt"), b"").unwrap();
        let report = scan(&ScanRequest::new(vec![Target::Path(folder.path().to_owned())]), &()).unwrap();
        let inventory = inventory(&report, "x");
        let models: Vec<&str> =
            inventory.assets.iter().filter(|asset| asset.model).map(|asset| asset.path.as_str()).collect();
        assert_eq!(models, ["m.pkl"]);
    }
}
