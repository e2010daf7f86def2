//! Plain HTTP with range requests (RFC 9110, section 14).

use std::{error::Error as _, io, sync::Arc, sync::Mutex, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_RANGE, RANGE},
    redirect::Policy,
};
use url::Url;

use super::{ListError, Network, Object, Ranges};

/// How often a request is tried when the server is busy or the connection breaks.
const TRIES: u32 = 3;
/// A server without ranges sends everything; this much is accepted and held.
const WHOLE: u64 = 64 << 20;

/// Most redirects from one address.
const HOPS: usize = 10;

/// A client that follows redirects, and drops credentials when they lead to another host. Never from https to http.
pub(crate) fn client() -> Result<Client, ListError> {
    build(Policy::custom(|attempt| {
        let before = attempt.previous().last().map(Url::scheme);
        if attempt.previous().len() > HOPS {
            attempt.error("there are too many redirects")
        } else if before == Some("https") && attempt.url().scheme() != "https" {
            attempt.error("the redirect leads from https to another scheme")
        } else {
            attempt.follow()
        }
    }))
}

/// A client for the answers of a service: it stays with that service.
pub(crate) fn service_client() -> Result<Client, ListError> {
    build(Policy::custom(|attempt| {
        if attempt.previous().len() > HOPS {
            attempt.error("there are too many redirects")
        } else if attempt.previous().first().map(Url::origin) != Some(attempt.url().origin()) {
            attempt.error("the redirect leads to another host or scheme")
        } else {
            attempt.follow()
        }
    }))
}

/// Who asks.
#[derive(Clone)]
pub(crate) enum Credential {
    /// A token (RFC 6750).
    Bearer(Arc<str>),
    /// Name and password (RFC 7617).
    Basic(Arc<str>, Arc<str>),
}

impl Credential {
    /// The request with the credential.
    pub(crate) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Bearer(token) => request.bearer_auth(token),
            Self::Basic(name, password) => request.basic_auth(name, Some(password)),
        }
    }
}

/// Neither logs nor errors show what is inside.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}

/// Says who asks, again for every request: some tokens are short-lived. It may itself ask a server.
pub(crate) type Authority = Arc<dyn Fn() -> io::Result<Option<Credential>> + Send + Sync>;

/// Is the server on this machine? Only there, credentials may travel without encryption.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn build(redirects: Policy) -> Result<Client, ListError> {
    Ok(Client::builder()
        .redirect(redirects)
        .user_agent(concat!("bartizan/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(30))
        .build()?)
}

/// An object at an address.
pub(crate) struct HttpObject {
    network: Network,
    client: Client,
    url: Url,
    authority: Option<Authority>,
    /// Everything, when the server cannot send ranges.
    whole: Mutex<Option<Bytes>>,
}

impl HttpObject {
    pub(crate) fn new(network: Network, client: Client, url: Url, authority: Option<Authority>) -> Self {
        Self { network, client, url, authority, whole: Mutex::new(None) }
    }

    fn credential(&self) -> io::Result<Option<Credential>> {
        self.authority.as_ref().map_or(Ok(None), |authority| authority())
    }

    fn request(&self, start: u64, end: u64, credential: Option<&Credential>) -> RequestBuilder {
        let request = self
            .client
            .get(self.url.clone())
            .header(RANGE, format!("bytes={start}-{}", end.saturating_sub(1)))
            // A compressed answer would have other offsets.
            .header(ACCEPT_ENCODING, "identity");
        match credential {
            Some(credential) => credential.apply(request),
            None => request,
        }
    }

    /// The size of the object, by asking for its first byte.
    fn size(&self) -> Result<u64, ListError> {
        let credential = self.credential()?;
        let response = self.network.wait(send(|| self.request(0, 1, credential.as_ref())))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => total(&response)
                .ok_or_else(|| ListError::Failed("the server does not tell the object's size".to_owned())),
            // An empty object has no first byte.
            StatusCode::RANGE_NOT_SATISFIABLE if total(&response) == Some(0) => Ok(0),
            StatusCode::OK => {
                let body = self.network.wait(take(response, WHOLE))?;
                let size = body.len() as u64;
                if let Ok(mut whole) = self.whole.lock() {
                    *whole = Some(body);
                }
                Ok(size)
            }
            status => Err(ListError::Failed(format!("the server answers {status}"))),
        }
    }
}

