//! MLflow tracking servers: registered models, logged models, and the datasets that their runs read.
//!
//! MLflow states no digest of files, so they are fetched through the server's artifact proxy and digested. Artifacts
//! that lie in a store of their own are not: that store is a source that the user has to name.
//!
//! <https://mlflow.org/docs/latest/api_reference/rest-api.html>

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read},
};

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{
    ContentDigest, Found, Problem, ProblemKind, Source,
    found::{Harvest, Reach, SourceError},
    record::{AssetKind, FactSummary},
    rest::{self, RestError, Service},
};
use crate::source::{
    self,
    remote::http::{self, Credential},
};

/// Folders inside each other, and files of one model.
const DEPTH: usize = 16;
const FILES: usize = 10_000;
/// Largest file that is fetched.
const LARGEST: u64 = 1 << 40;

#[derive(Deserialize)]
struct Versions {
    #[serde(default)]
    model_versions: Vec<Version>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Version {
    name: String,
    version: serde_json::Value,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    run_id: Option<String>,
    #[serde(default)]
    last_updated_timestamp: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Download {
    #[serde(default)]
    artifact_uri: Option<String>,
}

#[derive(Deserialize)]
struct Experiments {
    #[serde(default)]
    experiments: Vec<Experiment>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Experiment {
    experiment_id: String,
}

#[derive(Deserialize)]
struct LoggedModels {
    #[serde(default)]
    models: Vec<Logged>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Logged {
    info: LoggedInfo,
}

#[derive(Deserialize)]
struct LoggedInfo {
    model_id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    artifact_uri: Option<String>,
    #[serde(default)]
    source_run_id: Option<String>,
    #[serde(default)]
    last_updated_timestamp_ms: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RunAnswer {
    run: Run,
}

#[derive(Deserialize)]
struct Run {
    #[serde(default)]
    inputs: Option<Inputs>,
}

#[derive(Deserialize)]
struct Inputs {
    #[serde(default)]
    dataset_inputs: Vec<Input>,
}

#[derive(Deserialize)]
struct Input {
    dataset: Dataset,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Clone, Deserialize)]
struct Dataset {
    name: String,
    digest: String,
    #[serde(default)]
    source_type: Option<String>,
}

#[derive(Deserialize)]
struct Tag {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Artifacts {
    #[serde(default)]
    files: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    path: String,
    #[serde(default)]
    is_dir: bool,
    #[serde(default)]
    file_size: Option<serde_json::Value>,
}

/// A model whose files are to be listed.
struct Model {
    /// After the server's address: `models/NAME/VERSION`, `logged-models/ID`.
    place: String,
    name: String,
    version: String,
    stamp: String,
    run: Option<String>,
    /// Where its files are.
    artifacts: Option<String>,
}

/// Every file of every model, and the datasets of their runs.
pub(crate) fn harvest(source: &Source, reach: &Reach) -> Result<Harvest, SourceError> {
    let base = Url::parse(&source.location)
        .map_err(|error| SourceError::Unreachable(format!("the server's address: {error}")))?;
    let credential = credential(source, &base)?;
    let service = Service::at(base, credential, source, reach)?;
    let mut server = Server {
        source,
        service,
        reach,
        runs: BTreeMap::new(),
        harvest: Harvest::default(),
        elsewhere: BTreeSet::new(),
    };
    let mut models = server.registered()?;
    models.extend(server.logged(&models)?);
    for model in models {
        if reach.is_over() {
            return Err(SourceError::Unreachable("the time for this source ran out".to_owned()));
        }
        if let Err(error) = server.model(&model) {
            server.problem(&model.place, &error);
        }
    }
    let elsewhere: Vec<String> = server.elsewhere.iter().take(20).cloned().collect();
    for place in elsewhere {
        server.harvest.notes.push(format!(
            "files lie at {place}, which this server does not hand out: add that place as a source of its own"
        ));
    }
    Ok(server.harvest)
}

/// The named variable, or what MLflow's own clients read.
fn credential(source: &Source, base: &Url) -> Result<Option<Credential>, SourceError> {
    if let Some(credential) = rest::from_environment(source)? {
        return Ok(Some(credential));
    }
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    // They belong to the server that the environment names, and to no other.
    let theirs = set("MLFLOW_TRACKING_URI").and_then(|uri| Url::parse(uri.trim()).ok());
    if theirs.map(|url| url.origin()) != Some(base.origin()) {
        return Ok(None);
    }
    if let Some(token) = set("MLFLOW_TRACKING_TOKEN") {
        return Ok(Some(Credential::Bearer(token.trim().into())));
    }
    let (user, password) = (set("MLFLOW_TRACKING_USERNAME"), set("MLFLOW_TRACKING_PASSWORD"));
    Ok(user.zip(password).map(|(user, password)| Credential::Basic(user.into(), password.into())))
}

struct Server<'a> {
    source: &'a Source,
    service: Service,
    reach: &'a Reach,
    /// Datasets of runs that were asked for already.
    runs: BTreeMap<String, Vec<String>>,
    harvest: Harvest,
    /// Stores that the server does not hand out.
    elsewhere: BTreeSet<String>,
}

impl Server<'_> {
    fn uri(&self, place: &str) -> String {
        format!("mlflow+{}/{place}", self.source.location.trim_end_matches('/'))
    }

    fn problem(&mut self, place: &str, error: &RestError) {
        let kind = match error {
            RestError::Answer(_) => ProblemKind::Answer,
            _ => ProblemKind::Unreadable,
        };
        let uri = self.uri(place);
        self.harvest.problems.push(Problem::new(kind, &self.source.name, &uri, error.to_string()));
    }

    fn api(&self, verb: &str, query: &[(&str, &str)]) -> Url {
        self.service.address(&["api/2.0/mlflow", verb], query)
    }

    /// Every version of every registered model.
    fn registered(&mut self) -> Result<Vec<Model>, SourceError> {
        let versions = self.service.pages(|token| {
            let mut query = vec![("max_results", "200")];
            query.extend(token.map(|token| ("page_token", token)));
            let (page, _) =
                self.service.json::<Versions>(&self.api("model-versions/search", &query), None)?;
            Ok((page.model_versions, page.next_page_token))
        })?;
        let mut models = Vec::new();
        for version in versions {
            let number = plain(&version.version);
            let query = [("name", version.name.as_str()), ("version", number.as_str())];
            let place = format!("models/{}/{number}", version.name);
            let asked =
                self.service.json::<Download>(&self.api("model-versions/get-download-uri", &query), None);
            let artifacts = match asked {
                Ok((download, _)) => download.artifact_uri,
                Err(error) => {
                    self.problem(&place, &error);
                    continue;
                }
            };
            models.push(Model {
                place,
                stamp: version.last_updated_timestamp.as_ref().map(plain).unwrap_or_default(),
                run: version.run_id.filter(|run| !run.is_empty()),
                artifacts: artifacts.or(version.source),
                name: version.name,
                version: number,
            });
        }
        Ok(models)
    }

    /// Every logged model that is not registered; servers before MLflow 3 have none.
    fn logged(&mut self, registered: &[Model]) -> Result<Vec<Model>, SourceError> {
        let experiments = self.service.pages(|token| {
            let mut query = vec![("max_results", "200")];
            query.extend(token.map(|token| ("page_token", token)));
            let (page, _) =
                self.service.json::<Experiments>(&self.api("experiments/search", &query), None)?;
            Ok((page.experiments, page.next_page_token))
        })?;
        let ids: Vec<&str> = experiments.iter().map(|e| e.experiment_id.as_str()).collect();
        let known: BTreeSet<&str> =
            registered.iter().filter_map(|model| model.artifacts.as_deref()).map(trimmed).collect();
        let mut models = Vec::new();
        for ids in ids.chunks(50) {
            let page = |token: Option<&str>| {
                let mut body = json!({"experiment_ids": ids, "max_results": 50});
                if let (Some(token), Some(body)) = (token, body.as_object_mut()) {
                    body.insert("page_token".to_owned(), token.into());
                }
                let url = self.api("logged-models/search", &[]);
                let (page, _) = self.service.json::<LoggedModels>(&url, Some(&body))?;
                Ok((page.models, page.next_page_token))
            };
            match self.service.pages(page) {
                Ok(found) => models.extend(found),
                Err(RestError::Status(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, _)) => {
                    return Ok(Vec::new());
                }
                Err(error) => return Err(error.into()),
            }
        }
        let fresh =
            |info: &LoggedInfo| !info.artifact_uri.as_deref().is_some_and(|uri| known.contains(trimmed(uri)));
        Ok(models
            .into_iter()
            .map(|logged| logged.info)
            .filter(fresh)
            .map(|info| Model {
                place: format!("logged-models/{}", info.model_id),
                name: info.name.unwrap_or_else(|| info.model_id.clone()),
                version: info.model_id,
                stamp: info.last_updated_timestamp_ms.as_ref().map(plain).unwrap_or_default(),
                run: info.source_run_id.filter(|run| !run.is_empty()),
                artifacts: info.artifact_uri,
            })
            .collect())
    }

    /// The files of a model, with the datasets of its run.
    fn model(&mut self, model: &Model) -> Result<(), RestError> {
        let datasets = match &model.run {
            Some(run) => self.datasets(run)?,
            None => Vec::new(),
        };
        let facts = FactSummary { datasets, ..FactSummary::default() };
        let Some(root) = model.artifacts.as_deref().and_then(proxied) else {
            // Its files cannot be had; that it exists is known all the same.
            let store = model.artifacts.as_deref().unwrap_or_default();
            let store = store.split_once("://").map_or(store, |_| trimmed(store));
            self.elsewhere.insert(bartizan_core::redacted(store));
            let mut found = Found::at(self.uri(&model.place), model.name.clone());
            found.version = Some(model.version.clone());
            found.kind = Some(AssetKind::Model);
            found.facts = facts;
            self.harvest.found.push(found);
            return Ok(());
        };
        for (path, size) in self.files(&root)? {
            let mut found = Found::at(format!("{}#{path}", self.uri(&model.place)), path.clone());
            found.version = Some(format!("{} {}", model.name, model.version));
            found.size = size;
            // What was logged is not written again; a server that does so tells another time or size.
            found.token = size.map(|size| format!("{}-{}-{size}", model.version, model.stamp));
            if super::classify::by_name(&path) == Some(AssetKind::Model) {
                found.facts = facts.clone();
            }
            found.open = Some(self.download(&format!("{root}/{path}"), size));
            self.harvest.found.push(found);
        }
        Ok(())
    }

    /// The datasets that a run read, which become assets of their own.
    fn datasets(&mut self, run: &str) -> Result<Vec<String>, RestError> {
        if let Some(known) = self.runs.get(run) {
            return Ok(known.clone());
        }
        let asked = self.service.json::<RunAnswer>(&self.api("runs/get", &[("run_id", run)]), None);
        let inputs = match asked {
            Ok((answer, _)) => answer.run.inputs.map(|inputs| inputs.dataset_inputs).unwrap_or_default(),
            // A registered model outlives its run.
            Err(RestError::Status(StatusCode::NOT_FOUND, _)) => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for Input { dataset, tags } in inputs.into_iter().take(100) {
            let context =
                tags.iter().find(|tag| tag.key == "mlflow.data.context").map(|tag| tag.value.as_str());
            let name = format!("{}@{}", dataset.name, dataset.digest);
            let mut found = Found::at(
                format!("{}/{}", self.uri(&format!("runs/{run}/inputs")), dataset.name),
                dataset.name.clone(),
            );
            found.kind = Some(AssetKind::Dataset);
            found.version = context.map(bartizan_core::redacted);
            found.facts.format = dataset.source_type.as_deref().map(bartizan_core::redacted);
            found.declared = Some(ContentDigest::other("mlflow", bartizan_core::redacted(&name)));
            self.harvest.found.push(found);
            names.push(bartizan_core::redacted(&name));
        }
        self.runs.insert(run.to_owned(), names.clone());
        Ok(names)
    }

    /// Every file below a folder of the artifact proxy, relative to it.
    fn files(&self, root: &str) -> Result<Vec<(String, Option<u64>)>, RestError> {
        let mut files = Vec::new();
        let mut waiting = vec![String::new()];
        let mut folders = 0usize;
        while let Some(folder) = waiting.pop() {
            folders = folders.saturating_add(1);
            if files.len() > FILES || folders > FILES {
                return Err(RestError::Answer(format!("lists more than {FILES} files of one model")));
            }
            let path = format!("{root}/{folder}");
            let url = self
                .service
                .address(&["api/2.0/mlflow-artifacts/artifacts"], &[("path", path.trim_end_matches('/'))]);
            let (listed, _) = self.service.json::<Artifacts>(&url, None)?;
            for artifact in listed.files {
                // The proxy gives names; other versions give paths from its root.
                let name = artifact.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                if matches!(name, "" | "." | "..") || name.contains(['\\', '\0']) {
                    return Err(RestError::Answer("names a file that leads elsewhere".to_owned()));
                }
                let inner = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                if !artifact.is_dir {
                    let size = artifact.file_size.as_ref().and_then(|size| plain(size).parse().ok());
                    files.push((inner, size));
                } else if inner.split('/').count() > DEPTH {
                    return Err(RestError::Answer(format!(
                        "has more than {DEPTH} folders inside each other"
                    )));
                } else {
                    waiting.push(inner);
                }
            }
        }
        Ok(files)
    }

    /// Fetches a file into memory, or into a temporary file without a name: the proxy sends no ranges.
    fn download(&self, path: &str, size: Option<u64>) -> super::found::Opening {
        let parts: Vec<&str> =
            ["api", "2.0", "mlflow-artifacts", "artifacts"].into_iter().chain(path.split('/')).collect();
        let url = self.service.address(&parts, &[]);
        let (network, credential) = (self.service.network.clone(), self.service.credential.clone());
        let client = self.service.client().clone();
        let (held, cancel) = (self.reach.held.min(16 << 20), std::sync::Arc::clone(&self.reach.cancel));
        Box::new(move || {
            let response = network.wait(http::send(|| {
                let request = client.get(url.clone()).header("accept-encoding", "identity");
                match &credential {
                    Some(credential) => credential.apply(request),
                    None => request,
                }
            }))?;
            if response.status() != StatusCode::OK {
                return Err(io::Error::other(format!("the server answers {}", response.status())));
            }
            let mut body = Body {
                network: &network,
                response,
                chunk: bytes::Bytes::new(),
                left: size.unwrap_or(LARGEST).saturating_add(1),
            };
            let content = source::spool(&mut body, held, &cancel)?;
            if size.is_some_and(|size| size != content.len()) {
                return Err(io::Error::other("the server sends another number of bytes than it lists"));
            }
            Ok(content.into())
        })
    }
}

/// A response's body as a reader.
struct Body<'a> {
    network: &'a source::remote::Network,
    response: reqwest::Response,
    chunk: bytes::Bytes,
    /// How many bytes may still come.
    left: u64,
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            let response = &mut self.response;
            let next = self.network.wait(async move {
                response.chunk().await.map_err(|error| io::Error::other(http::explain(&error)))
            })?;
            match next {
                Some(chunk) => self.chunk = chunk,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.chunk.len());
        let part = self.chunk.split_to(count);
        if let Some(to) = buffer.get_mut(..count) {
            to.copy_from_slice(&part);
        }
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other("the server sends more bytes than it lists"))?;
        Ok(count)
    }
}

/// The path on the server's artifact proxy: `mlflow-artifacts:/0/RUN/artifacts/model`.
fn proxied(uri: &str) -> Option<String> {
    let path = uri.strip_prefix("mlflow-artifacts:")?;
    let path = match path.strip_prefix("//") {
        // With a host: this server, by another of its names.
        Some(rest) => rest.split_once('/')?.1,
        None => path,
    };
    let path = path.trim_matches('/');
    let leads_away = path.split('/').any(|part| matches!(part, "" | "." | ".."));
    (!leads_away).then(|| path.to_owned())
}

fn trimmed(uri: &str) -> &str {
    uri.trim_end_matches('/')
}

/// Numbers come as numbers or as text.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
