//! What is there against what was signed.

use std::collections::BTreeMap;

use super::{
    manifest::{Block, Manifest},
    name::ResourceName,
    serialization::{Method, may_act_when_empty},
    verdict::{Problem, Reason},
};
use crate::digest::hex;

/// What was seen under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A file that was read: its length, and the digest of each of its pieces.
    Read {
        /// Bytes.
        size: u64,
        /// Of each piece, as the manifest's method cuts them.
        digests: Vec<Vec<u8>>,
    },
    /// A file that was not read, because the manifest does not list it.
    Unread {
        /// Bytes.
        size: u64,
    },
    /// Something that is no file, or may not be read as one, and why.
    Refused(String),
}

impl Manifest {
    /// Everything that differs, the worst first, and the names of files that are not covered although that is no
    /// problem. `tolerant` says that files beyond the list are none.
    pub fn compare(
        &self,
        observed: &BTreeMap<ResourceName, Observation>,
        tolerant: bool,
    ) -> (Vec<Problem>, Vec<String>) {
        let mut problems = Vec::new();
        let mut unsigned = Vec::new();
        for (name, blocks) in &self.files {
            problems.extend(match observed.get(name) {
                None => Some(missing(name)),
                Some(observation) => self.difference(name, blocks, observation),
            });
        }
        for (name, observation) in observed {
            if self.files.contains_key(name) {
                continue;
            }
            if tolerant || self.may_have_been_there(name, observation) {
                unsigned.push(name.to_string());
            } else {
                problems.push(extra(name, observation));
            }
        }
        problems.sort_by_key(|problem| problem.kind);
        (problems, unsigned)
    }

    /// Shards list no empty file.
    fn may_have_been_there(&self, name: &ResourceName, observation: &Observation) -> bool {
        let is_empty =
            matches!(observation, Observation::Unread { size: 0 } | Observation::Read { size: 0, .. });
        is_empty && matches!(self.serialization.method, Method::Shards(_)) && !may_act_when_empty(name)
    }

    fn difference(&self, name: &ResourceName, blocks: &[Block], seen: &Observation) -> Option<Problem> {
        let modified = |detail: String| Problem::at(Reason::Modified, name.as_str(), detail);
        let (size, digests) = match seen {
            Observation::Read { size, digests } => (*size, digests),
            Observation::Unread { .. } => return Some(modified("it was not read".to_owned())),
            Observation::Refused(why) => return Some(modified(why.clone())),
        };
        let changed = blocks.iter().zip(digests).find(|(block, digest)| block.digest != **digest);
        if let Some((block, digest)) = changed {
            let detail = match block.end {
                None => "its content is not what was signed".to_owned(),
                Some(end) => {
                    format!("its bytes {} to {} are not what was signed", block.start, end.saturating_sub(1))
                }
            };
            let algorithm = self.serialization.algorithm;
            return Some(modified(detail).between(
                format!("{algorithm}:{}", hex(&block.digest)),
                format!("{algorithm}:{}", hex(digest)),
            ));
        }
        let signed = blocks.last().and_then(|block| block.end);
        if signed.is_some_and(|signed| signed != size) || blocks.len() != digests.len() {
            let signed = signed.unwrap_or_default();
            return Some(
                modified("it has another length than what was signed".to_owned())
                    .between(format!("{signed} bytes"), format!("{size} bytes")),
            );
        }
        None
    }
}

fn missing(name: &ResourceName) -> Problem {
    let detail = if name.as_str() == "." {
        "the signature is that of a single file, and the model is a folder"
    } else {
        "it was signed, and is not there"
    };
    Problem::at(Reason::Missing, name.as_str(), detail)
}

fn extra(name: &ResourceName, observation: &Observation) -> Problem {
    let detail = match observation {
        Observation::Refused(why) => why.as_str(),
        _ => "nobody signed it",
    };
    Problem::at(Reason::Extra, name.as_str(), detail)
}
