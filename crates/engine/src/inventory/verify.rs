//! Is every content still what the inventory says?

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    InventoryError, Problem, ProblemKind, Store, SyncRequest, chosen,
    reading::{self, Known},
    record::Record,
    sync,
};
use crate::Progress;

/// What a verification gave.
#[derive(Clone, Debug, Default, Serialize, schemars::JsonSchema)]
pub struct VerifyReport {
    /// `verified` or `failed`.
    pub status: &'static str,
    /// Locations whose content was read and has the digest that the inventory remembers.
    pub verified: usize,
    /// Locations whose content cannot be read at their place: pointers, and what no service hands out.
    pub unread: usize,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl VerifyReport {
    /// 1 when content is not what it was, or gone; else 3 when something could not be read; else 0.
    pub fn exit_code(&self) -> u8 {
        sync::exit_code(self.problems.iter())
    }
}

/// Reads every content of these sources again, whatever says that it did not change, and compares it with what the
/// inventory remembers and with what its place states. The inventory stays as it is.
///
/// # Errors
/// When a source is not known, the inventory cannot be read, or the user stopped it.
pub fn verify(
    store: &Store,
    request: &SyncRequest,
    progress: &dyn Progress,
) -> Result<VerifyReport, InventoryError> {
    let state = store.load()?;
    let request = SyncRequest { digests: true, ..request.clone() };
    let mut report = VerifyReport::default();
    for source in chosen(&state.sources, &request.names)? {
        let now = super::now();
        let reading = reading::read(&source, &Known::nothing(), &request, &now, true, progress)?;
        if request.cancel.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(InventoryError::Interrupted);
        }
        let actual: BTreeMap<&str, &Record> =
            reading.records.iter().map(|record| (record.uri.as_str(), record)).collect();
        let remembered = state.records.iter().filter(|r| r.source == source.name && r.missing.is_none());
        for record in remembered {
            compare(record, actual.get(record.uri.as_str()).copied(), reading.complete, &mut report);
        }
        report.problems.extend(reading.problems);
    }
    report.status = if report.exit_code() == 0 { "verified" } else { "failed" };
    Ok(report)
}

fn compare(record: &Record, actual: Option<&Record>, complete: bool, report: &mut VerifyReport) {
    let problem = |kind, message: String| Problem::new(kind, &record.source, &record.uri, message);
    let Some(actual) = actual else {
        if complete {
            report.problems.push(problem(ProblemKind::Missing, "it is not there any more".to_owned()));
        }
        return;
    };
    if !actual.was_read {
        report.unread = report.unread.saturating_add(1);
        return;
    }
    match (&record.digest, &actual.digest) {
        (Some(before), Some(now)) if before == now => {
            report.verified = report.verified.saturating_add(usize::from(actual.problem.is_none()));
        }
        (Some(before), Some(now)) if before.algorithm == now.algorithm => {
            // What its place states was reported already.
            if actual.problem.is_none() {
                let message = format!("its digest was {}, and is {} now", before.value, now.value);
                report.problems.push(problem(ProblemKind::Changed, message));
            }
        }
        _ => report.unread = report.unread.saturating_add(1),
    }
}
