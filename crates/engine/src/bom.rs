//! From a scan to a bill of materials.

use std::path::Path;

use bartizan_core::{Category, Fact, State};
use bartizan_provenance::bom::{Asset, Inventory, vex::Claim};

use crate::{
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
    Inventory { name: name.to_owned(), version: None, assets: assets.collect() }
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

/// The time, to the second, as documents write it. `SOURCE_DATE_EPOCH` sets it, as builds that are to be repeated do.
pub fn now() -> String {
    let set = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse::<i64>().ok());
    let fixed = set.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let now = fixed.unwrap_or_else(jiff::Timestamp::now);
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
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
