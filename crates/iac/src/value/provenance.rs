//! Where a value comes from.

use std::sync::Arc;

use super::Link;
use crate::source::{Place, Sources};

/// One reference that a value came through, and what it came through before.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The reference: `var.open`, `local.tags`, `module.network.cidr`, `aws_s3_bucket.a.bucket`.
    pub reference: Arc<str>,
    /// What happened there: `set in`, `default in`, `passed in`, `defined in`.
    pub how: &'static str,
    /// Where.
    pub at: Option<Place>,
    /// The resource whose attribute it is.
    pub target: Option<Arc<Link>>,
    /// What came before.
    pub next: Option<Arc<Provenance>>,
}

/// Chains longer than this are cut.
const LONGEST: usize = 8;

impl Provenance {
    /// Every step, nearest first.
    pub fn steps(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |step| step.next.as_deref()).take(LONGEST)
    }

    /// `var.open`, passed in `main.tf:7`; `local.open`, defined in `locals.tf:2`.
    pub fn shown(&self, sources: &Sources) -> String {
        let mut out = String::new();
        for step in self.steps() {
            if !out.is_empty() {
                out.push_str("; ");
            }
            out.push_str(&format!("`{}`", step.reference));
            if let Some(at) = step.at {
                out.push_str(&format!(", {} `{}`", step.how, sources.shown(at)));
            }
        }
        out
    }
}
