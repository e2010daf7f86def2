//! Checking a signature against what is there.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::UNIX_EPOCH,
};

use bartizan_provenance::oms::{
    Authenticated, IgnoredPaths, LARGEST_BUNDLE, Manifest, Method, Note, Observation, Problem, Reason,
    ResourceName, Verdict, Warning,
};

use super::{
    error::SigningError,
    file::Found,
    hashing::{Failure, Job},
    paths,
    trust::Trusted,
    walk::{Contents, Rules, look, walk},
};
use crate::Progress;

/// What to verify.
#[derive(Debug)]
pub struct VerifyRequest {
    /// A folder, or a file.
    pub model: PathBuf,
    /// Its bundle.
    pub signature: PathBuf,
    /// Who may have signed.
    pub trust: Trusted,
    /// Paths below the model that need not be signed, beside those that the signature leaves out itself.
    pub ignore: Vec<PathBuf>,
    /// May there be files that are not signed?
    pub ignore_unsigned: bool,
    /// The only files to be checked; all when empty.
    pub partial: Vec<PathBuf>,
    /// Do warnings about the signature fail it?
    pub strict: bool,
    /// Are files read that links lead to?
    pub allow_symlinks: bool,
    /// Set to stop.
    pub cancel: Arc<AtomicBool>,
}

/// Is the model what its signer signed? Whatever is wrong with the bundle or the model is a failed verdict.
///
/// # Errors
/// When the model or the bundle cannot be read at all.
pub fn verify(request: &VerifyRequest, progress: &dyn Progress) -> Result<Verdict, SigningError> {
    check_bundle(request, &read_bundle(&request.signature)?, progress)
}

/// The same of a bundle that was read before.
pub(crate) fn check_bundle(
    request: &VerifyRequest,
    bytes: &[u8],
    progress: &dyn Progress,
) -> Result<Verdict, SigningError> {
    let mut verdict = Verdict::clean();
    match believed(bytes, &request.trust, &mut verdict) {
        Ok(manifest) => check(request, &manifest, &mut verdict, progress)?,
        Err(problem) => verdict.fail(problem),
    }
    if request.strict {
        be_strict(&mut verdict);
    }
    Ok(verdict)
}

/// The manifest of a bundle that the right signer signed.
fn believed(bytes: &[u8], trust: &Trusted, verdict: &mut Verdict) -> Result<Manifest, Problem> {
    let now = UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
    let (Authenticated { signer, notes }, payload) = trust.authenticate(bytes, now)?;
    verdict.signer = Some(signer);
    notes.into_iter().for_each(|note| verdict.warn(note));
    let manifest = Manifest::parse(&payload)?;
    verdict.root_digest = Some(manifest.root_digest.clone());
    verdict.resources = manifest.resources();
    manifest.notes.iter().for_each(|note| verdict.warn(note.clone()));
    Ok(manifest)
}

/// A byte more than the cap, so that the reader of bundles sees that there is more.
pub(crate) fn read_bundle(path: &Path) -> Result<Vec<u8>, SigningError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => SigningError::Usage(format!("no such signature: {}", path.display())),
        _ => SigningError::read(path, error),
    };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    let cap = (LARGEST_BUNDLE as u64).saturating_add(1);
    file.take(cap).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn check(
    request: &VerifyRequest,
    manifest: &Manifest,
    verdict: &mut Verdict,
    progress: &dyn Progress,
) -> Result<(), SigningError> {
    let signature = paths::inside(&request.model, &request.signature);
    let mut ignore = manifest.serialization.ignore.clone();
    for path in &request.ignore {
        ignore.push(paths::below(&request.model, path)?.to_string());
    }
    let ignore: IgnoredPaths = ignore.iter().map(String::as_str).collect();
    let rules = Rules {
        ignore: &ignore,
        allow_symlinks: request.allow_symlinks,
        is_sharded: matches!(manifest.serialization.method, Method::Shards(_)),
        signature: signature.as_ref(),
        cancel: &request.cancel,
    };
    let partial = partial(request, manifest, verdict)?;
    let (manifest, contents) = match &partial {
        Some((part, names)) => (part, look(&request.model, names, &rules)?),
        None => (manifest, listed_though_ignored(request, manifest, &rules)?),
    };
    let observed = observe(request, manifest, &contents, progress)?;
    let (problems, unsigned) = manifest.compare(&observed, request.ignore_unsigned);
    problems.into_iter().for_each(|problem| verdict.fail(problem));
    contents.notes.into_iter().for_each(|note| verdict.warn(note));
    verdict.unsigned = contents.ignored;
    verdict.unsigned.extend(unsigned);
    verdict.unsigned.sort();
    if !verdict.unsigned.is_empty() {
        let detail = format!("{} that the signature does not cover", files(verdict.unsigned.len()));
        verdict.warn(Note::new(Warning::UnsignedContent, detail));
    }
    Ok(())
}

