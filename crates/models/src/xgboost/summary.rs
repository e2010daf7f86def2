//! What matters of a model, whatever form it was read from. The numbers of a tree are checked and dropped as they pass.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// What matters of a model.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) version: Option<String>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) trees: Vec<Tree>,
    pub(super) tree_count: u64,
    /// Were the trees counted one by one?
    pub(super) counted: bool,
    pub(super) broken: Option<String>,
}

impl Summary {
    pub(super) fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// What matters of a tree.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(from = "RawTree")]
pub(super) struct Tree {
    pub(super) nodes: u64,
    /// A child lies outside the tree.
    pub(super) outside: bool,
    /// Its arrays are of different lengths, or not of the announced one.
    pub(super) uneven: bool,
}

impl Tree {
    pub(super) fn new(left: &[i64], right: &[i64], announced: Option<u64>) -> Self {
        let nodes = left.len() as u64;
        let inside = |child: &i64| *child >= -1 && *child < left.len() as i64;
        Self {
            nodes,
            outside: !left.iter().all(inside) || !right.iter().all(inside),
            uneven: left.len() != right.len() || announced.is_some_and(|announced| announced != nodes),
        }
    }
}

#[derive(Deserialize)]
struct RawTree {
    #[serde(default)]
    left_children: Vec<i64>,
    #[serde(default)]
    right_children: Vec<i64>,
    #[serde(default)]
    tree_param: BTreeMap<String, String>,
}

impl From<RawTree> for Tree {
    fn from(raw: RawTree) -> Self {
        let announced = raw.tree_param.get("num_nodes").and_then(|count| count.parse().ok());
        Self::new(&raw.left_children, &raw.right_children, announced)
    }
}

#[derive(Deserialize)]
struct RawFile {
    #[serde(default)]
    version: Vec<u64>,
    learner: RawLearner,
}

#[derive(Deserialize)]
struct RawLearner {
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    learner_model_param: BTreeMap<String, String>,
    #[serde(default)]
    gradient_booster: RawBooster,
    #[serde(default)]
    objective: RawObjective,
}

#[derive(Default, Deserialize)]
struct RawBooster {
    #[serde(default)]
    name: String,
    model: Option<RawModel>,
    /// DART wraps a gbtree.
    gbtree: Option<Box<RawInner>>,
}

#[derive(Deserialize)]
struct RawInner {
    model: Option<RawModel>,
}

#[derive(Deserialize)]
struct RawModel {
    #[serde(default)]
    gbtree_model_param: BTreeMap<String, String>,
    trees: Option<Vec<Tree>>,
    #[serde(default, rename = "weights")]
    _weights: IgnoredAny,
}

#[derive(Default, Deserialize)]
struct RawObjective {
    #[serde(default)]
    name: String,
}

/// Reads the JSON form.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn from_json(bytes: &[u8]) -> Result<Summary, String> {
    let file: RawFile = serde_json::from_slice(bytes)
        .map_err(|error| format!("the JSON is not a model of XGBoost: {error}"))?;
    let mut summary = Summary::default();
    if !file.version.is_empty() {
        let parts: Vec<_> = file.version.iter().map(u64::to_string).collect();
        summary.version = Some(parts.join("."));
    }
    let learner = file.learner;
    summary.attributes = learner.attributes.into_iter().collect();
    summary.parameters = learner.learner_model_param.into_iter().collect();
    let named = [("booster", learner.gradient_booster.name), ("objective", learner.objective.name)];
    summary.parameters.extend(named.into_iter().map(|(key, value)| (key.to_owned(), value)));
    let inner = learner.gradient_booster.gbtree.and_then(|inner| inner.model);
    if let Some(model) = learner.gradient_booster.model.or(inner) {
        summary.parameters.extend(model.gbtree_model_param);
        summary.counted = model.trees.is_some();
        summary.trees = model.trees.unwrap_or_default();
        summary.tree_count = summary.trees.len() as u64;
    }
    Ok(summary)
}
