//! Making a signature.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use bartizan_provenance::{
    certificates::Certificate,
    digest::{HashAlgorithm, hex},
    keys::PrivateKey,
    oms::{
        self, Block, GIT_PATHS, LARGEST_BUNDLE, Manifest, Method, Note, ResourceName, Serialization, Warning,
        may_act_when_empty,
    },
};

use super::{
    cache::Cache,
    error::SigningError,
    file::Found,
    hashing::{Digests, Failure, Job},
    paths,
    walk::{Contents, Rules, walk},
};
use crate::{Progress, draft};

/// Shards that one signature can list; more would not fit into a bundle.
const MOST_PIECES: u64 = 1_000_000;

/// What becomes of a model before it is signed.
#[derive(Clone, Debug)]
pub struct Hashing {
    /// The hash function.
    pub algorithm: HashAlgorithm,
    /// What is hashed as one.
    pub method: Method,
    /// Paths below the model that are left out.
    pub ignore: Vec<PathBuf>,
    /// Is what git puts beside files signed too?
    pub git_paths: bool,
    /// Are files read that links lead to?
    pub allow_symlinks: bool,
    /// Are all files read again, whatever the hash cache knows?
    pub paranoid: bool,
    /// Set to stop.
    pub cancel: Arc<AtomicBool>,
}

/// Who signs.
pub enum Credential {
    /// The owner of a key.
    Key(PrivateKey),
    /// The owner of a key that a certificate is about.
    Certificate {
        /// The key.
        key: PrivateKey,
        /// Its certificate.
        certificate: Box<Certificate>,
        /// Those above it.
        chain: Vec<Certificate>,
    },
    /// Whoever an identity token is about. No key is kept.
    #[cfg(feature = "keyless")]
    Keyless {
        /// Where the certificate and the log entry come from.
        endpoints: crate::keyless::Endpoints,
        /// The token, which is a secret for some minutes; when absent, the [ambient](crate::keyless::ambient_token) one,
        /// which is asked for when all is hashed, because it does not last.
        token: Option<String>,
    },
}

impl fmt::Debug for Credential {
    /// Without the token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Key(_) => "Key",
            Self::Certificate { .. } => "Certificate",
            #[cfg(feature = "keyless")]
            Self::Keyless { .. } => "Keyless",
        })
    }
}

impl Credential {
    /// Signs an in-toto statement; the bundle is one line of JSON.
    ///
    /// # Errors
    /// When the key or the services do not sign, or the bundle would be larger than any verifier reads.
    pub fn seal(&self, statement: Vec<u8>) -> Result<String, SigningError> {
        let bundle = match self {
            Self::Key(key) => oms::key_bundle(statement, key)?,
            Self::Certificate { key, certificate, chain } => {
                oms::certificate_bundle(statement, key, certificate, chain)?
            }
            #[cfg(feature = "keyless")]
            Self::Keyless { endpoints, token } => {
                let token = token.clone().map_or_else(crate::keyless::ambient_token, Ok)?;
                return small_enough(crate::keyless::sign(&statement, endpoints, &token)?);
            }
        };
        small_enough(bundle.to_json().map_err(|error| SigningError::Usage(format!("cannot sign: {error}")))?)
    }
}

fn small_enough(bundle: String) -> Result<String, SigningError> {
    if bundle.len() <= LARGEST_BUNDLE {
        return Ok(bundle);
    }
    Err(SigningError::Usage(
        "the signature would be larger than 64 MB; choose larger shards, or sign parts of the model"
            .to_owned(),
    ))
}

/// What to sign.
#[derive(Debug)]
pub struct SignRequest {
    /// A folder, or a file.
    pub model: PathBuf,
    /// Where the signature goes; beside the model when absent.
    pub output: Option<PathBuf>,
    /// How the model is hashed.
    pub hashing: Hashing,
    /// Who signs.
    pub credential: Credential,
}

/// What was signed.
#[derive(Debug)]
pub struct Signed {
    /// Where the signature is.
    pub signature: PathBuf,
    /// The model's identity.
    pub root_digest: String,
    /// Files in the model.
    pub files: u64,
    /// Files or shards that are listed.
    pub resources: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Files that the hash cache knew.
    pub cached: u64,
    /// What to know although nothing is wrong.
    pub notes: Vec<Note>,
}

