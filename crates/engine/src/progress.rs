//! Telling the user how far a scan is.

/// Told while a scan runs, from several threads at once. Every method may be left out; `()` ignores everything.
pub trait Progress: Sync {
    /// So many top-level assets will be looked at. Called once, when the sources have been listed.
    fn total(&self, assets: u64) {
        let _ = assets;
    }

    /// An asset is being read now.
    fn started(&self, path: &str) {
        let _ = path;
    }

    /// A top-level asset of so many bytes is done.
    fn finished(&self, path: &str, bytes: u64) {
        let _ = (path, bytes);
    }
}

impl Progress for () {}
