//! Checkov's custom YAML policies: `metadata`, and a `definition` that says what passes.
//!
//! A definition is compiled for one type of resource at a time. What it asks of that type is asked of the resource itself;
//! what it asks of another type, beside a connection to it, is asked of the resource that is connected. A filter says which
//! types the definition is about; without one, it is about every type that its conditions name first.
//!
//! Format: <https://www.checkov.io/3.Custom%20Policies/YAML%20Custom%20Policies.html>

use std::{collections::BTreeSet, sync::Arc};

use bartizan_core::Tier;
use serde_json::Value as Json;

use super::{Draft, metadata, operator, wrong};
use crate::rule::{Category, Condition, Control, Framework, Path, RuleError};

/// Conditions inside conditions.
const DEEPEST: usize = 32;
/// Types of resources that one policy may be about.
const MOST_KINDS: usize = 1_000;
/// Stands for every type of resource.
const ANY: &str = "*";

type Kind = Arc<str>;
type Read<T> = Result<T, RuleError>;

/// The types that a condition is about; all of them when `None`.
#[derive(Clone, Debug, PartialEq)]
struct Kinds(Option<BTreeSet<Kind>>);

impl Kinds {
    fn has(&self, kind: &str) -> bool {
        self.0.as_ref().is_none_or(|kinds| kinds.contains(kind))
    }

    fn named(&self) -> impl Iterator<Item = &Kind> {
        self.0.iter().flatten()
    }
}

/// A definition, or a part of it.
#[derive(Clone, Debug)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Attribute {
        kinds: Kinds,
        condition: Condition,
    },
    Connection {
        kinds: Kinds,
        others: Kinds,
        exists: bool,
    },
    Filter {
        kinds: BTreeSet<Kind>,
        within: bool,
    },
    /// Only resources of these types may exist, or none of them.
    Resource {
        kinds: BTreeSet<Kind>,
        exists: bool,
    },
}

/// Reads a policy.
pub(super) fn read(json: &Json) -> Read<Draft> {
    let (rule, own) = metadata::checkov(json)?;
    let Some(definition) = json.get("definition") else {
        return wrong("definition", "it is missing; it says what passes");
    };
    let node = node(definition, "definition", 0)?;
    let category = rule.category;
    Ok(Draft { rule, controls: Box::new(move |rule| controls(&node, rule, category, &own)) })
}

fn controls(
    node: &Node,
    rule: &'static bartizan_core::Rule,
    category: Category,
    own: &str,
) -> Read<Vec<Control>> {
    let control = |resources: Vec<Kind>, when: Option<Condition>, passes: Condition| Control {
        rule,
        category,
        tier: Tier::Community,
        frameworks: vec![Framework::Terraform, Framework::Plan],
        resources,
        aliases: vec![own.into()],
        when,
        fails: Condition::Not(Box::new(passes)),
        patch: Vec::new(),
    };
    let subjects = subjects(node);
    if subjects.len() > MOST_KINDS {
        return wrong("definition", format!("it is about more than {MOST_KINDS} types; split it"));
    }
    // Types that are left out of a policy about all others.
    let left_out: Vec<Kind> =
        filters(node).filter(|(_, within)| !within).flat_map(|(kinds, _)| kinds).collect();
    let when = (!left_out.is_empty()).then(|| Condition::Not(Box::new(Condition::Kind(left_out))));
    let mut uniform = BTreeSet::new();
    if is_uniform(node, &mut uniform) && uniform.len() <= 1 && !subjects.is_empty() {
        // One condition for all of them.
        let first = subjects.first().map_or(ANY, |kind| kind);
        return Ok(compile(node, first, &[])
            .into_iter()
            .map(|c| control(subjects.clone(), when.clone(), c))
            .collect());
    }
    let mut controls = Vec::new();
    for kind in subjects {
        if let Some(passes) = compile(node, &kind, &[]) {
            controls.push(control(vec![Arc::clone(&kind)], when.clone(), passes));
        }
    }
    if controls.is_empty() {
        return wrong("definition", "it asks nothing of any type of resource");
    }
    Ok(controls)
}

