//! From sources to reports: everything around the inspectors that has to do with I/O, time and decisions.

pub mod report;
