//! Runs inspectors on bytes, for tests.

use std::sync::Mutex;

use bartizan_core::{
    Asset, Budget, Claim, Content, Context, Description, Inspection, Inspector, Limits, Options, Probe,
    Severity,
};

/// What an inspector made of some bytes.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) claim: Claim,
    pub(crate) inspection: Inspection,
    pub(crate) children: Vec<Asset>,
}

impl Outcome {
    /// The ids of the rules that fired, in order, without repetition.
    pub(crate) fn rules(&self) -> Vec<&'static str> {
        let mut ids: Vec<_> = self.inspection.findings.iter().map(|finding| finding.rule.id).collect();
        ids.dedup();
        ids
    }

    /// The worst severity.
    pub(crate) fn worst(&self) -> Option<Severity> {
        self.inspection.findings.iter().map(|finding| finding.severity).max()
    }
}

/// Inspects `bytes` as a file called `name`, with default limits.
pub(crate) fn inspect(inspector: &dyn Inspector, name: &str, bytes: impl Into<bytes::Bytes>) -> Outcome {
    inspect_asset(
        inspector,
        Asset::new(name, Content::from_bytes(bytes)),
        &Limits::default(),
        Options::default(),
    )
}

/// Inspects an asset with the given limits and options.
pub(crate) fn inspect_asset(
    inspector: &dyn Inspector,
    asset: Asset,
    limits: &Limits,
    options: Options,
) -> Outcome {
    let children = Mutex::new(Vec::new());
    let claim = inspector.accepts(&Probe::new(&asset).unwrap());
    let inspection = inspector.inspect(
        &asset,
        &Context {
            limits,
            options,
            budget: &Budget::default(),
            outlet: &|child| children.lock().unwrap().push(child),
            interrupt: &|| false,
        },
    );
    Outcome { claim, inspection, children: children.into_inner().unwrap() }
}

/// What `bartizan inspect` would show.
pub(crate) fn describe(inspector: &dyn Inspector, name: &str, bytes: impl Into<bytes::Bytes>) -> Description {
    inspector.describe(
        &Asset::new(name, Content::from_bytes(bytes)),
        &Context {
            limits: &Limits::default(),
            options: Options::default(),
            budget: &Budget::default(),
            outlet: &|_| {},
            interrupt: &|| false,
        },
    )
}

/// Proves that an inspector survives arbitrary bytes and every damage to a valid file.
pub(crate) fn survives(inspector: &dyn Inspector, name: &str, valid: &[u8]) {
    use proptest::{prelude::*, test_runner::TestRunner};

    for cut in (0..valid.len()).step_by((valid.len() / 64).max(1)) {
        inspect(inspector, name, valid[..cut].to_vec());
    }
    let flips = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8);
    let junk = prop::collection::vec(any::<u8>(), 0..300);
    TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })
        .run(&(flips, junk), |(flips, junk)| {
            let mut damaged = valid.to_vec();
            for (at, byte) in flips {
                if let Some(place) = damaged.get_mut(at.index(valid.len().max(1))) {
                    *place = byte;
                }
            }
            inspect(inspector, name, damaged.clone());
            describe(inspector, name, damaged);
            inspect(inspector, name, junk);
            Ok(())
        })
        .unwrap();
}