/// Does a definition hold conditions on attributes alone? Collects the sets of types that they are about.
fn is_uniform(node: &Node, sets: &mut BTreeSet<Option<BTreeSet<Kind>>>) -> bool {
    match node {
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().all(|node| is_uniform(node, sets)),
        Node::Not(node) => is_uniform(node, sets),
        Node::Attribute { kinds, .. } => {
            sets.insert(kinds.0.clone());
            true
        }
        Node::Connection { .. } | Node::Filter { .. } | Node::Resource { .. } => false,
    }
}

/// The filters that hold for the whole definition.
fn filters(node: &Node) -> impl Iterator<Item = (BTreeSet<Kind>, bool)> {
    let nodes = match node {
        Node::And(nodes) => nodes.as_slice(),
        node => std::slice::from_ref(node),
    };
    nodes.iter().filter_map(|node| match node {
        Node::Filter { kinds, within } => Some((kinds.clone(), *within)),
        _ => None,
    })
}

/// The types of resources that a definition is about.
fn subjects(node: &Node) -> Vec<Kind> {
    let mut chosen: Option<BTreeSet<Kind>> = None;
    for (kinds, _) in filters(node).filter(|(_, within)| *within) {
        chosen = Some(match chosen {
            None => kinds,
            Some(chosen) => chosen.intersection(&kinds).cloned().collect(),
        });
    }
    let kinds = chosen.unwrap_or_else(|| {
        let mut named = BTreeSet::new();
        collect(node, &mut named);
        if named.contains(ANY) { BTreeSet::from([Kind::from(ANY)]) } else { named }
    });
    kinds.into_iter().collect()
}

fn collect(node: &Node, out: &mut BTreeSet<Kind>) {
    match node {
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| collect(node, out)),
        Node::Not(node) => collect(node, out),
        Node::Attribute { kinds, .. } | Node::Connection { kinds, .. } => {
            out.extend(kinds.named().cloned());
            if kinds.0.is_none() {
                out.insert(ANY.into());
            }
        }
        Node::Resource { kinds, exists: false } => out.extend(kinds.iter().cloned()),
        Node::Resource { exists: true, .. } => {
            out.insert(ANY.into());
        }
        Node::Filter { .. } => {}
    }
}

/// Does a part of the definition say anything about this type?
fn concerns(node: &Node, kind: &str) -> bool {
    match node {
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().any(|node| concerns(node, kind)),
        Node::Not(node) => concerns(node, kind),
        Node::Attribute { kinds, .. } => kinds.has(kind),
        Node::Connection { kinds, others, .. } => kinds.has(kind) || others.has(kind),
        Node::Filter { .. } => false,
        Node::Resource { kinds, exists } => *exists || kinds.contains(kind),
    }
}

/// What a definition asks of a resource of this type; nothing when it says nothing about it. `reachable` are the types
/// that the conditions around this one connect it to.
fn compile(node: &Node, kind: &str, reachable: &[Kind]) -> Option<Condition> {
    match node {
        Node::And(nodes) => all(nodes, kind, reachable),
        Node::Or(nodes) => {
            let any: Vec<Condition> =
                nodes.iter().filter_map(|node| compile(node, kind, reachable)).collect();
            (!any.is_empty()).then_some(Condition::Any(any))
        }
        Node::Not(node) => compile(node, kind, reachable).map(|inner| Condition::Not(Box::new(inner))),
        Node::Attribute { kinds, condition } if kinds.has(kind) => Some(condition.clone()),
        Node::Attribute { .. } => elsewhere(node, reachable),
        Node::Connection { exists, .. } => match targets(node, kind) {
            targets if targets.is_empty() => elsewhere(node, reachable),
            targets => {
                let connected = connected(&targets, None);
                Some(if *exists { connected } else { Condition::Not(Box::new(connected)) })
            }
        },
        Node::Filter { .. } => None,
        Node::Resource { kinds, exists } => {
            let one_of = Condition::Kind(kinds.iter().cloned().collect());
            Some(if *exists { one_of } else { Condition::Not(Box::new(one_of)) })
        }
    }
}

