//! git repositories: what is checked out, and what the tips of the history hold.
//!
//! Read by the `git` program, not by a library: it is where repositories are made, it keeps to the repository's own
//! formats (packs, alternates, SHA-256), and it brings no code of its own into this one.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use bartizan_core::Content;

use super::{
    ContentDigest, Found, Problem, ProblemKind, Source, definition, directory,
    found::{Harvest, Reach, SourceError},
    git_command::{self, Blobs, Repository},
    lfs,
};

/// Most branches and tags that are read.
const TIPS: usize = 1000;
/// Most files of all tips together.
const FILES: usize = 1_000_000;

/// A branch, tag or detached head.
struct Tip {
    /// As the user calls it: `main`, `origin/next`, `v1.0`.
    name: String,
    commit: String,
}

/// Every file of the tips, each content once per path, and what is checked out.
pub(crate) fn harvest(source: &Source, reach: &Reach) -> Result<Harvest, SourceError> {
    if definition::is_local_git(&source.location) {
        let folder = Path::new(&source.location);
        let mut harvest = history(source, folder, None, reach)?;
        if folder.join(".git").exists() {
            checked_out(source, folder, &mut harvest, reach)?;
        }
        return Ok(harvest);
    }
    let clone = tempfile::tempdir()?;
    let folder = clone.path().join("clone.git");
    fetch(source, &folder, reach)?;
    history(source, &folder, Some(Arc::new(clone)), reach)
}

/// A clone of all tips without their history, without a working tree, without hooks.
fn fetch(source: &Source, folder: &Path, reach: &Reach) -> Result<(), SourceError> {
    let location = source.location.as_str();
    let allowed = match location.split_once("://").map(|(scheme, _)| scheme) {
        Some("https") => "https",
        Some("ssh") | None => "ssh",
        Some("http") if source.plain_http => "http:https",
        Some("http") if is_loopback(location) => "http",
        Some("http") => {
            return Err(SourceError::Unreachable(
                "http without encryption is refused; --plain-http allows it".to_owned(),
            ));
        }
        Some(scheme) => {
            return Err(SourceError::Unreachable(format!(
                "git repositories are read over https and ssh, not over `{}`",
                bartizan_core::redacted(scheme)
            )));
        }
    };
    let mut command = git_command::command(allowed);
    command
        .args(["clone", "--quiet", "--bare", "--depth", "1", "--no-single-branch", "--template=", "--"])
        .arg(location)
        .arg(folder);
    git_command::run(command, reach).map(|_| ())
}

