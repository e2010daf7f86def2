//! The graph of what was declared and what the weights show.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_core::Finding;
use serde::Serialize;

use super::{
    compare::{Comparison, Descent, Relation, compare},
    sketch::Sketch,
};

/// What a declaration says a model has to do with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeKind {
    /// Trained further.
    FineTunedFrom,
    /// A low-rank or other small update of it.
    AdapterOf,
    /// Its values rounded.
    QuantisedFrom,
    /// A mean of it and others.
    MergedFrom,
    /// Made from it in a way that is not said.
    DerivedFrom,
    /// The same values.
    SameWeights,
    /// A dataset it learnt from.
    TrainedOn,
    /// A dataset it was measured on.
    EvaluatedOn,
    /// A run that made it.
    ProducedByRun,
}

impl EdgeKind {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FineTunedFrom => "fine-tuned-from",
            Self::AdapterOf => "adapter-of",
            Self::QuantisedFrom => "quantised-from",
            Self::MergedFrom => "merged-from",
            Self::DerivedFrom => "derived-from",
            Self::SameWeights => "same-weights",
            Self::TrainedOn => "trained-on",
            Self::EvaluatedOn => "evaluated-on",
            Self::ProducedByRun => "produced-by-run",
        }
    }

    /// Does it lead from a model to a model it was made from?
    pub const fn is_descent(self) -> bool {
        !matches!(self, Self::TrainedOn | Self::EvaluatedOn | Self::ProducedByRun)
    }
}

/// Where an edge comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The model card.
    Card,
    /// An adapter's configuration.
    AdapterConfig,
    /// GGUF's metadata.
    Gguf,
    /// Metadata inside another format.
    Metadata,
    /// MLflow.
    Mlflow,
    /// A signed attestation.
    Attestation,
    /// The weights themselves.
    Weights,
}

impl Source {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::AdapterConfig => "adapter_config",
            Self::Gguf => "gguf",
            Self::Metadata => "metadata",
            Self::Mlflow => "mlflow",
            Self::Attestation => "attestation",
            Self::Weights => "weights",
        }
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeclaredKind {
    /// A model.
    Model,
    /// A dataset.
    Dataset,
    /// A training run.
    Run,
}

/// One thing that a model's files declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// What it has to do with the model.
    pub kind: EdgeKind,
    /// Name or id as written.
    pub target: String,
    /// Where it is written.
    pub source: Source,
}

/// A model in view.
#[derive(Clone, Debug)]
pub struct Member {
    /// Where it is.
    pub path: String,
    /// Names by which declarations may mean it.
    pub names: Vec<String>,
    /// Its weights.
    pub sketch: Sketch,
    /// SHA-256 of its files, by path inside the model, where they were computed.
    pub files: BTreeMap<String, String>,
    /// What its files declare.
    pub declared: Vec<Declared>,
    /// Its declared licences.
    pub licences: Vec<String>,
    /// Is there a card, which would be the place to name a base model?
    pub has_card: bool,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// `weights:` and the sketch's digest, or `declared:` and the name as written.
    pub id: String,
    /// What it is.
    pub kind: DeclaredKind,
    /// For people.
    pub name: String,
    /// Where its weights are, once for each copy; empty for what is only named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Declared licences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<String>,
    /// Number of parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// SHA-256 of its files, where they were computed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

/// An edge, from the descendant to what it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edge {
    /// Id of the descendant.
    pub from: String,
    /// Id of what it comes from.
    pub to: String,
    /// What it is.
    pub kind: EdgeKind,
    /// Where it comes from.
    pub source: Source,
    /// How sure it is, 0 to 1: 1 for a declaration (that it was made, not that it is true), the score for weights.
    pub confidence: f64,
    /// The relation that the weights show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// Is the direction known? If not, either may descend from the other, or both from a third.
    pub directed: bool,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Graph {
    /// Sorted by id.
    pub nodes: Vec<Node>,
    /// Sorted.
    pub edges: Vec<Edge>,
    #[serde(skip)]
    pub(super) findings: Vec<Finding>,
    /// Descendant and declared base of which the weights say that they have nothing in common.
    #[serde(skip)]
    pub(super) refuted: BTreeSet<(String, String)>,
}

impl Graph {
    /// Compares every model with every other, and adds what they declare.
    pub fn of(members: &[Member]) -> Self {
        let ids: Vec<String> =
            members.iter().map(|member| format!("weights:{}", member.sketch.digest())).collect();
        let mut graph = Self::default();
        graph.add_members(members, &ids);
        let observed = observed(members, &ids);
        let resolved = graph.add_declared(members, &ids);
        graph.add_observed(members, &ids, &observed, &resolved);
        graph.keep_nearest();
        graph.edges.sort_by(|one, other| {
            (&one.from, &one.to, one.kind, one.source).cmp(&(
                &other.from,
                &other.to,
                other.kind,
                other.source,
            ))
        });
        graph.edges.dedup();
        graph.nodes.sort_by(|one, other| one.id.cmp(&other.id));
        graph.judge_declarations(members, &ids, &observed, &resolved);
        graph.judge_licences();
        graph
    }

