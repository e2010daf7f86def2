//! Doubles of the systems that an inventory reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    server::{Reply, Request, Server, serve},
    sha256,
};

/// A bucket `bucket` with these objects.
pub(crate) fn bucket(objects: &[(&str, Vec<u8>)]) -> Server {
    let objects: BTreeMap<String, Vec<u8>> =
        objects.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())).collect();
    serve(move |request| {
        if request.path.trim_end_matches('/') == "/bucket" {
            let entries: String = objects
                .iter()
                .map(|(name, bytes)| {
                    format!(
                        "<Contents><Key>{name}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
                         <ETag>\"{}\"</ETag><Size>{}</Size></Contents>",
                        &sha256(bytes)[..32],
                        bytes.len()
                    )
                })
                .collect();
            let list =
                format!("<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>");
            return Reply::ok(list).with("content-type", "application/xml");
        }
        match request.path.strip_prefix("/bucket/").and_then(|name| objects.get(name)) {
            Some(bytes) => Reply::part(request, bytes)
                .with("etag", "\"1\"")
                .with("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
            None => Reply::status(404),
        }
    })
}

/// Variables under which the object store's client finds the bucket.
pub(crate) fn keys(server: &Server) -> [(&'static str, &str); 5] {
    [
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT", server.address.as_str()),
        ("AWS_ALLOW_HTTP", "true"),
    ]
}

/// A layer: media type, file name and content.
pub(crate) type Layer = (&'static str, &'static str, Vec<u8>);

/// What a registry holds: bodies by path.
pub(crate) fn artifact(
    repository: &str,
    tag: &str,
    config: &Value,
    layers: &[Layer],
) -> BTreeMap<String, Vec<u8>> {
    let mut bodies = BTreeMap::new();
    let mut blob = |bytes: &[u8]| {
        let digest = format!("sha256:{}", sha256(bytes));
        bodies.insert(format!("/v2/{repository}/blobs/{digest}"), bytes.to_vec());
        digest
    };
    let config = config.to_string();
    let listed: Vec<Value> = layers
        .iter()
        .map(|(media_type, title, bytes)| {
            json!({"mediaType": media_type, "digest": blob(bytes), "size": bytes.len(),
                   "annotations": {"org.opencontainers.image.title": title}})
        })
        .collect();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.cncf.model.config.v1+json", "digest": blob(config.as_bytes()),
                   "size": config.len()},
        "layers": listed,
    })
    .to_string();
    let digest = format!("sha256:{}", sha256(manifest.as_bytes()));
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest,
                       "size": manifest.len()}],
    });
    bodies.insert(format!("/v2/{repository}/manifests/{digest}"), manifest.into_bytes());
    bodies.insert(format!("/v2/{repository}/manifests/{tag}"), index.to_string().into_bytes());
    bodies.insert(
        format!("/v2/{repository}/tags/list"),
        json!({"name": repository, "tags": [tag]}).to_string().into(),
    );
    bodies.insert("/v2/_catalog".to_owned(), json!({"repositories": [repository]}).to_string().into());
    bodies
}

/// A registry with these bodies.
pub(crate) fn registry(bodies: BTreeMap<String, Vec<u8>>) -> Server {
    serve(move |request| match bodies.get(&request.path) {
        Some(bytes) => Reply::part(request, bytes),
        None => Reply::status(404),
    })
}