fn is_loopback(location: &str) -> bool {
    let host = location.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The files of every tip. `keep` is what must live as long as the contents are read.
fn history(
    source: &Source,
    folder: &Path,
    keep: Option<Arc<tempfile::TempDir>>,
    reach: &Reach,
) -> Result<Harvest, SourceError> {
    let repository = Repository::at(folder);
    let base = base(&source.location);
    let blobs = Arc::new(Blobs::of(&repository, reach));
    let large = large_files(&repository, folder, reach)?;
    let mut harvest = Harvest::default();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    for tip in tips(&repository, reach, &mut harvest)? {
        let listing = match repository.read(&["ls-tree", "-r", "-z", "-l", "--full-tree", &tip.commit], reach)
        {
            Ok(listing) => listing,
            Err(error) => {
                let uri = format!("{base}?ref={}", tip.name);
                let problem = Problem::new(ProblemKind::Unreadable, &source.name, &uri, error.to_string());
                harvest.problems.push(problem);
                continue;
            }
        };
        for entry in listing.split(|byte| *byte == 0).filter_map(tree_entry) {
            if !seen.insert((entry.path.clone(), entry.id.clone())) {
                continue;
            }
            if harvest.found.len() >= FILES {
                return Err(SourceError::Answer(format!("the tips hold more than {FILES} files")));
            }
            let uri = format!("{base}?ref={}#{}", tip.name, entry.path);
            let mut found = Found::at(uri, entry.path);
            found.version = Some(tip.commit.clone());
            found.size = Some(entry.size);
            found.token = Some(entry.id.clone());
            let (blobs, keep, large) = (Arc::clone(&blobs), keep.clone(), large.clone());
            found.open = Some(Box::new(move || {
                // The temporary clone must live as long as something may be read from it.
                let _keep = &keep;
                let content = blobs.content(&entry.id)?;
                Ok(match fetched(&content, large.as_deref()) {
                    Some(opened) => opened,
                    None => content.into(),
                })
            }));
            harvest.found.push(found);
        }
    }
    Ok(harvest)
}

/// The content that an LFS pointer stands for, where the clone has it and it is what the pointer says.
fn fetched(content: &Content, large: Option<&Path>) -> Option<super::found::Opened> {
    let pointer = lfs::pointer(content)?;
    let value = &pointer.digest.value;
    let file = large?.join(value.get(..2)?).join(value.get(2..4)?).join(value);
    let opened = directory::open(&file).ok()?;
    let digested = crate::digest::sha256(&opened.content, &|| false).ok()??;
    (ContentDigest::sha256(&digested.sha256)? == pointer.digest).then_some(opened)
}

/// Where git LFS keeps the contents that were fetched.
fn large_files(
    repository: &Repository,
    folder: &Path,
    reach: &Reach,
) -> Result<Option<PathBuf>, SourceError> {
    let printed = repository.read(&["rev-parse", "--git-common-dir"], reach)?;
    let text = String::from_utf8_lossy(&printed);
    let large = folder.join(text.trim_end_matches('\n')).join("lfs/objects");
    Ok(large.is_dir().then_some(large))
}

/// The current branch, then branches, remote branches and tags.
fn tips(repository: &Repository, reach: &Reach, harvest: &mut Harvest) -> Result<Vec<Tip>, SourceError> {
    let format = "--format=%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname)";
    let printed =
        repository.read(&["for-each-ref", format, "refs/heads", "refs/remotes", "refs/tags"], reach)?;
    let head = repository.read(&["rev-parse", "--quiet", "--verify", "HEAD^{commit}"], reach).ok();
    let branch = repository.read(&["symbolic-ref", "--quiet", "HEAD"], reach).ok();
    let line = |bytes: Option<Vec<u8>>| bytes.map(|b| String::from_utf8_lossy(&b).trim().to_owned());
    let (head, branch) = (line(head), line(branch));
    let mut tips = Vec::new();
    let mut rest = Vec::new();
    let mut known: BTreeMap<String, ()> = BTreeMap::new();
    let text = String::from_utf8_lossy(&printed);
    for line in text.lines() {
        let mut words = line.split(' ');
        let (Some(name), Some(kind), Some(id)) = (words.next(), words.next(), words.next()) else { continue };
        let (peeled_kind, peeled) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let commit = match (kind, peeled_kind) {
            ("commit", _) => id,
            ("tag", "commit") => peeled,
            _ => continue,
        };
        if name.ends_with("/HEAD") {
            continue;
        }
        let short = ["refs/heads/", "refs/remotes/", "refs/tags/"]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))
            .unwrap_or(name);
        let tip = Tip { name: short.to_owned(), commit: commit.to_owned() };
        if branch.as_deref() == Some(name) { tips.push(tip) } else { rest.push(tip) }
    }
    if let (true, Some(commit)) = (tips.is_empty(), head) {
        tips.push(Tip { name: "HEAD".to_owned(), commit });
    }
    tips.extend(rest);
    // Tips at the same commit hold the same files.
    tips.retain(|tip| known.insert(tip.commit.clone(), ()).is_none());
    if tips.len() > TIPS {
        let more = tips.len().saturating_sub(TIPS);
        harvest.notes.push(format!("{more} branches and tags beyond {TIPS} were not read"));
        tips.truncate(TIPS);
    }
    Ok(tips)
}

struct TreeEntry {
    id: String,
    size: u64,
    path: String,
}

/// `MODE blob ID SIZE\tPATH`; links and submodules are no files.
fn tree_entry(line: &[u8]) -> Option<TreeEntry> {
    let at = line.iter().position(|byte| *byte == b'\t')?;
    let head = std::str::from_utf8(line.get(..at)?).ok()?;
    let mut words = head.split_whitespace();
    let (mode, kind, id, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if kind != "blob" || !mode.starts_with("100") {
        return None;
    }
    let path = line.get(at.checked_add(1)?..)?;
    Some(TreeEntry {
        id: id.to_owned(),
        size: size.parse().ok()?,
        path: bartizan_core::printable(&crate::source::shown_bytes(path)),
    })
}

/// What is checked out. A file that equals the committed one is not listed twice.
fn checked_out(
    source: &Source,
    folder: &Path,
    harvest: &mut Harvest,
    reach: &Reach,
) -> Result<(), SourceError> {
    let mut committed: BTreeMap<String, String> = BTreeMap::new();
    // The current branch comes first.
    for found in &harvest.found {
        committed.entry(found.path.clone()).or_insert_with(|| found.uri.clone());
    }
    let mut files = directory::files(source, folder, reach)?;
    for found in &mut files.found {
        found.committed = committed.get(&found.path).cloned();
        found.version = Some("working tree".to_owned());
    }
    harvest.found.append(&mut files.found);
    harvest.problems.append(&mut files.problems);
    Ok(())
}

fn base(location: &str) -> String {
    if definition::is_local_git(location) {
        format!("git+file://{location}")
    } else if location.contains("://") {
        format!("git+{location}")
    } else {
        // `git@host:path` is short for ssh.
        format!("git+ssh://{}", location.replacen(':', "/", 1))
    }
}
