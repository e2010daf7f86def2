//! Model hubs that speak Hugging Face's API: `hf://org/model@revision/path`.
//!
//! <https://huggingface.co/docs/hub/api>

use std::{io, sync::Arc};

use reqwest::{
    Client, StatusCode,
    header::{HeaderMap, LINK},
};
use serde::Deserialize;
use url::Url;

use super::{
    ListError, Network, Object,
    http::{self, Authority, Credential, HttpObject},
};

/// Most pages of a listing; a page has up to 1,000 entries.
const PAGES: usize = 1000;
/// Most bytes of one page.
const PAGE: u64 = 16 << 20;

/// Where the hub is, and who asks.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) endpoint: String,
    pub(crate) token: Option<Arc<str>>,
}

/// What the user named.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repository {
    pub(crate) kind: RepositoryKind,
    pub(crate) id: String,
    pub(crate) revision: String,
    /// A file or folder inside; empty for all of it.
    pub(crate) path: String,
}

/// What a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RepositoryKind {
    Model,
    Dataset,
}

impl RepositoryKind {
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
        }
    }

    /// What stands before the id in addresses of files.
    const fn prefix(self) -> &'static [&'static str] {
        match self {
            Self::Model => &[],
            Self::Dataset => &["datasets"],
        }
    }
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    #[serde(default)]
    size: u64,
    /// git's SHA-1 of the blob.
    #[serde(default)]
    oid: Option<String>,
    #[serde(default)]
    lfs: Option<Large>,
}

/// Where the content is in LFS.
#[derive(Deserialize)]
struct Large {
    /// SHA-256 of the content.
    oid: String,
}

impl Hub {
    /// `HF_ENDPOINT` and `HF_TOKEN`, as the hub's own tools read them.
    pub(crate) fn from_environment() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        Self {
            endpoint: set("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned()),
            token: set("HF_TOKEN").map(|token| Arc::from(token.trim())),
        }
    }

    /// Every file of the repository that the URI names.
    pub(crate) fn list(&self, uri: &str, network: &Network) -> Result<Vec<Object>, ListError> {
        let repository = Repository::parse(uri)?;
        let base = Url::parse(&self.endpoint)
            .map_err(|error| ListError::Usage(format!("HF_ENDPOINT is no address: {error}")))?;
        let token = self.token_for(&base);
        let authority = token.clone().map(|token| Arc::new(move || Ok(Some(token.clone()))) as Authority);
        let (client, service) = (http::client()?, http::service_client()?);
        let mut next = Some(address(&base, &["api", repository.kind.plural()], &repository, "tree", "")?);
        if let Some(first) = &mut next {
            first.set_query(Some("recursive=true"));
        }
        let mut objects = Vec::new();
        let mut pages = 0usize;
        while let Some(page) = next {
            pages = pages.saturating_add(1);
            if pages > PAGES {
                return Err(ListError::Failed(format!("the listing has more than {PAGES} pages")));
            }
            let (entries, following) = fetch(network, &service, &page, token.as_ref())?;
            for entry in entries.into_iter().filter(|entry| entry.kind == "file") {
                if !repository.covers(&entry.path) {
                    continue;
                }
                let url = address(&base, repository.kind.prefix(), &repository, "resolve", &entry.path)?;
                let ranges =
                    Arc::new(HttpObject::new(network.clone(), client.clone(), url, authority.clone()));
                let sha256 = entry.lfs.map(|large| large.oid);
                let token = sha256.clone().or(entry.oid);
                objects.push(Object { path: entry.path, size: entry.size, ranges, token, sha256 });
            }
            next = following;
        }
        if objects.is_empty() && !repository.path.is_empty() {
            return Err(ListError::Failed(format!("the repository has no `{}`", repository.path)));
        }
        Ok(objects)
    }

    /// The token goes to the hub alone, and never unencrypted over a network.
    pub(crate) fn token_for(&self, base: &Url) -> Option<Credential> {
        let token = self.token.clone().filter(|_| base.scheme() == "https" || http::is_loopback(base))?;
        Some(Credential::Bearer(token))
    }
}

/// One page of the listing, and the address of the next.
fn fetch(
    network: &Network,
    client: &Client,
    page: &Url,
    token: Option<&Credential>,
) -> Result<(Vec<Entry>, Option<Url>), ListError> {
    let answer = network.wait(async {
        let response = http::send(|| {
            let request = client.get(page.clone());
            match token {
                Some(token) => token.apply(request),
                None => request,
            }
        })
        .await?;
        match response.status() {
            StatusCode::OK => {}
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                return Err(io::Error::other(format!(
                    "the hub answers {status}: the repository does not exist, or HF_TOKEN may not read it"
                )));
            }
            status => return Err(io::Error::other(format!("the hub answers {status}"))),
        }
        let following = following(response.headers(), page);
        let entries = serde_json::from_slice(&http::take(response, PAGE).await?)
            .map_err(|error| io::Error::other(format!("the hub's answer is no listing: {error}")))?;
        Ok((entries, following))
    })?;
    Ok(answer)
}

impl Repository {
    /// Reads `hf://org/model@revision/path`, or `hf://datasets/org/name@revision/path`; the revision is `main` when there is none.
    pub(crate) fn parse(uri: &str) -> Result<Self, ListError> {
        let wrong = || {
            ListError::Usage(format!(
                "`{}` is not like hf://org/model@revision/path",
                bartizan_core::redacted(uri)
            ))
        };
        let rest = uri.strip_prefix("hf://").ok_or_else(wrong)?;
        let (kind, rest) = match rest.strip_prefix("datasets/") {
            Some(rest) => (RepositoryKind::Dataset, rest),
            None => (RepositoryKind::Model, rest),
        };
        let mut parts = rest.split('/').filter(|part| !part.is_empty());
        let owner = parts.next().ok_or_else(wrong)?;
        let named = parts.next().ok_or_else(wrong)?;
        let (name, revision) = named.split_once('@').unwrap_or((named, "main"));
        let path: Vec<&str> = parts.collect();
        if name.is_empty() || revision.is_empty() || path.contains(&"..") || owner.contains('@') {
            return Err(wrong());
        }
        // Revisions such as `refs/pr/1` are written with %2F.
        let revision = revision.replace("%2F", "/").replace("%2f", "/");
        Ok(Self { kind, id: format!("{owner}/{name}"), revision, path: path.join("/") })
    }

    fn covers(&self, path: &str) -> bool {
        self.path.is_empty()
            || path.strip_prefix(&self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// `ENDPOINT/[api/models/]ID/VERB/REVISION[/PATH]`, each part escaped.
fn address(
    base: &Url,
    before: &[&str],
    repository: &Repository,
    verb: &str,
    path: &str,
) -> Result<Url, ListError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| ListError::Usage("HF_ENDPOINT cannot have paths".to_owned()))?
        .pop_if_empty()
        .extend(before)
        .extend(repository.id.split('/'))
        .push(verb)
        .push(&repository.revision)
        .extend(path.split('/').filter(|part| !part.is_empty()));
    Ok(url)
}

/// The next page, from the `Link` header (RFC 8288). Another host than the hub's is not followed: the token would go
/// there.
pub(crate) fn following(headers: &HeaderMap, page: &Url) -> Option<Url> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let target = next.split_once('<')?.1.split_once('>')?.0;
    page.join(target).ok().filter(|url| url.origin() == page.origin())
}
