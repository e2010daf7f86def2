//! Services that answer in JSON: bounded answers, pages that end, and redirects that stay with the service.

use std::{collections::BTreeSet, io};

use reqwest::{Client, StatusCode, header::HeaderMap};
use serde::de::DeserializeOwned;
use url::Url;

use super::{
    Source,
    found::{Reach, SourceError},
};
use crate::source::remote::{
    Network,
    http::{self, Credential},
};

/// Most bytes of one answer.
const ANSWER: u64 = 16 << 20;
/// Most pages of one listing.
const PAGES: usize = 1000;
/// Most entries of one listing.
const ENTRIES: usize = 200_000;

/// Why a service gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestError {
    /// It answered with another status than 200.
    #[error("the server answers {0}{1}")]
    Status(StatusCode, &'static str),
    /// It cannot be reached, or the connection broke.
    #[error("{0}")]
    Connection(#[from] io::Error),
    /// It answered with something else than what it should.
    #[error("the server's answer {0}")]
    Answer(String),
}

impl From<RestError> for SourceError {
    fn from(error: RestError) -> Self {
        match error {
            RestError::Answer(_) => Self::Answer(error.to_string()),
            _ => Self::Unreachable(error.to_string()),
        }
    }
}

/// A service.
pub(crate) struct Service {
    pub(crate) network: Network,
    client: Client,
    pub(crate) base: Url,
    pub(crate) credential: Option<Credential>,
}

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: bytes::Bytes,
}

impl Service {
    /// The service at an address. Without encryption only on this machine, or where the user allows it; credentials
    /// never leave this machine without.
    pub(crate) fn at(
        base: Url,
        credential: Option<Credential>,
        source: &Source,
        reach: &Reach,
    ) -> Result<Self, SourceError> {
        let local = http::is_loopback(&base);
        if base.scheme() != "https" && !(base.scheme() == "http" && (local || source.plain_http)) {
            return Err(SourceError::Unreachable(
                "it would be reached without encryption, which --plain-http allows".to_owned(),
            ));
        }
        if credential.is_some() && base.scheme() != "https" && !local {
            return Err(SourceError::Unreachable(
                "the token would travel without encryption, which is refused".to_owned(),
            ));
        }
        let client = http::service_client().map_err(super::object_store::failed)?;
        Ok(Self { network: reach.network(), client, base, credential })
    }

    /// What sends requests and stays with the service.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// An address of the service: the base, then these parts, each escaped.
    pub(crate) fn address(&self, parts: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend(parts.iter().flat_map(|part| part.split('/')).filter(|p| !p.is_empty()));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Asks, and takes whatever answer comes, at most `most` bytes of it.
    pub(crate) fn ask(
        &self,
        url: &Url,
        accept: &str,
        body: Option<&serde_json::Value>,
        most: u64,
    ) -> Result<Answer, RestError> {
        self.ask_as(self.credential.as_ref(), url, accept, body, most)
    }

    /// The same as someone else.
    pub(crate) fn ask_as(
        &self,
        credential: Option<&Credential>,
        url: &Url,
        accept: &str,
        body: Option<&serde_json::Value>,
        most: u64,
    ) -> Result<Answer, RestError> {
        let body = body.map(serde_json::Value::to_string);
        let answer = self.network.wait(async {
            let response = http::send(|| {
                let mut request = match &body {
                    Some(body) => self
                        .client
                        .post(url.clone())
                        .header("content-type", "application/json")
                        .body(body.clone()),
                    None => self.client.get(url.clone()),
                };
                request = request.header("accept", accept);
                match credential {
                    Some(credential) => credential.apply(request),
                    None => request,
                }
            })
            .await?;
            let (status, headers) = (response.status(), response.headers().clone());
            // What a refusal says besides is of no use, and may be of any size.
            let body =
                if status.is_success() { http::take(response, most).await? } else { bytes::Bytes::new() };
            Ok(Answer { status, headers, body })
        })?;
        Ok(answer)
    }

    /// Asks for a JSON list.
    pub(crate) fn list<T: DeserializeOwned>(&self, url: &Url) -> Result<(Vec<T>, HeaderMap), RestError> {
        let answer = self.ask(url, "application/json", None, ANSWER)?;
        if answer.status != StatusCode::OK {
            return Err(refused(answer.status));
        }
        Ok((read(&answer.body)?, answer.headers))
    }

    /// Asks for a JSON object.
    pub(crate) fn json<T: DeserializeOwned>(
        &self,
        url: &Url,
        body: Option<&serde_json::Value>,
    ) -> Result<(T, HeaderMap), RestError> {
        let answer = self.ask(url, "application/json", body, ANSWER)?;
        if answer.status != StatusCode::OK {
            return Err(refused(answer.status));
        }
        Ok((parse(&answer.body)?, answer.headers))
    }

    /// Every page of a listing whose pages name the next one's token. `ask` gets the token, and gives the entries and
    /// the next token.
    pub(crate) fn pages<T>(
        &self,
        mut ask: impl FnMut(Option<&str>) -> Result<(Vec<T>, Option<String>), RestError>,
    ) -> Result<Vec<T>, RestError> {
        let mut entries = Vec::new();
        let mut seen = BTreeSet::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let (more, next) = ask(token.as_deref())?;
            entries.extend(more);
            if entries.len() > ENTRIES {
                return Err(RestError::Answer(format!("lists more than {ENTRIES} entries")));
            }
            match next.filter(|next| !next.is_empty()) {
                None => return Ok(entries),
                Some(next) if !seen.insert(next.clone()) => {
                    return Err(RestError::Answer("leads from page to page in a circle".to_owned()));
                }
                Some(next) => token = Some(next),
            }
        }
        Err(RestError::Answer(format!("has more than {PAGES} pages")))
    }
}

/// Why a status is not the one that was hoped for.
pub(crate) fn refused(status: StatusCode) -> RestError {
    let hint = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            ": it wants a token, or the token may not read this (see --token-env)"
        }
        _ => "",
    };
    RestError::Status(status, hint)
}

/// An answer that is a JSON object, as the type that it should be.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, RestError> {
    // A list would do for a structure whose fields may all be left out.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(RestError::Answer("is no JSON object".to_owned()));
    }
    read(body)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, RestError> {
    serde_json::from_slice(body).map_err(|error| {
        RestError::Answer(format!(
            "is not what it should be: {}",
            bartizan_core::printable(&error.to_string())
        ))
    })
}

/// The token that the user put into an environment variable: `USER:PASSWORD`, or a bearer token.
pub(crate) fn from_environment(source: &Source) -> Result<Option<Credential>, SourceError> {
    let Some(name) = &source.token_env else { return Ok(None) };
    let value = std::env::var(name).ok().filter(|value| !value.trim().is_empty()).ok_or_else(|| {
        SourceError::Unreachable(format!(
            "the environment variable {}, which holds its token, is not set",
            bartizan_core::printable(name)
        ))
    })?;
    Ok(Some(match value.trim().split_once(':') {
        Some((user, password)) => Credential::Basic(user.into(), password.into()),
        None => Credential::Bearer(value.trim().into()),
    }))
}
