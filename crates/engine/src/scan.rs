//! The main job: from a request to a report.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use bartizan_core::{Asset, Content, Kind, Probe};
use bartizan_iac::terraform::{Settings, VariableFile};
use rayon::prelude::*;

use crate::{
    EngineError, Progress, ScanRequest, Target,
    assemble::{Gathered, assemble},
    dispatch::{Dispatcher, Record, Run, is_claimed},
    extensions, policies,
    report::Report,
    rules::inspectors_with,
    source::{self, Item, Listing, LocalFile, Opening},
};

/// Inspectors may nest some calls per container, and containers are nested.
const STACK: usize = 16 << 20;

/// Scans everything that the request names.
///
/// What cannot be read is noted in the report (see [`Report::exit_code`]) and does not end the scan.
///
/// # Errors
/// When the request itself makes no sense, or no thread can be started.
pub fn scan(request: &ScanRequest, progress: &dyn Progress) -> Result<Report, EngineError> {
    let started = Instant::now();
    let mut listing = Listing::default();
    listing.notes.clone_from(&request.notes);
    for target in &request.targets {
        list(target, request, &mut listing)?;
    }
    let items = std::mem::take(&mut listing.items);
    progress.total(items.len() as u64);
    let infrastructure = infrastructure(request)?;
    let brought = Arc::clone(&infrastructure.brought);
    let worker = Worker {
        dispatcher: Dispatcher {
            inspectors: inspectors_with(infrastructure),
            limits: &request.limits,
            options: request.options,
            digests: request.digests,
            watch: None,
        },
        request,
        progress,
    };
    let outcomes = worker.work(items)?;

    let mut groups = Vec::with_capacity(outcomes.len());
    let mut unseen = 0u64;
    for outcome in outcomes {
        match outcome {
            Outcome::Read(records) => groups.push(records),
            Outcome::Unclaimed => {}
            Outcome::Ignored(folder) => listing.skip(&folder, "left out by .gitignore, and no model", 1),
            Outcome::Cancelled => unseen = unseen.saturating_add(1),
        }
    }
    groups.extend(request.policies.iter().flat_map(|folder| policies::unread(folder, &brought)));
    if unseen > 0 {
        let reason = format!("the scan was interrupted before {unseen} assets were looked at");
        let asset = Asset::new(".", Content::from_bytes(Vec::new()));
        groups.push(vec![Record::unread(&asset, Kind::UNKNOWN, &reason)]);
        listing.notes.push(reason);
    }
    let gathered = Gathered {
        groups,
        loose: std::mem::take(&mut listing.findings),
        folder: source::folder_in_project(&request.targets),
        notes: std::mem::take(&mut listing.notes),
        skipped: listing.skipped(),
        elapsed: started.elapsed(),
        brought: brought.rules(),
    };
    Ok(assemble(gathered, &request.policy))
}

/// What the user says about infrastructure: files of variables and policies, read before anything is scanned.
fn infrastructure(request: &ScanRequest) -> Result<Settings, EngineError> {
    let mut settings = Settings::default();
    for file in &request.variable_files {
        let path = file.to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file).map_err(|error| {
            EngineError::Usage(format!("the file of variables {path} cannot be read: {error}"))
        })?;
        settings.variable_files.push(VariableFile { path, text });
    }
    if let Some(folder) = &request.policies {
        settings.brought = Arc::new(policies::load(folder)?);
    }
    Ok(settings)
}

/// Lists one target.
fn list(target: &Target, request: &ScanRequest, listing: &mut Listing) -> Result<(), EngineError> {
    let several = request.targets.len() > 1;
    match target {
        Target::Path(path) => {
            let prefix = if several { source::prefix(path) } else { String::new() };
            source::list(path, &prefix, request.no_ignore, &request.cancel, listing);
        }
        Target::Stdin => {
            let mut input = std::io::stdin().lock();
            match source::spool(&mut input, request.limits.held, &request.cancel) {
                Ok(content) => listing.items.push(Item {
                    path: "-".to_owned(),
                    opening: Opening::Content { content, digest_up_to: None },
                    siblings: None,
                    ignored_in: None,
                }),
                Err(error) => {
                    listing.unreadable("-".to_owned(), Kind::UNKNOWN, format!("it cannot be read: {error}"));
                }
            }
        }
        Target::Uri(uri) => remote(uri, several, request, listing)?,
    }
    Ok(())
}

#[cfg(feature = "remote")]
fn remote(uri: &str, several: bool, request: &ScanRequest, listing: &mut Listing) -> Result<(), EngineError> {
    source::remote::list(uri, several, &request.cancel, listing)
}

