//! The list of digests that is signed.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    num::NonZeroU64,
};

use super::{
    bundle::LARGEST_BUNDLE,
    name::ResourceName,
    serialization::{Method, Serialization, Written},
    statement::{OLD_PREDICATE, PREDICATE, Predicate, Resource, STATEMENT, Statement, Subject},
    verdict::{Note, Problem, Reason, Warning},
};
use crate::{
    digest::{HashAlgorithm, Hasher, hex, unhex},
    dsse,
};

/// What was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What the signer called the model; nothing is checked of it.
    pub name: String,
    /// How the digests were made.
    pub serialization: Serialization,
    /// The pieces of every file, in order and without gaps.
    pub files: BTreeMap<ResourceName, Vec<Block>>,
    /// SHA-256 over all digests in the order of the list, in hexadecimal digits.
    pub root_digest: String,
    /// What to know of it.
    pub notes: Vec<Note>,
}

/// A file, or a shard of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// First byte.
    pub start: u64,
    /// Behind the last byte; `None` when the block is a whole file of unknown length.
    pub end: Option<u64>,
    /// Of these bytes.
    pub digest: Vec<u8>,
}

impl Manifest {
    /// The manifest of files that were just hashed.
    pub fn of(name: String, serialization: Serialization, files: BTreeMap<ResourceName, Vec<Block>>) -> Self {
        let root_digest = root(files.values().flatten().map(|block| block.digest.as_slice()));
        Self { name, serialization, files, root_digest, notes: Vec::new() }
    }

    /// Reads a statement whose signature was checked.
    ///
    /// # Errors
    /// When it is of another kind, when it lists nothing, names that are unsafe or doubled, digests that are none, or
    /// pieces with gaps, or when its root digest is not that of its digests.
    pub fn parse(payload: &[u8]) -> Result<Self, Problem> {
        let statement: Statement = dsse::parse(payload, LARGEST_BUNDLE)
            .map_err(|error| format(format!("the signed statement cannot be read: {error}")))?;
        if statement.kind != STATEMENT {
            return Err(format("the signed statement is of another kind").between(STATEMENT, statement.kind));
        }
        match statement.predicate_type.as_str() {
            PREDICATE => Self::current(statement),
            OLD_PREDICATE => Self::old(statement.subject),
            other => Err(format("what was signed is no model signature").between(PREDICATE, other)),
        }
    }

    fn current(statement: Statement) -> Result<Self, Problem> {
        let Ok([subject]) = <[Subject; 1]>::try_from(statement.subject) else {
            return Err(format("a model signature is about exactly one subject"));
        };
        let claimed = subject.digest.get("sha256").cloned();
        let claimed = claimed.ok_or_else(|| format("the subject has no SHA-256 digest"))?;
        let written = statement.predicate.serialization;
        let serialization =
            written.ok_or_else(|| format("the statement does not say how it was made"))?.read()?;
        let listed = Listed::read(&serialization, statement.predicate.resources.unwrap_or_default())?;
        if !claimed.eq_ignore_ascii_case(&listed.root_digest) {
            return Err(Problem::new(
                Reason::Inconsistent,
                "the signed root digest is not that of the signed list of digests",
            )
            .between(claimed, listed.root_digest));
        }
        Ok(Self {
            name: subject.name,
            serialization,
            files: listed.files,
            root_digest: listed.root_digest,
            notes: Vec::new(),
        })
    }

    /// Before version 1 every file was a subject, and there was no root digest.
    fn old(subjects: Vec<Subject>) -> Result<Self, Problem> {
        let serialization = Serialization {
            algorithm: HashAlgorithm::Sha256,
            method: Method::Files,
            allow_symlinks: false,
            ignore: Vec::new(),
        };
        let resources = subjects
            .into_iter()
            .map(|subject| {
                let digest = subject.digest.get("sha256").cloned().ok_or_else(|| {
                    format("a file of the statement has no SHA-256 digest").about(subject.name.clone())
                })?;
                Ok(Resource { name: subject.name, algorithm: "sha256".to_owned(), digest })
            })
            .collect::<Result<Vec<_>, Problem>>()?;
        let files = Listed::read(&serialization, resources)?.files;
        let mut manifest = Self::of(String::new(), serialization, files);
        manifest.notes.push(Note::new(
            Warning::OldStatement,
            "the statement is of the form before version 1, which does not sign a root digest; sign the model again",
        ));
        Ok(manifest)
    }

