//! What to scan, and how.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

use bartizan_core::{Limits, Options};

use crate::Policy;

/// One thing to scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file or folder on this machine.
    Path(PathBuf),
    /// Standard input.
    Stdin,
    /// An object, a prefix, or a model repository elsewhere: `s3://`, `gs://`, `az://`, `https://`, `hf://`.
    Uri(String),
}

impl Target {
    /// Reads a target as it is written on a command line: `-`, a URI, or a path. `file://` URIs are paths.
    pub fn parse(text: &str) -> Self {
        if text == "-" {
            return Self::Stdin;
        }
        if let Some(path) = text.strip_prefix("file://") {
            return Self::Path(PathBuf::from(path.strip_prefix("localhost").unwrap_or(path)));
        }
        match text.split_once("://") {
            Some((scheme, _)) if is_scheme(scheme) => Self::Uri(text.to_owned()),
            _ => Self::Path(PathBuf::from(text)),
        }
    }
}

/// RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

impl From<PathBuf> for Target {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

/// A whole scan.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// What to scan.
    pub targets: Vec<Target>,
    /// What counts.
    pub policy: Policy,
    /// Bounds on the work that one top-level input may cause.
    pub limits: Limits,
    /// What the inspectors should do beyond the default.
    pub options: Options,
    /// Compute SHA-256 digests?
    pub digests: bool,
    /// How many threads; all cores when `None`.
    pub jobs: Option<usize>,
    /// Treat files that `.gitignore` hides like all others?
    pub no_ignore: bool,
    /// Terraform: files of variables besides those that are read by themselves; later ones win.
    pub variable_files: Vec<PathBuf>,
    /// Infrastructure: a folder of rules that the user brings.
    pub policies: Option<PathBuf>,
    /// What the report's notes should say besides, such as which manifest was used.
    pub notes: Vec<String>,
    /// Set to stop the scan soon; what was done until then is reported.
    pub cancel: Arc<AtomicBool>,
}

impl ScanRequest {
    /// A scan of these targets with the defaults: no policy, default limits, digests, all cores.
    pub fn new(targets: Vec<Target>) -> Self {
        Self {
            targets,
            policy: Policy::default(),
            limits: Limits::default(),
            options: Options::default(),
            digests: true,
            jobs: None,
            no_ignore: false,
            variable_files: Vec::new(),
            policies: None,
            notes: Vec::new(),
            cancel: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_reads_as_it_is_written_on_the_command_line() {
        assert_eq!(Target::parse("-"), Target::Stdin);
        assert_eq!(Target::parse("hf://a/b@main"), Target::Uri("hf://a/b@main".into()));
        assert_eq!(Target::parse("file:///tmp/a b"), Target::Path("/tmp/a b".into()));
        assert_eq!(Target::parse("models/x.pt"), Target::Path("models/x.pt".into()));
        assert_eq!(Target::parse("odd name://x"), Target::Path("odd name://x".into()));
    }
}
