//! What reads an asset, and what it may spend on it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Asset, Claim, Coverage, Description, Fact, Finding, Kind, Limits, Probe, Rule};

/// What an inspector learned from one asset.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// What it is.
    pub facts: Vec<Fact>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// What was not understood.
    pub coverage: Coverage,
    /// A more precise kind than the inspector's own: `joblib` for a pickle with joblib's framing.
    pub kind: Option<Kind>,
}

impl Inspection {
    /// Nothing learned, nothing missed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Adds a fact.
    pub fn know(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// Adds what another reading of the same asset learned.
    pub fn merge(&mut self, other: Self) {
        self.facts.extend(other.facts);
        self.findings.extend(other.findings);
        self.coverage.merge(other.coverage);
        self.kind = other.kind.or(self.kind);
    }
}

/// Reads assets of one kind: bytes in, facts and findings out. No network, no clock, no state; never panics.
pub trait Inspector: Send + Sync {
    /// The kind of the assets that it accepts.
    fn kind(&self) -> Kind;

    /// Every rule that its findings may name.
    fn rules(&self) -> &'static [&'static Rule];

    /// Is this one of mine? Content decides; a name alone is [`Claim::Name`].
    fn accepts(&self, probe: &Probe<'_>) -> Claim;

    /// Does it read beside whoever else reads the asset? What a companion learns is added, and it decides neither who
    /// reads nor, where another inspector knows the asset, what kind the asset is.
    fn is_companion(&self) -> bool {
        false
    }

    /// Reads it to the end, or says in the coverage what it could not read.
    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection;

    /// Tables of what is inside, for `bartizan inspect`. Nothing is executed here either.
    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let (_, _) = (asset, context);
        Description::default()
    }
}

/// What the user asked for beyond the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Read the weights themselves too (`--deep`).
    pub deep: bool,
    /// Hand on the bytes of tensors inside containers as members, for whoever samples them.
    pub storages: bool,
}

/// A limit was reached; the part behind it is a gap in the coverage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitReached {
    /// [`Limits::expanded`].
    #[error("decompression produces more than {0} bytes")]
    Expanded(u64),
    /// [`Limits::members`].
    #[error("more than {0} members")]
    Members(u64),
    /// [`Limits::nesting`].
    #[error("more than {0} containers inside each other")]
    Nesting(usize),
    /// [`Limits::seconds`], or the user's Ctrl-C.
    #[error("the time allowed for one input ran out")]
    Time,
}

/// What one top-level input has used up so far, shared by everything inside it.
#[derive(Debug, Default)]
pub struct Budget {
    expanded: AtomicU64,
    members: AtomicU64,
}

/// Everything an inspector is given besides the asset.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Bounds on the work.
    pub limits: &'a Limits,
    /// What the user asked for.
    pub options: Options,
    /// What was used up.
    pub budget: &'a Budget,
    /// Takes children; see [`Context::emit`].
    pub outlet: &'a (dyn Fn(Asset) + Sync),
    /// Has the time run out? See [`Context::interrupted`].
    pub interrupt: &'a (dyn Fn() -> bool + Sync),
}

impl Context<'_> {
    /// Hands on a member as an asset of its own. It is identified and inspected at once, and its bytes are freed
    /// after, so that a container never holds all its members in memory.
    ///
    /// # Errors
    /// [`LimitReached`] when containers are nested too deeply or there are too many members; the member was not
    /// handed on, which the caller notes in its coverage.
    pub fn emit(&self, child: Asset) -> Result<(), LimitReached> {
        if child.depth > self.limits.nesting {
            return Err(LimitReached::Nesting(self.limits.nesting));
        }
        if self.budget.members.fetch_add(1, Ordering::Relaxed) >= self.limits.members {
            return Err(LimitReached::Members(self.limits.members));
        }
        if self.interrupted() {
            return Err(LimitReached::Time);
        }
        (self.outlet)(child);
        Ok(())
    }

    /// Must the inspector stop here? To be asked every few thousand steps.
    pub fn interrupted(&self) -> bool {
        (self.interrupt)()
    }

    /// Accounts for bytes that decompression produced.
    ///
    /// # Errors
    /// [`LimitReached::Expanded`] when the input's budget is used up.
    pub fn expand(&self, bytes: u64) -> Result<(), LimitReached> {
        let before = self.budget.expanded.fetch_add(bytes, Ordering::Relaxed);
        match before.checked_add(bytes) {
            Some(total) if total <= self.limits.expanded => Ok(()),
            _ => Err(LimitReached::Expanded(self.limits.expanded)),
        }
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("limits", self.limits)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
