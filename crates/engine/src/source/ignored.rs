//! What git would leave out. Files that it would leave out are looked at all the same; see `docs/engine.md`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The ignore files that hold in a folder: its own, and those of the folders above it in the same work tree.
#[derive(Debug)]
pub(crate) struct IgnoreChain {
    matchers: Vec<Gitignore>,
    above: Option<Arc<Self>>,
}

impl IgnoreChain {
    /// The chain that holds in a scanned root: the one of the work tree that the root is in, if it is in one.
    pub(crate) fn of_root(root: &Path) -> Option<Arc<Self>> {
        let top = root.ancestors().find(|folder| folder.join(".git").exists())?;
        let mut folders: Vec<PathBuf> =
            root.ancestors().take_while(|folder| *folder != top).map(Path::to_owned).collect();
        folders.push(top.to_owned());
        folders.iter().rev().fold(None, |above, folder| Self::enter(above.as_ref(), folder))
    }

    /// The chain that holds in `folder`, below a folder where `above` holds.
    pub(crate) fn enter(above: Option<&Arc<Self>>, folder: &Path) -> Option<Arc<Self>> {
        let starts_work_tree = folder.join(".git").exists();
        if above.is_none() && !starts_work_tree {
            return None;
        }
        let mut matchers = Vec::new();
        let own = folder.join(".gitignore");
        if own.is_file() {
            // Lines that are no patterns are left out, as git does.
            matchers.push(Gitignore::new(own).0);
        }
        let exclude = folder.join(".git").join("info").join("exclude");
        if starts_work_tree && exclude.is_file() {
            let mut builder = GitignoreBuilder::new(folder);
            let _ = builder.add(exclude);
            matchers.extend(builder.build().ok());
        }
        // A repository inside another one is not governed by the outer one's ignore files.
        let above = if starts_work_tree { None } else { above.cloned() };
        match (matchers.is_empty(), &above) {
            (true, Some(above)) => Some(Arc::clone(above)),
            _ => Some(Arc::new(Self { matchers, above })),
        }
    }

    /// Would git leave this path out?
    pub(crate) fn ignores(&self, path: &Path, is_folder: bool) -> bool {
        let mut chain = Some(self);
        while let Some(level) = chain {
            for matcher in &level.matchers {
                match matcher.matched(path, is_folder) {
                    ignore::Match::None => {}
                    found => return found.is_ignore(),
                }
            }
            chain = level.above.as_deref();
        }
        false
    }
}