#[cfg(not(feature = "remote"))]
fn remote(uri: &str, _: bool, _: &ScanRequest, _: &mut Listing) -> Result<(), EngineError> {
    let uri = bartizan_core::redacted(uri);
    Err(EngineError::Usage(format!("`{uri}`: this build of bartizan cannot read remote targets")))
}

/// What became of one item.
enum Outcome {
    Read(Vec<Record>),
    /// A folder that is no asset of its own.
    Unclaimed,
    /// Left out by an ignore file of this folder.
    Ignored(Arc<str>),
    /// Not looked at: the user stopped the scan.
    Cancelled,
}

struct Worker<'a> {
    dispatcher: Dispatcher<'a>,
    request: &'a ScanRequest,
    progress: &'a dyn Progress,
}

impl Worker<'_> {
    /// Reads all items, on several threads when there are several items.
    fn work(&self, items: Vec<Item>) -> Result<Vec<Outcome>, EngineError> {
        let files = items.iter().filter(|item| !matches!(item.opening, Opening::Folder(_))).count();
        if files <= 1 || self.request.jobs == Some(1) {
            return Ok(items.into_iter().map(|item| self.item(item)).collect());
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.request.jobs.unwrap_or(0).min(files))
            .stack_size(STACK)
            .thread_name(|index| format!("scan-{index}"))
            .build()
            .map_err(|error| EngineError::Threads(error.to_string()))?;
        // One item at a time: a folder of a few huge files would otherwise end on one thread.
        Ok(pool.install(|| items.into_par_iter().with_max_len(1).map(|item| self.item(item)).collect()))
    }

    fn item(&self, item: Item) -> Outcome {
        if self.request.cancel.load(Ordering::Relaxed) {
            return Outcome::Cancelled;
        }
        let Item { path, opening, siblings, ignored_in } = item;
        self.progress.started(&path);
        let outcome = match opening {
            Opening::Folder(tree) => self.folder(&path, tree, siblings),
            Opening::File(disk) => match LocalFile::open(&disk) {
                Ok(file) => self.file(&path, file, siblings, ignored_in),
                Err(error) => unread(&path, Kind::UNKNOWN, &format!("it cannot be opened: {error}")),
            },
            Opening::Content { content, digest_up_to } => {
                let mut run = self.start();
                run.digest_up_to = digest_up_to;
                let mut asset = Asset::new(&path, content);
                asset.siblings = siblings;
                Outcome::Read(self.dispatcher.examine(&mut asset, &run))
            }
            Opening::Unreadable(kind, reason) => unread(&path, kind, &reason),
        };
        let bytes = match &outcome {
            Outcome::Read(records) => records.first().map_or(0, |record| record.size),
            _ => 0,
        };
        self.progress.finished(&path, bytes);
        outcome
    }

    fn start(&self) -> Run<'_> {
        Run::new(self.request.limits.seconds, &self.request.cancel)
    }

    fn folder(
        &self,
        path: &str,
        tree: Arc<dyn bartizan_core::Tree>,
        parent: Option<Arc<dyn bartizan_core::Tree>>,
    ) -> Outcome {
        let mut asset = Asset::new(path, Content::from_tree(tree));
        asset.siblings = parent;
        let claimed = Probe::new(&asset).is_ok_and(|probe| !self.dispatcher.readers(&probe).is_empty());
        if !claimed {
            return Outcome::Unclaimed;
        }
        let run = self.start();
        Outcome::Read(self.dispatcher.examine(&mut asset, &run))
    }

    fn file(
        &self,
        path: &str,
        file: LocalFile,
        siblings: Option<Arc<dyn bartizan_core::Tree>>,
        ignored_in: Option<Arc<str>>,
    ) -> Outcome {
        let (content, witness) = match file.content() {
            Ok(opened) => opened,
            Err(error) => return unread(path, Kind::UNKNOWN, &format!("it cannot be read: {error}")),
        };
        let mut asset = Asset::new(path, content);
        asset.siblings = siblings;
        if let Some(folder) = ignored_in
            && !self.is_model(&asset)
        {
            return Outcome::Ignored(folder);
        }
        let run = self.start();
        let mut records = self.dispatcher.examine(&mut asset, &run);
        if let Some((record, change)) = records.first_mut().zip(witness.change()) {
            record.gap(&asset, change);
        }
        Outcome::Read(records)
    }

    /// Is a file that git would leave out one that must be scanned all the same?
    fn is_model(&self, asset: &Asset) -> bool {
        extensions::is_model(&asset.path.extension())
            || Probe::new(asset).is_ok_and(|probe| is_claimed(&self.dispatcher.readers(&probe)))
    }
}

fn unread(path: &str, kind: Kind, reason: &str) -> Outcome {
    let asset = Asset::new(path, Content::from_bytes(Vec::new()));
    Outcome::Read(vec![Record::unread(&asset, kind, reason)])
}
