//! The graph as a tree for people, and in the language of Graphviz.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use bartizan_core::printable;

use super::graph::{Edge, EdgeKind, Graph, Node};

/// Deepest level that is shown; a chain of declarations may be a circle.
const DEEPEST: usize = 32;

/// One tree per model that nothing in view descends from, ancestors indented beneath.
///
/// All members of a family are like each other. Of what the weights show without a direction, a tree has only the
/// closest ties that hold the family together; the other forms of the graph have every one.
pub fn tree(graph: &Graph) -> String {
    let edges = ties(graph);
    let is_ancestor = |id: &str| {
        edges.iter().any(|edge| edge.directed && edge.to == id && edge.from != id && edge.kind.is_descent())
    };
    let mut tree = Tree { graph, edges: &edges, text: String::new(), shown: BTreeSet::new() };
    let present = || graph.nodes.iter().filter(|node| !node.paths.is_empty());
    let (later, first): (Vec<&Node>, Vec<&Node>) = present().partition(|node| is_ancestor(&node.id));
    // What comes last is reached by circles alone.
    for node in first.into_iter().chain(later) {
        if tree.shown.insert(&node.id) {
            let _ = writeln!(tree.text, "{}", titled(node));
            tree.branches(node, "", 0);
        }
    }
    tree.text
}

/// What is declared or has a direction, and the closest of the other ties between what is not connected by then.
fn ties(graph: &Graph) -> Vec<&Edge> {
    let (mut kept, mut loose): (Vec<&Edge>, Vec<&Edge>) =
        graph.edges.iter().partition(|edge| edge.directed || edge.relation.is_none());
    let mut families = Families::default();
    for edge in kept.iter().filter(|edge| edge.kind.is_descent()) {
        families.join(&edge.from, &edge.to);
    }
    loose.sort_by(|one, other| {
        other.confidence.total_cmp(&one.confidence).then_with(|| one.relation.cmp(&other.relation))
    });
    for edge in loose {
        if families.join(&edge.from, &edge.to) {
            kept.push(edge);
        }
    }
    kept
}

/// Which nodes are connected.
#[derive(Default)]
struct Families<'a> {
    parent: BTreeMap<&'a str, &'a str>,
}

impl<'a> Families<'a> {
    fn root(&self, mut id: &'a str) -> &'a str {
        while let Some(parent) = self.parent.get(id) {
            id = parent;
        }
        id
    }

    /// Connects two; false when they were.
    fn join(&mut self, one: &'a str, other: &'a str) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        if one != other {
            self.parent.insert(one, other);
        }
        one != other
    }
}

struct Tree<'a> {
    graph: &'a Graph,
    edges: &'a [&'a Edge],
    text: String,
    shown: BTreeSet<&'a str>,
}

impl<'a> Tree<'a> {
    fn branches(&mut self, node: &'a Node, indent: &str, depth: usize) {
        if depth >= DEEPEST {
            return;
        }
        let edges = self.edges;
        let beneath: Vec<(&Edge, &Node)> = edges
            .iter()
            .filter_map(|edge| {
                if edge.from == node.id {
                    return Some((*edge, self.graph.node(&edge.to)?));
                }
                // Without a direction it is seen from both ends, the second time as what stands above.
                let other = (!edge.directed && edge.to == node.id).then(|| self.graph.node(&edge.from))??;
                (!self.shown.contains(other.id.as_str())).then_some((*edge, other))
            })
            .filter(|(edge, other)| edge.directed || !self.shown.contains(other.id.as_str()))
            .collect();
        for (at, (edge, other)) in beneath.iter().enumerate() {
            let last = at + 1 == beneath.len();
            let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let is_new = self.shown.insert(&other.id);
            let more = edges.iter().any(|edge| edge.from == other.id);
            let mark = if !is_new && more { " (see above)" } else { "" };
            let _ = writeln!(self.text, "{indent}{branch}{} {}{mark}", said(edge), titled(other));
            if is_new {
                self.branches(other, &format!("{indent}{below}"), depth + 1);
            }
        }
    }
}

/// The edge in words: `fine-tuned-from [card]`, `quantised-from [weights 0.98]`.
fn said(edge: &Edge) -> String {
    match edge.relation {
        Some(relation) if edge.directed || edge.kind == EdgeKind::SameWeights => {
            format!("{} [weights {:.2}, {}]", edge.kind.name(), edge.confidence, relation.name())
        }
        Some(relation) => {
            format!("related-to [weights {:.2}, {}, direction not known]", edge.confidence, relation.name())
        }
        None => format!("{} [{}]", edge.kind.name(), edge.source.name()),
    }
}

fn titled(node: &Node) -> String {
    let name = printable(&node.name);
    let place = node.paths.iter().filter(|path| **path != node.name).map(|path| printable(path));
    let mut details: Vec<String> = place.collect();
    details.extend(node.licences.first().map(|licence| printable(licence)));
    match details.is_empty() {
        true => name,
        false => format!("{name} ({})", details.join(", ")),
    }
}

/// A directed graph for `dot`.
pub fn dot(graph: &Graph) -> String {
    let mut text = String::from("digraph lineage {\n  rankdir=BT;\n  node [shape=box];\n");
    for node in &graph.nodes {
        let style = if node.paths.is_empty() { ", style=dashed" } else { "" };
        let _ = writeln!(text, "  {} [label={}{style}];", quoted(&node.id), quoted(&titled(node)));
    }
    for edge in &graph.edges {
        let style = if edge.relation.is_some() { ", style=bold" } else { "" };
        let arrow = if edge.directed { "" } else { ", dir=none" };
        let (from, to, label) = (quoted(&edge.from), quoted(&edge.to), quoted(&said(edge)));
        let _ = writeln!(text, "  {from} -> {to} [label={label}{style}{arrow}];");
    }
    text.push_str("}\n");
    text
}

/// A quoted string of the DOT language: only the quote is special, and the backslash before it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('\\', "\\\\").replace('"', "\\\""))
}
