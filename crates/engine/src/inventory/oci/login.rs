//! Logging in: nothing, name and password, or a token that the registry's token server gives for them.
//!
//! <https://distribution.github.io/distribution/spec/auth/token/>

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Mutex,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use serde::Deserialize;
use url::Url;

use super::super::{
    Source,
    found::SourceError,
    rest::{self, RestError, Service},
};
use crate::source::remote::http::{self, Credential};

/// Most bytes of Docker's configuration.
const CONFIGURATION: u64 = 4 << 20;

/// Who asks, and what tokens were given so far, by scope.
pub(super) struct Login {
    own: Option<Credential>,
    given: Mutex<BTreeMap<String, Given>>,
}

/// A token, and where to get the next one.
struct Given {
    credential: Credential,
    realm: Url,
    at: Instant,
    lifetime: Duration,
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    registrytoken: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    /// Seconds.
    #[serde(default)]
    expires_in: Option<u64>,
}

/// Where tokens are given, and for what.
#[derive(Debug, Default, PartialEq, Eq)]
struct Challenge {
    realm: String,
    service: Option<String>,
    scope: Option<String>,
}

impl Login {
    /// The user's own credential: from the environment variable that was named, or from what `docker login` (and
    /// `oras`, `kit` and others) wrote for this registry.
    pub(super) fn of(source: &Source, registry: &Url) -> Result<Self, SourceError> {
        let own = match rest::from_environment(source)? {
            Some(credential) => Some(credential),
            None => from_docker(registry),
        };
        let local = http::is_loopback(registry);
        if own.is_some() && registry.scheme() != "https" && !local {
            return Err(SourceError::Unreachable(
                "the token would travel without encryption, which is refused".to_owned(),
            ));
        }
        Ok(Self { own, given: Mutex::default() })
    }

    /// What to send along with a request for a scope.
    pub(super) fn credential(&self, scope: &str) -> Option<Credential> {
        let given = self.given.lock().ok().and_then(|given| given.get(scope).map(|g| g.credential.clone()));
        given.or_else(|| self.own.clone())
    }

    /// The same, with a new token where the old one is about to end.
    pub(super) fn fresh(&self, service: &Service, scope: &str) -> Result<Option<Credential>, RestError> {
        let ending = self.given.lock().ok().and_then(|given| {
            let given = given.get(scope)?;
            (given.at.elapsed() > given.lifetime.mul_f64(0.75)).then(|| given.realm.clone())
        });
        match ending {
            Some(realm) => self.ask(service, realm, scope).map(Some),
            None => Ok(self.credential(scope)),
        }
    }

    /// Asks for what the registry wants: a token of its token server.
    pub(super) fn log_in(
        &self,
        service: &Service,
        headers: &HeaderMap,
        scope: &str,
    ) -> Result<Credential, RestError> {
        let unauthorized = || rest::refused(reqwest::StatusCode::UNAUTHORIZED);
        let header =
            headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).ok_or_else(unauthorized)?;
        let challenge = Challenge::parse(header).ok_or_else(unauthorized)?;
        let mut realm = Url::parse(&challenge.realm)
            .map_err(|_| RestError::Answer("names a token server without an address".to_owned()))?;
        let same = realm.origin() == service.base.origin();
        // The registry decides where the user's password goes: never unencrypted, and to this machine only from it.
        if !same && (realm.scheme() != "https" || http::is_loopback(&realm)) {
            return Err(RestError::Answer("names a token server elsewhere that is not https".to_owned()));
        }
        let wanted = challenge.scope.unwrap_or_else(|| scope.to_owned());
        realm.query_pairs_mut().append_pair("scope", &wanted);
        if let Some(name) = &challenge.service {
            realm.query_pairs_mut().append_pair("service", name);
        }
        self.ask(service, realm, scope)
    }

    fn ask(&self, service: &Service, realm: Url, scope: &str) -> Result<Credential, RestError> {
        let own = self.own.as_ref().filter(|own| matches!(own, Credential::Basic(..)));
        let answer = service.ask_as(own, &realm, "application/json", None, 1 << 20)?;
        if !answer.status.is_success() {
            return Err(rest::refused(answer.status));
        }
        let token: Token = rest::parse(&answer.body)?;
        // The specification says 60 seconds where nothing is said.
        let lifetime = Duration::from_secs(token.expires_in.unwrap_or(60).clamp(10, 86_400));
        let token = token
            .token
            .or(token.access_token)
            .filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(|| RestError::Answer("holds no token".to_owned()))?;
        let credential = Credential::Bearer(token.into());
        if let Ok(mut given) = self.given.lock() {
            let entry = Given { credential: credential.clone(), realm, at: Instant::now(), lifetime };
            given.insert(scope.to_owned(), entry);
        }
        Ok(credential)
    }
}

impl Challenge {
    /// `Bearer realm="https://…",service="…",scope="…"`
    fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Self::default();
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find(',').unwrap_or(after.len())),
            };
            match name.trim_start_matches([',', ' ']).to_ascii_lowercase().as_str() {
                "realm" => value.clone_into(&mut challenge.realm),
                "service" => challenge.service = Some(value.to_owned()),
                "scope" => challenge.scope = Some(value.to_owned()),
                _ => {}
            }
            rest = after;
        }
        (!challenge.realm.is_empty()).then_some(challenge)
    }
}

/// `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`. Credential helpers, which are programs, are not run.
fn from_docker(registry: &Url) -> Option<Credential> {
    let folder = std::env::var_os("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker")))?;
    let (content, _) = crate::source::LocalFile::open(&folder.join("config.json")).ok()?.content().ok()?;
    let bytes = content.whole(CONFIGURATION).ok()?;
    of_registry(&bytes, registry)
}

fn of_registry(configuration: &[u8], registry: &Url) -> Option<Credential> {
    let configuration: Configuration = serde_json::from_slice(configuration).ok()?;
    let host = registry.host_str()?;
    let host = registry.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let entry = configuration.auths.iter().find_map(|(name, entry)| {
        let name = name.split_once("://").map_or(name.as_str(), |(_, rest)| rest);
        (name.split('/').next() == Some(host.as_str())).then_some(entry)
    })?;
    if let Some(token) = entry.registrytoken.as_deref().filter(|token| !token.is_empty()) {
        return Some(Credential::Bearer(token.into()));
    }
    let decoded = STANDARD.decode(entry.auth.as_deref()?.trim()).ok()?;
    let text = std::str::from_utf8(&decoded).ok()?;
    let (name, password) = text.split_once(':')?;
    Some(Credential::Basic(name.into(), password.trim_end_matches('\0').into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_names_realm_service_and_scope() {
        let header =
            r#"Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push""#;
        let challenge = Challenge::parse(header).unwrap();
        assert_eq!(challenge.realm, "https://auth.example/token");
        assert_eq!(challenge.scope.as_deref(), Some("repository:a/b:pull,push"));
        for broken in ["Basic realm=\"x\"", "Bearer", "Bearer realm=\"x", "Bearer service=\"x\""] {
            assert_eq!(Challenge::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_login_is_used_for_its_own_registry_only() {
        let text =
            format!(r#"{{"auths":{{"https://reg.example/v2/":{{"auth":"{}"}}}}}}"#, STANDARD.encode("me:pw"));
        let of = |address: &str| of_registry(text.as_bytes(), &Url::parse(address).unwrap());
        assert!(matches!(of("https://reg.example/"), Some(Credential::Basic(name, _)) if &*name == "me"));
        assert!(of("https://other.example/").is_none());
        assert!(of("https://reg.example:5000/").is_none());
    }
}
