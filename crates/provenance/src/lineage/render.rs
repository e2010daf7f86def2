//! The graph as a tree for people, and in the language of Graphviz.

use std::{collections::BTreeSet, fmt::Write as _};

use bartizan_core::printable;

use super::graph::{Edge, Graph, Node};

/// Deepest level that is shown; a chain of declarations may be a circle.
const DEEPEST: usize = 32;

/// One tree per model that nothing in view descends from, ancestors indented beneath.
pub fn tree(graph: &Graph) -> String {
    let is_ancestor =
        |id: &str| graph.edges.iter().any(|edge| edge.to == id && edge.from != id && edge.kind.is_descent());
    let mut text = String::new();
    let mut shown = BTreeSet::new();
    let present = || graph.nodes.iter().filter(|node| !node.paths.is_empty());
    for node in present().filter(|node| !is_ancestor(&node.id)) {
        one(graph, node, &mut text, &mut shown);
    }
    // What only circles reach.
    for node in present() {
        if !shown.contains(node.id.as_str()) {
            one(graph, node, &mut text, &mut shown);
        }
    }
    text
}

fn one<'a>(graph: &'a Graph, node: &'a Node, text: &mut String, shown: &mut BTreeSet<&'a str>) {
    let _ = writeln!(text, "{}", titled(node));
    shown.insert(&node.id);
    branches(graph, node, "", 0, text, shown, &mut vec![&node.id]);
}

fn branches<'a>(
    graph: &'a Graph,
    node: &'a Node,
    indent: &str,
    depth: usize,
    text: &mut String,
    shown: &mut BTreeSet<&'a str>,
    above: &mut Vec<&'a str>,
) {
    if depth >= DEEPEST {
        return;
    }
    let edges: Vec<&Edge> = graph.edges.iter().filter(|edge| edge.from == node.id).collect();
    for (at, edge) in edges.iter().enumerate() {
        let Some(to) = graph.node(&edge.to) else { continue };
        let last = at + 1 == edges.len();
        let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let again = shown.contains(to.id.as_str()) || above.contains(&to.id.as_str());
        let mark =
            if again && graph.edges.iter().any(|edge| edge.from == to.id) { " (see above)" } else { "" };
        let _ = writeln!(text, "{indent}{branch}{} {}{mark}", said(edge), titled(to));
        if !again {
            shown.insert(&to.id);
            above.push(&to.id);
            branches(graph, to, &format!("{indent}{below}"), depth + 1, text, shown, above);
            above.pop();
        }
    }
}

/// The edge in words: `fine-tuned-from [card]`, `quantised-from [weights 0.98]`.
fn said(edge: &Edge) -> String {
    let direction = if edge.directed { "" } else { ", direction not known" };
    match edge.relation {
        Some(relation) => {
            format!("{} [weights {:.2}, {}{direction}]", edge.kind.name(), edge.confidence, relation.name())
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
