//! From sources to reports: everything around the inspectors that has to do with I/O, time and decisions.
//!
//! [`scan`] takes a [`ScanRequest`], opens its targets, hands every asset to the inspectors that claim it, applies the
//! [`Policy`] and returns a [`report::Report`]. [`inspect`] looks into one file. [`all_rules`] lists everything that
//! can be found.

mod assemble;
pub mod attestation;
pub mod bom;
pub mod config;
mod digest;
mod dispatch;
mod draft;
mod error;
mod extensions;
pub mod fix;
mod inspect;
pub mod inventory;
#[cfg(feature = "keyless")]
pub mod keyless;
pub mod lineage;
mod nearest;
pub mod policies;
pub mod policy;
mod progress;
pub mod report;
mod request;
mod rules;
mod scan;
pub mod signing;
mod source;

pub use draft::draft;
pub use error::EngineError;
pub use inspect::{Inspected, inspect};
pub use nearest::nearest;
pub use policy::Policy;
pub use progress::Progress;
pub use request::{ScanRequest, Target};
pub use rules::{all_inspectors, all_rules};
pub use scan::scan;

/// Version of the program that carries this engine.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
