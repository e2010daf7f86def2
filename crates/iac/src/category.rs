//! What a weakness is about, whether a rule proves it or the network suspects it.

use serde::{Deserialize, Serialize};

/// The kinds of weakness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Data at rest or in transit is readable by others.
    Encryption,
    /// Somebody gets in without proving who they are.
    Authentication,
    /// More of the network reaches it than needs to.
    Network,
    /// What happens is not recorded.
    Logging,
    /// Somebody may do more than they need to.
    Iam,
    /// A secret is in the text.
    Secrets,
    /// Everything else: backups, versions, resilience.
    Other,
}

impl Category {
    /// Every category, in the order of the network's logits.
    pub const ALL: [Self; 7] = [
        Self::Encryption,
        Self::Authentication,
        Self::Network,
        Self::Logging,
        Self::Iam,
        Self::Secrets,
        Self::Other,
    ];

    /// The name in rules, labels and reports.
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

    /// Place among the network's logits.
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|category| *category == self).unwrap_or(0)
    }
}
