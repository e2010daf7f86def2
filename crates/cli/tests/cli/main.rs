//! The program as its users see it: arguments in, output and exit code out.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

#[cfg(unix)]
mod attest;
mod bom;
mod fix;
mod formats;
mod hostile;
mod inspect;
#[cfg(unix)]
mod keyless;
mod lineage;
mod manifest;
mod own_rules;
mod sandbox;
mod scan;
#[cfg(unix)]
mod signing;
mod verbs;
