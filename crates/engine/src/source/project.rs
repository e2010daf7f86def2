//! Where a scanned root lies in its project, so that policies mean the same files however the target is spelled.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{Target, config};

/// The folder that the report's paths begin in, from the top of the project on: `models` when `models` is scanned in a
/// git work tree or below a `bartizan.toml`. Empty at the top, outside of any project, and for targets elsewhere.
pub(crate) fn folder_in_project(targets: &[Target]) -> String {
    let root = match targets {
        [Target::Path(path)] => path.canonicalize().ok().and_then(|path| match path.is_dir() {
            true => Some(path),
            false => path.parent().map(Path::to_owned),
        }),
        // Paths of several targets are reported as they were given.
        [Target::Path(first), _, ..] if first.is_relative() => env::current_dir().ok(),
        _ => None,
    };
    root.and_then(|root| {
        let top = top(&root)?;
        let parts = root.strip_prefix(top).ok()?.components();
        Some(parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
    })
    .unwrap_or_default()
}

/// The folder of the nearest manifest, or the top of the git work tree.
fn top(root: &Path) -> Option<PathBuf> {
    let manifest = config::find(root).and_then(|file| file.parent().map(Path::to_owned));
    manifest.or_else(|| root.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_project_is_named_from_the_top() {
        let top = tempfile::tempdir().unwrap();
        let models = top.path().join("models/old");
        std::fs::create_dir_all(&models).unwrap();
        std::fs::write(models.join("a.pkl"), "x").unwrap();
        let folder = |path: PathBuf| folder_in_project(&[Target::Path(path)]);
        assert_eq!(folder(models.clone()), "", "no project");
        std::fs::create_dir(top.path().join(".git")).unwrap();
        assert_eq!(folder(models.clone()), "models/old");
        assert_eq!(folder(models.join("a.pkl")), "models/old");
        assert_eq!(folder(top.path().to_owned()), "");
        std::fs::write(top.path().join("models/bartizan.toml"), "").unwrap();
        assert_eq!(folder(models), "old", "the manifest's folder is the top");
    }
}
