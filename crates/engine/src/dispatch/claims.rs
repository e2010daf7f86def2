//! Who reads an asset.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bartizan_core::{Claim, Inspector, Kind, Probe};

use crate::extensions;

/// An inspector that reads an asset, and how sure it is that it should.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) inspector: &'a dyn Inspector,
    pub(crate) claim: Claim,
}

/// All inspectors that are certain; else the first of those with the best claim below that. Companions come last,
/// besides.
pub(crate) fn readers<'a>(inspectors: &'a [Box<dyn Inspector>], probe: &Probe<'_>) -> Vec<Reader<'a>> {
    let mut certain = Vec::new();
    let mut companions = Vec::new();
    let mut best: Option<Reader<'a>> = None;
    for inspector in inspectors {
        // An inspector that fails while it looks is asked to read the file, where its failure is reported.
        let claim = catch_unwind(AssertUnwindSafe(|| inspector.accepts(probe))).unwrap_or(Claim::Certain);
        let reader = Reader { inspector: &**inspector, claim };
        if inspector.is_companion() {
            companions.extend((claim > Claim::No).then_some(reader));
        } else if claim == Claim::Certain {
            certain.push(reader);
        } else if claim > best.map_or(Claim::No, |best| best.claim) {
            best = Some(reader);
        }
    }
    let mut readers: Vec<Reader<'a>> = if certain.is_empty() { best.into_iter().collect() } else { certain };
    readers.extend(companions);
    readers
}

/// Of several kinds that one file has, the one that says most about it: a carrier such as ZIP only when there is
/// nothing else.
pub(crate) fn most_telling(kinds: &[Kind]) -> Option<Kind> {
    kinds.iter().copied().find(|kind| !extensions::is_carrier(*kind)).or_else(|| kinds.first().copied())
}

/// Two readers whose kinds do not legitimately share a file.
pub(crate) fn strangers(readers: &[Reader<'_>], kinds: &[Kind]) -> Option<(Kind, Kind)> {
    let known: Vec<(Kind, Kind)> = readers
        .iter()
        .zip(kinds)
        .filter(|(reader, _)| !reader.inspector.is_companion())
        .map(|(reader, kind)| (reader.inspector.kind(), *kind))
        .collect();
    for (index, (own, kind)) in known.iter().enumerate() {
        for (other_own, other) in known.iter().skip(index.saturating_add(1)) {
            // An inspector that says "this is really a …" names the other's kind.
            let agree = kind == other || own == other || kind == other_own;
            if !agree && !extensions::is_nesting(*own, *other_own) && !extensions::is_nesting(*kind, *other) {
                return Some((*kind, *other));
            }
        }
    }
    None
}
