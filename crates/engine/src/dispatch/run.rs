//! The clock and the budget of one top-level input.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use bartizan_core::Budget;

/// Members up to this size are digested in a scan.
const MEMBER_DIGEST: u64 = 16 << 20;

/// One top-level input being read: when it has to end, and what it has used.
pub(crate) struct Run<'a> {
    pub(crate) budget: Budget,
    /// Top-level inputs larger than this are not digested; all are when `None`.
    pub(crate) digest_up_to: Option<u64>,
    /// Members larger than this are digested only when they are in memory already.
    pub(crate) member_digest_up_to: u64,
    cancel: &'a AtomicBool,
    started: Instant,
    allowed: Duration,
    fired: AtomicBool,
}

impl<'a> Run<'a> {
    /// Starts the clock.
    pub(crate) fn new(seconds: u64, cancel: &'a AtomicBool) -> Self {
        Self {
            budget: Budget::default(),
            digest_up_to: None,
            member_digest_up_to: MEMBER_DIGEST,
            cancel,
            started: Instant::now(),
            allowed: Duration::from_secs(seconds),
            fired: AtomicBool::new(false),
        }
    }

    /// Must inspection stop? Once it said yes, everything read after is incomplete.
    pub(crate) fn must_stop(&self) -> bool {
        let stop = self.cancelled() || self.started.elapsed() > self.allowed;
        if stop {
            self.fired.store(true, Ordering::Relaxed);
        }
        stop
    }

    /// Did the user ask to stop?
    pub(crate) fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// Was an inspector told to stop?
    pub(crate) fn was_stopped(&self) -> bool {
        self.fired.load(Ordering::Relaxed)
    }

    /// Why it was told to.
    pub(crate) fn why_stopped(&self) -> String {
        if self.cancelled() {
            "the scan was interrupted".to_owned()
        } else {
            format!("the {} seconds allowed for one input ran out", self.allowed.as_secs())
        }
    }
}
