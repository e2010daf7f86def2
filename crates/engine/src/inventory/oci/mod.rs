//! Registries of the OCI distribution specification: models kept as ModelPack or KitOps artifacts, and files kept as
//! plain artifacts. A layer's digest is the SHA-256 of its content, so that raw weights are joined with other places
//! without being read; archives are opened, and what is in them is digested.
//!
//! Over `reqwest`, not over a registry client: those read answers of any size and follow where the registry leads.
//!
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>

mod login;
mod manifest;
mod media;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
};

use aws_lc_rs::digest::{SHA256, digest};
use reqwest::{StatusCode, header::HeaderMap};
use serde::Deserialize;
use url::Url;

use self::{
    login::Login,
    manifest::{Descriptor, Manifest},
};
use super::{
    ContentDigest, Found, Problem, ProblemKind, Source,
    found::{Harvest, Reach, SourceError},
    object_store,
    record::FactSummary,
    rest::{self, RestError, Service},
};
use crate::source::remote::{
    Object,
    http::{self, Authority, HttpObject},
    hub,
};

/// Most bytes of a manifest, as the specification recommends.
const MANIFEST: u64 = 4 << 20;
/// Most bytes of a configuration.
const CONFIG: u64 = 1 << 20;
/// Most manifests of one index, and how deep indexes may lie in each other.
const INDEX: usize = 200;
const DEPTH: usize = 3;

#[derive(Deserialize)]
struct Catalog {
    #[serde(default)]
    repositories: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// What the user named.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    registry: Url,
    repository: Option<String>,
    tag: Option<String>,
}

/// Every layer of every tag that holds a part of a model.
pub(crate) fn harvest(source: &Source, reach: &Reach) -> Result<Harvest, SourceError> {
    let named = Named::parse(&source.location)?;
    let service = Arc::new(Service::at(named.registry.clone(), None, source, reach)?);
    let login = Arc::new(Login::of(source, &named.registry)?);
    let mut registry = Registry {
        source,
        service,
        login,
        http: http::client().map_err(object_store::failed)?,
        harvest: Harvest::default(),
        images: 0,
    };
    let repositories = match &named.repository {
        Some(repository) => vec![repository.clone()],
        None if !source.repositories.is_empty() => source.repositories.clone(),
        None => registry.catalog()?,
    };
    for repository in &repositories {
        if reach.is_over() {
            return Err(SourceError::Unreachable("the time for this source ran out".to_owned()));
        }
        if let Err(error) = registry.repository(repository, named.tag.as_deref()) {
            registry.problem(repository, &error);
        }
    }
    if registry.images > 0 {
        let images = registry.images;
        registry
            .harvest
            .notes
            .push(format!("{images} manifests hold no part of a model: container images and such"));
    }
    Ok(registry.harvest)
}

impl Named {
    /// `[oci://|http(s)://]host[:port][/repository[:tag]]`
    fn parse(location: &str) -> Result<Self, SourceError> {
        let shown = bartizan_core::redacted(location);
        let wrong =
            || SourceError::Unreachable(format!("`{shown}` is not like oci://registry/repository:tag"));
        let (scheme, rest) = match location.split_once("://") {
            Some(("oci", rest)) => (None, rest),
            Some((scheme @ ("http" | "https"), rest)) => (Some(scheme), rest),
            Some(_) => return Err(wrong()),
            None => (None, location),
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let parse = |scheme: &str| Url::parse(&format!("{scheme}://{host}/")).map_err(|_| wrong());
        let mut registry = parse(scheme.unwrap_or("https"))?;
        // Registries on this machine have no certificate.
        if scheme.is_none() && http::is_loopback(&registry) {
            registry = parse("http")?;
        }
        let path = path.trim_matches('/');
        if path.contains('@') {
            return Err(wrong());
        }
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag.to_owned())),
            None => (path, None),
        };
        Ok(Self { registry, repository: (!repository.is_empty()).then(|| repository.to_owned()), tag })
    }
}

struct Registry<'a> {
    source: &'a Source,
    service: Arc<Service>,
    login: Arc<Login>,
    http: reqwest::Client,
    harvest: Harvest,
    /// Manifests without any part of a model.
    images: usize,
}

/// A layer that is an asset, and the tags that lead to it.
struct Layer {
    descriptor: Descriptor,
    facts: FactSummary,
    tags: BTreeSet<String>,
}

