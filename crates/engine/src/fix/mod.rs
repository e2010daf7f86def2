//! Mending what a scan of infrastructure finds: on disk, within the target, whole files or none.
//!
//! What a patch is and how it is proved lives in [`bartizan_iac::patch`]. Here are the files: which may be read, what the
//! policy leaves out, and how changes are shown and written.

mod diff;
mod write;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bartizan_core::{Content, Entry, EntryKind, Finding, ReadError, State, Tree};
use bartizan_iac::{
    patch::{self, ChangedFile, Mended},
    rule::{Catalogue, Control, builtin},
    terraform::{Settings, VariableFile},
};

use crate::{
    EngineError, Policy, Target, nearest,
    report::FindingReport,
    source::{self, folder_in_project},
};
pub use diff::unified;

/// Bytes of one file of variables that the user names.
const LARGEST_VARIABLES: u64 = 8 << 20;

/// What to mend.
#[derive(Clone, Debug)]
pub struct FixRequest {
    /// A folder, or one file that is read alone. Nothing outside of it is written.
    pub target: PathBuf,
    /// Ids or aliases of rules; all that have a patch when empty.
    pub rules: Vec<String>,
    /// Files of variables besides those that are read by themselves; later ones win.
    pub variable_files: Vec<PathBuf>,
    /// What it leaves out is left alone: ignored rules, waivers, a baseline.
    pub policy: Policy,
    /// Set to stop soon.
    pub cancel: Arc<AtomicBool>,
}

/// What can be mended, and what cannot.
#[derive(Debug)]
pub struct Fixes {
    /// Canonical folder that the paths begin in.
    root: PathBuf,
    /// Files, as they are and as they should be. Paths begin in the target's folder.
    pub files: Vec<ChangedFile>,
    /// Findings that the changed files do not have any more.
    pub fixed: Vec<Told>,
    /// Findings that have a patch which cannot be applied, and why.
    pub refused: Vec<Told>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
    /// What goes before the paths of files so that they are found from where the target's path begins.
    prefix: String,
}

/// One finding, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Id of the rule.
    pub rule: &'static str,
    /// File and line.
    pub place: String,
    /// The finding.
    pub message: String,
    /// The files that were changed for it, or the reason why it stays.
    pub outcome: String,
}

/// Finds out what can be mended. Nothing is written.
///
/// # Errors
/// When the target or a rule does not exist, or a file of variables cannot be read.
pub fn fix(request: &FixRequest) -> Result<Fixes, EngineError> {
    let catalogue = builtin();
    let rules = chosen(catalogue, &request.rules)?;
    let target = request.target.canonicalize().map_err(|error| {
        EngineError::Usage(format!("{} cannot be opened: {error}", request.target.display()))
    })?;
    let is_file = target.is_file();
    let root = if is_file { target.parent().map(Path::to_owned).unwrap_or_default() } else { target.clone() };
    let whole = source::tree(&root);
    let only = is_file.then(|| source::name_of(&target));
    let prefix = prefix(&request.target, is_file);
    let tree: Arc<dyn Tree> = match only {
        // A link that is named itself would be read at its destination; it is never written through.
        Some(_) if request.target.is_symlink() => {
            return Err(EngineError::Usage(format!(
                "{} is a symbolic link, which is never written through: name the file that it leads to",
                request.target.display()
            )));
        }
        Some(name) => Arc::new(Alone { tree: whole, name }),
        None => whole,
    };
    let settings = settings(&request.variable_files, &root)?;
    let folder = folder_in_project(&[Target::Path(request.target.clone())]);
    let counts = |finding: &Finding| {
        let mut reported = FindingReport::new(finding.clone(), &folder);
        request.policy.judge(&folder).judge(&mut reported);
        reported.counts()
    };
    let wanted = |finding: &Finding| {
        finding.infrastructure.as_ref().is_some_and(|about| about.state == State::Fail)
            && (rules.is_empty() || rules.contains(finding.rule.id))
            && counts(finding)
    };
    let interrupted = || request.cancel.load(Ordering::Relaxed);
    let mended = patch::mend(&patch::Request {
        tree: tree.as_ref(),
        settings: &settings,
        catalogue,
        wanted: &wanted,
        interrupted: &interrupted,
    });
    Ok(told(mended, root, prefix))
}

fn told(mended: Mended, root: PathBuf, prefix: String) -> Fixes {
    let tell = |finding: &Finding, outcome: String| {
        let path = finding.at.path.as_str();
        let place = match finding.at.line {
            Some(line) => format!("{prefix}{path}:{line}"),
            None => format!("{prefix}{path}"),
        };
        Told { rule: finding.rule.id, place, message: finding.message.clone(), outcome }
    };
    let mut fixed: Vec<Told> = mended
        .fixed
        .iter()
        .map(|fixed| {
            let files: Vec<String> = fixed.files.iter().map(|path| format!("{prefix}{path}")).collect();
            tell(&fixed.finding, files.join(", "))
        })
        .collect();
    let mut refused: Vec<Told> =
        mended.refused.iter().map(|refused| tell(&refused.finding, refused.reason.clone())).collect();
    fixed.sort_by(|one, other| one.place.cmp(&other.place));
    refused.sort_by(|one, other| one.place.cmp(&other.place));
    Fixes { root, files: mended.files, fixed, refused, unread: mended.unread, prefix }
}

