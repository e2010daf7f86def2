//! Holding a verified model and its attestations against a policy.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use bartizan_provenance::{
    attestation::{
        Attested, Deny, Judgement, ModelSignature, Policy, PolicyError, SignerRule, Statement, judge,
    },
    digest::{HashAlgorithm, hex},
    dsse::{self, Envelope},
    keys::PublicKey,
    oms::{LARGEST_BUNDLE, Manifest, Method, Problem, Reason, Signer, Status, Trust, Verdict},
};

use super::{AttestationError, document::entries, now, read};
use crate::{
    Progress,
    signing::{self, Trusted, VerifyRequest},
};

/// A policy is some hundred lines; a deny list may be long.
const LARGEST_POLICY: usize = 4 << 20;

/// Where demands come from.
#[derive(Debug)]
pub struct DemandSources<'a> {
    /// The policy's file; what it names lies beside it.
    pub policy: Option<&'a Path>,
    /// Files that deny more than the policy does.
    pub deny: &'a [PathBuf],
    /// Keys that signers may be known by, when the policy gives digests of keys only.
    pub keys: &'a [PublicKey],
    /// A Sigstore trusted root; the shipped one when absent.
    pub trusted_root: Option<&'a Path>,
}

/// A policy with the keys and certificates that it names.
#[derive(Debug)]
pub struct Demands {
    policy: Policy,
    signers: BTreeMap<String, Trusted>,
}

/// A signer whom a policy knows, by at least one name.
struct Recognised {
    names: BTreeSet<String>,
    signers: Vec<Signer>,
    payload: Vec<u8>,
}

impl Demands {
    /// Reads a policy, what it names, and deny lists.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn read(sources: &DemandSources<'_>) -> Result<Self, AttestationError> {
        let mut policy = match sources.policy {
            Some(path) => toml(path, Policy::parse)?,
            None => Policy::default(),
        };
        for path in sources.deny {
            policy.deny.extend(toml(path, Deny::parse)?);
        }
        let mut keyless = None;
        let mut signers = BTreeMap::new();
        for (name, rule) in &policy.signers {
            signers.insert(name.clone(), trusted(name, rule, sources, &mut keyless)?);
        }
        Ok(Self { policy, signers })
    }

    /// Whoever may sign the model by the policy; `None` when it leaves that open.
    pub fn model_signers(&self) -> Option<Trusted> {
        let names = &self.policy.model.signed_by;
        let signers = names.iter().filter_map(|name| self.signers.get(name)).cloned();
        (!names.is_empty()).then(|| Trusted::Either(signers.collect()))
    }

    /// Does it ask for attestations?
    pub fn needs_attestations(&self) -> bool {
        !self.policy.require.is_empty()
    }

    /// What is revoked.
    pub const fn deny(&self) -> &Deny {
        &self.policy.deny
    }

    /// Which of the policy's signers made a bundle, who they are, and what they signed.
    fn recognise(&self, bundle: &[u8], now: u64) -> Option<Recognised> {
        let mut found: Option<Recognised> = None;
        for (name, trusted) in &self.signers {
            let Ok((authenticated, payload)) = trusted.authenticate(bundle, now) else { continue };
            let found = found.get_or_insert_with(|| Recognised {
                names: BTreeSet::new(),
                signers: Vec::new(),
                payload,
            });
            found.names.insert(name.clone());
            if !found.signers.contains(&authenticated.signer) {
                found.signers.push(authenticated.signer);
            }
        }
        found
    }
}

