//! Reading the sources and remembering what they hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
};

use bartizan_core::Limits;
use serde::Serialize;

use super::{
    InventoryError, Source, Store, chosen,
    reading::{self, Known, Reading},
    record::Record,
    store::State,
};
use crate::Progress;

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
    let mut before = store.load()?;
    // A newer program may know what an older one took for something else.
    if before.rules_version != bartizan_models::RULES_VERSION {
        before.others.clear();
    }
    let sources = chosen(&before.sources, &request.names)?;
    let mut reports = Vec::new();
    for source in &sources {
        let now = super::now();
        let known = Known::of(source, &before.records, before.others.get(&source.name));
        let read = reading::read(source, &known, request, &now, false, progress)?;
        if request.cancel.load(Ordering::Relaxed) {
            return Err(InventoryError::Interrupted);
        }
        // Each source is written when it is read: what ends the program later loses nothing of it.
        reports.push(store.update(|state| Ok(remember(state, source, read, &now)))?);
    }
    Ok(SyncReport { sources: reports })
}

/// Writes into the inventory what was read. The source may have been removed meanwhile.
fn remember(state: &mut State, source: &Source, mut reading: Reading, now: &str) -> SourceReport {
    let mut report = report(source, &mut reading);
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
    if state.rules_version != bartizan_models::RULES_VERSION {
        state.others.clear();
        bartizan_models::RULES_VERSION.clone_into(&mut state.rules_version);
    }
    let others = state.others.entry(source.name.clone()).or_default();
    if reading.complete {
        others.clear();
    }
    others.extend(std::mem::take(&mut reading.others));
    merge(state, source, reading, now, &mut report);
    report
}

fn report(source: &Source, reading: &mut Reading) -> SourceReport {
    let mut report = SourceReport {
        name: source.name.clone(),
        complete: reading.complete,
        assets: reading.records.len(),
        unchanged: reading.unchanged,
        others: reading.others_count,
        problems: std::mem::take(&mut reading.problems),
        notes: std::mem::take(&mut reading.notes),
        seconds: reading.seconds,
        ..SourceReport::default()
    };
    if report.problems.len() > PROBLEMS {
        let more = report.problems.len().saturating_sub(PROBLEMS);
        report.notes.push(format!("{more} more problems are not listed"));
        // The worst kind decides the exit code and must not be cut off.
        report.problems.sort_by_key(|problem| problem.kind != ProblemKind::Mismatch);
        report.problems.truncate(PROBLEMS);
    }
    report
}

/// Joins what was known of a source with what was read: what is new, what changed, and what is gone.
fn merge(state: &mut State, source: &Source, reading: Reading, now: &str, report: &mut SourceReport) {
    let (own, mut kept): (Vec<Record>, Vec<Record>) =
        std::mem::take(&mut state.records).into_iter().partition(|record| record.source == source.name);
    let mut before: BTreeMap<String, Record> =
        own.into_iter().map(|record| (record.uri.clone(), record)).collect();
    let mut seen = BTreeSet::new();
    for mut record in reading.records {
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
    for mut record in before.into_values() {
        if reading.complete && record.missing.is_none() {
            record.missing = Some(now.to_owned());
            report.missing = report.missing.saturating_add(1);
        }
        kept.push(record);
    }
    state.records = kept;
}