    /// What is wrong.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The node with this id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    fn add_members(&mut self, members: &[Member], ids: &[String]) {
        for (member, id) in members.iter().zip(ids) {
            if let Some(node) = self.nodes.iter_mut().find(|node| node.id == *id) {
                node.paths.push(member.path.clone());
                let new = member.licences.iter().filter(|one| !node.licences.contains(one)).cloned();
                node.licences.extend(new.collect::<Vec<_>>());
                continue;
            }
            self.nodes.push(Node {
                id: id.clone(),
                kind: DeclaredKind::Model,
                name: member.names.first().cloned().unwrap_or_else(|| member.path.clone()),
                paths: vec![member.path.clone()],
                licences: member.licences.clone(),
                parameters: Some(member.sketch.parameters()),
                files: member.files.clone(),
            });
        }
    }

    /// Adds what is declared. Answers, for each member, which members its declared bases may be.
    fn add_declared(&mut self, members: &[Member], ids: &[String]) -> Vec<Vec<(Declared, Vec<usize>)>> {
        let mut resolved = Vec::new();
        for (at, (member, id)) in members.iter().zip(ids).enumerate() {
            let mut bases = Vec::new();
            for declared in &member.declared {
                let candidates: Vec<usize> = if declared.kind.is_descent() {
                    let named = |(other, candidate): (usize, &Member)| {
                        (other != at && candidate.is_called(&declared.target)).then_some(other)
                    };
                    members.iter().enumerate().filter_map(named).collect()
                } else {
                    Vec::new()
                };
                let known = candidates.iter().filter_map(|other| ids.get(*other)).filter(|to| *to != id);
                let mut targets: BTreeSet<String> = known.cloned().collect();
                if targets.is_empty() && candidates.is_empty() {
                    targets.insert(self.declared_node(declared));
                }
                for to in targets {
                    self.edges.push(Edge {
                        from: id.clone(),
                        to,
                        kind: declared.kind,
                        source: declared.source,
                        confidence: 1.0,
                        relation: None,
                        directed: true,
                    });
                }
                if declared.kind.is_descent() {
                    bases.push((declared.clone(), candidates));
                }
            }
            resolved.push(bases);
        }
        resolved
    }

    /// The id of the node for something that is only named.
    fn declared_node(&mut self, declared: &Declared) -> String {
        let kind = match declared.kind {
            EdgeKind::TrainedOn | EdgeKind::EvaluatedOn => DeclaredKind::Dataset,
            EdgeKind::ProducedByRun => DeclaredKind::Run,
            _ => DeclaredKind::Model,
        };
        let prefix = match kind {
            DeclaredKind::Model => "declared:model:",
            DeclaredKind::Dataset => "declared:dataset:",
            DeclaredKind::Run => "declared:run:",
        };
        let id = format!("{prefix}{}", declared.target);
        if self.node(&id).is_none() {
            self.nodes.push(Node {
                id: id.clone(),
                kind,
                name: declared.target.clone(),
                paths: Vec::new(),
                licences: Vec::new(),
                parameters: None,
                files: BTreeMap::new(),
            });
        }
        id
    }

    fn add_observed(
        &mut self,
        members: &[Member],
        ids: &[String],
        observed: &BTreeMap<(usize, usize), Comparison>,
        resolved: &[Vec<(Declared, Vec<usize>)>],
    ) {
        let declares = |child: usize, parent: usize| {
            resolved.get(child).is_some_and(|bases| bases.iter().any(|(_, of)| of.contains(&parent)))
        };
        for ((a, b), comparison) in observed.iter().filter(|(_, comparison)| comparison.related) {
            let (Some(id_a), Some(id_b)) = (ids.get(*a), ids.get(*b)) else { continue };
            if id_a == id_b || a >= &members.len() {
                continue;
            }
            let descent = match (declares(*b, *a), declares(*a, *b)) {
                (true, false) => Descent::BFromA,
                (false, true) => Descent::AFromB,
                _ if comparison.descent == Descent::Unknown => mixed_from(observed, *a, *b, members.len()),
                _ => comparison.descent,
            };
            let kind = match comparison.relation {
                Relation::SameWeights | Relation::SameWeightsCast => EdgeKind::SameWeights,
                Relation::Quantised => EdgeKind::QuantisedFrom,
                Relation::Merge => EdgeKind::MergedFrom,
                Relation::Adapter => EdgeKind::AdapterOf,
                Relation::Finetuned | Relation::Pruned | Relation::Permuted => EdgeKind::FineTunedFrom,
                Relation::Unrelated => continue,
            };
            let (from, to) = if descent == Descent::AFromB { (id_a, id_b) } else { (id_b, id_a) };
            self.edges.push(Edge {
                from: from.clone(),
                to: to.clone(),
                kind,
                source: Source::Weights,
                confidence: (comparison.score * 1e4).round() / 1e4,
                relation: Some(comparison.relation),
                directed: descent != Descent::Unknown,
            });
        }
    }

