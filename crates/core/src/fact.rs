//! What is known about an asset: the typed facts from which bills of materials, inventories and lineage are made.

use serde::Serialize;

/// One fact.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum Fact {
    /// What the model is.
    Model(Model),
    /// The tensors it holds, in file order.
    Tensors {
        /// One entry each.
        tensors: Vec<Tensor>,
        /// How many more there are than the limit allowed to list.
        #[serde(skip_serializing_if = "is_zero")]
        omitted: u64,
    },
    /// A name from outside that the asset refers to, and how it uses it.
    Import(Import),
    /// A key and value that the producer wrote into it.
    Metadata(Metadata),
    /// Its licence, as declared.
    Licence(Licence),
    /// A digest of its bytes.
    Digest(Digest),
    /// Something it is made from or needs: a base model, a package, an adapter's base.
    Dependency(Dependency),
    /// A dataset it names.
    Dataset(Dataset),
    /// A prompt or chat template inside it.
    Prompt(Prompt),
    /// A file or address that it points to.
    Reference(Reference),
    /// Something outside it that its code or configuration uses.
    Usage(Usage),
    /// An input or output of the model.
    Port(Port),
    /// A measured result that it declares.
    Evaluation(Evaluation),
    /// What a card says about use, limits and ethics.
    Statement(Statement),
    /// A dataset's own description: its files and records.
    Collection(Collection),
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What a model is. Fields that the format does not tell are `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Model {
    /// File format: `safetensors`, `gguf`, `onnx`, …
    pub format: &'static str,
    /// Version of the format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format_version: Option<String>,
    /// The framework that loads it: `pytorch`, `scikit-learn`, `keras`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
    /// Version of the framework that wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub framework_version: Option<String>,
    /// The program that wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub producer: Option<String>,
    /// The model's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The model's own version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Architecture or estimator class: `LlamaForCausalLM`, `RandomForestClassifier`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Task: `text-generation`, `classification`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Number of parameters (elements of all tensors).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// Quantisation, as the format names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantisation: Option<String>,
}

impl Model {
    /// A model of a format, nothing else known yet.
    pub fn of(format: &'static str) -> Self {
        Self { format, ..Self::default() }
    }
}

/// A part of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Span {
    /// First byte, from the start of the asset (or of `file`, where a tensor names one).
    pub offset: u64,
    /// Length in bytes.
    pub length: u64,
}

/// One tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Tensor {
    /// Its name in the model.
    pub name: String,
    /// Element type as the format spells it, in lower case: `f32`, `bf16`, `q4_k`, …
    pub dtype: String,
    /// Size of each dimension, outermost first.
    pub shape: Vec<u64>,
    /// Where its elements lie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// The file or member that holds them, when it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl Tensor {
    /// Number of elements; `None` when it does not fit.
    pub fn elements(&self) -> Option<u64> {
        self.shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size))
    }
}

/// How an asset uses a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UseKind {
    /// Looked up (which imports its module), nothing more.
    Reference,
    /// Called by pickle's REDUCE.
    Call,
    /// Instantiated through `__new__` by NEWOBJ or NEWOBJ_EX.
    New,
    /// Instantiated or called by INST or OBJ.
    Instance,
    /// Its instance's state was set by BUILD.
    Build,
    /// Attributes of the imported object itself were set.
    Assign,
    /// Items were put into the imported object itself.
    Insert,
    /// Named as an operator, layer, handler or plugin.
    Plugin,
}

/// A name from outside that an asset refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Import {
    /// The module, package or domain.
    pub module: String,
    /// The name inside it.
    pub name: String,
    /// Every way in which it is used, sorted.
    pub uses: Vec<UseKind>,
    /// Offset of the first use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// How often it is used.
    pub count: u64,
}

/// A key and value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Metadata {
    /// The producer's key.
    pub key: String,
    /// The value, redacted and cut.
    pub value: String,
}

impl Metadata {
    /// Redacts and cuts the value.
    pub fn new(key: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        Self { key: crate::redacted(key.as_ref()), value: crate::redacted(value.as_ref()) }
    }
}

/// A licence as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Licence {
    /// The declared identifier or text.
    pub declared: String,
    /// Where it was declared: `model-card`, `dataset-card`, `croissant`, `gguf-metadata`, …
    pub source: &'static str,
}

/// A digest of the asset's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Digest {
    /// `sha256` or `blake3`.
    pub algorithm: &'static str,
    /// Lower-case hexadecimal.
    pub value: String,
}

/// Something that the asset is made from or needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Dependency {
    /// What it is for: `base-model`, `package`, `custom-code`, `tokenizer`, …
    pub role: &'static str,
    /// Its name or id.
    pub name: String,
    /// Its version or revision, when pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// For a base model, how the asset was made from it, when said: `finetune`, `adapter`, `quantized`, `merge`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<&'static str>,
}

/// A dataset that the asset names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Dataset {
    /// Its name or id.
    pub name: String,
    /// `train`, `test`, … when said; `source` for what another dataset was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// A prompt or chat template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Prompt {
    /// What it is called: `default`, `tool_use`, …
    pub name: String,
    /// BLAKE3 of its text, hexadecimal.
    pub blake3: String,
    /// Length in bytes.
    pub length: u64,
}

impl Prompt {
    /// Digests the text.
    pub fn new(name: impl Into<String>, text: &str) -> Self {
        Self {
            name: name.into(),
            blake3: blake3::hash(text.as_bytes()).to_string(),
            length: text.len() as u64,
        }
    }
}

/// A file or address that the asset points to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Reference {
    /// What it is for: `external-data`, `shard`, `homepage`, `licence`, …
    pub role: &'static str,
    /// Path or URI, redacted and cut.
    pub target: String,
}

/// What kind of thing is used.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum UsageKind {
    /// A model, remote or local.
    Model,
    /// A dataset, remote or local.
    Dataset,
    /// A package of a programming language.
    Library,
    /// A container image.
    Container,
    /// A service that is called over a network, such as an LLM API.
    Service,
    /// A store of embeddings.
    VectorStore,
    /// An agent.
    Agent,
    /// A server of the Model Context Protocol.
    McpServer,
    /// A tool that a model or agent may call.
    Tool,
    /// A prompt in code or configuration.
    Prompt,
}

/// Something outside the asset that it uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Usage {
    /// What it is.
    pub kind: UsageKind,
    /// Its id as written, case kept: `google-bert/bert-base-uncased`, `gpt-4o`, `data/train.csv`.
    pub name: String,
    /// Version, revision, tag or digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Does the version name content that cannot change: a commit, a digest, an exact release?
    pub pinned: bool,
    /// Who provides it: `huggingface`, `openai`, `anthropic`, `torch-hub`, `pypi`, `npm`, `oci`, `local`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What uses it: `transformers.AutoModel.from_pretrained`, `FROM`, `requirements`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// How the name was resolved: `literal`, `constant`, `default-argument`, `environment`, `dictionary`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<&'static str>,
    /// Is the name a path in the repository?
    pub local: bool,
    /// Line of the use, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl Usage {
    /// Something of this name, nothing else known yet.
    pub fn of(kind: UsageKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            version: None,
            pinned: false,
            provider: None,
            api: None,
            via: None,
            local: false,
            line: None,
        }
    }
}

/// Which way data flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Into the model.
    Input,
    /// Out of it.
    Output,
}

/// An input or output of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Port {
    /// Which way data flows.
    pub direction: Direction,
    /// Its name.
    pub name: String,
    /// Element type, in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtype: Option<String>,
    /// Size of each dimension, outermost first: a number, or the name of a free one; `?` where nothing is said.
    pub shape: Vec<String>,
}

/// A measured result, as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Evaluation {
    /// The task: `text-classification`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Name or id of the dataset it was measured on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// Split or slice of that dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The metric: `accuracy`, …
    pub metric: String,
    /// Its value as written.
    pub value: String,
}

/// A passage of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Statement {
    /// What it is about: `use`, `out-of-scope`, `limitation`, `ethics`, `bias`, `training`, `environment`, `description`, `citation`.
    pub about: &'static str,
    /// The text, redacted and cut.
    pub text: String,
}

/// A dataset as its own metadata describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Collection {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its description, cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Who made it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub creators: Vec<String>,
    /// Its files.
    pub distribution: Vec<Distribution>,
    /// Its record sets, each with the names of its fields.
    pub record_sets: Vec<RecordSet>,
}

/// A file (or set of files) of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Distribution {
    /// Its id or name.
    pub name: String,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// SHA-256, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Records of one shape in a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct RecordSet {
    /// Its id or name.
    pub name: String,
    /// Names of its fields.
    pub fields: Vec<String>,
}