/// Everything that several parts ask together. Parts about another type that is connected here are asked of one and the
/// same resource.
fn all(nodes: &[Node], kind: &str, reachable: &[Kind]) -> Option<Condition> {
    let excluded = nodes.iter().any(|node| match node {
        Node::Filter { kinds, within } => kinds.contains(kind) != *within && kind != ANY,
        _ => false,
    });
    if excluded {
        return None;
    }
    let mut inside: Vec<Kind> = reachable.to_vec();
    let mut connections = Vec::new();
    for node in nodes {
        if let Node::Connection { exists: true, .. } = node {
            let targets = targets(node, kind);
            inside.extend(targets.iter().cloned());
            connections.push(targets);
        }
    }
    let mut together = Vec::new();
    for node in nodes {
        match node {
            Node::Connection { exists: true, .. } if !targets(node, kind).is_empty() => {}
            node if concerns(node, kind) => together.extend(compile(node, kind, &inside)),
            // Asked of what is connected, below.
            node if connections.iter().flatten().any(|target| concerns(node, target)) => {}
            node => together.extend(compile(node, kind, reachable)),
        }
    }
    for targets in connections.into_iter().filter(|targets| !targets.is_empty()) {
        let any: Vec<Condition> = targets
            .iter()
            .map(|target| {
                let asked: Vec<Node> = nodes
                    .iter()
                    .filter(|node| !concerns(node, kind) && concerns(node, target))
                    .cloned()
                    .collect();
                connected(std::slice::from_ref(target), all(&asked, target, &[]))
            })
            .collect();
        together.push(Condition::Any(any));
    }
    (!together.is_empty()).then_some(Condition::All(together))
}

/// A condition that only a connected resource can satisfy.
fn elsewhere(node: &Node, reachable: &[Kind]) -> Option<Condition> {
    let any: Vec<Condition> = reachable
        .iter()
        .filter(|kind| concerns(node, kind))
        .filter_map(|kind| Some(connected(std::slice::from_ref(kind), Some(compile(node, kind, &[])?))))
        .collect();
    (!any.is_empty()).then_some(Condition::Any(any))
}

/// What a connection leads to from this type, in either direction.
fn targets(node: &Node, kind: &str) -> Vec<Kind> {
    let Node::Connection { kinds, others, .. } = node else { return Vec::new() };
    let mut targets = BTreeSet::new();
    if kinds.has(kind) {
        targets.extend(others.named().cloned());
    }
    if others.has(kind) {
        targets.extend(kinds.named().cloned());
    }
    targets.into_iter().collect()
}

/// One of the two refers to the other, in whatever attribute.
fn connected(kinds: &[Kind], satisfies: Option<Condition>) -> Condition {
    let anywhere = || Path { from_resource: false, steps: Vec::new() };
    let condition = satisfies.map(Box::new);
    Condition::Any(vec![
        Condition::Refers { path: anywhere(), kinds: kinds.to_vec(), condition: condition.clone() },
        Condition::Connected { kinds: kinds.to_vec(), by: anywhere(), to: Vec::new(), condition },
    ])
}

