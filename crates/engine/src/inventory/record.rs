//! What the inventory remembers about one location of an asset.

use serde::{Deserialize, Serialize};

/// What an asset is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AssetKind {
    /// Weights, a graph, an estimator, an adapter.
    Model,
    /// Records to learn from or to measure with.
    Dataset,
    /// A prompt or chat template.
    Prompt,
    /// What a model needs to be loaded: configuration, tokenizer, index of shards.
    Configuration,
    /// A card, licence or other text about a model or dataset.
    Document,
    /// Code that a registry holds as part of a model.
    Code,
    /// A large file of which no more than its digest is known.
    File,
}

impl AssetKind {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
            Self::Prompt => "prompt",
            Self::Configuration => "configuration",
            Self::Document => "document",
            Self::Code => "code",
            Self::File => "file",
        }
    }
}

/// A digest of the asset's bytes, or whatever stands for one.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct ContentDigest {
    /// `sha256`, `sha512`, `git-sha1` (of a blob with its header), `mlflow` (a dataset's name and MLflow's digest).
    pub algorithm: String,
    /// Lower-case hexadecimal, where the algorithm gives bytes.
    pub value: String,
}

impl ContentDigest {
    /// A SHA-256, if the text is one.
    pub fn sha256(text: &str) -> Option<Self> {
        is_hex(text, 64).then(|| Self { algorithm: "sha256".to_owned(), value: text.to_ascii_lowercase() })
    }

    /// Any other digest.
    pub(crate) fn other(algorithm: &str, value: impl Into<String>) -> Self {
        Self { algorithm: algorithm.to_owned(), value: value.into() }
    }

    pub(crate) fn is_sha256(&self) -> bool {
        self.algorithm == "sha256"
    }
}

pub(crate) fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The facts that tell one asset from another at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FactSummary {
    /// File format: `safetensors`, `gguf`, `parquet`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Architecture or estimator class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Number of parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// The licence, as declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// What it was made from, as declared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub base_models: Vec<String>,
    /// What it was trained on, as declared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<String>,
}

impl FactSummary {
    /// Fills what is not known yet from another summary of the same asset.
    pub(crate) fn fill(&mut self, other: &Self) {
        fn fill<T: Clone>(own: &mut Option<T>, other: &Option<T>) {
            if own.is_none() {
                own.clone_from(other);
            }
        }
        fill(&mut self.format, &other.format);
        fill(&mut self.architecture, &other.architecture);
        fill(&mut self.parameters, &other.parameters);
        fill(&mut self.licence, &other.licence);
        for (own, other) in
            [(&mut self.base_models, &other.base_models), (&mut self.datasets, &other.datasets)]
        {
            for name in other {
                if !own.contains(name) {
                    own.push(name.clone());
                }
            }
        }
    }
}

/// One asset at one place, as it was when its source was last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// Name of the source.
    pub(crate) source: String,
    /// Where in it.
    pub(crate) uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// The file's own name.
    pub(crate) name: String,
    pub(crate) kind: AssetKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<ContentDigest>,
    #[serde(default)]
    pub(crate) facts: FactSummary,
    /// Changes when the content may have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// The container that it lies in, an uri of the same source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) member_of: Option<String>,
    /// The committed file that this checked-out one equals, which stands for both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) copy_of: Option<String>,
    /// Only a pointer to the content is here (git LFS).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) pointer: bool,
    /// What is wrong with the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    /// Was its content read to its end, to digest it?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) was_read: bool,
    pub(crate) first_seen: String,
    pub(crate) last_seen: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) missing: Option<String>,
}