fn toml<T>(path: &Path, parse: fn(&str) -> Result<T, PolicyError>) -> Result<T, AttestationError> {
    let malformed = |reason: String| AttestationError::Malformed { path: path.to_owned(), reason };
    let bytes = read(path)?;
    if bytes.len() > LARGEST_POLICY {
        return Err(malformed(format!("it is larger than {LARGEST_POLICY} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|error| malformed(format!("it is no text: {error}")))?;
    parse(&text).map_err(|source| AttestationError::Policy { path: path.to_owned(), source })
}

#[cfg(feature = "keyless")]
type SharedRoot = Option<Arc<crate::keyless::TrustRoot>>;
#[cfg(not(feature = "keyless"))]
type SharedRoot = Option<Arc<()>>;

fn trusted(
    name: &str,
    rule: &SignerRule,
    sources: &DemandSources<'_>,
    keyless: &mut SharedRoot,
) -> Result<Trusted, AttestationError> {
    let folder = sources.policy.and_then(Path::parent).unwrap_or(Path::new(""));
    match rule {
        SignerRule::Key(file) => Ok(Trust::Key(signing::public_key(&folder.join(file))?).into()),
        SignerRule::KeyDigest(digest) => {
            let is_it = |key: &&PublicKey| key.hint().is_ok_and(|hint| hint == *digest);
            let key = sources.keys.iter().find(is_it).cloned();
            key.map(|key| Trust::Key(key).into()).ok_or_else(|| {
                AttestationError::Usage(format!(
                    "the policy knows the signer {name:?} by the digest of a key alone; give the key {digest} with \
                     --key, or name its file in the policy"
                ))
            })
        }
        SignerRule::Certificate { root, subject } => {
            let trust = Trust::Roots(signing::certificates(&folder.join(root))?);
            Ok(Trusted::Known { trust, subject: subject.clone() })
        }
        #[cfg(feature = "keyless")]
        SignerRule::Keyless { identity, issuer } => {
            use crate::keyless::{Expectation, TrustRoot};
            let root = match keyless {
                Some(root) => Arc::clone(root),
                None => {
                    let root = sources.trusted_root.map_or_else(TrustRoot::shipped, TrustRoot::read);
                    Arc::clone(keyless.insert(Arc::new(root.map_err(signing::SigningError::from)?)))
                }
            };
            let expected = Expectation { identity: identity.clone(), issuer: issuer.clone() };
            Ok(Trusted::Keyless { root, expected })
        }
        #[cfg(not(feature = "keyless"))]
        SignerRule::Keyless { identity, .. } => {
            let _ = keyless;
            Err(AttestationError::Usage(format!(
                "the policy knows {identity} as a keyless signer, and this build of bartizan cannot verify those"
            )))
        }
    }
}

/// Is the model what its signer signed, and does it meet the demands? Attestations that cannot be read count as absent and
/// are named. A model that fails by itself is not held against the demands.
///
/// # Errors
/// When the model, its bundle or an attestation cannot be read at all.
pub fn verify_with_demands(
    request: &VerifyRequest,
    demands: &Demands,
    attestations: &[PathBuf],
    progress: &dyn Progress,
) -> Result<Verdict, AttestationError> {
    let files = attestations
        .iter()
        .map(|path| Ok((path.display().to_string(), read(path)?)))
        .collect::<Result<Vec<_>, AttestationError>>()?;
    let signature = signing::read_bundle(&request.signature)?;
    let mut verdict = signing::check_bundle(request, &signature, progress)?;
    let (Status::Verified, Some(root_digest), Some(signer)) =
        (verdict.status, &verdict.root_digest, &verdict.signer)
    else {
        return Ok(verdict);
    };
    let now = now();
    let seconds = u64::try_from(now).unwrap_or_default();
    let names = demands.recognise(&signature, seconds).map(|found| found.names).unwrap_or_default();
    let digests = if demands.deny().digests.is_empty() {
        BTreeSet::new()
    } else {
        file_digests(request, &signature, root_digest, progress)?
    };
    let model = ModelSignature { signer, names, root_digest, digests };
    let mut attested = Vec::new();
    let mut unreadable = Vec::new();
    for (source, bytes) in &files {
        collect(demands, source, bytes, seconds, &mut attested, &mut unreadable);
    }
    let mut judgement = judge(&demands.policy, &model, &attested, now);
    for demand in judgement.demands.iter_mut().filter(|demand| !demand.met && !demand.is_denial) {
        // What could not be read may be what is missing.
        demand.reasons.extend(unreadable.iter().cloned());
    }
    conclude(&mut verdict, judgement);
    Ok(verdict)
}

fn conclude(verdict: &mut Verdict, judgement: Judgement) {
    for demand in judgement.unmet() {
        let reasons = demand.reasons.join("; ");
        verdict.fail(if demand.is_denial {
            Problem::new(Reason::Revoked, reasons)
        } else {
            Problem::new(Reason::Policy, format!("the policy demands: {}; but {reasons}", demand.demand))
        });
    }
    verdict.policy = Some(judgement);
}

/// Sorts the attestations of a file into those by somebody whom the policy knows, and the others.
fn collect(
    demands: &Demands,
    source: &str,
    bytes: &[u8],
    now: u64,
    attested: &mut Vec<Attested>,
    unreadable: &mut Vec<String>,
) {
    /// Reasons that one file may add.
    const MOST: usize = 5;
    let all = match entries(bytes) {
        Ok(all) => all,
        Err(problem) => return unreadable.push(format!("{source}: {}", problem.detail)),
    };
    let mut wrong = Vec::new();
    for entry in all {
        let source = entry.line.map_or_else(|| source.to_owned(), |line| format!("{source}:{line}"));
        match open(demands, &source, entry.bundles, now) {
            Ok(found) => attested.extend(found),
            Err(reason) => wrong.push(format!("{source}: {reason}")),
        }
    }
    let more = wrong.len().saturating_sub(MOST);
    unreadable.extend(wrong.into_iter().take(MOST));
    if more > 0 {
        unreadable.push(format!("{source}: and {more} more of the kind"));
    }
}

fn open(
    demands: &Demands,
    source: &str,
    bundles: Result<Vec<Vec<u8>>, Problem>,
    now: u64,
) -> Result<Vec<Attested>, String> {
    let mut attested = Vec::new();
    for bundle in bundles.map_err(|problem| problem.detail)? {
        if let Some(Recognised { names, signers, payload }) = demands.recognise(&bundle, now) {
            let statement = Statement::parse(&payload).map_err(|error| error.to_string())?;
            attested.push(Attested { source: source.to_owned(), signers, names, statement });
        }
    }
    if attested.is_empty() {
        return Err("it is signed by nobody whom the policy knows, or it was changed".to_owned());
    }
    Ok(attested)
}

/// The SHA-256 digests of the model's files: from its signature where that lists them, and from the files otherwise.
fn file_digests(
    request: &VerifyRequest,
    signature: &[u8],
    root_digest: &str,
    progress: &dyn Progress,
) -> Result<BTreeSet<String>, AttestationError> {
    /// What a bundle of any version holds.
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Any {
        #[serde(alias = "dsse_envelope")]
        dsse_envelope: Envelope,
    }
    let payload = dsse::parse::<Any>(signature, LARGEST_BUNDLE).ok().map(|any| any.dsse_envelope.payload);
    let manifest = payload.and_then(|payload| Manifest::parse(&payload).ok());
    // The root digest was verified, and binds the list of which it is the digest.
    let manifest = manifest.filter(|manifest| manifest.root_digest == root_digest);
    let lists_files = |manifest: &&Manifest| {
        let how = &manifest.serialization;
        how.algorithm == HashAlgorithm::Sha256 && how.method == Method::Files
    };
    if let Some(manifest) = manifest.as_ref().filter(lists_files) {
        return Ok(manifest.files.values().flatten().map(|block| hex(&block.digest)).collect());
    }
    let mut ignore = request.ignore.clone();
    ignore.extend(manifest.into_iter().flat_map(|manifest| manifest.serialization.ignore).map(PathBuf::from));
    let digests = signing::whole_file_digests(
        &request.model,
        ignore,
        request.allow_symlinks,
        Arc::clone(&request.cancel),
        progress,
    )?;
    Ok(digests.into_keys().collect())
}
