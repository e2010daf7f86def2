//! What a connector yields: things at places, not yet looked at.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bartizan_core::{Content, Tree};

use super::{
    record::{AssetKind, ContentDigest, FactSummary},
    sync::Problem,
};
use crate::source::Witness;

/// Content that was opened, and what tells later whether it stayed the same.
pub(crate) struct Opened {
    pub(crate) content: Content,
    pub(crate) witness: Option<Witness>,
}

impl From<Content> for Opened {
    fn from(content: Content) -> Self {
        Self { content, witness: None }
    }
}

/// Gets at the content when it is needed.
pub(crate) type Opening = Box<dyn Fn() -> io::Result<Opened> + Send + Sync>;

/// One thing at one place.
pub(crate) struct Found {
    /// Where; the same in every sync as long as it is the same thing to its users.
    pub(crate) uri: String,
    /// Revision, tag or version there.
    pub(crate) version: Option<String>,
    /// Its path: the extension says what it may be.
    pub(crate) path: String,
    pub(crate) size: Option<u64>,
    /// Changes when the content may have changed.
    pub(crate) token: Option<String>,
    /// The digest, as its place states it.
    pub(crate) declared: Option<ContentDigest>,
    /// What it is, where the place says so; such things are assets whatever their content.
    pub(crate) kind: Option<AssetKind>,
    /// What the place says of it.
    pub(crate) facts: FactSummary,
    /// `None`: there is no way to the content.
    pub(crate) open: Option<Opening>,
    /// The folder that it sits in.
    pub(crate) siblings: Option<Arc<dyn Tree>>,
    /// Its content must have the declared digest, which is cheap to check: it is on this machine.
    pub(crate) check: bool,
    /// Is only a pointer to the content here?
    pub(crate) pointer: bool,
    /// The uri of a committed file of the same path.
    pub(crate) committed: Option<String>,
}

impl Found {
    /// Something at a place, nothing else known yet.
    pub(crate) fn at(uri: String, path: String) -> Self {
        Self {
            uri,
            version: None,
            path,
            size: None,
            token: None,
            declared: None,
            kind: None,
            facts: FactSummary::default(),
            open: None,
            siblings: None,
            check: false,
            pointer: false,
            committed: None,
        }
    }
}

/// Everything that a connector found in a source.
#[derive(Default)]
pub(crate) struct Harvest {
    pub(crate) found: Vec<Found>,
    /// What could not be read. Where there is one, nothing is called missing.
    pub(crate) problems: Vec<Problem>,
    /// What the user should know besides.
    pub(crate) notes: Vec<String>,
}

/// How far a connector may go.
#[derive(Clone)]
pub(crate) struct Reach {
    pub(crate) cancel: Arc<AtomicBool>,
    pub(crate) until: Instant,
    /// Bytes of one thing that may be held in memory.
    pub(crate) held: u64,
}

impl Reach {
    pub(crate) fn new(cancel: &Arc<AtomicBool>, seconds: u64, held: u64) -> Self {
        let now = Instant::now();
        // A time that no clock can tell is as good as none.
        let until = now
            .checked_add(Duration::from_secs(seconds))
            .unwrap_or_else(|| now + Duration::from_secs(86_400 * 365));
        Self { cancel: Arc::clone(cancel), until, held }
    }

    /// Must the source be left?
    pub(crate) fn is_over(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) || Instant::now() > self.until
    }

    /// The way to the network, closed when the time is over.
    #[cfg(feature = "remote")]
    pub(crate) fn network(&self) -> crate::source::remote::Network {
        crate::source::remote::Network::until(&self.cancel, self.until)
    }
}

/// Why a source could not be read at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// It is not there, or says no.
    #[error("{0}")]
    Unreachable(String),
    /// It answered with something else than what it should.
    #[error("{0}")]
    Answer(String),
}

impl From<io::Error> for SourceError {
    fn from(error: io::Error) -> Self {
        Self::Unreachable(error.to_string())
    }
}
