//! The neutral graph behind every document: components, what depends on what, and what descends from what.

mod build;
mod describe;
mod models;
mod names;
mod usages;

use std::collections::{BTreeMap, BTreeSet};

use bartizan_core::Direction;

use super::{Inventory, Purl};

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A model, with or without its weights here.
    Model,
    /// A dataset.
    Dataset,
    /// A package of a programming language.
    Library,
    /// A container image.
    Container,
    /// A service that is called over a network.
    Service,
    /// A store of embeddings.
    VectorStore,
    /// An agent.
    Agent,
    /// A server of the Model Context Protocol.
    McpServer,
    /// A tool that a model or agent may call.
    Tool,
    /// A prompt.
    Prompt,
    /// A file that holds other components.
    File,
}

impl Role {
    /// The name in references and properties.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
            Self::Library => "library",
            Self::Container => "container",
            Self::Service => "service",
            Self::VectorStore => "vector-store",
            Self::Agent => "agent",
            Self::McpServer => "mcp-server",
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::File => "file",
        }
    }
}

/// Where a component's bytes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Somewhere else: on a hub, in a registry, behind an API.
    #[default]
    Remote,
    /// In the inventory.
    Local,
    /// It should be in the inventory, and is not.
    Missing,
}

/// Where something is used or declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// The asset.
    pub path: String,
    /// The line, from 1.
    pub line: Option<u64>,
    /// What uses it: `transformers.pipeline`, `FROM`, …
    pub api: Option<String>,
    /// How its name was resolved: `constant`, `default-argument`, …
    pub via: Option<&'static str>,
}

/// A measured result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// The metric: `accuracy`, …
    pub name: String,
    /// Its value as written.
    pub value: String,
    /// What it was measured on: dataset, split.
    pub slice: Option<String>,
}

/// An input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Which way data flows.
    pub direction: Direction,
    /// Name, element type and shape in one line.
    pub format: String,
}

/// A file that belongs to a component: a shard, or a file of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Path in the inventory, or the name that the dataset gives it.
    pub name: String,
    /// Lower-case hexadecimal SHA-256.
    pub sha256: Option<String>,
    /// Where it can be had.
    pub url: Option<String>,
    /// Media type.
    pub media_type: Option<String>,
}

/// One component.
#[derive(Clone, Debug)]
pub struct Component {
    /// A name that is unique in its graph, and the same in every run.
    pub reference: String,
    /// What it is.
    pub role: Role,
    /// Its id as written, or its path in the inventory.
    pub name: String,
    /// The exact version, revision, tag or digest that is used.
    pub version: Option<String>,
    /// What versions are allowed, where none is exact: `>=2.1`.
    pub constraint: Option<String>,
    /// Who provides it: `huggingface`, `openai`, `pypi`, …
    pub provider: Option<String>,
    /// Where its bytes are.
    pub origin: Origin,
    /// Does every use name content that cannot change?
    pub pinned: Option<bool>,
    /// Its package URL, where a registry has it.
    pub purl: Option<Purl>,
    /// The component that holds it: an archive.
    pub within: Option<usize>,
    /// Lower-case hexadecimal SHA-256.
    pub sha256: Option<String>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// What it calls itself.
    pub title: Option<String>,
    /// What a model is: format, framework, architecture, …
    pub model: BTreeMap<&'static str, String>,
    /// Licences as declared.
    pub licences: BTreeSet<String>,
    /// Who made it.
    pub creators: BTreeSet<String>,
    /// Addresses, by role: `homepage`, …
    pub addresses: BTreeSet<(String, String)>,
    /// What its card says, by subject.
    pub statements: Vec<(&'static str, String)>,
    /// Declared results.
    pub metrics: BTreeSet<Metric>,
    /// Inputs and outputs, in their order.
    pub ports: Vec<Port>,
    /// Its files, where it is several.
    pub parts: BTreeSet<Part>,
    /// Everything else worth telling.
    pub properties: BTreeSet<(String, String)>,
    /// Where it is used or declared.
    pub occurrences: BTreeSet<Occurrence>,
}

impl Component {
    pub(crate) fn new(role: Role, name: impl Into<String>) -> Self {
        Self {
            reference: String::new(),
            role,
            name: Some(name.into())
                .filter(|name: &String| !name.trim().is_empty())
                .unwrap_or_else(|| "unnamed".to_owned()),
            version: None,
            constraint: None,
            provider: None,
            origin: Origin::Remote,
            pinned: None,
            purl: None,
            within: None,
            sha256: None,
            size: None,
            title: None,
            model: BTreeMap::new(),
            licences: BTreeSet::new(),
            creators: BTreeSet::new(),
            addresses: BTreeSet::new(),
            statements: Vec::new(),
            metrics: BTreeSet::new(),
            ports: Vec::new(),
            parts: BTreeSet::new(),
            properties: BTreeSet::new(),
            occurrences: BTreeSet::new(),
        }
    }
}

impl Component {
    /// Who supplies it: the owner of the hub's namespace, or the provider of the API.
    pub fn supplier(&self) -> Option<&str> {
        let supplier = match (self.role, self.provider.as_deref()?) {
            (Role::Model | Role::Dataset, "huggingface") => self.name.split_once('/')?.0,
            (Role::Model | Role::Service, provider) => provider,
            _ => return None,
        };
        Some(supplier).filter(|supplier| !supplier.trim().is_empty())
    }
}

/// How a component descends from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Made from it, nobody says how.
    Base,
    /// Trained further.
    Finetune,
    /// An adapter for it.
    Adapter,
    /// The same with smaller numbers.
    Quantized,
    /// Merged from it and others.
    Merge,
    /// Trained on a dataset.
    TrainedOn,
    /// Evaluated on a dataset.
    EvaluatedOn,
    /// A dataset made from a dataset.
    DerivedFrom,
}

