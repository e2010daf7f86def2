//! Rules: one YAML file per control, compiled to conditions and dispatched by the type of a resource.

mod catalogue;
mod cidr;
mod condition;
mod control;
mod evaluate;
mod graph;
mod outcome;
mod path;
mod policy;
mod read;
mod test;
#[cfg(test)]
pub(crate) mod tests;

pub use crate::category::Category;
pub use catalogue::{Catalogue, RULES, builtin};
pub use condition::{Condition, Quantifier};
pub use control::{Control, Framework, Patch, RuleError};
pub use evaluate::{Subject, evaluate};
pub use graph::Graph;
pub use outcome::{Outcome, Truth, Witness};
pub use path::{Hit, Path, Step};
pub use policy::StatementTest;
pub use read::control;
pub use test::Test;