    /// The statement to be signed.
    ///
    /// # Errors
    /// Never in practice; the encoder's signature allows for it.
    pub fn to_statement(&self) -> Result<Vec<u8>, serde_json::Error> {
        let serialization = &self.serialization;
        let algorithm = algorithm(serialization);
        let resources = self
            .files
            .iter()
            .flat_map(|(name, blocks)| blocks.iter().map(move |block| (name, block)))
            .map(|(name, block)| Resource {
                name: match (serialization.method, block.end) {
                    (Method::Shards(_), Some(end)) => format!("{name}:{}:{end}", block.start),
                    _ => name.to_string(),
                },
                algorithm: algorithm.clone(),
                digest: hex(&block.digest),
            })
            .collect();
        let digest = [("sha256".to_owned(), self.root_digest.clone())].into();
        Statement {
            kind: STATEMENT.to_owned(),
            subject: vec![Subject { name: self.name.clone(), digest }],
            predicate_type: PREDICATE.to_owned(),
            predicate: Predicate {
                serialization: Some(Written::from(serialization)),
                resources: Some(resources),
            },
        }
        .to_json()
    }

    /// Files or shards that are listed.
    pub fn resources(&self) -> u64 {
        self.files.values().map(|blocks| blocks.len() as u64).sum()
    }
}

/// The list, checked as far as can be without looking at files.
struct Listed {
    files: BTreeMap<ResourceName, Vec<Block>>,
    root_digest: String,
}

impl Listed {
    fn read(serialization: &Serialization, resources: Vec<Resource>) -> Result<Self, Problem> {
        if resources.is_empty() {
            return Err(Problem::new(
                Reason::Empty,
                "the signature lists no files: whatever is in the folder, nobody signed it",
            ));
        }
        let algorithm = algorithm(serialization);
        let mut hasher = Hasher::new(HashAlgorithm::Sha256);
        let mut files: BTreeMap<ResourceName, Vec<Block>> = BTreeMap::new();
        for resource in resources {
            let (name, start, end) = match serialization.method {
                Method::Files => (ResourceName::parse(&resource.name)?, 0, None),
                Method::Shards(_) => shard(&resource.name)?,
            };
            if resource.algorithm != algorithm {
                return Err(format("an entry has another hash function than the list says")
                    .about(resource.name)
                    .between(algorithm, resource.algorithm));
            }
            let digest = unhex(&resource.digest)
                .filter(|digest| digest.len() == serialization.algorithm.length())
                .ok_or_else(|| format("an entry's digest is none").about(resource.name.clone()))?;
            hasher.update(&digest);
            let block = Block { start, end, digest };
            match files.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(vec![block]);
                }
                Entry::Occupied(mut entry) if end.is_some() => entry.get_mut().push(block),
                Entry::Occupied(_) => return Err(twice(&resource.name)),
            }
        }
        if files.len() > 1 && files.contains_key(&ResourceName::itself()) {
            return Err(format("the list has the model itself beside files in it").about("."));
        }
        if let Method::Shards(size) = serialization.method {
            for (name, blocks) in &mut files {
                blocks.sort_by_key(|block| block.start);
                contiguous(name, blocks, size)?;
            }
        }
        Ok(Self { files, root_digest: hex(&hasher.finish()) })
    }
}

/// `path:start:end`.
fn shard(text: &str) -> Result<(ResourceName, u64, Option<u64>), Problem> {
    let mut parts = text.rsplitn(3, ':');
    let (end, start, path) = (parts.next(), parts.next(), parts.next());
    let name = ResourceName::parse(path.unwrap_or(text))?;
    let number = |text: Option<&str>| {
        text.filter(|text| text.bytes().all(|digit| digit.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
    };
    match (number(start), number(end), path) {
        (Some(start), Some(end), Some(path)) if !path.contains(':') => Ok((name, start, Some(end))),
        _ => Err(format("a shard's name is not of the form path:start:end").about(text)),
    }
}

fn contiguous(name: &ResourceName, blocks: &[Block], size: NonZeroU64) -> Result<(), Problem> {
    let mut position = 0u64;
    for (index, block) in blocks.iter().enumerate() {
        let is_last = index.saturating_add(1) == blocks.len();
        if index > 0 && block.start < position {
            return Err(twice(name.as_str()));
        }
        let length = block.end.and_then(|end| end.checked_sub(block.start)).unwrap_or(0);
        let fits = if is_last { (1..=size.get()).contains(&length) } else { length == size.get() };
        if block.start != position || !fits {
            return Err(
                format("the shards of a file leave gaps, or are not of the shard size").about(name.as_str())
            );
        }
        position = position.saturating_add(length);
    }
    Ok(())
}

/// What entries call their hash function.
fn algorithm(serialization: &Serialization) -> String {
    match serialization.method {
        Method::Files => serialization.algorithm.to_string(),
        Method::Shards(size) => format!("{}-sharded-{size}", serialization.algorithm),
    }
}

fn root<'a>(digests: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hasher = Hasher::new(HashAlgorithm::Sha256);
    digests.for_each(|digest| hasher.update(digest));
    hex(&hasher.finish())
}

fn twice(name: &str) -> Problem {
    Problem::at(
        Reason::Duplicate,
        name,
        "a name is listed twice, so that readers disagree on what was signed",
    )
}

fn format(detail: impl Into<String>) -> Problem {
    Problem::new(Reason::Format, detail)
}
