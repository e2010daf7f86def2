//! Who vouches for a model, what it is made of, and where it came from.
//!
//! Bytes in, values out: no network, no clock. What needs today's date takes it as an argument.

pub mod attestation;
pub mod bom;
pub mod certificates;
pub mod digest;
pub mod dsse;
pub mod keys;
pub mod lineage;
pub mod oms;
