//! A control: what is wrong, for which resources, and how to tell.

use std::sync::Arc;

use bartizan_core::{Rule, Tier};

use super::Condition;
use crate::category::Category;

/// Which language a resource is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the languages")]
pub enum Framework {
    Terraform,
    Plan,
}

impl Framework {
    /// Every framework.
    pub const ALL: [Self; 2] = [Self::Terraform, Self::Plan];

    /// The name in rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::Plan => "plan",
        }
    }

    /// The framework of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|framework| framework.name() == name)
    }
}

/// What `bartizan fix` does to the block of the resource. Paths are attribute paths without wildcards; in an element's
/// path the index of the finding's own element is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patch {
    /// Sets an attribute, in the nested blocks that its path names.
    Set {
        /// The attribute.
        path: String,
        /// The new expression, as HCL.
        to: String,
    },
    /// Inserts text before the closing brace of the resource or of a nested block.
    Insert {
        /// The nested block; the resource itself when empty.
        into: String,
        /// The text, as HCL, without indentation.
        text: String,
    },
    /// Deletes an attribute or nested block.
    Delete {
        /// Which.
        path: String,
    },
}

/// One control.
#[derive(Clone, Debug)]
pub struct Control {
    /// Its metadata, for reports and documentation.
    pub rule: &'static Rule,
    /// What it is about.
    pub category: Category,
    /// Who says so.
    pub tier: Tier,
    /// The languages whose resources it reads.
    pub frameworks: Vec<Framework>,
    /// Types of resources: `aws_s3_bucket`.
    pub resources: Vec<Arc<str>>,
    /// Ids of the same control elsewhere: `CKV_AWS_20`, `AVD-AWS-0092`.
    pub aliases: Vec<Arc<str>>,
    /// Which of them it is about; all when `None`.
    pub when: Option<Condition>,
    /// What makes one insecure.
    pub fails: Condition,
    /// How to mend it.
    pub patch: Vec<Patch>,
}

/// What is wrong with a rule's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct RuleError {
    /// Where in the rule: `fails.all[1].attribute`.
    pub at: String,
    /// What is wrong, and what to do.
    pub message: String,
}
