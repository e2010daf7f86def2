//! Reading the sources and remembering what they hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::Instant,
};

use bartizan_core::Limits;
use rayon::prelude::*;
use serde::Serialize;

use super::{
    InventoryError, Source, SourceKind, Store, chosen,
    examine::{Examined, Examiner},
    found::{Found, Harvest, Reach, SourceError},
    record::{AssetKind, FactSummary, Record},
};
use crate::Progress;

/// Inspectors may nest some calls per container, and containers are nested.
const STACK: usize = 16 << 20;
/// Problems listed per source; the rest is counted.
const PROBLEMS: usize = 1000;

/// What to read, and how.
#[derive(Clone, Debug)]
pub struct SyncRequest {
    /// Names of sources; all when empty.
    pub names: Vec<String>,
    /// Read content whose digest no place states?
    pub digests: bool,
    /// Seconds that one source may take.
    pub seconds: u64,
    /// How many threads; all cores when `None`.
    pub jobs: Option<usize>,
    /// Bounds on the work that one file may cause.
    pub limits: Limits,
    /// Set to stop soon.
    pub cancel: Arc<AtomicBool>,
}

impl Default for SyncRequest {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            digests: true,
            seconds: 3600,
            jobs: None,
            limits: Limits { seconds: 600, ..Limits::default() },
            cancel: Arc::default(),
        }
    }
}

/// What can be wrong with a source or with something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// It could not be read.
    Unreadable,
    /// The source answered with something else than what it should.
    Answer,
    /// Content does not have the digest that its place states.
    Mismatch,
    /// Content is not what it was when the inventory was last synchronised.
    Changed,
    /// It is not there any more.
    Missing,
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Problem {
    /// What kind of thing.
    pub kind: ProblemKind,
    /// Name of the source.
    pub source: String,
    /// Where in it; empty for the source as a whole.
    pub uri: String,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, source: &str, uri: &str, message: impl AsRef<str>) -> Self {
        let message = bartizan_core::truncated(&bartizan_core::printable(message.as_ref()), 500);
        Self { kind, source: source.to_owned(), uri: uri.to_owned(), message }
    }
}

/// What reading one source gave.
#[derive(Clone, Debug, Default, Serialize, schemars::JsonSchema)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Was it read to its end?
    pub complete: bool,
    /// Assets there now.
    pub assets: usize,
    /// Of these, how many are new.
    pub new: usize,
    /// How many have other content than before.
    pub changed: usize,
    /// How many were not read again, because nothing says that they changed.
    pub unchanged: usize,
    /// How many are gone since the last time.
    pub missing: usize,
    /// Files that are no AI assets.
    pub others: usize,
    /// What went wrong.
    pub problems: Vec<Problem>,
    /// What the user should know besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// What a synchronisation gave.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct SyncReport {
    /// One entry per source.
    pub sources: Vec<SourceReport>,
}

impl SyncReport {
    /// 1 when content is not what its place states, else 3 when something could not be read, else 0.
    pub fn exit_code(&self) -> u8 {
        exit_code(self.sources.iter().flat_map(|source| &source.problems))
    }
}

pub(crate) fn exit_code<'a>(problems: impl Iterator<Item = &'a Problem>) -> u8 {
    problems.fold(0, |code, problem| match problem.kind {
        ProblemKind::Mismatch | ProblemKind::Changed | ProblemKind::Missing => 1,
        ProblemKind::Unreadable | ProblemKind::Answer if code == 0 => 3,
        _ => code,
    })
}

/// Reads sources and writes what they hold into the inventory. What goes wrong with one source does not keep the
/// others from being read.
///
/// # Errors
/// When a source is not known, the inventory cannot be read or written, or the user stopped it.
pub fn sync(
    store: &Store,
    request: &SyncRequest,
    progress: &dyn Progress,
) -> Result<SyncReport, InventoryError> {
    let before = store.load()?;
    let sources = chosen(&before.sources, &request.names)?;
    let mut reports = Vec::new();
    for source in &sources {
        let now = super::now();
        let known = Known::of(source, &before.records, before.others.get(&source.name));
        let read = read(source, &known, request, &now, progress)?;
        if request.cancel.load(Ordering::Relaxed) {
            return Err(InventoryError::Interrupted);
        }
        // Each source is written when it is read: what ends the program later loses nothing of it.
        reports.push(store.update(|state| Ok(remember(state, source, read, &now)))?);
    }
    Ok(SyncReport { sources: reports })
}

