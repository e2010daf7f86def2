//! What the server answers, as far as it is read.

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Versions {
    #[serde(default)]
    pub(super) model_versions: Vec<Version>,
    #[serde(default)]
    pub(super) next_page_token: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) name: String,
    pub(super) version: serde_json::Value,
    #[serde(default)]
    pub(super) source: Option<String>,
    #[serde(default)]
    pub(super) run_id: Option<String>,
    #[serde(default)]
    pub(super) last_updated_timestamp: Option<serde_json::Value>,
}

#[derive(Deserialize)]
pub(super) struct Download {
    #[serde(default)]
    pub(super) artifact_uri: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Experiments {
    #[serde(default)]
    pub(super) experiments: Vec<Experiment>,
    #[serde(default)]
    pub(super) next_page_token: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Experiment {
    pub(super) experiment_id: String,
}

#[derive(Deserialize)]
pub(super) struct LoggedModels {
    #[serde(default)]
    pub(super) models: Vec<Logged>,
    #[serde(default)]
    pub(super) next_page_token: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Logged {
    pub(super) info: LoggedInfo,
}

#[derive(Deserialize)]
pub(super) struct LoggedInfo {
    pub(super) model_id: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) artifact_uri: Option<String>,
    #[serde(default)]
    pub(super) source_run_id: Option<String>,
    #[serde(default)]
    pub(super) last_updated_timestamp_ms: Option<serde_json::Value>,
}

#[derive(Deserialize)]
pub(super) struct RunAnswer {
    pub(super) run: Run,
}

#[derive(Deserialize)]
pub(super) struct Run {
    #[serde(default)]
    pub(super) inputs: Option<Inputs>,
}

#[derive(Deserialize)]
pub(super) struct Inputs {
    #[serde(default)]
    pub(super) dataset_inputs: Vec<Input>,
}

#[derive(Deserialize)]
pub(super) struct Input {
    pub(super) dataset: Dataset,
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Dataset {
    pub(super) name: String,
    pub(super) digest: String,
    #[serde(default)]
    pub(super) source_type: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Tag {
    #[serde(default)]
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

#[derive(Deserialize)]
pub(super) struct Artifacts {
    #[serde(default)]
    pub(super) files: Vec<Artifact>,
}

#[derive(Deserialize)]
pub(super) struct Artifact {
    pub(super) path: String,
    #[serde(default)]
    pub(super) is_dir: bool,
    #[serde(default)]
    pub(super) file_size: Option<serde_json::Value>,
}

/// Numbers come as numbers or as text.
pub(super) fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
