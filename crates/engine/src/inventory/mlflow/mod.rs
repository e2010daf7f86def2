//! MLflow tracking servers: registered models, logged models, and the datasets that their runs read.
//!
//! MLflow states no digest of files, so they are fetched through the server's artifact proxy and digested. Artifacts
//! that lie in a store of their own are not: that store is a source that the user has to name.
//!
//! <https://mlflow.org/docs/latest/api_reference/rest-api.html>

mod answer;
mod artifact;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::StatusCode;
use serde_json::json;
use url::Url;

use self::{
    answer::{Download, Experiments, Input, LoggedInfo, LoggedModels, RunAnswer, Versions, plain},
    artifact::proxied,
};
use super::{
    ContentDigest, Found, Problem, ProblemKind, Source,
    found::{Harvest, Reach, SourceError},
    record::{AssetKind, FactSummary},
    rest::{self, RestError, Service},
};
use crate::source::remote::http::Credential;

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
}

fn trimmed(uri: &str) -> &str {
    uri.trim_end_matches('/')
}