impl Registry<'_> {
    fn problem(&mut self, place: &str, error: &RestError) {
        let kind = match error {
            RestError::Answer(_) => ProblemKind::Answer,
            _ => ProblemKind::Unreadable,
        };
        let uri = self.uri(place);
        self.harvest.problems.push(Problem::new(kind, &self.source.name, &uri, error.to_string()));
    }

    fn uri(&self, place: &str) -> String {
        let registry = &self.service.base;
        let host = registry.host_str().unwrap_or_default();
        match registry.port() {
            Some(port) => format!("oci://{host}:{port}/{place}"),
            None => format!("oci://{host}/{place}"),
        }
    }

    /// An answer, after logging in if the registry asks for that.
    fn ask(&self, url: &Url, accept: &str, scope: &str, most: u64) -> Result<rest::Answer, RestError> {
        let credential = self.login.credential(scope);
        let answer = self.service.ask_as(credential.as_ref(), url, accept, None, most)?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let credential = self.login.log_in(&self.service, &answer.headers, scope)?;
        self.service.ask_as(Some(&credential), url, accept, None, most)
    }

    fn ask_ok(&self, url: &Url, accept: &str, scope: &str, most: u64) -> Result<rest::Answer, RestError> {
        let answer = self.ask(url, accept, scope, most)?;
        if answer.status == StatusCode::OK { Ok(answer) } else { Err(rest::refused(answer.status)) }
    }

    /// A listing in pages, whose `Link` header leads on.
    fn listing<T: serde::de::DeserializeOwned>(
        &mut self,
        first: &Url,
        scope: &str,
        names: fn(T) -> Vec<String>,
    ) -> Result<Vec<String>, RestError> {
        let mut all = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = Some(first.clone());
        while let Some(page) = next {
            if !seen.insert(page.to_string()) {
                return Err(RestError::Answer("leads from page to page in a circle".to_owned()));
            }
            if seen.len() > 1000 || all.len() > 200_000 {
                return Err(RestError::Answer("has more than 1000 pages".to_owned()));
            }
            let answer = self.ask_ok(&page, "application/json", scope, MANIFEST)?;
            all.extend(names(rest::parse(&answer.body)?));
            next = hub::following(&answer.headers, &page);
        }
        Ok(all)
    }

    /// Every repository, where the registry lists them.
    fn catalog(&mut self) -> Result<Vec<String>, SourceError> {
        let url = self.service.address(&["v2", "_catalog"], &[("n", "100")]);
        let listed =
            self.listing(&url, "registry:catalog:*", |c: Catalog| c.repositories.unwrap_or_default());
        match listed {
            Ok(repositories) => Ok(repositories),
            Err(RestError::Status(status, _)) => Err(SourceError::Unreachable(format!(
                "the registry does not list its repositories (it answers {status}): name them with --repository"
            ))),
            Err(error) => Err(error.into()),
        }
    }

    fn repository(&mut self, repository: &str, tag: Option<&str>) -> Result<(), RestError> {
        if !manifest::is_repository(repository) {
            return Err(RestError::Answer(format!(
                "names a repository `{}`, which cannot be one",
                bartizan_core::redacted(repository)
            )));
        }
        let scope = format!("repository:{repository}:pull");
        let tags = match tag {
            Some(tag) => vec![tag.to_owned()],
            None => {
                let url = self.service.address(&["v2", repository, "tags", "list"], &[("n", "100")]);
                self.listing(&url, &scope, |t: Tags| t.tags.unwrap_or_default())?
            }
        };
        let mut layers: BTreeMap<String, Layer> = BTreeMap::new();
        for tag in tags {
            let read = self.manifest(repository, &tag, &tag, &scope, 0, &mut layers);
            if let Err(error) = read {
                self.problem(&format!("{repository}:{}", bartizan_core::redacted(&tag)), &error);
            }
        }
        for layer in layers.into_values() {
            let found = self.found(repository, &scope, layer);
            self.harvest.found.push(found);
        }
        Ok(())
    }

    /// Reads a manifest, and those that an index names.
    fn manifest(
        &mut self,
        repository: &str,
        reference: &str,
        tag: &str,
        scope: &str,
        depth: usize,
        layers: &mut BTreeMap<String, Layer>,
    ) -> Result<(), RestError> {
        if !manifest::is_reference(reference) {
            return Err(RestError::Answer("names a tag or digest that cannot be one".to_owned()));
        }
        let url = self.service.address(&["v2", repository, "manifests", reference], &[]);
        let answer = self.ask_ok(&url, manifest::ACCEPT, scope, MANIFEST)?;
        verify(&answer.body, reference, &answer.headers)?;
        let manifest: Manifest = rest::parse(&answer.body)?;
        if let Some(manifests) = manifest.manifests {
            if depth >= DEPTH || manifests.len() > INDEX {
                return Err(RestError::Answer(format!(
                    "is an index of more than {INDEX} manifests, or more than {DEPTH} inside each other"
                )));
            }
            for entry in manifests {
                self.manifest(repository, &entry.digest, tag, scope, depth.saturating_add(1), layers)?;
            }
            return Ok(());
        }
        let parts: Vec<Descriptor> = manifest
            .layers
            .unwrap_or_default()
            .into_iter()
            .filter(|layer| media::kind(layer).is_some())
            .collect();
        if parts.is_empty() {
            self.images = self.images.saturating_add(1);
            return Ok(());
        }
        let mut facts = match manifest.config {
            Some(config) if media::is_described(&config.media_type) && config.size <= CONFIG => {
                self.config(repository, &config, scope)?
            }
            _ => FactSummary::default(),
        };
        facts.fill(&media::annotated(&manifest.annotations));
        for descriptor in parts {
            if !manifest::is_digest(&descriptor.digest) {
                return Err(RestError::Answer("names a layer by something that is no digest".to_owned()));
            }
            let layer = layers.entry(descriptor.digest.clone()).or_insert_with(|| Layer {
                descriptor,
                facts: facts.clone(),
                tags: BTreeSet::new(),
            });
            layer.tags.insert(tag.to_owned());
        }
        Ok(())
    }

    /// What the configuration says of the model.
    fn config(
        &mut self,
        repository: &str,
        config: &Descriptor,
        scope: &str,
    ) -> Result<FactSummary, RestError> {
        if !manifest::is_digest(&config.digest) {
            return Err(RestError::Answer("names a configuration by something that is no digest".to_owned()));
        }
        let url = self.service.address(&["v2", repository, "blobs", &config.digest], &[]);
        let answer = self.ask_ok(&url, "application/json, application/octet-stream", scope, CONFIG)?;
        verify(&answer.body, &config.digest, &HeaderMap::new())?;
        Ok(media::described(&rest::parse(&answer.body)?))
    }

    fn found(&self, repository: &str, scope: &str, layer: Layer) -> Found {
        let Layer { descriptor, facts, tags } = layer;
        let uri = self.uri(&format!("{repository}@{}", descriptor.digest));
        let path = media::title(&descriptor).unwrap_or_else(|| descriptor.digest.clone());
        let mut found = Found::at(uri, path);
        let tags: Vec<String> = tags.iter().take(20).map(|tag| bartizan_core::redacted(tag)).collect();
        found.version = Some(tags.join(", "));
        found.size = Some(descriptor.size);
        found.token = Some(descriptor.digest.clone());
        found.declared = match descriptor.digest.split_once(':') {
            Some(("sha256", value)) => ContentDigest::sha256(value),
            Some((algorithm, value)) => Some(ContentDigest::other(algorithm, value)),
            None => None,
        };
        found.kind = media::kind(&descriptor);
        found.facts = facts;
        let url = self.service.address(&["v2", repository, "blobs", &descriptor.digest], &[]);
        let (service, login, scope) = (Arc::clone(&self.service), Arc::clone(&self.login), scope.to_owned());
        let authority: Authority = Arc::new(move || login.fresh(&service, &scope).map_err(io::Error::other));
        let network = self.service.network.clone();
        let ranges = HttpObject::new(network, self.http.clone(), url, Some(authority));
        let object = Object {
            path: found.path.clone(),
            size: descriptor.size,
            ranges: Arc::new(ranges),
            token: None,
            sha256: None,
        };
        found.open = Some(Box::new(move || Ok(object.content().into())));
        found
    }
}

/// Is the body what the reference or the registry's header says?
fn verify(body: &[u8], reference: &str, headers: &HeaderMap) -> Result<(), RestError> {
    let header = headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
    let actual = digest(&SHA256, body).as_ref().iter().fold(String::from("sha256:"), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    });
    for stated in [Some(reference), header].into_iter().flatten().filter(|text| text.starts_with("sha256:")) {
        if *stated != actual {
            return Err(RestError::Answer(format!(
                "does not have the digest that is stated: {} instead of {}",
                actual,
                bartizan_core::redacted(stated)
            )));
        }
    }
    Ok(())
}
