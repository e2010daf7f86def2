//! How a model becomes a list of digests.

use std::{collections::HashSet, num::NonZeroU64};

use serde::{Deserialize, Serialize};

use super::{
    name::ResourceName,
    verdict::{Problem, Reason},
};
use crate::digest::HashAlgorithm;

/// What git puts beside files, and what signatures leave out unless told otherwise.
pub const GIT_PATHS: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];
/// Bytes of a shard, unless told otherwise.
pub const SHARD_SIZE: NonZeroU64 = NonZeroU64::new(1_000_000_000).unwrap();
/// The largest integer up to which every one is a floating-point number, as which shard sizes are written.
const LARGEST_SHARD: f64 = 9_007_199_254_740_992.0;

/// How a model becomes a list of digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serialization {
    /// The hash function.
    pub algorithm: HashAlgorithm,
    /// What is hashed as one.
    pub method: Method,
    /// Were links to files followed?
    pub allow_symlinks: bool,
    /// Paths, relative to the model, that are left out with all that lies under them.
    pub ignore: Vec<String>,
}

/// What is hashed as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Each file.
    Files,
    /// Each piece of a file, of so many bytes but for the last one. Empty files have none.
    Shards(NonZeroU64),
}

impl Method {
    /// How many pieces a file of so many bytes has.
    pub const fn pieces(self, bytes: u64) -> u64 {
        match self {
            Self::Files => 1,
            Self::Shards(size) => bytes.div_ceil(size.get()),
        }
    }
}

/// As statements write it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Written {
    method: String,
    hash_type: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    shard_size: Option<f64>,
    #[serde(default)]
    allow_symlinks: bool,
    #[serde(default)]
    ignore_paths: Vec<String>,
}

impl Written {
    pub(super) fn read(&self) -> Result<Serialization, Problem> {
        let algorithm = HashAlgorithm::named(&self.hash_type).ok_or_else(|| {
            format(format!(
                "the hash function `{}` is not known; sha256, blake2b and blake3 are",
                self.hash_type
            ))
        })?;
        let method = match self.method.as_str() {
            "files" => Method::Files,
            "shards" => Method::Shards(self.shard_size()?),
            other => return Err(format(format!("the method `{other}` is not known; files and shards are"))),
        };
        Ok(Serialization {
            algorithm,
            method,
            allow_symlinks: self.allow_symlinks,
            ignore: self.ignore_paths.clone(),
        })
    }

    fn shard_size(&self) -> Result<NonZeroU64, Problem> {
        let size = self.shard_size.ok_or_else(|| format("there is no shard size"))?;
        let whole = (1.0..=LARGEST_SHARD).contains(&size) && size.fract() == 0.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number of at least 1 and at most 2^53 was just checked for"
        )]
        let bytes = if whole { size as u64 } else { 0 };
        NonZeroU64::new(bytes)
            .ok_or_else(|| format(format!("the shard size {size} is no whole number of at least 1")))
    }
}

impl From<&Serialization> for Written {
    fn from(serialization: &Serialization) -> Self {
        let (method, shard_size) = match serialization.method {
            Method::Files => ("files", None),
            #[expect(
                clippy::cast_precision_loss,
                reason = "the format has no other number, and 2^53 bytes are enough"
            )]
            Method::Shards(size) => ("shards", Some(size.get() as f64)),
        };
        Self {
            method: method.to_owned(),
            hash_type: serialization.algorithm.name().to_owned(),
            shard_size,
            allow_symlinks: serialization.allow_symlinks,
            ignore_paths: serialization.ignore.clone(),
        }
    }
}

fn format(detail: impl Into<String>) -> Problem {
    Problem::new(Reason::Format, detail)
}

/// Paths that a signature leaves out, each with all that lies under it. Paths that are not safe names cover nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoredPaths(HashSet<String>);

impl IgnoredPaths {
    /// Is a name one of the paths, or does it lie under one?
    pub fn cover(&self, name: &ResourceName) -> bool {
        !self.0.is_empty() && (self.0.contains(".") || name.and_above().any(|path| self.0.contains(path)))
    }
}

impl<'a> FromIterator<&'a str> for IgnoredPaths {
    fn from_iter<I: IntoIterator<Item = &'a str>>(paths: I) -> Self {
        Self(paths.into_iter().filter_map(|path| Some(ResourceName::parse(path).ok()?.to_string())).collect())
    }
}

/// Can an empty file of this name change what a program does? Shards list no empty file, so that one of them may have
/// been there when the model was signed; but an `__init__.py` makes a package, and code is loaded by its name.
pub fn may_act_when_empty(name: &ResourceName) -> bool {
    const CODE: [&str; 22] = [
        "bat", "cjs", "cmd", "dll", "dylib", "exe", "js", "jsx", "lua", "mjs", "pl", "ps1", "pth", "py",
        "pyc", "pyd", "pyi", "rb", "sh", "so", "ts", "typed",
    ];
    let file = name.parts().last().unwrap_or_default().to_ascii_lowercase();
    file.rsplit_once('.').is_some_and(|(_, extension)| CODE.contains(&extension))
}