/// What is remembered of a source.
pub(crate) struct Known<'a> {
    /// By uri; members of containers are not among them.
    records: BTreeMap<&'a str, &'a Record>,
    /// By the uri of the container.
    members: BTreeMap<&'a str, Vec<&'a Record>>,
    others: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Known<'a> {
    pub(crate) fn of(
        source: &Source,
        records: &'a [Record],
        others: Option<&'a BTreeMap<String, String>>,
    ) -> Self {
        let mut known = Self { records: BTreeMap::new(), members: BTreeMap::new(), others };
        for record in records.iter().filter(|record| record.source == source.name) {
            match &record.member_of {
                Some(container) => known.members.entry(container).or_default().push(record),
                None => _ = known.records.insert(&record.uri, record),
            }
        }
        known
    }

    /// Nothing is remembered: everything is looked at.
    pub(crate) fn nothing() -> Self {
        Self { records: BTreeMap::new(), members: BTreeMap::new(), others: None }
    }

    /// What was known of this thing, if nothing says that it changed since.
    fn unchanged(&self, found: &Found, digests: bool, now: &str) -> Option<Examined> {
        let token = found.token.as_ref()?;
        if self.others.and_then(|others| others.get(&found.uri)) == Some(token) {
            return Some(Examined::Other);
        }
        let own = self.records.get(found.uri.as_str()).copied().into_iter();
        let members = self.members.get(found.uri.as_str()).into_iter().flatten().copied();
        let records: Vec<&Record> = own.chain(members).filter(|r| r.token.as_ref() == Some(token)).collect();
        // What was synchronised without digests is not good enough with them.
        let digested = |record: &&Record| {
            record.digest.as_ref().is_some_and(super::ContentDigest::is_sha256)
                && (record.was_read || !found.check || record.pointer)
        };
        let whole = !records.is_empty()
            && records.iter().all(|record| record.problem.is_none())
            && (!digests || records.iter().all(digested));
        whole.then(|| {
            let again = |record: &Record| Record {
                version: found.version.clone(),
                last_seen: now.to_owned(),
                missing: None,
                copy_of: None,
                ..record.clone()
            };
            Examined::Asset(records.into_iter().map(again).collect())
        })
    }
}

/// What was read from a source.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) records: Vec<Record>,
    others: BTreeMap<String, String>,
    pub(crate) others_count: usize,
    unchanged: usize,
    pub(crate) problems: Vec<Problem>,
    notes: Vec<String>,
    /// Why it could not be read at all.
    failure: Option<String>,
    seconds: f64,
    /// Read content even where its digest is stated?
    pub(crate) complete: bool,
}

/// Reads a source.
pub(crate) fn read(
    source: &Source,
    known: &Known<'_>,
    request: &SyncRequest,
    now: &str,
    progress: &dyn Progress,
) -> Result<Reading, InventoryError> {
    read_with(source, known, request, now, false, progress)
}

