//! How far a scan is: a bar on a terminal, now and then a line elsewhere.

use std::{
    io::{IsTerminal as _, Write as _},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bartizan_engine::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows nothing for scans shorter than this.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often a line is printed where there is no terminal.
const EVERY: Duration = Duration::from_secs(5);

/// Progress on standard error.
pub(crate) struct Meter {
    bar: Option<ProgressBar>,
    started: Instant,
    last: Mutex<Instant>,
    total: AtomicU64,
    done: AtomicU64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        let now = Instant::now();
        Self { bar, started: now, last: Mutex::new(now), total: AtomicU64::new(0), done: AtomicU64::new(0) }
    }

    /// Removes the bar.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self) {
        let Ok(mut last) = self.last.try_lock() else { return };
        if last.elapsed() >= EVERY {
            *last = Instant::now();
            let (done, total) = (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
            let seconds = self.started.elapsed().as_secs();
            let _ = writeln!(std::io::stderr(), "bartizan: {done} of {total} assets after {seconds} s");
        }
    }
}

impl Progress for Meter {
    fn total(&self, assets: u64) {
        self.total.store(assets, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.set_length(assets);
        }
    }

    fn started(&self, path: &str) {
        if let Some(bar) = &self.bar {
            if bar.is_hidden() && self.started.elapsed() > PATIENCE {
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            bar.set_message(bartizan_core::printable(path));
        }
    }

    fn finished(&self, _path: &str, _bytes: u64) {
        self.done.fetch_add(1, Ordering::Relaxed);
        match &self.bar {
            Some(bar) => bar.inc(1),
            None => self.line(),
        }
    }
}
