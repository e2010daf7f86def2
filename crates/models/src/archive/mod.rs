//! What every archive format has in common: names that lead out of the folder, links, devices, and bombs.
//!
//! An extractor joins a member's name to the folder it extracts into. A name such as `../../.bashrc` therefore writes
//! outside that folder ("Zip Slip", CWE-22), and a symbolic link inside an archive prepares the same for the members
//! after it. A few kilobytes may also unfold into gigabytes.

pub(crate) mod path;
pub(crate) mod rules;
pub(crate) mod sniff;
pub(crate) mod unpack;

use bartizan_core::{Asset, Context, Finding, Inspection, LimitReached, Severity};

use self::path::Place;

/// How many findings of one kind an archive reports one by one.
const MOST_ALIKE: usize = 20;

/// Findings of one rule, of which only the first few are worth a line each.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: std::collections::HashMap<&'static str, usize>,
}

impl Tally {
    /// Adds the finding unless twenty of its rule are there already.
    pub(crate) fn find(&mut self, inspection: &mut Inspection, finding: Finding) {
        let count = self.counts.entry(finding.rule.id).or_default();
        *count += 1;
        if *count <= MOST_ALIKE {
            inspection.find(finding);
        }
    }
}

/// Checks where a member's name leads.
pub(crate) fn check_name(
    inspection: &mut Inspection,
    tally: &mut Tally,
    asset: &Asset,
    name: &str,
    offset: u64,
) {
    let finding = match path::place(name) {
        Place::Inside => return,
        Place::Outside(how) => Finding::new(
            &rules::PATH_TRAVERSAL,
            asset,
            format!("extracting this archive writes outside the target folder: the member's name {how}"),
        ),
        Place::Odd(how) => Finding::new(
            &rules::UNUSUAL_NAME,
            asset,
            format!("a member's name {how}; extractors disagree about what it means"),
        ),
        Place::Deceptive(how) => Finding::new(
            &rules::UNUSUAL_NAME,
            asset,
            format!("a member's name {how}: what is shown and what is opened differ"),
        )
        .severity(Severity::Medium),
    };
    tally.find(inspection, finding.offset(offset).evidence("member", name));
}

/// Checks where a link leads.
pub(crate) fn check_link(
    inspection: &mut Inspection,
    tally: &mut Tally,
    asset: &Asset,
    (name, target): (&str, &str),
    offset: u64,
) {
    let finding = if path::link_leaves(name, target) {
        Finding::new(
            &rules::LINK_OUTSIDE,
            asset,
            "a link in this archive leads outside the folder it is extracted into",
        )
    } else {
        Finding::new(&rules::LINK_INSIDE, asset, "the archive holds a link to another of its members")
    };
    tally.find(inspection, finding.offset(offset).evidence("member", name).evidence("target", target));
}

/// Hands on a member; notes in the coverage when a limit forbids it. False when no further member can be handed on.
pub(crate) fn emit(
    inspection: &mut Inspection,
    tally: &mut Tally,
    asset: &Asset,
    context: &Context<'_>,
    child: Asset,
) -> bool {
    let name = child.path.name().to_owned();
    match context.emit(child) {
        Ok(()) => true,
        Err(limit) => {
            inspection.coverage.miss(format!("member {name} and those after it were not read: {limit}"));
            if !matches!(limit, LimitReached::Time) {
                tally.find(inspection, limit_finding(asset, limit));
            }
            false
        }
    }
}

/// The finding for an archive that ran into a limit.
pub(crate) fn limit_finding(asset: &Asset, limit: LimitReached) -> Finding {
    Finding::new(&rules::RESOURCE_LIMIT, asset, format!("reading this archive was stopped: {limit}"))
}

/// The most that is held of one unpacked member. It shrinks with depth: every enclosing container still holds its own.
pub(crate) fn most_held(asset: &Asset, context: &Context<'_>) -> u64 {
    context.limits.held / (asset.depth as u64).saturating_add(1)
}

/// Is this expansion beyond what data of that kind does? Arrays of zeros compress a thousandfold and are harmless
/// while they fit; for everything else a few megabytes at such a ratio are a bomb.
pub(crate) fn is_bomb(head: &[u8], packed: u64, unpacked: u64, context: &Context<'_>) -> bool {
    const UNREMARKABLE: u64 = 8 << 20;
    let most = if sniff::may_hold_arrays(head) { context.limits.held } else { UNREMARKABLE };
    unpacked > most.min(context.limits.held) && unpacked / packed.max(1) > context.limits.ratio
}

/// The finding for a decompression bomb.
pub(crate) fn bomb(asset: &Asset, packed: u64, unpacked: u64) -> Finding {
    Finding::new(
        &rules::BOMB,
        asset,
        format!(
            "{packed} bytes unfold to at least {unpacked} bytes, {} times as many",
            unpacked / packed.max(1)
        ),
    )
}

/// The decoder's words as one short line.
pub(crate) fn plain(error: &dyn std::fmt::Display) -> String {
    bartizan_core::redacted(&error.to_string())
}