    /// Of relatives of each other that the weights make the parents of one model, only the nearest is: what comes from a
    /// model is like that one's other descendants, too. Parents of a merge have nothing in common.
    fn keep_nearest(&mut self) {
        let observed = |edge: &&Edge| edge.relation.is_some() && edge.directed;
        let related = |one: &str, other: &str| {
            self.edges.iter().any(|edge| {
                edge.relation.is_some()
                    && ((edge.from == one && edge.to == other) || (edge.from == other && edge.to == one))
            })
        };
        let declared = |edge: &Edge| {
            self.edges
                .iter()
                .any(|other| other.relation.is_none() && other.from == edge.from && other.to == edge.to)
        };
        let is_farther = |edge: &Edge| {
            !declared(edge)
                && self.edges.iter().filter(observed).any(|nearer| {
                    nearer.from == edge.from
                        && nearer.to != edge.to
                        && (declared(nearer) || nearer.confidence > edge.confidence)
                        && related(&nearer.to, &edge.to)
                })
        };
        let farther: Vec<bool> = self.edges.iter().map(|edge| observed(&edge) && is_farther(edge)).collect();
        for (edge, farther) in self.edges.iter_mut().zip(farther) {
            edge.directed &= !farther;
        }
    }
}

impl Member {
    /// May a declaration mean this model? `org/name` fits a folder called `name`, and the reverse.
    pub fn is_called(&self, target: &str) -> bool {
        let wanted = folded(target);
        let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        self.names.iter().map(|name| folded(name)).any(|name| {
            let qualified = name.contains('/') && wanted.contains('/') && !is_path(target);
            !name.is_empty() && (name == wanted || (!qualified && last(&name) == last(&wanted)))
        })
    }
}

/// A relative or absolute path of a file system, rather than an id.
fn is_path(name: &str) -> bool {
    name.starts_with(['/', '.', '~']) || name.matches('/').count() > 1
}

/// Lower case, without an address of a hub around it.
fn folded(name: &str) -> String {
    let name = name.trim().trim_end_matches('/').to_ascii_lowercase();
    let name = name.strip_prefix("https://huggingface.co/").unwrap_or(&name);
    name.trim_start_matches("./").to_owned()
}

/// Of a spherical mean and one of its parents neither tells which is which; that the mean is related to another model
/// which the parent has nothing in common with does.
fn mixed_from(
    observed: &BTreeMap<(usize, usize), Comparison>,
    a: usize,
    b: usize,
    members: usize,
) -> Descent {
    let is_merge = |one, other| between(observed, one, other).is_some_and(|c| c.relation == Relation::Merge);
    let apart = |one, other| between(observed, one, other).is_some_and(|c| !c.related);
    let mixes = |child, parent| {
        (0..members)
            .any(|third| third != child && third != parent && is_merge(child, third) && apart(parent, third))
    };
    match (is_merge(a, b) && mixes(b, a), is_merge(a, b) && mixes(a, b)) {
        (true, false) => Descent::BFromA,
        (false, true) => Descent::AFromB,
        _ => Descent::Unknown,
    }
}

pub(super) fn between(
    observed: &BTreeMap<(usize, usize), Comparison>,
    one: usize,
    other: usize,
) -> Option<&Comparison> {
    observed.get(&(one.min(other), one.max(other)))
}

/// Every pair, the first before the second.
fn observed(members: &[Member], ids: &[String]) -> BTreeMap<(usize, usize), Comparison> {
    let mut all = BTreeMap::new();
    for (a, one) in members.iter().enumerate() {
        for (b, other) in members.iter().enumerate().skip(a + 1) {
            if ids.get(a) != ids.get(b) {
                all.insert((a, b), compare(&one.sketch, &other.sketch));
            } else {
                all.insert((a, b), Comparison::of_copies());
            }
        }
    }
    all
}
