//! Terraform and OpenTofu: from files to resources.
//!
//! [`read`] reads every file below a folder once, finds the root modules, and evaluates each of them with everything that
//! it calls: variables, files of variables, locals, functions, `count`, `for_each`, dynamic blocks and local modules. What
//! cannot be known without running anything stays unknown and says so.

mod evaluate;
mod functions;
#[cfg(test)]
mod hostile;
mod inspector;
mod module;
mod plan;
mod policy_document;
mod project;
mod roots;
mod suppression;
#[cfg(test)]
mod tests;

pub use functions::NAMES as FUNCTIONS;
pub use inspector::{PlanInspector, TerraformFileInspector, TerraformInspector};
pub use project::is_configuration;
pub use roots::{Reading, Root, Settings, VariableFile, read};
pub(crate) use suppression::covering;