/// Signs a model and writes the bundle.
///
/// # Errors
/// When the model cannot be read, holds what no signature covers, changes meanwhile, or the bundle cannot be written.
pub fn sign(request: &SignRequest, progress: &dyn Progress) -> Result<Signed, SigningError> {
    let output = match &request.output {
        Some(output) => output.clone(),
        None => paths::signature_of(&request.model)?,
    };
    let signature = paths::inside(&request.model, &output);
    let hashed = hash(&request.model, &request.hashing, signature.as_ref(), progress)?;
    let statement = hashed
        .manifest
        .to_statement()
        .map_err(|error| SigningError::Usage(format!("cannot sign: {error}")))?;
    let text = request.credential.seal(statement)?;
    write(&output, &text)?;
    Ok(Signed {
        signature: output,
        root_digest: hashed.manifest.root_digest.clone(),
        files: hashed.files,
        resources: hashed.manifest.resources(),
        bytes: hashed.bytes,
        cached: hashed.cached,
        notes: hashed.notes,
    })
}

/// The identity of a model: the root digest that a signature made in the same way has.
///
/// # Errors
/// As [`sign`].
pub fn digest(model: &Path, hashing: &Hashing, progress: &dyn Progress) -> Result<String, SigningError> {
    Ok(hash(model, hashing, None, progress)?.manifest.root_digest)
}

/// The SHA-256 digest of every file of a model that is not left out, in hexadecimal digits, with the file's name.
pub(crate) fn whole_file_digests(
    model: &Path,
    ignore: Vec<PathBuf>,
    allow_symlinks: bool,
    cancel: Arc<AtomicBool>,
    progress: &dyn Progress,
) -> Result<BTreeMap<String, String>, SigningError> {
    let hashing = Hashing {
        algorithm: HashAlgorithm::Sha256,
        method: Method::Files,
        ignore,
        git_paths: true,
        allow_symlinks,
        paranoid: true,
        cancel,
    };
    let manifest = hash(model, &hashing, None, progress)?.manifest;
    let named =
        manifest.files.iter().flat_map(|(name, blocks)| blocks.iter().map(move |block| (name, block)));
    Ok(named.map(|(name, block)| (hex(&block.digest), name.to_string())).collect())
}

fn write(output: &Path, text: &str) -> Result<(), SigningError> {
    let unwritable =
        |reason: std::io::Error| SigningError::Write { path: output.to_owned(), reason: reason.to_string() };
    let mut draft = draft(output).map_err(unwritable)?;
    draft.write_all(text.as_bytes()).map_err(unwritable)?;
    draft.persist(output).map_err(|error| unwritable(error.error))?;
    Ok(())
}

/// A model, hashed.
pub(super) struct Hashed {
    pub(super) manifest: Manifest,
    files: u64,
    bytes: u64,
    cached: u64,
    notes: Vec<Note>,
}

/// Hashes a model; `signature` is where its signature will lie in it.
pub(super) fn hash(
    model: &Path,
    hashing: &Hashing,
    signature: Option<&ResourceName>,
    progress: &dyn Progress,
) -> Result<Hashed, SigningError> {
    if hashing.algorithm == HashAlgorithm::Blake3 && hashing.method != Method::Files {
        return Err(SigningError::Usage(
            "BLAKE3 works on pieces of a file by itself, and no verifier knows shards of it; use --method files"
                .to_owned(),
        ));
    }
    let serialization = serialization(model, hashing, signature)?;
    let ignore = serialization.ignore.iter().map(String::as_str).collect();
    let rules = Rules {
        ignore: &ignore,
        allow_symlinks: hashing.allow_symlinks,
        is_sharded: hashing.method != Method::Files,
        signature,
        cancel: &hashing.cancel,
    };
    let mut contents = walk(model, &rules)?;
    let mut notes = std::mem::take(&mut contents.notes);
    refuse(&mut contents, hashing.method, &mut notes)?;
    let digests = digests(model, hashing, &contents, progress)?;
    let bytes = contents.files.values().map(|file| file.stamp.size).sum();
    let files = contents.files.len() as u64;
    let listed = contents
        .files
        .values()
        .zip(digests.all)
        .filter(|(_, digests)| !digests.is_empty())
        .map(|(file, digests)| (file.name.clone(), blocks(file, digests, hashing.method)))
        .collect();
    let manifest = Manifest::of(paths::name(model)?, serialization, listed);
    Ok(Hashed { manifest, files, bytes, cached: digests.cached, notes })
}

