//! Holding a verified model and its attestations against a policy.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use bartizan_provenance::{
    attestation::{Attested, Judgement, ModelSignature, Policy, SignerRule, Statement, Unmet, judge},
    digest::{HashAlgorithm, hex},
    keys::PublicKey,
    oms::{LARGEST_BUNDLE, Manifest, Method, Signer, Trust, Verdict},
};

use super::{AttestationError, document::bundles, read};
use crate::signing::{self, Trusted};

/// A policy is some hundred lines.
const LARGEST_POLICY: usize = 1 << 20;
/// Attestations of one model.
const MOST_ATTESTATIONS: usize = 1_000;

/// What to hold against a policy.
#[derive(Debug)]
pub struct PolicyRequest<'a> {
    /// The policy's file; what it names lies beside it.
    pub policy: &'a Path,
    /// Files of attestations.
    pub attestations: &'a [PathBuf],
    /// The model's signature, which was verified.
    pub signature: &'a Path,
    /// Keys that signers may be known by, when the policy gives digests of keys only.
    pub keys: &'a [PublicKey],
    /// A Sigstore trusted root; the shipped one when absent.
    pub trusted_root: Option<&'a Path>,
}

/// A policy with the keys and certificates that it names.
pub struct Demands {
    policy: Policy,
    signers: BTreeMap<String, KnownSigner>,
}

/// A signer of a policy, ready to be recognised.
struct KnownSigner {
    trust: Trusted,
    /// The subject that its certificate must have.
    subject: Option<String>,
}

impl Demands {
    /// Reads a policy and what it names.
    ///
    /// # Errors
    /// When the policy or something that it names cannot be read.
    pub fn read(request: &PolicyRequest<'_>) -> Result<Self, AttestationError> {
        let path = request.policy;
        let malformed = |reason: String| AttestationError::Malformed { path: path.to_owned(), reason };
        let bytes = read(path)?;
        if bytes.len() > LARGEST_POLICY {
            return Err(malformed(format!("the policy is larger than {LARGEST_POLICY} bytes")));
        }
        let text = String::from_utf8(bytes).map_err(|error| malformed(format!("the policy is no text: {error}")))?;
        let policy =
            Policy::parse(&text).map_err(|source| AttestationError::Policy { path: path.to_owned(), source })?;
        let mut keyless = None;
        let mut signers = BTreeMap::new();
        for (name, rule) in &policy.signers {
            let known = known(name, rule, request, &mut keyless)?;
            signers.insert(name.clone(), known);
        }
        Ok(Self { policy, signers })
    }

    /// Which of the policy's signers made a bundle, who they are, and what they signed.
    fn recognise(&self, bundle: &[u8], now: u64) -> Option<(BTreeSet<String>, Vec<Signer>, Vec<u8>)> {
        let mut found: Option<(BTreeSet<String>, Vec<Signer>, Vec<u8>)> = None;
        for (name, known) in &self.signers {
            let Ok((authenticated, payload)) = known.trust.authenticate(bundle, now) else { continue };
            let signer = authenticated.signer;
            if known.subject.is_some() && known.subject != signer.subject {
                continue;
            }
            let (names, signers, _) = found.get_or_insert_with(|| (BTreeSet::new(), Vec::new(), payload));
            names.insert(name.clone());
            if !signers.contains(&signer) {
                signers.push(signer);
            }
        }
        found
    }
}

#[cfg(feature = "keyless")]
type SharedRoot = Option<Arc<crate::keyless::TrustRoot>>;
#[cfg(not(feature = "keyless"))]
type SharedRoot = Option<Arc<()>>;

fn known(
    name: &str,
    rule: &SignerRule,
    request: &PolicyRequest<'_>,
    keyless: &mut SharedRoot,
) -> Result<KnownSigner, AttestationError> {
    let beside = |file: &Path| match request.policy.parent() {
        Some(folder) => folder.join(file),
        None => file.to_owned(),
    };
    let by_key = |key: PublicKey| KnownSigner { trust: Trust::Key(key).into(), subject: None };
    match rule {
        SignerRule::Key(file) => Ok(by_key(signing::public_key(&beside(file))?)),
        SignerRule::KeyDigest(digest) => {
            let is_it = |key: &&PublicKey| key.hint().is_ok_and(|hint| hint == *digest);
            request.keys.iter().find(is_it).cloned().map(by_key).ok_or_else(|| {
                AttestationError::Usage(format!(
                    "{}: the signer {name:?} is known by the digest of a key alone; give the key {digest} with --key, or \
                     name its file in the policy",
                    request.policy.display()
                ))
            })
        }
        SignerRule::Certificate { root, subject } => {
            let roots = signing::certificates(&beside(root))?;
            Ok(KnownSigner { trust: Trust::Roots(roots).into(), subject: subject.clone() })
        }
        SignerRule::Keyless { identity, issuer } => by_identity(identity, issuer, request, keyless),
    }
}

