//! Understands infrastructure as code: what a configuration makes, with the values that make it insecure and where those
//! come from.
//!
//! * [`source`]: files, and places in them
//! * [`syntax`]: HCL, text in and tree out
//! * [`value`]: values that are known, unknown (with the reference that nobody can resolve), or sensitive
//! * [`category`]: what a weakness is about
//! * [`resource`]: the noun that rules speak of, whatever language it is written in
//! * [`terraform`]: from files to resources
//! * [`rule`]: controls as data, conditions of three truth values, and the graph between resources
//! * [`suspicion`]: the learned tier: what a network suspects
//! * [`judge`]: from resources and controls to findings
//! * [`patch`]: from findings to changed texts
//! * [`brought`]: rules that a user brings
//!
//! The README of this crate says how to write a rule.

use std::sync::Arc;

use bartizan_core::Inspector;

pub mod brought;
pub mod category;
pub mod judge;
pub mod patch;
pub mod resource;
pub mod rule;
pub mod source;
pub mod suspicion;
pub mod syntax;
pub mod terraform;
pub mod value;
mod yaml;

/// Every inspector of this crate, with what the user says about Terraform besides the files.
pub fn inspectors(settings: terraform::Settings) -> Vec<Box<dyn Inspector>> {
    let brought = Arc::clone(&settings.brought);
    vec![
        Box::new(terraform::TerraformInspector { settings }),
        Box::new(terraform::TerraformFileInspector { brought: Arc::clone(&brought) }),
        Box::new(terraform::PlanInspector { brought }),
    ]
}