fn serialization(
    model: &Path,
    hashing: &Hashing,
    signature: Option<&ResourceName>,
) -> Result<Serialization, SigningError> {
    let mut ignore: Vec<String> = Vec::new();
    if !hashing.git_paths {
        ignore.extend(GIT_PATHS.map(str::to_owned));
    }
    for path in &hashing.ignore {
        ignore.push(paths::below(model, path)?.to_string());
    }
    ignore.extend(signature.map(ToString::to_string));
    let mut seen = BTreeSet::new();
    ignore.retain(|path| seen.insert(path.clone()));
    Ok(Serialization {
        algorithm: hashing.algorithm,
        method: hashing.method,
        allow_symlinks: hashing.allow_symlinks,
        ignore,
    })
}

/// Stops at what a signature would not cover, or says so.
fn refuse(contents: &mut Contents, method: Method, notes: &mut Vec<Note>) -> Result<(), SigningError> {
    let mut refused = std::mem::take(&mut contents.refused);
    let empty = contents.files.values().filter(|file| file.stamp.size == 0);
    for file in empty.filter(|_| method != Method::Files) {
        if may_act_when_empty(&file.name) {
            let why =
                "it is empty, so that no shard covers it, yet it is code by its name; use --method files";
            refused.push((file.name.to_string(), why.to_owned()));
        } else {
            let detail = "an empty file, which no shard covers";
            notes.push(Note::at(Warning::UnsignedContent, file.name.as_str(), detail));
        }
    }
    if !refused.is_empty() {
        return Err(SigningError::Refused { refused });
    }
    if contents.files.values().all(|file| method.pieces(file.stamp.size) == 0) {
        return Err(SigningError::Usage("there is nothing to sign: the model holds no files".to_owned()));
    }
    let pieces = contents.files.values().map(|file| method.pieces(file.stamp.size));
    if pieces.fold(0, u64::saturating_add) > MOST_PIECES {
        return Err(SigningError::Usage(format!(
            "a signature can list {MOST_PIECES} files or shards; choose larger shards"
        )));
    }
    Ok(())
}

struct Hashes {
    /// Of every file, in the order of their names.
    all: Vec<Digests>,
    cached: u64,
}

fn digests(
    model: &Path,
    hashing: &Hashing,
    contents: &Contents,
    progress: &dyn Progress,
) -> Result<Hashes, SigningError> {
    let cache = if hashing.paranoid { None } else { Cache::open(model, hashing.algorithm, hashing.method) };
    let known = |file: &Found| cache.as_ref().and_then(|cache| cache.get(file));
    let unknown: Vec<&Found> = contents.files.values().filter(|file| known(file).is_none()).collect();
    let job = Job { algorithm: hashing.algorithm, method: hashing.method, cancel: &hashing.cancel, progress };
    let mut fresh = BTreeMap::new();
    let mut refused = Vec::new();
    for (name, outcome) in job.run(&unknown) {
        match outcome {
            Ok(digests) => {
                fresh.insert(name, digests);
            }
            Err(Failure::Interrupted) => return Err(SigningError::Interrupted),
            Err(failure) => refused.push((name.to_string(), failure.words())),
        }
    }
    if !refused.is_empty() {
        return Err(SigningError::Refused { refused });
    }
    let cached = (contents.files.len() as u64).saturating_sub(fresh.len() as u64);
    let all: Vec<Digests> = contents
        .files
        .values()
        .map(|file| fresh.remove(&file.name).or_else(|| known(file).cloned()).unwrap_or_default())
        .collect();
    if let Some(cache) = cache.as_ref().filter(|_| !unknown.is_empty()) {
        cache.store(contents.files.values().zip(&all));
    }
    Ok(Hashes { all, cached })
}

fn blocks(file: &Found, digests: Digests, method: Method) -> Vec<Block> {
    let mut start = 0u64;
    digests
        .into_iter()
        .map(|digest| {
            let end = match method {
                Method::Files => None,
                Method::Shards(size) => Some(start.saturating_add(size.get()).min(file.stamp.size)),
            };
            let block = Block { start, end, digest };
            start = end.unwrap_or_default();
            block
        })
        .collect()
}
