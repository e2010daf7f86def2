//! A double of Sigstore on loopback: an OpenID Connect issuer, a certificate authority with its transparency log of
//! certificates, and a transparency log of signatures. It checks what real services check, so that a signature that
//! it lets pass is one that they would.

mod authority;
mod log;
mod timestamps;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED,
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
        UnparsedPublicKey,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use self::{authority::Authority, log::Log, timestamps::Timestamps};

/// A P-256 key with the forms that Sigstore wants.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    /// SubjectPublicKeyInfo.
    pub(crate) spki: Vec<u8>,
}

impl Key {
    fn new(algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap().as_ref().to_vec();
        Self { pair, spki }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    /// The id of a log: the digest of its key (RFC 6962, section 3.2).
    fn id(&self) -> Vec<u8> {
        sha256(&self.spki)
    }

    /// As a trusted root lists it.
    fn listed(&self, url: &str) -> Value {
        json!({
            "baseUrl": url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": STANDARD.encode(&self.spki),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": { "start": "2020-01-01T00:00:00Z" },
            },
            "logId": { "keyId": STANDARD.encode(self.id()) },
        })
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

struct Services {
    tokens: Key,
    authority: Authority,
    log: Log,
    timestamps: Timestamps,
    requests: Mutex<Vec<String>>,
    /// Answer the certificate request with this instead.
    fulcio_says: Mutex<Option<(u16, String)>>,
    /// What a job's secret gets from GitHub Actions.
    github: Mutex<Option<(String, String)>>,
}

/// The double. It ends with the test's process.
pub(crate) struct Sigstore {
    /// Where all services listen.
    pub(crate) url: String,
    services: Arc<Services>,
}

impl Sigstore {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let authority = Authority::new();
        let services = Arc::new(Services {
            tokens: Key::new(&ECDSA_P256_SHA256_FIXED_SIGNING),
            timestamps: Timestamps::new(&authority),
            authority,
            log: Log::new(),
            requests: Mutex::default(),
            fulcio_says: Mutex::default(),
            github: Mutex::default(),
        });
        let shared = Arc::clone(&services);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let services = Arc::clone(&shared);
                std::thread::spawn(move || while answer(&stream, &services).is_some() {});
            }
        });
        Self { url, services }
    }

    /// A token that says who somebody is, valid for ten minutes.
    pub(crate) fn token(&self, email: &str) -> String {
        self.token_until(email, now() + 600)
    }

    pub(crate) fn token_until(&self, email: &str, until: u64) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({
            "iss": self.url, "sub": email, "email": email, "email_verified": true, "aud": "sigstore",
            "iat": now() - 1, "nbf": now() - 1, "exp": until,
        });
        let signed = format!("{}.{}", part(json!({ "alg": "ES256", "typ": "JWT" })), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.services.tokens.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// What verifiers have to trust.
    pub(crate) fn trusted_root(&self) -> Value {
        let services = &self.services;
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [services.log.key.listed(&self.url)],
            "certificateAuthorities": [{
                "subject": { "organization": "bartizan tests", "commonName": "double" },
                "uri": self.url,
                "certChain": { "certificates": [{ "rawBytes": STANDARD.encode(services.authority.root()) }] },
                "validFor": { "start": "2020-01-01T00:00:00Z" },
            }],
            "ctlogs": [services.authority.log.listed(&self.url)],
            "timestampAuthorities": [{
                "subject": { "organization": "bartizan tests", "commonName": "double" },
                "uri": self.url,
                "certChain": { "certificates": [
                    { "rawBytes": STANDARD.encode(&services.timestamps.certificate) },
                    { "rawBytes": STANDARD.encode(services.authority.root()) },
                ] },
                "validFor": { "start": "2020-01-01T00:00:00Z" },
            }],
        })
    }

    /// What clients take to sign and to verify.
    pub(crate) fn trust_configuration(&self) -> Value {
        let service = |version: u32| {
            json!([{
                "url": self.url, "majorApiVersion": version, "validFor": { "start": "2020-01-01T00:00:00Z" },
                "operator": "bartizan tests",
            }])
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.trusted_root(),
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": service(1), "oidcUrls": service(1), "rekorTlogUrls": service(1), "tsaUrls": [],
                "rekorTlogConfig": { "selector": "ANY" }, "tsaConfig": { "selector": "ANY" },
            },
        })
    }

    /// The requests so far, as method and path.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.services.requests.lock().unwrap().clone()
    }

    /// Lets the certificate authority answer with this from now on.
    pub(crate) fn let_fulcio_say(&self, status: u16, body: impl Into<String>) {
        *self.services.fulcio_says.lock().unwrap() = Some((status, body.into()));
    }

    /// Lets `/github` give a token to a job that knows a secret, as GitHub Actions do.
    pub(crate) fn let_github_give(&self, secret: &str, token: &str) {
        *self.services.github.lock().unwrap() = Some((format!("Bearer {secret}"), token.to_owned()));
    }
}

