//! Reading one source: what its connector found is looked at, unless nothing says that it changed.

use std::{collections::BTreeMap, time::Instant};

use rayon::prelude::*;

use super::{
    ContentDigest, InventoryError, Problem, ProblemKind, Source, SourceKind, SyncRequest,
    examine::{Examined, Examiner},
    found::{Found, Harvest, Reach, SourceError},
    record::{AssetKind, FactSummary, Record},
};
use crate::Progress;

/// Inspectors may nest some calls per container, and containers are nested.
const STACK: usize = 16 << 20;

/// What became of one thing, and what is wrong with it.
type Looked = Result<(Examined, Option<Problem>), Problem>;

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
            record.digest.as_ref().is_some_and(ContentDigest::is_sha256)
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
    pub(crate) others: BTreeMap<String, String>,
    pub(crate) others_count: usize,
    pub(crate) unchanged: usize,
    pub(crate) problems: Vec<Problem>,
    pub(crate) notes: Vec<String>,
    /// Why it could not be read at all.
    pub(crate) failure: Option<String>,
    pub(crate) seconds: f64,
    /// Was it read to its end?
    pub(crate) complete: bool,
}

impl Reading {
    /// Nothing but the reason why there is nothing.
    fn failed(source: &Source, error: &SourceError) -> Self {
        let kind = match error {
            SourceError::Unreachable(_) => ProblemKind::Unreadable,
            SourceError::Answer(_) => ProblemKind::Answer,
        };
        let problem = Problem::new(kind, &source.name, "", error.to_string());
        Self { failure: Some(problem.message.clone()), problems: vec![problem], ..Self::default() }
    }

    /// Adds what became of one thing.
    fn take(&mut self, found: &Found, unchanged: bool, outcome: Looked) {
        match outcome {
            Ok((Examined::Other, _)) => {
                self.others_count = self.others_count.saturating_add(1);
                if let Some(token) = &found.token {
                    self.others.insert(found.uri.clone(), token.clone());
                }
            }
            Ok((Examined::Asset(records), problem)) => {
                if unchanged {
                    self.unchanged = self.unchanged.saturating_add(records.len());
                }
                self.records.extend(records);
                self.problems.extend(problem);
            }
            Err(problem) => self.problems.push(problem),
        }
    }
}

/// Reads a source; `paranoid` reads content even where its digest is stated.
pub(crate) fn read(
    source: &Source,
    known: &Known<'_>,
    request: &SyncRequest,
    now: &str,
    paranoid: bool,
    progress: &dyn Progress,
) -> Result<Reading, InventoryError> {
    let started = Instant::now();
    let reach = Reach::new(&request.cancel, request.seconds, request.limits.held);
    let harvest = match harvest(source, &reach) {
        Ok(harvest) => harvest,
        Err(error) => {
            let seconds = started.elapsed().as_secs_f64();
            return Ok(Reading { seconds, ..Reading::failed(source, &error) });
        }
    };
    let Harvest { found, problems, notes } = harvest;
    let mut reading = Reading { problems, notes, ..Reading::default() };
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
        reading.take(found, unchanged, outcome);
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
    let digests: BTreeMap<String, Option<ContentDigest>> =
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
