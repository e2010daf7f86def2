//! Both views of one archive, put side by side.

use std::collections::{HashMap, HashSet};

use bartizan_core::{Content, Context};
use bytes::Bytes;

use super::{
    directory::{self, Directory},
    record::{self, Central, Claims, LOCAL, Local},
    walk::{self, Hints, Walk},
};

/// A member in one view or both.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// What the central directory says, and which directory it is.
    pub(super) central: Option<(usize, Central)>,
    /// What the local header says.
    pub(super) local: Option<Local>,
}

/// Where a member's data may lie and how it may be packed, by one of the views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packing {
    pub(super) data: u64,
    pub(super) length: u64,
    pub(super) method: u16,
}

impl Member {
    /// The claims that most loaders follow: the central directory's.
    pub(super) fn claims(&self) -> Option<&Claims> {
        self.central
            .as_ref()
            .map(|(_, central)| &central.claims)
            .or(self.local.as_ref().map(|local| &local.claims))
    }

    /// Where its record is: the local header, or the directory entry when there is no header.
    pub(super) fn at(&self) -> u64 {
        match (&self.local, &self.central) {
            (Some(local), _) => local.at,
            (None, Some((_, central))) => central.at,
            (None, None) => 0,
        }
    }

    /// The name as text.
    pub(super) fn name(&self) -> String {
        self.claims().map(Claims::name).unwrap_or_default()
    }

    /// Is it a folder?
    pub(super) fn is_folder(&self) -> bool {
        self.claims().is_some_and(|claims| claims.name.ends_with(b"/") && claims.size == 0)
    }

    /// Its data as each view describes it; one entry when they agree. Empty when there is no local header, because
    /// only that tells where the data begins.
    pub(super) fn packings(&self) -> Vec<Packing> {
        let Some(local) = &self.local else { return Vec::new() };
        let mut packings = Vec::with_capacity(1);
        if let Some((_, central)) = &self.central {
            packings.push(Packing {
                data: local.data,
                length: central.claims.compressed,
                method: central.claims.method,
            });
        }
        let by_header = Packing { data: local.data, length: local.length, method: local.claims.method };
        let silent = local.is_described_after() && local.claims.compressed == 0;
        let agrees = packings.first().is_some_and(|first| {
            first.method == by_header.method && (silent || first.length == by_header.length)
        });
        if !agrees {
            packings.push(by_header);
        }
        packings
    }
}

/// Everything that either view tells.
#[derive(Debug)]
pub(super) struct Archive {
    /// Central directories, the one that loaders use first.
    pub(super) directories: Vec<Directory>,
    /// The walk over local headers.
    pub(super) walk: Walk,
    /// The union of the members.
    pub(super) members: Vec<Member>,
}

/// Reads both views.
pub(super) fn read(content: &Content, context: &Context<'_>) -> Archive {
    let mut directories = directory::directories(content, context.limits);
    let hints = hints(content, &directories);
    let skip: Vec<_> = directories.iter().map(|directory| (directory.start, directory.stop)).collect();
    let walk = walk::walk(content, &hints, &skip, context);
    for end in walk.ends.iter().take(MOST_DIRECTORIES) {
        for directory in directory::directories_of(content, *end, context.limits) {
            if !directories.iter().any(|known| known.start == directory.start) {
                directories.push(directory);
            }
        }
    }
    let members = union(content, &directories, &walk);
    Archive { directories, walk, members }
}

/// How many central directories in the middle of a file are read.
const MOST_DIRECTORIES: usize = 16;

fn hints(content: &Content, directories: &[Directory]) -> Hints {
    let mut hints = Hints::new();
    for entry in directories.iter().rev().flat_map(|directory| &directory.entries) {
        let mut signature = [0; 4];
        if content.read_at(entry.local, &mut signature) == Ok(4) && &signature == LOCAL {
            hints.insert(entry.local, entry.claims.compressed);
        }
    }
    hints
}

fn union(content: &Content, directories: &[Directory], walk: &Walk) -> Vec<Member> {
    let by_offset: HashMap<u64, &Local> = walk.locals.iter().map(|local| (local.at, local)).collect();
    let mut members = Vec::new();
    let mut seen: HashSet<(u64, Bytes)> = HashSet::new();
    let mut referred: HashSet<u64> = HashSet::new();
    for (index, directory) in directories.iter().enumerate() {
        for entry in &directory.entries {
            let known_elsewhere = index > 0 && seen.contains(&(entry.local, entry.claims.name.clone()));
            if known_elsewhere {
                continue;
            }
            seen.insert((entry.local, entry.claims.name.clone()));
            referred.insert(entry.local);
            let local = by_offset
                .get(&entry.local)
                .map(|local| (*local).clone())
                .or_else(|| record::local(content, entry.local));
            members.push(Member { central: Some((index, entry.clone())), local });
        }
    }
    for local in &walk.locals {
        if !referred.contains(&local.at) {
            members.push(Member { central: None, local: Some(local.clone()) });
        }
    }
    members
}