/// Answers one request; `None` when the client has gone.
fn answer(stream: &TcpStream, services: &Services) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split(' ');
    let request = format!("{} {}", words.next()?, words.next()?);
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        } else if name.eq_ignore_ascii_case("authorization") {
            authorization = value.trim().to_owned();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    services.requests.lock().unwrap().push(request.clone());
    let (status, text) = match request.as_str() {
        "POST /timestamp" => (200, services.timestamps.stamp(&body)),
        request => {
            let (status, text) = answer_json(
                services,
                request,
                &serde_json::from_slice(&body).unwrap_or_default(),
                &authorization,
            );
            (status, text.into_bytes())
        }
    };
    let head = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        text.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&text).ok()
}

fn answer_json(services: &Services, request: &str, body: &Value, authorization: &str) -> (u16, String) {
    match request {
        "POST /api/v2/signingCert" => certificate(services, body),
        "POST /api/v1/log/entries" => match services.log.add(body) {
            Ok(entry) => (201, entry.to_string()),
            Err(reason) => (400, reason),
        },
        "GET /github?audience=sigstore" => match &*services.github.lock().unwrap() {
            Some((expected, token)) if *expected == authorization => {
                (200, json!({ "value": token }).to_string())
            }
            _ => (401, String::new()),
        },
        _ => (404, format!("{request} is not known here")),
    }
}

fn certificate(services: &Services, request: &Value) -> (u16, String) {
    if let Some(answer) = services.fulcio_says.lock().unwrap().clone() {
        return answer;
    }
    match identify(services, request).and_then(|claims| services.authority.issue(request, &claims)) {
        Ok(chain) => {
            let chain = json!({ "chain": { "certificates": chain } });
            (200, json!({ "signedCertificateEmbeddedSct": chain }).to_string())
        }
        Err(reason) => (400, json!({ "code": 3, "message": reason }).to_string()),
    }
}

/// Who the token is about, when our issuer made it, for Sigstore, and not too long ago.
fn identify(services: &Services, request: &Value) -> Result<Value, String> {
    let token = request["credentials"]["oidcIdentityToken"].as_str().ok_or("no token")?;
    let (signed, signature) = token.rsplit_once('.').ok_or("no token")?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|error| error.to_string())?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, services.tokens.pair.public_key().as_ref())
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| "the token was not made here")?;
    let claims = signed.split_once('.').ok_or("no token")?.1;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    if claims["aud"] != "sigstore" || claims["exp"].as_u64().unwrap() < now() {
        return Err("the token has expired, or is for somebody else".to_owned());
    }
    Ok(claims)
}

/// Did the owner of this certified or bare P-256 key sign?
fn verify(spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    // An uncompressed point ends the SubjectPublicKeyInfo: 04, x, y.
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &spki[spki.len() - 65..])
        .verify(message, signature)
        .is_ok()
}

/// The bytes in a PEM block.
fn pem(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with('-'));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

fn signing_key() -> Key {
    Key::new(&ECDSA_P256_SHA256_ASN1_SIGNING)
}
