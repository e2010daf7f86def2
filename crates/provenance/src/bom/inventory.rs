//! What a bill of materials is made from.

use std::collections::BTreeSet;

use bartizan_core::Fact;

/// Everything that a scan saw.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// What it is called: the scanned folder's name.
    pub name: String,
    /// Its version, when the system manifest says it.
    pub version: Option<String>,
    /// What it is for, when the system manifest says it.
    pub description: Option<String>,
    /// Who answers for it, when the system manifest says it.
    pub owner: Option<String>,
    /// What else the system manifest says, by name.
    pub properties: BTreeSet<(String, String)>,
    /// The assets, members of containers among them, in any order.
    pub assets: Vec<Asset>,
}

/// One asset.
#[derive(Clone, Debug, Default)]
pub struct Asset {
    /// Relative to the scanned root with `/`; members of containers after `!`.
    pub path: String,
    /// What it is, by content.
    pub kind: String,
    /// Size in bytes.
    pub size: u64,
    /// Lower-case hexadecimal SHA-256.
    pub sha256: Option<String>,
    /// Is it a model, by its content or the extension that it carries?
    pub model: bool,
    /// What is known about it.
    pub facts: Vec<Fact>,
}