/// Everything in the model, and what the signature lists although it says that it leaves it out.
fn listed_though_ignored(
    request: &VerifyRequest,
    manifest: &Manifest,
    rules: &Rules<'_>,
) -> Result<Contents, SigningError> {
    let mut contents = walk(&request.model, rules)?;
    let ignored: Vec<ResourceName> =
        manifest.files.keys().filter(|name| rules.ignore.cover(name)).cloned().collect();
    if !ignored.is_empty() {
        let found = look(&request.model, &ignored, &Rules { ignore: &IgnoredPaths::default(), ..*rules })?;
        let is_read =
            |path: &String| ResourceName::parse(path).is_ok_and(|name| found.files.contains_key(&name));
        contents.ignored.retain(|path| !is_read(path));
        contents.files.extend(found.files);
        contents.refused.extend(found.refused);
    }
    Ok(contents)
}

/// The part of the manifest that is to be checked.
fn partial(
    request: &VerifyRequest,
    manifest: &Manifest,
    verdict: &mut Verdict,
) -> Result<Option<(Manifest, Vec<ResourceName>)>, SigningError> {
    if request.partial.is_empty() {
        return Ok(None);
    }
    let mut part = Manifest { files: BTreeMap::new(), ..manifest.clone() };
    for path in &request.partial {
        let name = paths::below(&request.model, path)?;
        match manifest.files.get(&name) {
            Some(blocks) => {
                part.files.insert(name, blocks.clone());
            }
            None => verdict.fail(Problem::at(Reason::Extra, name.as_str(), "nobody signed it")),
        }
    }
    let names: Vec<ResourceName> = part.files.keys().cloned().collect();
    verdict.checked = Some(names.iter().map(ToString::to_string).collect());
    let detail = format!(
        "only {} of the model {} checked",
        files(names.len()),
        if names.len() == 1 { "was" } else { "were" }
    );
    verdict.warn(Note::new(Warning::Partial, detail));
    Ok(Some((part, names)))
}

/// What is there, with the digests of what is listed.
fn observe(
    request: &VerifyRequest,
    manifest: &Manifest,
    contents: &Contents,
    progress: &dyn Progress,
) -> Result<BTreeMap<ResourceName, Observation>, SigningError> {
    let mut observed = BTreeMap::new();
    let mut wanted: Vec<&Found> = Vec::new();
    for (name, file) in &contents.files {
        match manifest.files.get(name) {
            None => {
                observed.insert(name.clone(), Observation::Unread { size: file.stamp.size });
            }
            Some(blocks) if manifest.serialization.method.pieces(file.stamp.size) == blocks.len() as u64 => {
                wanted.push(file);
            }
            // Of another length: what differs is known without reading any of it.
            Some(_) => {
                observed
                    .insert(name.clone(), Observation::Read { size: file.stamp.size, digests: Vec::new() });
            }
        }
    }
    for (path, why) in &contents.refused {
        // A name that cannot be listed cannot be among the listed ones either.
        let name =
            ResourceName::parse(path).or_else(|_| ResourceName::parse(&path.escape_default().to_string()));
        if let Ok(name) = name {
            observed.insert(name, Observation::Refused(why.clone()));
        }
    }
    let job = Job {
        algorithm: manifest.serialization.algorithm,
        method: manifest.serialization.method,
        cancel: &request.cancel,
        progress,
    };
    let sizes: BTreeMap<&ResourceName, u64> =
        wanted.iter().map(|file| (&file.name, file.stamp.size)).collect();
    for (name, outcome) in job.run(&wanted) {
        let observation = match outcome {
            Ok(digests) => Observation::Read { size: sizes.get(name).copied().unwrap_or_default(), digests },
            Err(Failure::Interrupted) => return Err(SigningError::Interrupted),
            Err(failure) => Observation::Refused(failure.words()),
        };
        observed.insert(name.clone(), observation);
    }
    Ok(observed)
}

/// Warnings about the signature become problems.
fn be_strict(verdict: &mut Verdict) {
    for note in verdict.notes.clone().into_iter().filter(|note| note.warning.weakens_the_signature()) {
        let kind = match note.warning {
            Warning::ExpiredNoTimestamp => Reason::Chain,
            Warning::HintAbsent => Reason::Key,
            Warning::CompatibilityEncoding => Reason::Signature,
            _ => Reason::Format,
        };
        verdict.fail(Problem::new(kind, note.detail));
    }
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}