impl Fixes {
    /// The path of a changed file from where the target's path begins.
    pub fn shown(&self, file: &ChangedFile) -> String {
        format!("{}{}", self.prefix, file.path)
    }

    /// Writes one changed file, whole or not at all.
    ///
    /// # Errors
    /// When it is not what was read any more, is a link, or cannot be written.
    pub fn write(&self, file: &ChangedFile) -> std::io::Result<()> {
        write::write(&self.root, file)
    }

    /// 1 when a finding that has a patch remains, 3 when none does and something could not be read, else 0.
    pub fn exit_code(&self, written: bool) -> u8 {
        if !self.refused.is_empty() || (!written && !self.fixed.is_empty()) {
            1
        } else if !self.unread.is_empty() {
            3
        } else {
            0
        }
    }
}

/// The ids of rules that the user names by id, id without `iac/`, or alias.
fn chosen(catalogue: &Catalogue, names: &[String]) -> Result<BTreeSet<&'static str>, EngineError> {
    let mut chosen = BTreeSet::new();
    for name in names {
        let named = |control: &&Control| {
            let id = control.rule.id;
            id == name
                || id.strip_prefix("iac/") == Some(name)
                || control.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
        };
        let found: Vec<&Control> = catalogue.controls().iter().filter(named).collect();
        if found.is_empty() {
            let near = nearest(name, catalogue.controls().iter().map(|control| control.rule.id));
            let near = near.map_or_else(String::new, |id| format!("; did you mean `{id}`?"));
            return Err(EngineError::Usage(format!("there is no rule `{name}` about infrastructure{near}")));
        }
        let with_patch: Vec<&&Control> = found.iter().filter(|control| !control.patch.is_empty()).collect();
        if with_patch.is_empty() {
            return Err(EngineError::Usage(format!(
                "the rule `{name}` has no patch; `bartizan rules {}` says what to do",
                found.first().map_or("", |control| control.rule.id)
            )));
        }
        chosen.extend(with_patch.iter().map(|control| control.rule.id));
    }
    Ok(chosen)
}

/// Files of variables: by their path in the target's folder when they lie there, so that they may be changed.
fn settings(files: &[PathBuf], root: &Path) -> Result<Settings, EngineError> {
    let mut settings = Settings::default();
    for file in files {
        let fail = |reason: String| {
            EngineError::Usage(format!("the file of variables {} cannot be read: {reason}", file.display()))
        };
        let size = std::fs::metadata(file).map_err(|error| fail(error.to_string()))?.len();
        if size > LARGEST_VARIABLES {
            return Err(fail(format!("it is larger than {LARGEST_VARIABLES} bytes")));
        }
        let text = std::fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
        // Through its folder only: a link keeps its own name, and is refused when something is to be written.
        let name = file.file_name().unwrap_or_default();
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().map_err(|error| fail(error.to_string()))?;
        let path = folder.join(name);
        let inside = path.strip_prefix(root).ok();
        let path = match inside {
            Some(inside) => inside
                .components()
                .map(|part| source::names::escaped(part.as_os_str()).into_owned())
                .collect::<Vec<_>>()
                .join("/"),
            None => path.to_string_lossy().into_owned(),
        };
        settings.variable_files.push(VariableFile { path, text });
    }
    Ok(settings)
}

/// What goes before paths: `infra/` for the target `infra` or `infra/main.tf`, nothing for `.` and what is absolute.
fn prefix(target: &Path, is_file: bool) -> String {
    let folder = if is_file { target.parent().unwrap_or(Path::new("")) } else { target };
    if folder.is_absolute() || folder.components().any(|part| part == std::path::Component::ParentDir) {
        return String::new();
    }
    match source::prefix(folder) {
        empty if empty.is_empty() => empty,
        prefix => format!("{prefix}/"),
    }
}

/// One file without its neighbours.
struct Alone {
    tree: Arc<dyn Tree>,
    name: String,
}

impl Tree for Alone {
    fn list(&self, folder: &str) -> Vec<Entry> {
        if folder.is_empty() { self.entry(&self.name).into_iter().collect() } else { Vec::new() }
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        self.tree.entry(path).filter(|entry| path == self.name && entry.kind == EntryKind::File)
    }

    fn open(&self, path: &str) -> Result<Content, ReadError> {
        match self.entry(path) {
            Some(_) => self.tree.open(path),
            None => Err(ReadError::Io("there is no such file".to_owned())),
        }
    }
}