#[cfg(feature = "keyless")]
fn by_identity(
    identity: &str,
    issuer: &str,
    request: &PolicyRequest<'_>,
    keyless: &mut SharedRoot,
) -> Result<KnownSigner, AttestationError> {
    use crate::keyless::{Expectation, TrustRoot};
    let root = match keyless {
        Some(root) => Arc::clone(root),
        None => {
            let root = request.trusted_root.map_or_else(TrustRoot::shipped, TrustRoot::read);
            let root = Arc::new(root.map_err(|error| AttestationError::Usage(error.to_string()))?);
            Arc::clone(keyless.insert(root))
        }
    };
    let expected = Expectation { identity: identity.to_owned(), issuer: issuer.to_owned() };
    Ok(KnownSigner { trust: Trusted::Keyless { root, expected }, subject: None })
}

#[cfg(not(feature = "keyless"))]
fn by_identity(
    identity: &str,
    _issuer: &str,
    _request: &PolicyRequest<'_>,
    _keyless: &mut SharedRoot,
) -> Result<KnownSigner, AttestationError> {
    Err(AttestationError::Usage(format!(
        "the policy knows {identity} as a keyless signer, and this build of bartizan cannot verify those"
    )))
}

/// Does a verified model meet a policy? `verdict` is that of its verification; attestations that cannot be read count as
/// absent and are named.
///
/// # Errors
/// When the policy or a file that was named cannot be read.
pub fn enforce(request: &PolicyRequest<'_>, verdict: &Verdict) -> Result<Judgement, AttestationError> {
    if request.attestations.len() > MOST_ATTESTATIONS {
        return Err(AttestationError::Usage(format!("more than {MOST_ATTESTATIONS} attestations")));
    }
    let demands = Demands::read(request)?;
    let (Some(root_digest), Some(signer)) = (&verdict.root_digest, &verdict.signer) else {
        return Err(AttestationError::Usage("only a verified model can be held against a policy".to_owned()));
    };
    let now = super::verify::now();
    let seconds = u64::try_from(now).unwrap_or_default();
    let signature = read(request.signature)?;
    let names = demands.recognise(&signature, seconds).map(|(names, ..)| names).unwrap_or_default();
    let model = ModelSignature { signer, names, root_digest, digests: digests(&signature, root_digest) };
    let mut attested = Vec::new();
    let mut unreadable = Vec::new();
    for path in request.attestations {
        let source = path.display().to_string();
        match open(&demands, &source, &read(path)?, seconds) {
            Ok(found) => attested.extend(found),
            Err(reason) => unreadable.push(format!("{source}: {reason}")),
        }
    }
    let mut judgement = judge(&demands.policy, &model, &attested, now);
    if !judgement.met {
        for Unmet { reasons, .. } in &mut judgement.unmet {
            // What could not be read may be what is missing.
            reasons.extend(unreadable.iter().cloned());
        }
    }
    Ok(judgement)
}

/// An attestation by somebody whom the policy knows, or by a stranger.
fn open(demands: &Demands, source: &str, bytes: &[u8], now: u64) -> Result<Vec<Attested>, String> {
    let mut attested = Vec::new();
    for bundle in bundles(bytes).map_err(|problem| problem.detail)? {
        if let Some((names, signers, payload)) = demands.recognise(&bundle, now) {
            let statement = Statement::parse(&payload).map_err(|error| error.to_string())?;
            attested.push(Attested { source: source.to_owned(), signers, names, statement });
        }
    }
    if attested.is_empty() {
        return Err("it is signed by nobody whom the policy knows, or it was changed".to_owned());
    }
    Ok(attested)
}

/// The SHA-256 digests of the model's files, where its signature lists whole files. The root digest binds the list to
/// what was verified, also when the signature's file was exchanged since.
fn digests(signature: &[u8], root_digest: &str) -> BTreeSet<String> {
    let manifest = payload(signature).and_then(|payload| Manifest::parse(&payload).ok());
    let Some(manifest) = manifest.filter(|manifest| manifest.root_digest == root_digest) else {
        return BTreeSet::new();
    };
    let whole = manifest.serialization.algorithm == HashAlgorithm::Sha256
        && manifest.serialization.method == Method::Files;
    let blocks = manifest.files.values().flatten().filter(|_| whole);
    blocks.map(|block| hex(&block.digest)).collect()
}

/// What a bundle of any version holds, to be believed by its digest alone.
fn payload(signature: &[u8]) -> Option<Vec<u8>> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Bundle {
        dsse_envelope: bartizan_provenance::dsse::Envelope,
    }
    bartizan_provenance::dsse::parse::<Bundle>(signature, LARGEST_BUNDLE)
        .ok()
        .map(|bundle| bundle.dsse_envelope.payload)
}
