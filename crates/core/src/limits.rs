//! How much work one input may cause.

use serde::{Deserialize, Serialize};

/// Bounds on the work and memory that one top-level input may cause. Reaching one makes the asset incomplete; it is
/// never an error and never a hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Pickle opcodes in one stream.
    pub opcodes: u64,
    /// Pickle memo entries.
    pub memo: usize,
    /// Pickle stack entries.
    pub stack: usize,
    /// Containers inside containers.
    pub nesting: usize,
    /// Members of one archive.
    pub members: u64,
    /// Bytes that decompression may produce below one top-level input.
    pub expanded: u64,
    /// Decompressed size over compressed size.
    pub ratio: u64,
    /// Bytes of one member, header or text that are held in memory at once.
    pub held: u64,
    /// Depth of JSON, YAML, XML and protobuf nesting.
    pub depth: usize,
    /// Tensors listed per asset.
    pub tensors: usize,
    /// Findings kept per asset.
    pub findings: usize,
    /// Rows of each section that `inspect` shows.
    pub rows: usize,
    /// Seconds for one top-level input.
    pub seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            opcodes: 200_000_000,
            memo: 64 << 20,
            stack: 16 << 20,
            nesting: 8,
            members: 100_000,
            expanded: 4 << 30,
            ratio: 200,
            held: 100 << 20,
            depth: 64,
            tensors: 1_000_000,
            findings: 200,
            rows: 10_000,
            seconds: 60,
        }
    }
}