fn node(json: &Json, at: &str, depth: usize) -> Read<Node> {
    if depth > DEEPEST {
        return wrong(at, format!("conditions are nested more than {DEEPEST} levels deep"));
    }
    let Some(map) = json.as_object() else {
        return wrong(at, "a condition is a mapping");
    };
    for name in ["and", "or"] {
        let Some(inner) = map.get(name) else { continue };
        let at = format!("{at}.{name}");
        let Some(list) = inner.as_array().filter(|list| !list.is_empty()) else {
            return wrong(&at, "a list of conditions is expected");
        };
        let nodes =
            list.iter().enumerate().map(|(index, json)| node(json, &format!("{at}[{index}]"), depth + 1));
        let nodes = nodes.collect::<Read<Vec<Node>>>()?;
        return Ok(if name == "and" { Node::And(nodes) } else { Node::Or(nodes) });
    }
    if let Some(inner) = map.get("not") {
        let at = format!("{at}.not");
        return match inner.as_array().map(Vec::as_slice) {
            None => Ok(Node::Not(Box::new(node(inner, &at, depth + 1)?))),
            Some([one]) => Ok(Node::Not(Box::new(node(one, &format!("{at}[0]"), depth + 1)?))),
            Some(_) => wrong(&at, "one condition is expected; put several under `and` or `or`"),
        };
    }
    leaf(json, at)
}

fn leaf(json: &Json, at: &str) -> Read<Node> {
    let text = |key: &str| json.get(key).and_then(Json::as_str);
    let needed = |key: &str| text(key).map_or_else(|| wrong(&format!("{at}.{key}"), "it is missing"), Ok);
    let operator = needed("operator")?;
    let exists = || match operator {
        "exists" => Ok(true),
        "not_exists" => Ok(false),
        _ => wrong(&format!("{at}.operator"), format!("`{operator}` is neither `exists` nor `not_exists`")),
    };
    match needed("cond_type")? {
        "attribute" => {
            let kinds = kinds(json, "resource_types", at)?;
            let condition = operator::condition(operator, needed("attribute")?, json.get("value"), at)?;
            Ok(Node::Attribute { kinds, condition })
        }
        "connection" => {
            let (mine, others) =
                (kinds(json, "resource_types", at)?, kinds(json, "connected_resource_types", at)?);
            if others.0.is_none() {
                return wrong(&format!("{at}.connected_resource_types"), "types are expected, not `all`");
            }
            Ok(Node::Connection { kinds: mine, others, exists: exists()? })
        }
        "filter" => {
            if needed("attribute")? != "resource_type" {
                return wrong(
                    &format!("{at}.attribute"),
                    "a filter on `resource_type` is the only one that is read",
                );
            }
            let within = match operator {
                "within" | "equals" => true,
                "not_within" | "not_equals" => false,
                _ => return wrong(&format!("{at}.operator"), "`within` or `not_within` is expected"),
            };
            match kinds(json, "value", at)?.0 {
                Some(kinds) => Ok(Node::Filter { kinds, within }),
                None => wrong(&format!("{at}.value"), "types are expected, not `all`"),
            }
        }
        "resource" => match kinds(json, "resource_types", at)?.0 {
            Some(kinds) => Ok(Node::Resource { kinds, exists: exists()? }),
            None => wrong(&format!("{at}.resource_types"), "types are expected, not `all`"),
        },
        other => wrong(
            &format!("{at}.cond_type"),
            format!("`{other}` is none of attribute, connection, filter and resource"),
        ),
    }
}

/// One type, several, or `all`.
fn kinds(json: &Json, key: &str, at: &str) -> Read<Kinds> {
    let at = format!("{at}.{key}");
    let names: Vec<&str> = match json.get(key) {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(list)) if list.iter().all(Json::is_string) => {
            list.iter().filter_map(Json::as_str).collect()
        }
        None => return wrong(&at, "it is missing; types of resources, or `all`, are expected"),
        Some(_) => return wrong(&at, "types of resources, or `all`, are expected"),
    };
    if names.contains(&"all") {
        return Ok(Kinds(None));
    }
    if names.is_empty() {
        return wrong(&at, "types of resources, or `all`, are expected");
    }
    Ok(Kinds(Some(names.into_iter().map(Kind::from).collect())))
}
