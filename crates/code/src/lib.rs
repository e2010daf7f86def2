//! Reads source code that travels with models, without running it.
//!
//! One folder per language: what it means, its rules and its tests.

use bartizan_core::Inspector;

pub mod configuration;
pub mod javascript;
pub mod notebook;
pub mod python;
mod usage;

/// Every inspector of this crate.
pub fn inspectors() -> Vec<Box<dyn Inspector>> {
    vec![
        Box::new(notebook::NotebookInspector),
        Box::new(python::PythonInspector),
        Box::new(javascript::JavascriptInspector),
        Box::new(configuration::ConfigurationInspector),
    ]
}
