//! What a scan concludes of an asset.

use serde::{Deserialize, Serialize};

/// The conclusion about an asset; a report's verdict is the worst of its assets'.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Read to its end, and nothing of medium severity or above.
    #[default]
    Clean,
    /// Some of it could not be read or understood.
    Incomplete,
    /// Something of medium severity, or of high severity without firm evidence.
    Suspicious,
    /// Something of high or critical severity with firm evidence.
    Malicious,
}

impl Verdict {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Incomplete => "incomplete",
            Self::Suspicious => "suspicious",
            Self::Malicious => "malicious",
        }
    }
}
