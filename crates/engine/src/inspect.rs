//! A safe look inside one file.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Instant,
};

use bartizan_core::{Asset, Content, Description, Limits, Options, Tree};

use crate::{
    EngineError, Target, all_inspectors,
    assemble::{Gathered, assemble},
    dispatch::{Dispatcher, Run, Watch},
    policy::Policy,
    report::{AssetReport, Report},
    source::{self, LocalFile},
};

/// What one file is and holds.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// What a scan says of it and of everything inside it; the asset itself comes first.
    pub report: Report,
    /// The tables of what is inside.
    pub description: Description,
}

impl Inspected {
    /// What it is: kind, size, digest, coverage and facts.
    pub fn asset(&self) -> Option<&AssetReport> {
        self.report.assets.first()
    }
}

/// Looks into one file, or folder that is an asset such as a SavedModel, without loading it. A member of a container
/// is named as in reports: `model.pt!archive/data.pkl`.
///
/// # Errors
/// When the target cannot be opened, or there is no such member.
pub fn inspect(
    target: &Target,
    limits: &Limits,
    options: Options,
    cancel: &Arc<AtomicBool>,
) -> Result<Inspected, EngineError> {
    let started = Instant::now();
    let (mut asset, member) = open(target, limits, cancel)?;
    let wanted =
        member.as_ref().map_or_else(|| asset.path.to_string(), |name| format!("{}!{name}", asset.path));
    let watch = Watch { path: wanted.clone(), found: Mutex::new(None) };
    let dispatcher =
        Dispatcher { inspectors: all_inspectors(), limits, options, digests: true, watch: Some(&watch) };
    let mut records = dispatcher.examine(&mut asset, &Run::new(limits.seconds, cancel));
    records.retain(|record| {
        record.path.strip_prefix(&wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('!'))
    });
    if records.is_empty() {
        return Err(EngineError::Usage(format!(
            "`{}` has no member `{}`",
            asset.path,
            member.unwrap_or_default()
        )));
    }
    let gathered = Gathered {
        brought: Vec::new(),
        groups: vec![records],
        loose: Vec::new(),
        folder: String::new(),
        skipped: Vec::new(),
        notes: Vec::new(),
        elapsed: started.elapsed(),
    };
    let description = watch.found.into_inner().ok().flatten().unwrap_or_default();
    Ok(Inspected { report: assemble(gathered, &Policy::default()), description })
}

/// Opens the target, and splits off the member it names.
fn open(
    target: &Target,
    limits: &Limits,
    cancel: &AtomicBool,
) -> Result<(Asset, Option<String>), EngineError> {
    match target {
        Target::Stdin => source::spool(&mut std::io::stdin().lock(), limits.held, cancel)
            .map(|content| (Asset::new("-", content), None))
            .map_err(|error| EngineError::Usage(format!("standard input cannot be read: {error}"))),
        Target::Path(path) => {
            let (path, member) = split_member(path);
            let asset = open_path(&path).map_err(|error| {
                EngineError::Usage(format!("`{}` cannot be opened: {error}", path.display()))
            })?;
            Ok((asset, member))
        }
        Target::Uri(uri) => Err(EngineError::Usage(format!("`{uri}`: only local files can be inspected"))),
    }
}

/// `model.pt!archive/data.pkl` is a member unless a file has that very name.
fn split_member(path: &Path) -> (PathBuf, Option<String>) {
    match path.to_str().and_then(|text| text.split_once('!')) {
        Some((file, member)) if !path.exists() => (PathBuf::from(file), Some(member.to_owned())),
        _ => (path.to_owned(), None),
    }
}

fn open_path(path: &Path) -> std::io::Result<Asset> {
    let canonical = path.canonicalize()?;
    let name = source::name_of(path);
    if canonical.is_dir() {
        return Ok(Asset::new(name, Content::from_tree(source::tree(&canonical))));
    }
    let (content, _) = LocalFile::open(&canonical)?.content()?;
    let mut asset = Asset::new(name, content);
    asset.siblings = canonical.parent().map(|folder| source::tree(folder) as Arc<dyn Tree>);
    Ok(asset)
}
