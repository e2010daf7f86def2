//! From one asset to its records: identification, inspection of it and of everything inside it.

mod claims;
mod record;
mod run;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
};

use bartizan_core::{
    Asset, Claim, Context, Description, Finding, Inspection, Inspector, Kind, Limits, Options, Probe,
    printable,
};

pub(crate) use claims::Reader;
pub(crate) use record::Record;
pub(crate) use run::Run;

use crate::{digest, extensions, rules};

/// Knows the inspectors and hands assets to them.
pub(crate) struct Dispatcher<'a> {
    pub(crate) inspectors: Vec<Box<dyn Inspector>>,
    pub(crate) limits: &'a Limits,
    pub(crate) options: Options,
    pub(crate) digests: bool,
    /// An asset whose description is wanted too.
    pub(crate) watch: Option<&'a Watch>,
}

/// Waits for one asset to come by, to describe it.
pub(crate) struct Watch {
    pub(crate) path: String,
    pub(crate) found: Mutex<Option<Description>>,
}

impl Dispatcher<'_> {
    /// Who reads this asset?
    pub(crate) fn readers(&self, probe: &Probe<'_>) -> Vec<Reader<'_>> {
        claims::readers(&self.inspectors, probe)
    }

    /// Inspects an asset and everything inside it. The asset's record comes first, then those of its members.
    pub(crate) fn examine(&self, asset: &mut Asset, run: &Run<'_>) -> Vec<Record> {
        let mut record = Record::new(asset);
        let mut members = Vec::new();
        if asset.content.tree().is_none() && asset.content.is_empty() {
            asset.kind = Kind::EMPTY;
        } else {
            match Probe::new(asset).map(|probe| self.readers(&probe)) {
                Ok(readers) => {
                    members = self.read(asset, &readers, run, &mut record);
                    self.describe(asset, &readers, run);
                }
                Err(error) => record.coverage.miss(format!("it cannot be read: {error}")),
            }
        }
        record.kind = asset.kind;
        self.digest(asset, run, &mut record);
        if run.was_stopped() {
            record.coverage.miss(run.why_stopped());
        }
        record.finish(asset, self.limits.findings);
        members.insert(0, record);
        members
    }

    /// Lets every reader inspect the asset, and returns the records of its members.
    fn read(
        &self,
        asset: &mut Asset,
        readers: &[Reader<'_>],
        run: &Run<'_>,
        record: &mut Record,
    ) -> Vec<Record> {
        let mut members = Vec::new();
        let mut seen: BTreeSet<(String, u64)> = BTreeSet::new();
        let mut kinds = Vec::new();
        for reader in readers {
            asset.kind = reader.inspector.kind();
            let emitted = Mutex::new((Vec::new(), Vec::new()));
            let outlet = |mut child: Asset| {
                let key = (child.path.to_string(), child.content.len());
                // Two readers of one container hand on the same members: one look at each is enough.
                if seen.contains(&key) {
                    return;
                }
                let records = self.examine(&mut child, run);
                if let Ok(mut emitted) = emitted.lock() {
                    emitted.0.push(key);
                    emitted.1.extend(records);
                }
            };
            let inspection = self.inspect_guarded(reader.inspector, asset, run, &outlet);
            let (keys, records) = emitted.into_inner().unwrap_or_default();
            seen.extend(keys);
            members.extend(records);
            kinds.push(inspection.kind.unwrap_or(asset.kind));
            record.take(inspection);
        }
        asset.kind = self.settle(asset, readers, &kinds, record);
        members
    }

    /// Describes the asset if it is the one that is waited for.
    fn describe(&self, asset: &Asset, readers: &[Reader<'_>], run: &Run<'_>) {
        let Some(watch) = self.watch.filter(|watch| watch.path == asset.path.as_str()) else { return };
        let mut description = Description::default();
        for reader in readers {
            let describe =
                || self.with_context(run, &|_| {}, |context| reader.inspector.describe(asset, context));
            // A failure was reported when the asset was inspected.
            if let Ok(tables) = catch_unwind(AssertUnwindSafe(describe)) {
                description.sections.extend(tables.sections);
            }
        }
        if let Ok(mut found) = watch.found.lock() {
            *found = Some(description);
        }
    }

    /// Decides what the asset is, and notes when it pretends to be something else.
    fn settle(&self, asset: &Asset, readers: &[Reader<'_>], kinds: &[Kind], record: &mut Record) -> Kind {
        let Some((first, kind)) = readers.first().zip(claims::most_telling(kinds)) else {
            return Kind::UNKNOWN;
        };
        if asset.content.tree().is_some() {
            return kind;
        }
        if let Some((one, other)) = claims::strangers(readers, kinds) {
            record.findings.push(
                Finding::new(&rules::POLYGLOT, asset, format!("the file is valid as {one} and as {other}"))
                    .evidence("kind", one.name())
                    .evidence("kind", other.name()),
            );
        }
        let extension = asset.path.extension();
        if let Some(severity) = extensions::mismatch(&extension, kind, first.claim) {
            record.findings.push(
                Finding::new(
                    &rules::MISLEADING_EXTENSION,
                    asset,
                    format!("the name ends in `.{}`, the content is {kind}", printable(&extension)),
                )
                .severity(severity)
                .evidence("extension", &extension)
                .evidence("kind", kind.name()),
            );
        }
        kind
    }

    /// Calls an inspector; a panic inside it becomes a finding and a gap, never an abort.
    pub(crate) fn inspect_guarded(
        &self,
        inspector: &dyn Inspector,
        asset: &Asset,
        run: &Run<'_>,
        outlet: &(dyn Fn(Asset) + Sync),
    ) -> Inspection {
        let inspect = || self.with_context(run, outlet, |context| inspector.inspect(asset, context));
        catch_unwind(AssertUnwindSafe(inspect)).unwrap_or_else(|panic| {
            let mut inspection = Inspection::new();
            let name = inspector.kind();
            inspection.find(
                Finding::new(
                    &rules::INTERNAL_ERROR,
                    asset,
                    format!("the inspector of {name} failed: {}", printable(panic_text(&*panic))),
                )
                .evidence("inspector", name.name()),
            );
            inspection.coverage.miss(format!("the inspector of {name} failed"));
            inspection
        })
    }

    /// Calls `job` with what an inspector is given besides the asset.
    pub(crate) fn with_context<T>(
        &self,
        run: &Run<'_>,
        outlet: &(dyn Fn(Asset) + Sync),
        job: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        job(&Context {
            limits: self.limits,
            options: self.options,
            budget: &run.budget,
            outlet,
            interrupt: &|| run.must_stop(),
        })
    }

    /// Digests the asset, and notices when it ends before its size says.
    fn digest(&self, asset: &Asset, run: &Run<'_>, record: &mut Record) {
        let content = &asset.content;
        let wanted = match asset.depth {
            _ if content.tree().is_some() || !self.digests => false,
            0 => run.digest_up_to.is_none_or(|most| content.len() <= most),
            _ => content.in_memory().is_some() || content.len() <= run.member_digest_up_to,
        };
        if !wanted {
            return;
        }
        match digest::sha256(content, &|| run.cancelled()) {
            Ok(Some(digested)) if digested.bytes == content.len() => record.sha256 = Some(digested.sha256),
            Ok(Some(digested)) => record.coverage.miss(format!(
                "it ends after {} of {} bytes: it shrank while it was read",
                digested.bytes,
                content.len()
            )),
            Ok(None) => record.coverage.miss("the scan was interrupted"),
            Err(error) => record.coverage.miss(format!("it cannot be read to its end: {error}")),
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}

/// Does anyone claim it by its content?
pub(crate) fn is_claimed(readers: &[Reader<'_>]) -> bool {
    readers.iter().any(|reader| reader.claim >= Claim::Shape)
}
