//! A control: what is wrong, for which resources, and how to tell.

use std::sync::Arc;

use bartizan_core::{Rule, Tier};

use super::Condition;

/// What a control is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the categories")]
pub enum Category {
    Encryption,
    Authentication,
    Network,
    Logging,
    Iam,
    Secrets,
    Other,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 7] = [
        Self::Encryption,
        Self::Authentication,
        Self::Network,
        Self::Logging,
        Self::Iam,
        Self::Secrets,
        Self::Other,
    ];

    /// The name in rules and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Encryption => "encryption",
            Self::Authentication => "authentication",
            Self::Network => "network",
            Self::Logging => "logging",
            Self::Iam => "iam",
            Self::Secrets => "secrets",
            Self::Other => "other",
        }
    }

    /// The category of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }

    /// The same as a kind of harm.
    pub const fn harm(self) -> bartizan_core::Category {
        match self {
            Self::Encryption => bartizan_core::Category::Encryption,
            Self::Authentication => bartizan_core::Category::Authentication,
            Self::Network => bartizan_core::Category::Network,
            Self::Logging => bartizan_core::Category::Logging,
            Self::Iam => bartizan_core::Category::Iam,
            Self::Secrets => bartizan_core::Category::Secrets,
            Self::Other => bartizan_core::Category::Other,
        }
    }
}

/// Which language a resource is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the languages")]
pub enum Framework {
    Terraform,
    Plan,
    Cloudformation,
    Kubernetes,
    Helm,
    Kustomize,
    Dockerfile,
    Compose,
    Actions,
    Arm,
    Bicep,
    Ansible,
}

impl Framework {
    /// Every framework.
    pub const ALL: [Self; 12] = [
        Self::Terraform,
        Self::Plan,
        Self::Cloudformation,
        Self::Kubernetes,
        Self::Helm,
        Self::Kustomize,
        Self::Dockerfile,
        Self::Compose,
        Self::Actions,
        Self::Arm,
        Self::Bicep,
        Self::Ansible,
    ];

    /// The name in rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::Plan => "plan",
            Self::Cloudformation => "cloudformation",
            Self::Kubernetes => "kubernetes",
            Self::Helm => "helm",
            Self::Kustomize => "kustomize",
            Self::Dockerfile => "dockerfile",
            Self::Compose => "compose",
            Self::Actions => "actions",
            Self::Arm => "arm",
            Self::Bicep => "bicep",
            Self::Ansible => "ansible",
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
