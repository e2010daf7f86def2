//! Kinds of attestations.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an attestation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// How it was built: SLSA provenance, version 1.
    Slsa,
    /// What it is made of: a CycloneDX or SPDX document.
    Bom,
    /// What a scan of it found.
    Scan,
    /// How well it does.
    Eval,
    /// That somebody has approved it.
    Approval,
}

/// `CycloneDX` documents in statements.
const CYCLONEDX: &str = "https://cyclonedx.org/bom";
/// SPDX documents in statements.
const SPDX: &str = "https://spdx.dev/Document";

impl Kind {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Slsa, Self::Bom, Self::Scan, Self::Eval, Self::Approval];

    /// The name on the command line and in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slsa => "slsa",
            Self::Bom => "bom",
            Self::Scan => "scan",
            Self::Eval => "eval",
            Self::Approval => "approval",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The predicate types that statements of this kind carry; the first one is written where the content does not
    /// decide.
    pub const fn predicate_types(self) -> &'static [&'static str] {
        match self {
            Self::Slsa => &["https://slsa.dev/provenance/v1"],
            Self::Bom => &[CYCLONEDX, SPDX],
            Self::Scan => &["https://github.com/bartizan-security/bartizan/attestation/scan/v1"],
            Self::Eval => &["https://github.com/bartizan-security/bartizan/attestation/evaluation/v1"],
            Self::Approval => &["https://github.com/bartizan-security/bartizan/attestation/approval/v1"],
        }
    }

    /// The kind that a predicate type stands for. Versions of bills of materials may follow the type.
    pub fn of_type(predicate_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| {
            kind.predicate_types().iter().any(|known| {
                predicate_type
                    .strip_prefix(known)
                    .is_some_and(|rest| rest.is_empty() || (*kind == Self::Bom && rest.starts_with("/v")))
            })
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