/// An MLflow server with one registered model of one run, in pages of one entry.
pub(crate) fn mlflow(files: &[(&str, Vec<u8>)]) -> Server {
    let files: Vec<(String, Vec<u8>)> = files.iter().map(|(n, b)| ((*n).to_owned(), b.clone())).collect();
    serve(move |request| {
        let api = request.path.strip_prefix("/api/2.0/").unwrap_or_default();
        if let Some(path) = api.strip_prefix("mlflow-artifacts/artifacts/1/models/m-1/artifacts/") {
            let found = files.iter().find(|(name, _)| name == path);
            return found.map_or_else(|| Reply::status(404), |(_, bytes)| Reply::ok(bytes.clone()));
        }
        match api {
            "mlflow/model-versions/search" => versions(request),
            "mlflow/model-versions/get-download-uri" => {
                Reply::json(&json!({"artifact_uri": "mlflow-artifacts:/1/models/m-1/artifacts"}))
            }
            "mlflow/experiments/search" => {
                Reply::json(&json!({"experiments": [{"experiment_id": "1", "name": "e"}]}))
            }
            "mlflow/logged-models/search" => Reply::json(&json!({"models": [{"info": {
                "model_id": "m-1", "name": "model", "artifact_uri": "mlflow-artifacts:/1/models/m-1/artifacts"}}]})),
            "mlflow/runs/get" => Reply::json(&json!({"run": {"inputs": {"dataset_inputs": [{
                "tags": [{"key": "mlflow.data.context", "value": "training"}],
                "dataset": {"name": "wine", "digest": "ab12cd34", "source_type": "http", "source": "{}"}}]}}})),
            "mlflow-artifacts/artifacts" => artifacts(request, &files),
            _ => Reply::status(404),
        }
    })
}

fn versions(request: &Request) -> Reply {
    let version = |number: &str| {
        json!({"name": "churn", "version": number, "source": "models:/m-1", "run_id": "r1",
               "last_updated_timestamp": 1})
    };
    Reply::json(&match request.parameter("page_token").as_deref() {
        None => json!({"model_versions": [version("1")], "next_page_token": "second"}),
        _ => json!({"model_versions": [version("2")]}),
    })
}

fn artifacts(request: &Request, files: &[(String, Vec<u8>)]) -> Reply {
    let path = request.parameter("path").unwrap_or_default();
    let folder = path.strip_prefix("1/models/m-1/artifacts").unwrap_or("/nowhere").trim_start_matches('/');
    let mut entries = BTreeMap::new();
    for (name, bytes) in files {
        let inner = match folder {
            "" => Some(name.as_str()),
            _ => name.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
        };
        match inner.map(|inner| inner.split_once('/').map_or((inner, false), |(first, _)| (first, true))) {
            Some((first, true)) => _ = entries.insert(first, json!({"path": first, "is_dir": true})),
            Some((first, false)) => {
                _ = entries.insert(first, json!({"path": first, "is_dir": false, "file_size": bytes.len()}));
            }
            None => {}
        }
    }
    Reply::json(&json!({"files": entries.into_values().collect::<Vec<_>>()}))
}

/// A hub with the repository `org/model`, whose weights are in LFS.
pub(crate) fn hub(files: &[(&str, Vec<u8>)]) -> Server {
    let files: Vec<(String, Vec<u8>)> = files.iter().map(|(n, b)| ((*n).to_owned(), b.clone())).collect();
    serve(move |request| {
        if request.path == "/api/models" {
            return Reply::json(&json!([{"id": "org/model"}]));
        }
        if request.path == "/api/models/org/model/revision/main" {
            return Reply::json(
                &json!({"sha": "c0ffee", "cardData": {"license": "mit", "base_model": ["org/base"]}}),
            );
        }
        if request.path == "/api/models/org/model/tree/main" {
            let entries: Vec<Value> = files
                .iter()
                .map(|(name, bytes)| {
                    let mut entry =
                        json!({"type": "file", "path": name, "size": bytes.len(), "oid": "0".repeat(40)});
                    if name.ends_with(".safetensors") {
                        entry["lfs"] = json!({"oid": sha256(bytes), "size": bytes.len(), "pointerSize": 130});
                    }
                    entry
                })
                .collect();
            return Reply::json(&Value::Array(entries));
        }
        let name = request.path.strip_prefix("/org/model/resolve/main/");
        match files.iter().find(|(known, _)| Some(known.as_str()) == name) {
            Some((_, bytes)) => Reply::part(request, bytes),
            None => Reply::status(404),
        }
    })
}
