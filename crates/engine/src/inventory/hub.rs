//! Repositories of a model hub that speaks Hugging Face's API. The hub's listings state the SHA-256 of everything that
//! it keeps in LFS, so that weights are joined with other places without being read.

use serde::Deserialize;
use url::Url;

use super::{
    Found, Problem, ProblemKind, Source,
    found::{Harvest, Reach, SourceError},
    object_store,
    record::{AssetKind, FactSummary},
    rest::{self, RestError, Service},
};
use crate::source::remote::{
    http::Credential,
    hub::{Hub, Repository, RepositoryKind, following},
};

/// Most repositories of one owner.
const REPOSITORIES: usize = 10_000;

/// What the hub says of a repository.
#[derive(Default, Deserialize)]
#[serde(default)]
struct About {
    sha: Option<String>,
    #[serde(rename = "cardData")]
    card: serde_json::Value,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
}

/// The files of one repository, or of all repositories of an owner.
pub(crate) fn harvest(source: &Source, reach: &Reach) -> Result<Harvest, SourceError> {
    let (hub, location) = hub(source)?;
    let base = Url::parse(&hub.endpoint)
        .map_err(|error| SourceError::Unreachable(format!("the hub's address: {error}")))?;
    let credential = hub.token_for(&base);
    let service = Service::at(base, credential, source, reach)?;
    let mut harvest = Harvest::default();
    for uri in repositories(&service, &location)? {
        if let Err(error) = repository(source, &hub, &service, &uri, &mut harvest) {
            let kind = match error {
                SourceError::Answer(_) => ProblemKind::Answer,
                SourceError::Unreachable(_) => ProblemKind::Unreadable,
            };
            harvest.problems.push(Problem::new(kind, &source.name, &uri, error.to_string()));
        }
        if reach.is_over() {
            return Err(SourceError::Unreachable("the time for this source ran out".to_owned()));
        }
    }
    Ok(harvest)
}

/// The hub, and what the user named on it, without scheme.
fn hub(source: &Source) -> Result<(Hub, String), SourceError> {
    let mut hub = Hub::from_environment();
    let location = source.location.strip_prefix("hf://").unwrap_or(&source.location).to_owned();
    if let Some(endpoint) = &source.endpoint {
        // The environment's token belongs to the environment's hub.
        let same = Url::parse(endpoint).map(|url| url.origin()).ok()
            == Url::parse(&hub.endpoint).map(|url| url.origin()).ok();
        hub.token = hub.token.filter(|_| same);
        hub.endpoint.clone_from(endpoint);
    }
    if let Some(Credential::Bearer(token)) = rest::from_environment(source)? {
        hub.token = Some(token);
    }
    Ok((hub, location.trim_matches('/').to_owned()))
}

/// `org/model` is one repository; `org` stands for all models of that owner.
fn repositories(service: &Service, location: &str) -> Result<Vec<String>, SourceError> {
    let (kind, id) = match location.strip_prefix("datasets/") {
        Some(id) => (RepositoryKind::Dataset, id),
        None => (RepositoryKind::Model, location),
    };
    if id.contains('/') {
        return Ok(vec![format!("hf://{location}")]);
    }
    let first = service.address(&["api", kind.plural()], &[("author", id), ("limit", "100")]);
    let ids = service.pages(|next| {
        let page = match next {
            Some(next) => Url::parse(next).map_err(|error| RestError::Answer(error.to_string()))?,
            None => first.clone(),
        };
        let (listed, headers) = service.list::<Listed>(&page)?;
        Ok((listed, following(&headers, &page).map(|url| url.to_string())))
    })?;
    if ids.len() > REPOSITORIES {
        return Err(SourceError::Answer(format!("`{id}` has more than {REPOSITORIES} repositories")));
    }
    let prefix = if kind == RepositoryKind::Dataset { "datasets/" } else { "" };
    Ok(ids.into_iter().map(|listed| format!("hf://{prefix}{}", listed.id)).collect())
}

fn repository(
    source: &Source,
    hub: &Hub,
    service: &Service,
    uri: &str,
    harvest: &mut Harvest,
) -> Result<(), SourceError> {
    let repository = Repository::parse(uri).map_err(object_store::failed)?;
    let about = service
        .address(&["api", repository.kind.plural(), &repository.id, "revision", &repository.revision], &[]);
    let about = match service.json::<About>(&about, None) {
        Ok((about, _)) => about,
        // Mirrors need not have it, and the files are what matters.
        Err(RestError::Status(..)) => About::default(),
        Err(error) => return Err(error.into()),
    };
    let facts = card(&about.card);
    let objects = hub.list(uri, &service.network).map_err(object_store::failed)?;
    let prefix = if repository.kind == RepositoryKind::Dataset { "datasets/" } else { "" };
    for object in objects {
        let uri = format!("hf://{prefix}{}@{}/{}", repository.id, repository.revision, object.path);
        let mut found: Found = object_store::found(uri, object);
        found.version = about.sha.clone().or_else(|| Some(repository.revision.clone()));
        if let Some(kind) = super::classify::by_name(&found.path) {
            let is_data = repository.kind == RepositoryKind::Dataset && kind == AssetKind::Model;
            found.kind = is_data.then_some(AssetKind::Dataset);
            if kind == AssetKind::Model {
                found.facts = facts.clone();
            }
        }
        harvest.found.push(found);
    }
    if harvest.found.is_empty() {
        harvest.notes.push(format!("{}: there is nothing in it", bartizan_core::printable(&source.location)));
    }
    Ok(())
}

/// Licence, ancestors and datasets, as the card's front matter states them.
fn card(card: &serde_json::Value) -> FactSummary {
    let names = |key: &str| -> Vec<String> {
        match card.get(key) {
            Some(serde_json::Value::String(name)) => vec![bartizan_core::redacted(name)],
            Some(serde_json::Value::Array(names)) => {
                names.iter().filter_map(|name| name.as_str()).take(50).map(bartizan_core::redacted).collect()
            }
            _ => Vec::new(),
        }
    };
    FactSummary {
        licence: names("license").into_iter().next(),
        base_models: names("base_model"),
        datasets: names("datasets"),
        ..FactSummary::default()
    }
}