/// Reads a source; `paranoid` reads content even where its digest is stated.
pub(crate) fn read_with(
    source: &Source,
    known: &Known<'_>,
    request: &SyncRequest,
    now: &str,
    paranoid: bool,
    progress: &dyn Progress,
) -> Result<Reading, InventoryError> {
    let started = Instant::now();
    let reach = Reach::new(&request.cancel, request.seconds, request.limits.held);
    let mut reading = Reading::default();
    let harvest = match harvest(source, &reach) {
        Ok(harvest) => harvest,
        Err(error) => {
            let kind = match error {
                SourceError::Unreachable(_) => ProblemKind::Unreadable,
                SourceError::Answer(_) => ProblemKind::Answer,
            };
            let problem = Problem::new(kind, &source.name, "", error.to_string());
            reading.failure = Some(problem.message.clone());
            reading.problems.push(problem);
            reading.seconds = started.elapsed().as_secs_f64();
            return Ok(reading);
        }
    };
    let Harvest { found, problems, notes } = harvest;
    reading.problems = problems;
    reading.notes = notes;
    progress.total(found.len() as u64);
    let examiner = Examiner::new(&request.limits, &reach, &source.name, now, request.digests, paranoid);
    let look = |found: &Found| {
        if reach.is_over() {
            let reason = "the time for this source ran out before it was looked at";
            return (false, Err(Problem::new(ProblemKind::Unreadable, &source.name, &found.uri, reason)));
        }
        if let Some(examined) = known.unchanged(found, request.digests, now) {
            return (true, Ok((examined, None)));
        }
        progress.started(&found.uri);
        let examined = examiner.examine(found);
        progress.finished(&found.uri, found.size.unwrap_or(0));
        (false, examined)
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(request.jobs.unwrap_or(0))
        .stack_size(STACK)
        .thread_name(|index| format!("inventory-{index}"))
        .build()
        .map_err(|error| InventoryError::Threads(error.to_string()))?;
    let looked: Vec<_> = pool.install(|| found.par_iter().with_max_len(1).map(look).collect());
    for (found, (unchanged, outcome)) in found.iter().zip(looked) {
        match outcome {
            Ok((Examined::Other, _)) => {
                reading.others_count = reading.others_count.saturating_add(1);
                if let Some(token) = &found.token {
                    reading.others.insert(found.uri.clone(), token.clone());
                }
            }
            Ok((Examined::Asset(records), problem)) => {
                if unchanged {
                    reading.unchanged = reading.unchanged.saturating_add(records.len());
                }
                reading.records.extend(records);
                reading.problems.extend(problem);
            }
            Err(problem) => reading.problems.push(problem),
        }
    }
    recognise_copies(&mut reading.records, &found);
    inherit(&mut reading.records);
    reading.complete = !reading
        .problems
        .iter()
        .any(|problem| matches!(problem.kind, ProblemKind::Unreadable | ProblemKind::Answer));
    reading.seconds = started.elapsed().as_secs_f64();
    Ok(reading)
}

/// Asks the connector.
fn harvest(source: &Source, reach: &Reach) -> Result<Harvest, SourceError> {
    match source.kind {
        SourceKind::Directory => super::directory::harvest(source, reach),
        SourceKind::Git => super::git::harvest(source, reach),
        SourceKind::HubCache => super::hub_cache::harvest(source, reach),
        #[cfg(feature = "remote")]
        SourceKind::ObjectStore => super::object_store::harvest(source, reach),
        #[cfg(feature = "remote")]
        SourceKind::Oci => super::oci::harvest(source, reach),
        #[cfg(feature = "remote")]
        SourceKind::Mlflow => super::mlflow::harvest(source, reach),
        #[cfg(feature = "remote")]
        SourceKind::Hub => super::hub::harvest(source, reach),
        #[cfg(not(feature = "remote"))]
        _ => Err(SourceError::Unreachable("this build of bartizan cannot read remote sources".to_owned())),
    }
}

/// A checked-out file with the content of the committed one of the same path is the same thing at the same place.
fn recognise_copies(records: &mut [Record], found: &[Found]) {
    let committed: BTreeMap<&str, &str> =
        found.iter().filter_map(|f| Some((f.uri.as_str(), f.committed.as_deref()?))).collect();
    let digests: BTreeMap<String, Option<super::ContentDigest>> =
        records.iter().map(|record| (record.uri.clone(), record.digest.clone())).collect();
    for record in records {
        let Some(committed) = committed.get(record.uri.as_str()) else { continue };
        let same = record.digest.is_some() && digests.get(*committed) == Some(&record.digest);
        record.copy_of = same.then(|| (*committed).to_owned());
    }
}

/// A model's licence and ancestry often stand beside it: in the card of its folder, or in its configuration.
fn inherit(records: &mut [Record]) {
    let folder = |uri: &str| uri.rsplit_once(['/', '#']).map_or("", |(folder, _)| folder).to_owned();
    let mut known: BTreeMap<String, FactSummary> = BTreeMap::new();
    for record in records.iter() {
        if matches!(record.kind, AssetKind::Document | AssetKind::Configuration) {
            let facts = FactSummary { format: None, parameters: None, ..record.facts.clone() };
            known.entry(folder(&record.uri)).or_default().fill(&facts);
        }
    }
    for record in records.iter_mut().filter(|record| record.kind == AssetKind::Model) {
        if let Some(facts) = known.get(&folder(&record.uri)) {
            record.facts.fill(facts);
        }
    }
}

/// Writes into the inventory what was read. The source may have been removed meanwhile.
fn remember(
    state: &mut super::store::State,
    source: &Source,
    mut reading: Reading,
    now: &str,
) -> SourceReport {
    let mut report = SourceReport {
        name: source.name.clone(),
        complete: reading.complete,
        assets: reading.records.len(),
        unchanged: reading.unchanged,
        others: reading.others_count,
        notes: std::mem::take(&mut reading.notes),
        seconds: reading.seconds,
        ..SourceReport::default()
    };
    report.problems = std::mem::take(&mut reading.problems);
    if report.problems.len() > PROBLEMS {
        let more = report.problems.len().saturating_sub(PROBLEMS);
        report.notes.push(format!("{more} more problems are not listed"));
        // The worst kind decides the exit code and must not be cut off.
        report.problems.sort_by_key(|problem| problem.kind != ProblemKind::Mismatch);
        report.problems.truncate(PROBLEMS);
    }
    let Some(known) = state.sources.iter_mut().find(|known| known.name == source.name) else {
        report.notes.push("the source was removed while it was read".to_owned());
        return report;
    };
    known.last_error.clone_from(&reading.failure);
    if reading.failure.is_some() {
        return report;
    }
    if reading.complete {
        known.last_sync = Some(now.to_owned());
    }
    let mut before: BTreeMap<String, Record> = BTreeMap::new();
    let mut kept = Vec::with_capacity(state.records.len());
    for record in std::mem::take(&mut state.records) {
        if record.source == source.name {
            before.insert(record.uri.clone(), record);
        } else {
            kept.push(record);
        }
    }
    let mut seen = BTreeSet::new();
    for mut record in std::mem::take(&mut reading.records) {
        if !seen.insert(record.uri.clone()) {
            continue;
        }
        match before.remove(&record.uri) {
            Some(old) => {
                if old.digest.is_some() && record.digest.is_some() && old.digest != record.digest {
                    report.changed = report.changed.saturating_add(1);
                }
                record.first_seen = old.first_seen;
            }
            None => report.new = report.new.saturating_add(1),
        }
        kept.push(record);
    }
    for (_, mut record) in before {
        if reading.complete && record.missing.is_none() {
            record.missing = Some(now.to_owned());
            report.missing = report.missing.saturating_add(1);
        }
        kept.push(record);
    }
    state.records = kept;
    let others = state.others.entry(source.name.clone()).or_default();
    if reading.complete {
        others.clear();
    }
    others.extend(reading.others);
    report
}
