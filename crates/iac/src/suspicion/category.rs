//! What a suspicion is about.

use serde::{Deserialize, Serialize};

/// The kinds of weakness that labels, mutations and suspicions speak of.
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
    /// All, in the order of the network's logits.
    pub const ALL: [Self; 7] = [
        Self::Encryption,
        Self::Authentication,
        Self::Network,
        Self::Logging,
        Self::Iam,
        Self::Secrets,
        Self::Other,
    ];

    /// As labels and reports spell it.
    pub fn name(self) -> &'static str {
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

    /// Place among the network's logits.
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|category| *category == self).unwrap_or(0)
    }
}
