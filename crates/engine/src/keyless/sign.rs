//! Signing keyless: a throwaway key, a certificate from Fulcio, an entry in Rekor, a timestamp where one is asked for.

use std::time::Duration;

use reqwest::{Client, redirect};
use sigstore_sign::{SigningContext, SigningServices, oidc::IdentityToken};
use url::{Host, Url};

/// A log may take its time to write an entry.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the certificate, the log entry and the timestamp come from.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Fulcio, the certificate authority.
    pub fulcio: String,
    /// Rekor, the transparency log (API version 1).
    pub rekor: String,
    /// A timestamp authority (RFC 3161).
    pub timestamps: Option<String>,
}

impl Endpoints {
    /// Can a token be sent there? [`sign`] asks, too; this is for asking before long work.
    ///
    /// # Errors
    /// When one is no URL, or is neither encrypted nor on this machine.
    pub fn check(&self) -> Result<(), SignError> {
        let mut all = [&self.fulcio, &self.rekor].into_iter().chain(&self.timestamps);
        all.try_for_each(|endpoint| check(endpoint))
    }
}

impl Default for Endpoints {
    /// Sigstore's public good instance.
    fn default() -> Self {
        Self {
            fulcio: "https://fulcio.sigstore.dev".to_owned(),
            rekor: "https://rekor.sigstore.dev".to_owned(),
            timestamps: None,
        }
    }
}

/// Why nothing was signed. No message holds the token.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// An endpoint that cannot be used.
    #[error("{0}")]
    Endpoint(String),
    /// The identity token is none.
    #[error("the identity token cannot be used: {0}")]
    Token(String),
    /// A service did not do its part.
    #[error("keyless signing failed: {0}")]
    Service(String),
}

/// Signs an in-toto statement and returns the bundle, one line of JSON.
///
/// The token proves the identity to Fulcio; it is sent to that endpoint alone, encrypted unless the endpoint is on
/// this machine, and redirects are not followed.
pub fn sign(statement: &[u8], endpoints: &Endpoints, token: &str) -> Result<String, SignError> {
    endpoints.check()?;
    let token = token.trim();
    let identity = IdentityToken::from_jwt(token).map_err(|error| SignError::Token(error.to_string()))?;
    let client = Client::builder()
        .user_agent(concat!("bartizan/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .timeout(PATIENCE)
        .redirect(redirect::Policy::none())
        .build()
        .map_err(|error| SignError::Service(error.to_string()))?;
    let mut services = SigningServices::new(&endpoints.fulcio, &endpoints.rekor);
    if let Some(url) = &endpoints.timestamps {
        services = services.with_tsa_url(url);
    }
    let signer = SigningContext::new(services).with_http_client(client).signer(identity);
    let runtime = runtime()?;
    let bundle = runtime
        .block_on(signer.sign_raw_statement(statement))
        .map_err(|error| SignError::Service(conceal(&error.to_string(), token)))?;
    bundle.to_json().map_err(|error| SignError::Service(error.to_string()))
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, SignError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| SignError::Service(error.to_string()))
}

/// An endpoint must be encrypted, or on this machine.
fn check(endpoint: &str) -> Result<(), SignError> {
    let wrong = |reason: &str| Err(SignError::Endpoint(format!("{endpoint}: {reason}")));
    let Ok(url) = Url::parse(endpoint) else {
        return wrong("this is no URL");
    };
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return wrong("this URL names no host"),
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_local => Ok(()),
        _ => wrong("keyless signing sends an identity token and needs https"),
    }
}

/// A service may quote what it was sent.
fn conceal(message: &str, token: &str) -> String {
    message.replace(token, "[token]")
}