impl Relation {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Finetune => "finetune",
            Self::Adapter => "adapter",
            Self::Quantized => "quantized",
            Self::Merge => "merge",
            Self::TrainedOn => "trained-on",
            Self::EvaluatedOn => "evaluated-on",
            Self::DerivedFrom => "derived-from",
        }
    }

    /// Is the parent a model that the child's weights come from?
    pub const fn is_of_weights(self) -> bool {
        matches!(self, Self::Base | Self::Finetune | Self::Adapter | Self::Quantized | Self::Merge)
    }
}

/// One edge of lineage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Index of the descendant.
    pub child: usize,
    /// How it descends.
    pub relation: Relation,
    /// Index of what it descends from.
    pub parent: usize,
    /// The assets that declare it.
    pub declared_in: BTreeSet<String>,
}

/// Everything that a bill of materials tells, in no format yet.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// What the bill is about.
    pub name: String,
    /// Its version, when known.
    pub version: Option<String>,
    /// What it is for, when known.
    pub description: Option<String>,
    /// Who answers for it, when known.
    pub owner: Option<String>,
    /// Everything else worth telling of it.
    pub properties: BTreeSet<(String, String)>,
    /// The components, in order of their references.
    pub components: Vec<Component>,
    /// Which component needs which, by index.
    pub needs: BTreeSet<(usize, usize)>,
    /// What descends from what, in order.
    pub lineage: Vec<Link>,
}

impl Graph {
    /// Joins what the assets tell into one graph.
    pub fn of(inventory: &Inventory) -> Self {
        build::build(inventory)
    }

    /// What a component descends from. Lineage is in order of its children.
    pub(crate) fn links_of(&self, child: usize) -> &[Link] {
        let first = self.lineage.partition_point(|link| link.child < child);
        let last = self.lineage.partition_point(|link| link.child <= child);
        self.lineage.get(first..last).unwrap_or_default()
    }

    /// Which components lie in which.
    pub(crate) fn members(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, component) in self.components.iter().enumerate() {
            if let Some(holder) = component.within {
                members.entry(holder).or_default().push(at);
            }
        }
        members
    }

    /// The lineage by name: child, relation, parent.
    pub fn edges(&self) -> Vec<(&str, &'static str, &str)> {
        let name = |index: usize| self.components.get(index).map(|component| component.name.as_str());
        self.lineage
            .iter()
            .filter_map(|link| Some((name(link.child)?, link.relation.name(), name(link.parent)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests;