impl Ranges for HttpObject {
    fn fetch(&self, start: u64, end: u64) -> io::Result<Bytes> {
        let part = |whole: &Bytes| {
            let len = whole.len() as u64;
            whole.slice(start.min(len) as usize..end.min(len) as usize)
        };
        if let Some(whole) = self.whole.lock().ok().and_then(|whole| whole.clone()) {
            return Ok(part(&whole));
        }
        let credential = self.credential()?;
        self.network.wait(async {
            let response = send(|| self.request(start, end, credential.as_ref())).await?;
            match response.status() {
                StatusCode::PARTIAL_CONTENT if first(&response) == Some(start) => {
                    take(response, end.saturating_sub(start)).await
                }
                StatusCode::PARTIAL_CONTENT => {
                    Err(io::Error::other("the server sent another range than asked for"))
                }
                StatusCode::OK => {
                    let whole = take(response, WHOLE).await?;
                    let wanted = part(&whole);
                    if let Ok(mut kept) = self.whole.lock() {
                        *kept = Some(whole);
                    }
                    Ok(wanted)
                }
                status => Err(io::Error::other(format!("the server answers {status}"))),
            }
        })
    }
}

/// The one object at an address.
pub(crate) fn list(url: &Url, network: &Network) -> Result<Vec<Object>, ListError> {
    let name = url
        .path_segments()
        .and_then(|mut parts| parts.rfind(|part| !part.is_empty()))
        .or_else(|| url.host_str())
        .unwrap_or_default()
        .to_owned();
    let object = HttpObject::new(network.clone(), client()?, url.clone(), None);
    let size = object.size()?;
    Ok(vec![Object { path: name, size, ranges: Arc::new(object), token: None, sha256: None }])
}

/// Sends a request, again when the server is busy or the connection breaks.
pub(crate) async fn send(request: impl Fn() -> RequestBuilder) -> io::Result<Response> {
    let mut tried = 0u32;
    loop {
        tried = tried.saturating_add(1);
        match request().send().await {
            Ok(response) if !is_busy(response.status()) || tried >= TRIES => return Ok(response),
            Err(error) if tried >= TRIES || error.is_redirect() || error.is_builder() => {
                return Err(io::Error::other(explain(&error)));
            }
            _ => tokio::time::sleep(Duration::from_millis(200).saturating_mul(tried)).await,
        }
    }
}

fn is_busy(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// The body, at most `most` bytes of it; more is an error, as is less than the server announced.
pub(crate) async fn take(mut response: Response, most: u64) -> io::Result<Bytes> {
    let announced = response.content_length().unwrap_or(0);
    if announced > most {
        return Err(io::Error::other(format!(
            "the server sends {announced} bytes where {most} were expected"
        )));
    }
    let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(|error| io::Error::other(explain(&error)))? {
        if (body.len() as u64).saturating_add(chunk.len() as u64) > most {
            return Err(io::Error::other(format!("the server sends more than {most} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// `bytes 0-0/1234`: 1234. `bytes */0`: 0.
fn total(response: &Response) -> Option<u64> {
    response.headers().get(CONTENT_RANGE)?.to_str().ok()?.rsplit_once('/')?.1.parse().ok()
}

/// `bytes 5-9/1234`: 5.
fn first(response: &Response) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

/// The error and its causes, without the address: it may carry credentials.
pub(crate) fn explain(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "the server does not answer in time".to_owned()
    } else if error.is_redirect() {
        "a redirect was not followed".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the connection failed".to_owned()
    };
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    bartizan_core::redacted(&text)
}
